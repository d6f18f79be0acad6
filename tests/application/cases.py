"""Named states that tests of the application start from."""

from __future__ import annotations

from secrets import token_hex
from typing import Any

from application.execution.requests import Request
from domain.case.clauses.logging import IncidentReport
from domain.case.clauses.priority import Assessment
from domain.case.clauses.resolution import Verification
from domain.case.terms import CauseCorrected, Resolution, ResolutionCode
from domain.values import Actor, Channel, Level, Role
from tests.blocking import BlockingDesk

TECHNICIAN = Request(Actor("a.ortiz", Role.TECHNICIAN), "test")
NETWORK = Request(Actor("t.lee", Role.TEAM_MEMBER, "network"), "test")
FIXED = Resolution(ResolutionCode.FIXED, workaround=False, cause_corrected=CauseCorrected.YES)
MEDIUM = Assessment(Level.MEDIUM, Level.MEDIUM)


class _Links:
    """Addresses that say what they are for."""

    def dispute(self, case: str, resolution: int, customer: str, erasures: int) -> str:
        return f"dispute {case} {resolution} {customer}"

    def follow(self, case: str, customer: str, erasures: int) -> str:
        return f"follow {case} {customer}"


LINKS = _Links()


def log(
    desk: BlockingDesk,
    *,
    contact: dict[str, Any] | None = None,
    words: dict[str, Any] | None = None,
    request: Request = TECHNICIAN,
    **report: Any,
) -> str:
    """A case, logged; returns its number. Each is about something else, so that none is taken for a duplicate."""
    given = {"channel": Channel.PHONE, "received_at": desk.clock.now(), "customer": "", "service": "printing"}
    return desk.logging.log(
        IncidentReport(**{**given, **report}),
        contact or {"name": "Jo Field", "email": "jo.field@agency.example"},
        words
        or {"subject": f"Printer {token_hex(4)}", "description": f"Nothing of {token_hex(4)}", "symptoms": "queued"},
        {},
        request,
    ).case.number


def assigned(desk: BlockingDesk, **given: Any) -> str:
    """A case with team network."""
    number = log(desk, **given)
    desk.triage.triage(number, "desk", TECHNICIAN)
    desk.diagnosis.prioritize(number, MEDIUM, TECHNICIAN)
    desk.assignment.assign(number, "network", None, "spooler", TECHNICIAN)
    return number


def resolved(desk: BlockingDesk, **given: Any) -> str:
    """A case that its team has resolved."""
    number = assigned(desk, **given)
    desk.resolution.verify(
        number, Verification(satisfactory=True, able_to_work=True, method="phone", at=desk.clock.now()), NETWORK
    )
    desk.resolution.resolve(number, FIXED, "restarted", NETWORK)
    return number
