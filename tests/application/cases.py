"""Named states that tests of the application start from."""

from __future__ import annotations

from secrets import token_hex
from typing import Any

from application.desk import Desk
from application.execution.requests import Request
from domain.case.clauses.logging import IncidentReport
from domain.case.clauses.priority import Assessment
from domain.case.clauses.resolution import Verification
from domain.case.terms import CauseCorrected, Resolution, ResolutionCode
from domain.values import Actor, Channel, Level, Role

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
    desk: Desk,
    *,
    contact: dict[str, Any] | None = None,
    words: dict[str, Any] | None = None,
    request: Request = TECHNICIAN,
    **report: Any,
) -> str:
    """A case, logged; returns its number. Each is about something else, so that none is taken for a duplicate."""
    given = {"channel": Channel.PHONE, "received_at": desk.clock.now(), "customer": "", "service": "printing"}
    return desk.log_case(
        IncidentReport(**{**given, **report}),
        contact or {"name": "Jo Field", "email": "jo.field@agency.example"},
        words
        or {"subject": f"Printer {token_hex(4)}", "description": f"Nothing of {token_hex(4)}", "symptoms": "queued"},
        {},
        None,
        request,
    ).case.number


def assigned(desk: Desk, **given: Any) -> str:
    """A case with team network."""
    number = log(desk, **given)
    desk.triage(number, "desk", None, TECHNICIAN)
    desk.prioritize(number, MEDIUM, None, TECHNICIAN)
    desk.assign(number, "network", None, "spooler", None, TECHNICIAN)
    return number


def resolved(desk: Desk, **given: Any) -> str:
    """A case that its team has resolved."""
    number = assigned(desk, **given)
    desk.verify(
        number, Verification(satisfactory=True, able_to_work=True, method="phone", at=desk.clock.now()), None, NETWORK
    )
    desk.resolve(number, FIXED, "restarted", None, NETWORK)
    return number
