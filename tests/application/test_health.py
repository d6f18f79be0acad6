"""What a desk is called ready for: writing and reading views are told apart."""

from __future__ import annotations

from typing import Any

import pytest

from application.health import readiness

GOOD: dict[str, Any] = {
    "writable": True,
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


def test_a_database_that_takes_no_writes_is_still_read() -> None:
    ready = readiness({**GOOD, "writable": False})
    assert ready.views is None
    assert ready.write
