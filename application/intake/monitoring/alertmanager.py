"""The webhook of Prometheus' Alertmanager, version 4 (`intake.md`); version 3 lacks fingerprints and is read alike.

Who is who: an alert is its source and fingerprint, an episode that and when it started. The group's own status says
nothing that its alerts do not, and its key changes with the routing configuration.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from application.intake.monitoring.signals import (
    Delivery,
    Signal,
    Unreadable,
    code_of,
    decoded,
    moment,
    plain,
    require_few,
    texts,
)

_VERSIONS = ("3", "4")
_OFFSET, _PRIME, _SEPARATOR = 14695981039346656037, 1099511628211, b"\xff"
_SAYS = ("summary", "title", "message", "description")


class _Alert(msgspec.Struct):
    labels: dict[str, str]
    status: Literal["firing", "resolved"] | None = None
    annotations: dict[str, str] | None = None
    startsAt: str | None = None  # noqa: N815 - theirs
    endsAt: str | None = None  # noqa: N815 - theirs
    fingerprint: str | None = None


class _Group(msgspec.Struct):
    alerts: list[msgspec.Raw]
    version: str | int | None = None
    status: Literal["firing", "resolved"] | None = None
    truncatedAlerts: int = 0  # noqa: N815 - theirs


def read_group(raw: bytes) -> Delivery:
    """Read a notification. Raises Unreadable, RecursionError."""
    group = decoded(raw, _Group)
    if group.version is not None and str(group.version) not in _VERSIONS:
        raise Unreadable("it is of another version than 4")
    require_few(group.alerts)
    alerts = [decoded(bytes(alert), _Alert) for alert in group.alerts]
    signals = {_what(signal): signal for signal in (_signal(alert, group.status) for alert in alerts)}
    return Delivery(raw, tuple(signals.values()), truncated=min(max(0, group.truncatedAlerts), 10**9))


def _what(signal: Signal) -> tuple[object, ...]:
    """What it says, so that it is said once."""
    return signal.identity, signal.episode, signal.firing


def _signal(alert: _Alert, of_group: str | None) -> Signal:
    if (status := alert.status or of_group) is None:
        raise Unreadable("an alert is firing or resolved")
    labels, annotations = texts(alert.labels), texts(alert.annotations or {})
    started_at = moment(alert.startsAt)
    said = next((annotations[name] for name in _SAYS if annotations.get(name)), None)
    name = labels.get("alertname")
    return Signal(
        identity=code_of(alert.fingerprint) if alert.fingerprint else fingerprint(alert.labels),
        firing=status == "firing",
        summary=": ".join(filter(None, (name, said))) or "an alert without a name",
        key=plain(alert.fingerprint) if alert.fingerprint else None,
        episode=started_at,
        started_at=started_at,
        ended_at=moment(alert.endsAt) if status == "resolved" else None,
        labels=labels,
        annotations=annotations,
    )


def fingerprint(labels: dict[str, str]) -> str:
    """The hash of the sorted labels: Prometheus' own (FNV-1a of 64 bits), which Alertmanager would have sent."""
    digest = _OFFSET
    for name, value in sorted((_octets(name), _octets(value)) for name, value in labels.items()):
        for octet in b"".join((name, _SEPARATOR, value, _SEPARATOR)):
            digest = (digest ^ octet) * _PRIME & 0xFFFFFFFFFFFFFFFF
    return f"{digest:016x}"


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
