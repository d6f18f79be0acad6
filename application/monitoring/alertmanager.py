"""The webhook of Prometheus' Alertmanager, version 4, or version 3 without fingerprints (`intake.md`).

Source and fingerprint identify an alert; its start identifies an episode. The group's status only fills in for an
alert without one. The group's key changes with the routing configuration, so it identifies nothing.
"""

from __future__ import annotations

from typing import Any

import msgspec

from application.monitoring.signals import (
    Delivery,
    Odd,
    Signal,
    Unreadable,
    code_of,
    decoded,
    moment,
    plain,
    require_few,
    scalar,
    scalars,
    texts,
)
from domain.fate import ReceiptCause

_VERSIONS = ("3", "4")
_OFFSET, _PRIME, _SEPARATOR = 14695981039346656037, 1099511628211, b"\xff"
_Any: Any = Any
_SAYS = ("summary", "title", "message", "description")


class _Group(msgspec.Struct):
    alerts: list[msgspec.Raw]
    version: Any = None
    status: Any = None
    truncatedAlerts: Any = 0  # noqa: N815 - theirs


def read_group(raw: bytes) -> Delivery:
    """Parse a notification, each alert separately. Raises Unreadable if none is readable, and RecursionError."""
    group = decoded(raw, _Group)
    if group.version is not None and scalar(group.version) not in _VERSIONS:
        raise Unreadable("it is of another version than 4")
    require_few(group.alerts)
    read_ = [_read(place, bytes(alert), group.status) for place, alert in enumerate(group.alerts, start=1)]
    odd = tuple(each for each in read_ if isinstance(each, Odd))
    if odd and len(odd) == len(read_):
        raise Unreadable(f"alert {odd[0].place} of {len(read_)}: {odd[0].why}", odd[0].cause)
    signals = {_what(each): each for each in read_ if isinstance(each, Signal)}
    given = group.truncatedAlerts
    truncated = given if isinstance(given, int) and not isinstance(given, bool) else 0
    return Delivery(raw, tuple(signals.values()), odd, truncated=min(max(0, truncated), 10**9))


def _read(place: int, raw: bytes, of_group: Any) -> Signal | Odd:
    try:
        return _signal(decoded(raw, _Any), of_group)
    except Unreadable as unreadable:
        return Odd(place, raw, unreadable.cause, str(unreadable))
    except RecursionError:
        return Odd(place, raw, ReceiptCause.TOO_COMPLEX, "it is nested too deeply")


def _what(signal: Signal) -> tuple[object, ...]:
    """Return the signal's content, to drop repetitions within one notification."""
    return signal.identity, signal.episode, signal.firing


def _signal(alert: Any, of_group: Any) -> Signal:
    if not isinstance(alert, dict):
        raise Unreadable("an alert is an object")
    status = str(alert.get("status") or of_group or "").lower()
    if status not in ("firing", "resolved"):
        raise Unreadable("an alert is firing or resolved")
    given, key = scalars(alert.get("labels"), "labels"), _text(alert, "fingerprint")
    labels, annotations = texts(given), texts(scalars(alert.get("annotations"), "annotations", nested=True))
    started_at = moment(_text(alert, "startsAt"))
    said = next((annotations[name] for name in _SAYS if annotations.get(name)), None)
    return Signal(
        identity=code_of(key) if key else fingerprint(given),
        firing=status == "firing",
        summary=": ".join(filter(None, (labels.get("alertname"), said))) or "an alert without a name",
        key=plain(key) if key else None,
        episode=started_at,
        started_at=started_at,
        ended_at=moment(_text(alert, "endsAt")) if status == "resolved" else None,
        labels=labels,
        annotations=annotations,
    )


def _text(alert: dict[str, Any], name: str) -> str:
    if (text := scalar(alert.get(name))) is None:
        raise Unreadable(f"{name} is a text")
    return text


def fingerprint(labels: dict[str, str]) -> str:
    """Hash the sorted labels as Prometheus does (64-bit FNV-1a): the fingerprint that Alertmanager would send."""
    digest = _OFFSET
    for name, value in sorted((_octets(name), _octets(value)) for name, value in labels.items()):
        for octet in b"".join((name, _SEPARATOR, value, _SEPARATOR)):
            digest = (digest ^ octet) * _PRIME & 0xFFFFFFFFFFFFFFFF
    return f"{digest:016x}"


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
