"""What a desk is called ready for: writing and reading views are told apart."""

from __future__ import annotations

from typing import Any

import pytest

from application.health import is_failing, readiness, standing_in_words

GOOD: dict[str, Any] = {
    "writable": True,
    "left_behind": None,
    "projecting": True,
    "halted_at": None,
    "halted_by": None,
    "position": 7,
    "workers": {"projector": {"state": "running"}},
}


def test_a_desk_whose_projector_works_is_ready_for_everything() -> None:
    ready = readiness(GOOD)
    assert (ready.write, ready.views, ready.why) == (None, None, None)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"projecting": False}, "no projector"),
        ({"halted_at": 8, "halted_by": "case.unheard_of"}, "halted before position 8: case.unheard_of"),
        ({"workers": {"projector": {"state": "late"}}}, "does not answer"),
    ],
)
def test_views_that_stand_still_keep_nobody_from_writing(changes: dict[str, Any], why: str) -> None:
    ready = readiness({**GOOD, **changes})
    assert ready.write is None
    assert why in str(ready.views)
    assert ready.why == ready.views


def test_a_process_that_a_newer_release_has_left_behind_is_ready_for_nothing() -> None:
    ready = readiness({**GOOD, "left_behind": "start the newer release"})
    assert (ready.write, ready.views, ready.why) == ("start the newer release",) * 3


def test_a_database_that_takes_no_writes_is_still_read() -> None:
    ready = readiness({**GOOD, "writable": False})
    assert ready.views is None
    assert ready.write


@pytest.mark.parametrize(
    ("webhook", "failing", "words"),
    [
        ({}, False, "at 7, 3 behind"),
        ({"failures": 2}, True, "at 7, 3 behind, failed 2 times"),
        ({"pause": "disabled: gone", "failures": 1}, True, "disabled: gone"),
        ({"pause": "disabled: owner"}, True, "disabled: owner"),
        ({"pause": "disabled: administrator"}, False, "disabled: administrator"),
        ({"pause": "no secret"}, False, "no secret"),
    ],
)
def test_a_webhook_fails_unless_somebody_ordered_the_pause(webhook: dict[str, Any], failing: bool, words: str) -> None:
    standing = {"pause": None, "position": 7, "behind": 3, "failures": 0, **webhook}
    assert (is_failing(standing), standing_in_words(standing)) == (failing, words)
