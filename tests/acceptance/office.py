"""What the administrator of a desk keeps, and what the tests of 4.1 to 5.5 ask of it again and again."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.values import Role
from tests.acceptance.conftest import Answer, Caller, RunningDesk, done

TEAMS: dict[str, dict[str, Any]] = {
    "network": {"name": "Network and printing", "members": ["t.lee"], "calendar": "always"},
    "messaging": {"name": "Mail and calendar", "members": ["m.ruiz"]},
}
SERVICES: dict[str, dict[str, Any]] = {
    "printing": {
        "name": "Printing",
        "team": "network",
        "calendar": "business",
        "criticality": "normal",
        "help_desk": "desk",
        "owner": "t.lee",
    },
    "email": {"name": "E-mail", "team": "messaging", "criticality": "critical"},
}
DHS: dict[str, Any] = {
    "agency": "Department of Human Services",
    "name": "DHS Help Desk",
    "contact": {
        "phone": "405-555-0100",
        "email": "help@dhs.example",
        "hours": "Mon-Fri 07:00-18:00",
        "portal": "https://dhs.example/help",
    },
}
SCRIPT: dict[str, Any] = {
    "name": "A printer does not print",
    "service": "printing",
    "steps": [
        {
            "id": "power",
            "question": "Is the printer on?",
            "answers": [{"says": "yes", "next": "queue"}, {"says": "no", "outcome": "switch it on"}],
        },
        {
            "id": "queue",
            "question": "Do other people's jobs come out?",
            "answers": [{"says": "yes", "outcome": "the driver"}, {"says": "no", "outcome": "the print server"}],
        },
    ],
}


def administrator(desk: RunningDesk, subject: str = "root") -> Caller:
    return desk.caller(Role.ADMIN, subject)


def put(by: Caller, path: str, entry: dict[str, Any], match: str | None = "*", **headers: str) -> Answer:
    """Define an entry, or put another version in its place."""
    return by.http.put(path, json=entry, headers=headers if match is None else {"If-Match": match, **headers})


def open_office(desk: RunningDesk) -> Caller:
    """List teams, services, another agency's desk and a script; returns the administrator."""
    admin = administrator(desk)
    lists = {"teams": TEAMS, "services": SERVICES, "help-desks": {"dhs": DHS}, "scripts": {"printing-basics": SCRIPT}}
    for kind, entries in lists.items():
        for code, entry in entries.items():
            done(put(admin, f"/{kind}/{code}", copy.deepcopy(entry)))
    return admin


def change_policy(admin: Caller, **changes: Any) -> dict[str, Any]:
    """Put another policy in force, whatever it is now."""
    changed: dict[str, Any] = done(admin.post("/policy", {"changes": changes, "reason": "a test"}))
    return changed


def ago(**interval: float) -> str:
    return (datetime.now(UTC) - timedelta(**interval)).isoformat()


def triaged(desk: RunningDesk, **changes: Any) -> str:
    number: str = desk.log(**changes)["number"]
    done(desk.technician.post(f"/cases/{number}/triage", {"owner": "desk"}))
    return number


def prioritized(desk: RunningDesk, **changes: Any) -> str:
    number = triaged(desk, **changes)
    done(desk.technician.post(f"/cases/{number}/prioritize", {"impact": 2, "severity": 2}))
    return number
