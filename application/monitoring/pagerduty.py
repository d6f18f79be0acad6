"""Events of PagerDuty's Events API, version 2, as `intake.md` specifies.

An event names its alert by `dedup_key` but no episode: a trigger belongs to the open episode or begins one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec

from application.monitoring.signals import (
    Delivery,
    Signal,
    Unreadable,
    code_of,
    decoded,
    flat,
    moment,
    plain,
    read,
    scalar,
)
from domain.monitoring.source import KEY

LARGEST = 512 * 1024
"""Most bytes of an event."""
LONGEST_KEY, LONGEST_SUMMARY = 255, 1024
_MADE_OF = ("source", "severity", "component", "group", "class")
_TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+")
_NOT_KEPT = "(a token)"


class _Envelope(msgspec.Struct):
    """The fields that identify the protocol and the sender."""

    routing_key: Any = None
    event_action: Any = None


_Scalar: TypeAlias = str | bool | int | float | None
"""JSON types accepted for a text."""


class _Payload(msgspec.Struct):
    summary: _Scalar
    source: _Scalar
    severity: Literal["critical", "error", "warning", "info"]
    timestamp: str | None = None
    component: _Scalar = None
    group: _Scalar = None
    class_: _Scalar = msgspec.field(name="class", default=None)
    custom_details: Any = None


class _Event(msgspec.Struct):
    event_action: Literal["trigger", "acknowledge", "resolve"]
    dedup_key: str | None = None
    payload: _Payload | None = None


@dataclass(frozen=True)
class Event:
    """A parsed event."""

    delivery: Delivery
    dedup_key: str | None
    """Its own dedup_key, or the generated one."""
    recognised: bool
    """Whether it is an event of this protocol, valid or not, so that its sender understands an error."""


def routing_key(raw: bytes) -> str | None:
    """Return the routing key in an event's body, or None."""
    try:
        key = msgspec.json.decode(raw, type=_Envelope).routing_key
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return key if isinstance(key, str) else None


def read_event(raw: bytes, fresh_key: Callable[[], str]) -> Event:
    """Parse an event. A trigger without a key gets a fresh one. Never raises."""
    keys: list[str | None] = [None]
    route = routing_key(raw)
    secret = route is not None and (KEY.fullmatch(route) or _TOKEN.fullmatch(route))

    def how(raw: bytes) -> Delivery:
        event = decoded(raw, _Event)
        keys[0] = _key(event, fresh_key)
        assert keys[0] is not None
        signal = _signal(event, keys[0], None if secret else route)
        if event.event_action == "acknowledge":
            return Delivery(raw, about=(signal.identity,))
        return Delivery(raw, (signal,))

    delivery = read(_without(raw, route) if secret and route else raw, how)
    return Event(delivery, keys[0], delivery.cause is None or _is_event(raw))


def _without(raw: bytes, key: str) -> bytes:
    """Return the event without its credential. Storage also masks any plain key of ours."""
    document = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    if KEY.fullmatch(key):
        if bytes(document["routing_key"]) == f'"{key}"'.encode():
            return raw
        return msgspec.json.encode({**document, "routing_key": key[:12] + "*" * 20})
    return msgspec.json.encode({**document, "routing_key": _NOT_KEPT})


def _is_event(raw: bytes) -> bool:
    """Whether it has fields that only events of this protocol have."""
    try:
        envelope = msgspec.json.decode(raw, type=_Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return isinstance(envelope.event_action, str) or isinstance(envelope.routing_key, str)


def _key(event: _Event, fresh_key: Callable[[], str]) -> str:
    if event.event_action == "trigger" and event.payload is None:
        raise Unreadable("a trigger has a payload")
    key = event.dedup_key or ""
    if len(key) > LONGEST_KEY:
        raise Unreadable(f"a dedup_key has at most {LONGEST_KEY} characters")
    if event.payload is not None and len(scalar(event.payload.summary) or "") > LONGEST_SUMMARY:
        raise Unreadable(f"a summary has at most {LONGEST_SUMMARY} characters")
    if key:
        return key
    if event.event_action != "trigger":
        raise Unreadable("what is acknowledged or resolved is named by its dedup_key")
    return fresh_key()


def _signal(event: _Event, key: str, route: str | None) -> Signal:
    """Make the signal. ``route`` is a routing key that is not our credential; it then separates alerts."""
    payload, firing = event.payload, event.event_action == "trigger"
    labels: dict[str, str] = {}
    details: dict[str, str] = {}
    if payload is not None:
        told = {**{name: getattr(payload, name, None) for name in _MADE_OF}, "class": payload.class_}
        details = flat(payload.custom_details)
        labels = {**details, **{name: plain(text) for name, value in told.items() if (text := scalar(value))}}
    at = moment(payload.timestamp) if payload else None
    return Signal(
        identity=code_of(f"{route}\n{key}" if route else key),
        firing=firing,
        summary=plain((payload and scalar(payload.summary)) or key),
        key=plain(key),
        started_at=at if firing else None,
        ended_at=None if firing else at,
        labels=labels,
        annotations=details,
    )
