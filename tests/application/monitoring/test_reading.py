"""Reading what monitoring systems send: whatever it is, it ends soon, raises nothing, and is bounded."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from application.monitoring.alertmanager import fingerprint
from application.monitoring.cloudevents import read_binary
from application.monitoring.signals import code_of, moment
from application.monitoring.texts import masked
from domain.values import CODE
from tests.fuzz.webhooks import LABELS, TEXTS


@settings(max_examples=100, deadline=None)
@given(TEXTS, LABELS)
def test_a_name_is_always_a_code_and_the_same_one(name: str, labels: dict[str, str]) -> None:
    assert CODE.fullmatch(code_of(name))
    assert code_of(name) == code_of(name)
    assert fingerprint(labels) == fingerprint(dict(reversed(labels.items())))


@pytest.mark.parametrize("given", ["", None, "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_the_zero_time_is_none(given: str | None) -> None:
    assert moment(given) is None


def test_a_time_may_be_finer_than_ours() -> None:
    at = moment("2023-03-25T15:24:36.039625135+08:00")
    assert at is not None
    assert at.isoformat() == "2023-03-25T07:24:36.039625+00:00"


def test_a_key_of_ours_is_kept_by_its_id_only() -> None:
    assert masked(b"x clk_abcdefgh0123456789ABCDEFGHIJ y") == b"x clk_abcdefgh******************** y"


@pytest.mark.parametrize("sent", ["disk%20%E2%82%AC", "disk \u00e2\u0082\u00ac", "disk €"])
def test_an_event_is_the_same_whether_its_headers_were_encoded_or_not(sent: str) -> None:
    attributes = {"ce-id": "1", "ce-source": "s", "ce-type": "t", "ce-specversion": "1.0", "ce-subject": sent}
    [signal] = read_binary(b"", attributes).signals
    assert signal.key == "disk €"
