"""Fuzzing what reads webhooks: no crash, no hang, no memory without end (issue 5).

python -m tests.fuzz.webhooks [SECONDS]: for ten minutes, or so many seconds. What is found is printed, and is exit 1.
"""

from __future__ import annotations

import faulthandler
import json
import resource
import sys
import time
from contextlib import suppress
from functools import cache
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from application.monitoring import cloudevents, pagerduty
from application.monitoring.alertmanager import read_group
from application.monitoring.signals import LONGEST_TEXT, MOST_LABELS, Delivery, Unreadable, read
from application.monitoring.texts import labels_of, masked, words_of_case
from domain.monitoring.alert import MOST_ALERTS
from domain.monitoring.source import MappingRule
from domain.values import CODE
from tests.conftest import DATA
from tests.fuzz.mime import fresh_seeds

LARGEST = 2**20
"""Bytes of a message: what is larger is refused unread."""
_PATIENCE, _MEMORY = 30, 2 * 2**30
"""Seconds after which a message hangs, bytes that reading it may take."""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
TEXTS = st.text(max_size=30) | st.sampled_from(["\ud800", "\0", "", "firing", "2026-11-23T08:00:00Z", "x" * 9_000])
TIMES = st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat()) | st.sampled_from(
    [
        None,
        "",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59-14:00",
        "2026-11-23T08:00:00",
        "2026-11-23T08:00:00.123456789Z",
    ]
)


def shaped(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """An object that has these fields; now and then it lacks some, or has a wrong one."""

    def changed(right: dict[str, Any], without: set[str], wrong: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in {**right, **wrong}.items() if name not in without}

    names = st.sampled_from(sorted(fields))
    lacks = st.just(set[str]()) | st.just(set[str]()) | st.sets(names, max_size=3)
    wrongs = st.just(dict[str, Any]()) | st.just(dict[str, Any]()) | st.dictionaries(names, JSON, max_size=2)
    return st.builds(changed, st.fixed_dictionaries(fields), lacks, wrongs)


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
KEYS = TEXTS | st.sampled_from(["clk_abcdefgh0123456789ABCDEFGHIJ", "a.b.c", "R1"])
TRIGGERS = shaped(
    routing_key=KEYS,
    event_action=st.sampled_from(["trigger", "acknowledge", "resolve"]),
    dedup_key=TEXTS,
    payload=PAYLOADS,
)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["ce-id", "ce-source", "ce-type", "ce-specversion", "ce-time", "ce-subject", "ce-", "content-type"]
    ),
    st.text(st.characters(max_codepoint=255), max_size=30)
    | st.sampled_from(["1.0", "%ff", "%00", "%ED%A0%80", '"', "%" * 9_000, "application/json"]),
)
PIECES = st.sampled_from(
    [
        *(
            b"[",
            b"]",
            b"{",
            b"}",
            b'"',
            b"\\",
            b",",
            b":",
            b"9",
            b"0",
            b"-",
            b"e9",
            b".",
            b"\0",
            b"\xff",
            b"\xef\xbb\xbf",
        ),
        *(b"\\u0000", b"\\ud800", b"\\udfff", b"null", b"true", b"1e999999", b"NaN", b"Infinity", b'{"a":', b'["a",'),
        *(
            b'"alerts":',
            b'"labels":',
            b'"x":"y",',
            b'"fingerprint":"f",',
            b'"startsAt":',
            b'"routing_key":',
            b'"data":',
        ),
        *(b'{"status":"firing","labels":{"a":"b"}},', b'{"specversion":"1.0","id":"1","source":"s","type":"t"},'),
        *(b'"0001-01-01T00:00:00Z"', b'"9999-12-31T23:59:59-14:00"', b'"-1"', b"clk_", b"eyJ", b"a.", b"=", b"%"),
    ]
)
RUNS = st.builds(
    lambda piece, times: (piece * times)[:LARGEST], PIECES, st.sampled_from([1, 1, 1, 2, 5, 300, 5_000, 200_000])
)


def octets(document: Any) -> bytes:
    return json.dumps(document).encode()


@cache
def real() -> list[bytes]:
    """The payloads of `data/webhooks`, and one of each protocol where those are not here."""
    made: list[Any] = [
        {"alerts": [{"status": "firing", "labels": {"a": "b"}, "fingerprint": "f"}], "version": "4"},
        {"specversion": "1.0", "id": "1", "source": "s", "type": "t", "data": {"a": 1}},
        {"routing_key": "R", "event_action": "trigger", "payload": {"summary": "s", "source": "x", "severity": "info"}},
    ]
    return [*map(octets, made), *(path.read_bytes() for path in sorted((DATA / "webhooks").rglob("*.json")))]


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """A real payload with a hole in it, a piece of another, or what no payload has."""
    raw = draw(st.sampled_from(real()))
    for _ in range(draw(st.integers(1, 4))):
        here = draw(st.integers(0, len(raw)))
        there = min(len(raw), here + draw(st.sampled_from([0, 0, 1, 10, 300])))
        other = draw(st.sampled_from(real()))
        start = draw(st.integers(0, len(other)))
        piece = draw(RUNS | st.binary(max_size=20) | st.just(other[start : start + 500]))
        raw = raw[:here] + piece + raw[there:]
    return raw


MESSAGES = (
    (GROUPS | EVENTS | TRIGGERS | JSON).map(octets)
    | st.lists(EVENTS, max_size=4).map(octets)
    | broken()
    | st.lists(RUNS, max_size=6).map(b"".join)
    | st.binary(max_size=500)
).map(lambda raw: raw[:LARGEST])


def bounded(delivery: Delivery) -> None:
    """What is read is bounded, is text, and can become a case; what is not says why."""
    assert (delivery.cause is None) or (delivery.signals == () and delivery.why is not None)
    assert len(delivery.signals) <= MOST_ALERTS
    for signal in delivery.signals:
        assert CODE.fullmatch(signal.identity)
        said = (*signal.labels.items(), *signal.annotations.items(), ("", signal.summary), ("", signal.key or ""))
        assert len(said) <= 4 * MOST_LABELS
        for name, value in said:
            assert len(name) <= LONGEST_TEXT
            assert len(value) <= 2 * LONGEST_TEXT
            (name + value).encode()
            assert "\0" not in name + value
        for at in (signal.episode, signal.started_at, signal.ended_at):
            assert at is None or at.utcoffset() is not None
        MappingRule(match={"alertname": ("a*", "b"), "instance": "*"}).matches(signal.labels)
    if delivery.signals:
        words = words_of_case(delivery.signals)
        assert len(words["subject"]) <= 300
        assert words["subject"].strip()
        assert len(words["description"]) <= 20_000
        assert len(json.dumps(labels_of(delivery.signals))) <= 8 * 20_000


def check(raw: bytes, headers: dict[str, str]) -> None:
    """Read a message as each protocol would, whatever it is: as it says, or as nothing, and the same each time."""
    bounded(read(raw, read_group))
    bounded(cloudevents.read_structured(raw))
    bounded(cloudevents.read_binary(raw, headers))
    cloudevents.mode_of(headers.get("content-type", ""), headers)
    with suppress(Unreadable):
        for one in cloudevents.split(raw):
            bounded(cloudevents.read_structured(one))
    pagerduty.routing_key(raw)
    event = pagerduty.read_event(raw, lambda: "fresh")
    bounded(event.delivery)
    assert pagerduty.read_event(raw, lambda: "fresh") == event
    if event.dedup_key is not None and event.delivery.cause is None:
        event.dedup_key.encode()  # it is told the sender
    masked(raw)


def main() -> None:
    """Fuzz until the time is over."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 600.0
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    ends, messages, slowest = time.monotonic() + seconds, 0, (0.0, b"")

    def one(raw: bytes, headers: dict[str, str]) -> None:
        nonlocal messages, slowest
        faulthandler.dump_traceback_later(_PATIENCE, exit=True)
        began = time.monotonic()
        check(raw, headers)
        slowest, messages = max(slowest, (time.monotonic() - began, raw[:80])), messages + 1
        faulthandler.cancel_dump_traceback_later()

    run = settings(
        max_examples=500,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    for number in fresh_seeds():
        if time.monotonic() > ends:
            break
        seed(number)(run(given(MESSAGES, HEADERS)(one)))()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{messages} messages in {seconds:g} s; peak {peak} MiB; slowest {slowest[0]:.2f} s: {slowest[1]!r}")  # noqa: T201


if __name__ == "__main__":
    main()
