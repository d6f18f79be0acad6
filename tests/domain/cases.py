"""Named states of a case, made by its own commands, without any store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.case import Case
from domain.case.logging import Report
from domain.case.priority import Assessment
from domain.case.resolution import Outcome, Verification
from domain.case.state import CauseCorrected, Resolution, ResolutionCode
from domain.policy import POLICY_1
from domain.values import Actor, Channel, Disclosure, DisclosureKind, Level, Provenance, Role, Via

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
FIXED = Resolution(ResolutionCode.FIXED, workaround=False, cause_corrected=CauseCorrected.YES)
MEDIUM = Assessment(Level.MEDIUM, Level.MEDIUM)


def at(minutes: float = 0, role: Role = Role.TECHNICIAN, team: str | None = None) -> Provenance:
    """Who acts, some minutes after NOW."""
    return Provenance(Actor("somebody", role, team), Via("test"), NOW + timedelta(minutes=minutes), bytes)


def by_team(minutes: float = 0) -> Provenance:
    """A member of the team that cases here are assigned to."""
    return at(minutes, Role.TEAM_MEMBER, "network")


def said(text: str = "words") -> Disclosure:
    made = Disclosure.of("jo", DisclosureKind.STAFF_WORDS, {"text": text}, bytes)
    assert made is not None
    return made


def report(**changes: object) -> Report:
    return Report(**{"channel": Channel.PHONE, "received_at": NOW, "customer": "jo", "service": "printing", **changes})  # type: ignore[arg-type]


def logged(**changes: object) -> Case:
    return Case.log(UUID(int=1), "INC-0000001", report(**changes), POLICY_1, at())


def prioritized(**changes: object) -> Case:
    case = logged(**changes)
    case.triage("desk", at(1))
    case.prioritize(MEDIUM, POLICY_1.matrix, at(2))
    return case


def in_diagnosis(**changes: object) -> Case:
    case = prioritized(**changes)
    case.diagnose(said(), at(3))
    return case


def assigned(**changes: object) -> Case:
    case = in_diagnosis(**changes)
    case.assign("network", at(4))
    return case


def positive(minutes: float) -> Verification:
    return Verification(satisfactory=True, able_to_work=True, method="phone", at=NOW + timedelta(minutes=minutes))


def negative(minutes: float) -> Verification:
    return Verification(satisfactory=False, able_to_work=False, method="phone", at=NOW + timedelta(minutes=minutes))


def unreachable(minutes: float) -> Verification:
    moment = NOW + timedelta(minutes=minutes)
    return Verification(satisfactory=True, able_to_work=True, method="phone", at=moment, outcome=Outcome.UNREACHABLE)


def resolved(**changes: object) -> Case:
    case = assigned(**changes)
    case.verify(positive(5), by_team(5))
    case.resolve(FIXED, said(), by_team(6))
    return case


def closed() -> Case:
    case = resolved()
    case.close(POLICY_1.version, at(7, Role.CUSTOMER))
    return case
