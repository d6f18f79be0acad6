"""A short run of the fuzzer of webhooks."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from tests.fuzz.webhooks import HEADERS, MESSAGES, check, octets


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(MESSAGES, HEADERS)
def test_r_5_1d_whatever_the_message_it_is_read_within_bounds(raw: bytes, headers: dict[str, str]) -> None:
    check(raw, headers)


@pytest.mark.parametrize("fingerprint", ["\0", "x" * 900_000])
def test_what_a_sender_calls_an_alert_is_text_and_bounded(fingerprint: str) -> None:
    check(octets({"alerts": [{"status": "firing", "labels": {}, "fingerprint": fingerprint}]}), {})
