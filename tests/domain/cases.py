"""Named states of a case, made by its own commands, without any store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.aggregate import Root
from domain.calendar import Calendar
from domain.case import Case
from domain.case.clauses.logging import IncidentReport
from domain.case.clauses.major_incident import Declaration
from domain.case.clauses.notification import ContactAttempt
from domain.case.clauses.priority import Assessment
from domain.case.clauses.resolution import ContactOutcome, Verification
from domain.case.terms import CauseCorrected, LinkKind, Resolution, ResolutionCode
from domain.errors import DomainError
from domain.policy import first_policy
from domain.values import Actor, Channel, Disclosure, DisclosureKind, Level, Provenance, Role, Via

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
"""A Monday at eight in the morning where the desk is."""
HOUR = 60
WINDOW = 72 * HOUR
"""Minutes that a customer has to dispute (R-5.9d)."""
POLICY = first_policy()
FIXED = Resolution(ResolutionCode.FIXED, workaround=False, cause_corrected=CauseCorrected.YES)
HIGH = Assessment(Level.HIGH, Level.HIGH)
MEDIUM = Assessment(Level.MEDIUM, Level.MEDIUM)
FIRST, SECOND = "INC-0000001", "INC-0000002"


def moment(minutes: float = 0) -> datetime:
    """Some minutes after NOW."""
    return NOW + timedelta(minutes=minutes)


def at(
    minutes: float = 0, role: Role = Role.TECHNICIAN, team: str | None = None, subject: str = "somebody"
) -> Provenance:
    """Who acts, some minutes after NOW."""
    return Provenance(Actor(subject, role, team), Via("test"), moment(minutes), bytes)


def calendar_of(priority: int) -> Calendar:
    """The policy's calendar for a priority."""
    return POLICY.named(POLICY.support(priority, None).name)


def by_team(minutes: float = 0) -> Provenance:
    """A member of the team that cases here are assigned to."""
    return at(minutes, Role.TEAM_MEMBER, "network")


def by_system(minutes: float = 0) -> Provenance:
    """A process of ours."""
    return at(minutes, Role.SYSTEM)


def said(text: str = "words") -> Disclosure:
    made = Disclosure.of("jo", DisclosureKind.STAFF_WORDS, {"text": text}, bytes)
    assert made is not None
    return made


DECLARATION = Declaration("t.lee", timedelta(minutes=30), said("the CIO's office"))


def report(**changes: object) -> IncidentReport:
    told = {"channel": Channel.PHONE, "received_at": NOW, "customer": "jo", "service": "printing", **changes}
    return IncidentReport(**told)  # type: ignore[arg-type]


def logged(number: str = FIRST, **changes: object) -> Case:
    case_id = UUID(int=int(number.removeprefix("INC-")))
    return Case.log(case_id, number, report(**changes), POLICY, at())


def triaged(**changes: object) -> Case:
    case = logged(**changes)  # type: ignore[arg-type]
    case.triage("desk", at(1))
    return case


def prioritized(**changes: object) -> Case:
    case = triaged(**changes)
    case.prioritize(MEDIUM, POLICY, at(2))
    return case


def in_diagnosis(**changes: object) -> Case:
    case = prioritized(**changes)
    case.diagnose(said(), at(3))
    return case


def assigned(**changes: object) -> Case:
    case = in_diagnosis(**changes)
    case.assign("network", at(4))
    return case


def nominated() -> Case:
    """With its team, nominated as a major incident at minute 10."""
    case = assigned()
    case.nominate(POLICY, at(10), reason=said("three floors"))
    return case


def declared() -> Case:
    """Declared a major incident at minute 11."""
    case = nominated()
    case.declare(DECLARATION, POLICY, by_team(11))
    return case


def verified(**changes: object) -> Case:
    case = assigned(**changes)
    case.verify(positive(5), by_team(5))
    return case


def resolved(**changes: object) -> Case:
    case = verified(**changes)
    case.resolve(FIXED, said(), POLICY, by_team(6))
    return case


def resolved_at_the_desk(**changes: object) -> Case:
    case = in_diagnosis(**changes)
    case.resolve(FIXED, said(), POLICY, at(4))
    return case


def notified(minutes: float = 7, **changes: object) -> Case:
    """Resolved, and the mail accepted after some minutes: the window runs from there."""
    case = resolved(**changes)
    case.notified("<1@desk>", version_resolved(case), POLICY, by_system(minutes))
    return case


def closed(**changes: object) -> Case:
    """The customer accepted before they were mailed."""
    case = resolved(**changes)
    case.close(POLICY, at(7, Role.CUSTOMER))
    return case


def elapsed() -> Case:
    """Notified at minute 7, and closed by the timer at the very end of the window."""
    case = notified(7)
    case.close_elapsed(version_resolved(case), POLICY, by_system(7 + WINDOW))
    return case


def referred(case: Case | None = None, *, informed: bool = True) -> Case:
    case = case or logged()
    case.refer(("dhs", 3, said("DHS")), ContactAttempt("phone", moment(2), informed), POLICY, at(2))
    return case


def duplicates() -> tuple[Case, Case]:
    """A first case at minute 4 with its team, and another of the same customer resolved into it at minute 5."""
    first, second = assigned(number=FIRST), in_diagnosis(number=SECOND)
    second.duplicate(first, None, POLICY, at(5))
    first.mirror(SECOND, LinkKind.DUPLICATE_OF, at(5))
    return first, second


def positive(minutes: float) -> Verification:
    return Verification(satisfactory=True, able_to_work=True, method="phone", at=moment(minutes))


def negative(minutes: float) -> Verification:
    return Verification(satisfactory=False, able_to_work=False, method="phone", at=moment(minutes))


def unreachable(minutes: float, method: str = "phone") -> Verification:
    return Verification(
        satisfactory=True, able_to_work=True, method=method, at=moment(minutes), outcome=ContactOutcome.UNREACHABLE
    )


def version_resolved(case: Case) -> int:
    assert case.resolution_version is not None
    return case.resolution_version


def last(root: Root) -> dict[str, object]:
    """What the latest event says."""
    return dict(vars(root.pending_events[-1]))


def replayed(root: Root) -> Root:
    """The aggregate that its events fold to."""
    again: Root | None = None
    for event in root.pending_events:
        again = event.mutate(again)
    assert again is not None
    return again


def state(root: Root) -> dict[str, object]:
    """Everything that it remembers."""
    return {name: value for name, value in vars(root).items() if name != "_pending_events"}


@contextmanager
def refused(root: Root, error: type[DomainError], match: str | None = None) -> Iterator[None]:
    """What is refused records nothing (R-2.1a)."""
    before = root.version
    with pytest.raises(error, match=match):
        yield
    assert root.version == before == len(root.pending_events)
