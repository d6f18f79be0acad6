"""Histories in a line: steps with an hour between them, whose fields a test names where they matter."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from application.reports.conformance.history import Event, History

START = datetime.fromisoformat("2026-03-02T15:00:00+00:00")
"""A Monday, 09:00 in Chicago."""
_ROLES = {
    "case.assigned": "technician",
    "case.accepted": "team_member",
    "case.handed_back": "team_member",
    "case.resolved": "team_member",
    "case.closed": "system",
    "case.notified": "system",
    "case.notification_failed": "system",
    "case.major_declared": "team_member",
    "case.major_rejected": "team_member",
    "case.alerted": "intake",
    "case.recovery_observed": "intake",
}
_FIELDS: dict[str, dict[str, Any]] = {
    "case.logged": {"received_at": "now", "service": "printing", "symptomatic": True, "channel": "phone"},
    "case.assigned": {"team": "network", "words": {"digest": "d"}},
    "case.diagnosed": {"words": {"digest": "d"}},
    "case.verified": {"satisfactory": True, "able_to_work": True, "method": "phone", "at": "now"},
    "case.resolved": {
        "code": "fixed",
        "cause_corrected": "yes",
        "solution": {"digest": "d"},
        "verifier": "customer",
        "resolved_at": "now",
        "workaround": False,
    },
    "case.notified": {
        "message": "<1@desk>",
        "resolution": "resolved",
        "accepted_at": "now",
        "dispute_until": "now + 72",
    },
    "case.informed": {"method": "phone", "at": "now", "informed": True, "dispute_until": "now + 72"},
    "case.notification_failed": {"resolution": "resolved", "cause": "no-address", "failures": 1},
    "case.closed": {"closed_at": "now", "policy": "policy/1"},
    "case.disputed": {"received_at": "now"},
    "case.reopened": {"status": "assigned"},
    "case.linked": {"case": "INC-0000001"},
    "case.unlinked": {"case": "INC-0000001", "kind": "related", "status": "assigned"},
    "message.queued": {"case": "INC-0000002", "resolution": "resolved", "message_id": "<1@desk>"},
    "problem.opened": {"number": "PRB-0000001", "incident": "INC-0000002"},
}


def step(topic: str, hours: float = 1, **fields: Any) -> tuple[str, float, dict[str, Any]]:
    """An event, so many hours after the one before it. `role` is whose it is; None leaves a field out."""
    return topic if "." in topic else f"case.{topic}", hours, fields


def history(
    *steps: tuple[str, float, dict[str, Any]], until: datetime | None = None, imported: bool = False
) -> History:
    """A history. The times `now` and `now + 72`, and the version `resolved` of the latest resolution, are filled in."""
    at, version, resolved, events = START, 0, 0, []
    for position, (topic, hours, given) in enumerate(steps, 1):
        at += timedelta(hours=hours)
        fields = dict(_FIELDS.get(topic, {})) | given
        own = topic.startswith("case.")
        version += own
        resolved = version if topic == "case.resolved" else resolved
        role, subject = fields.pop("role", _ROLES.get(topic, "technician")), fields.pop("subject", None)
        automatic = topic == "case.closed" and role == "system"
        fields["by"] = {"subject": subject or ("system:auto-close" if automatic else "somebody"), "role": role}
        if imported:
            fields |= {"origin": {"system": "other"}, "by": {"subject": "them", "role": "external"}}
        state = {name: _filled(value, at, resolved) for name, value in fields.items() if value is not None}
        events.append(Event(topic, version if own else 1, position, at, json.dumps(state).encode()))
    return History("INC-0000002", events, until)


def _filled(value: Any, at: datetime, resolved: int) -> Any:
    if value == "resolved":
        return resolved
    if isinstance(value, str) and value.startswith("now"):
        return (at + timedelta(hours=float(value[3:].replace(" ", "") or 0))).isoformat()
    return value


# ways that conform

LOGGED = (step("logged", 0),)
PRIORITIZED = (*LOGGED, step("triaged"), step("prioritized"))
DIAGNOSED = (*PRIORITIZED, step("diagnosed"))
ASSIGNED = (*DIAGNOSED, step("assigned"))
VERIFIED = (*ASSIGNED, step("verified"))
MAIL = step("message.queued", 0)
RESOLVED = (*VERIFIED, step("resolved"), MAIL)
NOTIFIED = (*RESOLVED, step("notified", 0))
CLOSED = (*NOTIFIED, step("closed", 73))
REOPENED = (*NOTIFIED, step("disputed"), step("reopened", 0, disputed=True))
REFERRED = (
    *(*LOGGED, step("referred", role="technician")),
    *(step("resolved", 0, code="referred", role="technician", verifier=None), step("informed", 0)),
)
LINKED = (*LOGGED, step("linked", kind="duplicate_of"))
DUPLICATE = (*LINKED, step("resolved", 0, code="duplicate", role="technician", verifier=None))
