"""Reading what monitoring systems send: whatever it is, it ends soon, raises nothing, and is bounded."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.intake.monitoring import cloudevents, pagerduty
from application.intake.monitoring.alertmanager import fingerprint, read_group
from application.intake.monitoring.signals import LONGEST_TEXT, MOST_LABELS, Delivery, Unreadable, code_of, moment, read
from application.intake.monitoring.words import masked, words_of_case
from domain.alert import MOST_ALERTS
from domain.values import CODE

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
TEXTS = st.text(st.characters(), max_size=30) | st.sampled_from(["\ud800", "\0", "firing", "2026-11-23T08:00:00Z"])
TIMES = st.datetimes(timezones=st.timezones() | st.none()).map(lambda at: at.isoformat()) | TEXTS | JSON


def shaped(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """An object that has these fields, or not, or wrong ones."""
    return st.fixed_dictionaries({}, optional={name: strategy | JSON for name, strategy in fields.items()})


LABELS = st.dictionaries(TEXTS, TEXTS, max_size=5)
ALERTS = shaped(
    status=st.sampled_from(["firing", "resolved"]),
    labels=LABELS,
    annotations=LABELS,
    startsAt=TIMES,
    endsAt=TIMES,
    fingerprint=TEXTS,
)
GROUPS = shaped(
    version=st.just("4"), status=st.just("firing"), alerts=st.lists(ALERTS, max_size=4), truncatedAlerts=JSON
)
EVENTS = shaped(
    specversion=st.just("1.0"), id=TEXTS, source=TEXTS, type=TEXTS, subject=TEXTS, time=TIMES, data=JSON, status=TEXTS
)
PAYLOADS = shaped(
    summary=TEXTS,
    source=TEXTS,
    severity=st.sampled_from(["critical", "info"]),
    timestamp=TIMES,
    custom_details=JSON,
)
TRIGGERS = shaped(
    routing_key=TEXTS,
    event_action=st.sampled_from(["trigger", "acknowledge", "resolve"]),
    dedup_key=TEXTS,
    payload=PAYLOADS,
)


def octets(document: Any) -> bytes:
    return json.dumps(document).encode()


def bounded(delivery: Delivery) -> None:
    """What is read is bounded, is text, and can become a case; what is not says why."""
    assert (delivery.cause is None) or (delivery.signals == () and delivery.why is not None)
    assert len(delivery.signals) <= MOST_ALERTS
    for signal in delivery.signals:
        assert CODE.fullmatch(signal.identity)
        said = (*signal.labels.items(), *signal.annotations.items(), ("", signal.summary))
        assert len(said) <= 4 * MOST_LABELS
        for name, value in said:
            assert len(name) <= LONGEST_TEXT
            assert len(value) <= 2 * LONGEST_TEXT
            (name + value).encode()
            assert "\0" not in name + value
    if delivery.signals:
        words = words_of_case(delivery.signals)
        assert len(words["subject"]) <= 300
        assert words["subject"].strip()
        assert len(words["description"]) <= 20_000


@settings(max_examples=150, deadline=None)
@given(GROUPS.map(octets) | st.binary(max_size=200) | JSON.map(octets))
def test_whatever_is_sent_as_alerts_is_read_or_said_to_be_unreadable(raw: bytes) -> None:
    bounded(read(raw, read_group))


@settings(max_examples=150, deadline=None)
@given(
    EVENTS.map(octets) | st.binary(max_size=200) | JSON.map(octets),
    st.dictionaries(
        st.sampled_from(["ce-id", "ce-source", "ce-type", "ce-specversion", "ce-time", "ce-subject", "content-type"]),
        st.text(st.characters(max_codepoint=255), max_size=30)
        | st.sampled_from(["1.0", "%ff", "%00", '"', "application/json"]),
    ),
)
def test_whatever_is_sent_as_an_event_is_read_or_said_to_be_unreadable(raw: bytes, headers: dict[str, str]) -> None:
    bounded(cloudevents.read_structured(raw))
    bounded(cloudevents.read_binary(raw, headers))
    with suppress(Unreadable):
        cloudevents.split(raw)


@settings(max_examples=150, deadline=None)
@given(TRIGGERS.map(octets) | st.binary(max_size=200) | JSON.map(octets))
def test_whatever_is_enqueued_is_read_or_said_to_be_unreadable(raw: bytes) -> None:
    pagerduty.routing_key(raw)
    event = pagerduty.read_event(raw, lambda: "fresh")
    bounded(event.delivery)
    if event.dedup_key is not None and event.delivery.cause is None:
        event.dedup_key.encode()  # it is told the sender


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
