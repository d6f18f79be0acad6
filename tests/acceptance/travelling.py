"""A desk whose clock stands still until a test moves it, and what the tests of 5.6 to 5.9 ask of it again and again."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from application.administration.catalogue import OPERATOR
from domain.values import Role
from infrastructure.mail.catcher import Caught
from tests.acceptance.conftest import FIXED, VERIFIED, Caller, RunningDesk, done, incident, served
from tests.conftest import TestDatabase
from tests.travel_clock import TravelClock

MONDAY = datetime(2026, 10, 5, 13, 0, tzinfo=UTC)
"""08:00 in Chicago, in a month without holidays; clocks are changed there on 1 November."""
WINDOW = timedelta(hours=72)
REMAINS: dict[str, Any] = {**FIXED, "cause_corrected": "no"}
"""A resolution whose cause remains: it needs a Problem Case."""


@contextmanager
def on_monday(database: TestDatabase, folder: Path) -> Iterator[RunningDesk]:
    """A served desk on which it is Monday morning, until it is moved."""
    with served(database, folder, TravelClock(MONDAY)) as desk:
        desk.office.policy.adopt(OPERATOR)
        for role, subject in ((Role.DUTY_MANAGER, "d.manager"), (Role.INTAKE, "monitoring"), (Role.ADMIN, "admin")):
            desk.caller(role, subject)
        yield desk


def travel(desk: RunningDesk, by: timedelta | None = None, **interval: float) -> datetime:
    """Move the desk's clock; returns what it shows then."""
    assert isinstance(desk.clock, TravelClock)
    desk.clock.travel(by or timedelta(**interval))
    return desk.clock.now()


def back_to_monday(desk: RunningDesk) -> None:
    """Where each test starts, on a desk that several share."""
    travel(desk, MONDAY - desk.clock.now())


def moment(desk: RunningDesk, **ago: float) -> str:
    """Now, or so long ago, by the desk's clock."""
    return (desk.clock.now() - timedelta(**ago)).isoformat()


def parsed(time: str) -> datetime:
    return datetime.fromisoformat(time)


# states to start from


def logged(desk: RunningDesk, /, *, by: Caller | None = None, **changes: Any) -> str:
    """A case that came in just now."""
    body = {**incident(), "received_at": moment(desk), **changes}
    number: str = done((by or desk.technician).post("/cases", body))["number"]
    return number


def in_diagnosis(desk: RunningDesk, **changes: Any) -> str:
    number = logged(desk, **changes)
    done(desk.technician.post(f"/cases/{number}/triage", {"owner": "desk"}))
    done(desk.technician.post(f"/cases/{number}/prioritize", {"impact": 2, "severity": 2}))
    done(desk.technician.post(f"/cases/{number}/diagnose", {"symptoms": "queue full", "findings": "spooler"}))
    return number


def assigned(desk: RunningDesk, **changes: Any) -> str:
    """A case of the team `network`."""
    number = in_diagnosis(desk, **changes)
    done(desk.technician.post(f"/cases/{number}/assign", {"team": "network"}))
    return number


def resolve(desk: RunningDesk, number: str, resolution: dict[str, Any] | None = None) -> dict[str, Any]:
    """Let the team `network` verify and resolve a case that it has."""
    done(desk.network.post(f"/cases/{number}/verify", VERIFIED))
    case: dict[str, Any] = done(desk.network.post(f"/cases/{number}/resolve", resolution or FIXED))
    return case


def resolved(desk: RunningDesk, resolution: dict[str, Any] | None = None, **changes: Any) -> str:
    number = assigned(desk, **changes)
    resolve(desk, number, resolution)
    return number


def told(desk: RunningDesk, **changes: Any) -> str:
    """A resolved case whose mail was accepted: its window runs from now."""
    number = resolved(desk, **changes)
    desk.send_mail()
    assert parsed(read(desk, number)["dispute_until"]) == desk.clock.now() + WINDOW
    return number


def owner_of(desk: RunningDesk, number: str) -> Caller:
    """The customer that a case is about."""
    return desk.caller(Role.CUSTOMER, read(desk, number)["customer"]["id"])


def words() -> dict[str, Any]:
    """What two people say of the same thing, and nobody of another: words of no language."""
    subject, description = (" ".join(word() for _ in range(length)) for length in (3, 6))
    return {"subject": subject, "description": description}


def word() -> str:
    return "".join(secrets.choice("bcdfghjklmnpqrtvwxz") for _ in range(8))


def relate(desk: RunningDesk, number: str, other: str, kind: str, **more: Any) -> dict[str, Any]:
    """Let the desk decide what another case is to this one."""
    body = {"case": other, "kind": kind, **more}
    answered: dict[str, Any] = done(desk.technician.post(f"/cases/{number}/relate", body))
    return answered


def inform(desk: RunningDesk, number: str, outcome: str = "informed", **more: Any) -> dict[str, Any]:
    """Say that the customer was told by other means, or that it was tried."""
    body = {"obligation": "inform_customer", "method": "phone", "outcome": outcome, **more}
    case: dict[str, Any] = done(desk.technician.post(f"/cases/{number}/discharge", body))
    return case


# what became of it


def read(desk: RunningDesk, number: str) -> dict[str, Any]:
    case: dict[str, Any] = done(desk.technician.get(f"/cases/{number}"))
    return case


def links(desk: RunningDesk, number: str) -> dict[str, str]:
    """What other cases are to this one."""
    return {link["case"]: link["kind"] for link in read(desk, number)["links"]}


def history(desk: RunningDesk, number: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = done(desk.auditor.get(f"/cases/{number}/history"))["items"]
    return items


def topics(desk: RunningDesk, number: str) -> list[str]:
    """What happened to a case, without the first part of each name."""
    return [item["topic"].removeprefix("case.") for item in history(desk, number)]


def last(desk: RunningDesk, number: str, topic: str) -> dict[str, Any]:
    """The latest event of a kind on a case."""
    return [item for item in history(desk, number) if item["topic"] == f"case.{topic}"][-1]


def owed(desk: RunningDesk, number: str) -> dict[str, dict[str, Any]]:
    """What stands in the queue of obligations for a case, by key."""
    desk.catch_up()
    items = done(desk.technician.get("/obligations", case=number, limit=200))["items"]
    return {item["key"]: item for item in items}


def messages(desk: RunningDesk, number: str) -> list[list[dict[str, Any]]]:
    """The events of each mail about a case, as the feed has them; oldest mail first."""
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    about, after = set(), 0
    while items := done(desk.auditor.http.get("/events", params={"after": after, "limit": 1000}))["items"]:
        for event in items:
            if event["topic"] == "message.queued" and event["data"]["case"] == number:
                about.add(event["stream"])
            if event["stream"] in about:
                found[event["stream"]].append(event)
        after = items[-1]["position"]
    return list(found.values())


def fates(desk: RunningDesk, number: str) -> list[list[str]]:
    """What became of each mail about a case, by the names of its events."""
    return [[event["topic"].removeprefix("message.") for event in events] for events in messages(desk, number)]


def mails(desk: RunningDesk, number: str) -> list[Caught]:
    """The mails about a case that the desk's mail server was sent, oldest first."""
    return [mail for mail in desk.mail.messages() if f"<{number}#" in str(mail.parsed["References"])]


def window(desk: RunningDesk, number: str) -> timedelta | None:
    """How long the customer still has."""
    until = read(desk, number)["dispute_until"]
    return None if until is None else parsed(until) - desk.clock.now()
