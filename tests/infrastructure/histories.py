"""Histories for the views: cases, problems and mails that act by their own commands, put on the record one by one."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.persistence import InfrastructureFactory
from eventsourcing.utils import Environment

from domain.aggregate import Root
from domain.case import Case
from domain.case.clauses.logging import IncidentReport
from domain.case.clauses.priority import Assessment
from domain.case.clauses.resolution import ContactOutcome, Verification
from domain.case.terms import CauseCorrected, Resolution, ResolutionCode
from domain.outgoing_mail import Message
from domain.policy import first_policy
from domain.problem import Problem
from domain.values import Actor, Channel, Disclosure, DisclosureKind, Level, Provenance, Role, Via
from infrastructure.postgres.database import Database
from infrastructure.postgres.recorder import LedgerFactory

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
POLICY = first_policy()
FIXED = Resolution(ResolutionCode.FIXED, workaround=False, cause_corrected=CauseCorrected.YES)
AROUND = Resolution(ResolutionCode.WORKAROUND, workaround=True, cause_corrected=CauseCorrected.NO)
MEDIUM, HIGH = Assessment(Level.MEDIUM, Level.MEDIUM), Assessment(Level.HIGH, Level.HIGH)
SYSTEM, DESK, TEAM, MANAGER = Role.SYSTEM, Role.TECHNICIAN, Role.TEAM_MEMBER, Role.DUTY_MANAGER


def moment(minutes: float) -> datetime:
    """So many minutes after NOW."""
    return NOW + timedelta(minutes=minutes)


def by(minutes: float, role: Role = DESK) -> Provenance:
    """Who acts, when; members are of team `network`."""
    team = "network" if role is TEAM else None
    when = moment(minutes)
    return Provenance(Actor(f"some.{role}", role, team), Via("test"), when, secrets.token_bytes, occurred_at=when)


def said(kind: DisclosureKind = DisclosureKind.STAFF_WORDS, *, about: str = "jo", **texts: str) -> Disclosure:
    """Words under their digest."""
    made = Disclosure.of(about, kind, texts or {"text": "words"}, secrets.token_bytes)
    assert made is not None
    return made


class History(Application[UUID]):
    """Puts aggregates on the record, as the desk does, without its services."""

    def __init__(self, factory: InfrastructureFactory[Any]) -> None:
        self._given_factory = factory
        self._numbers: dict[str, int] = {}
        super().__init__()

    def construct_env(self, name: str, env: Any = None) -> Environment:
        return Environment(name, {})

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:
        return self._given_factory

    def put(self, *roots: Root) -> None:
        """Commit what these have pending, together."""
        given = [(root.number, root.id) for root in roots if root.is_new and root.NUMBERED]
        self.save(*roots, numbers=given)

    def logged(self, minutes: float = 0, words: dict[str, str] | None = None, **changes: Any) -> Case:
        """A case, logged and on the record; `words` are the customer's."""
        number = self.number("INC")
        spoken = said(DisclosureKind.CUSTOMER_WORDS, **words) if words else None
        given: dict[str, Any] = {"channel": Channel.PHONE, "received_at": moment(minutes), "customer": "jo"}
        given |= {"service": "printing", "symptomatic": True, "words": spoken}
        case = Case.log(new_id(), number, IncidentReport(**given | changes), POLICY, by(minutes))
        self.put(case)
        return case

    def prioritized(self, minutes: float = 0, **changes: Any) -> Case:
        """A case that is ours and has a priority, one minute later."""
        case = self.logged(minutes, **changes)
        case.triage("desk", by(minutes + 1))
        case.prioritize(MEDIUM, POLICY, by(minutes + 1))
        self.put(case)
        return case

    def assigned(self, minutes: float = 0, **changes: Any) -> Case:
        """A case with team `network`, two minutes later."""
        case = self.prioritized(minutes, **changes)
        case.diagnose(said(), by(minutes + 2))
        case.assign("network", by(minutes + 2))
        self.put(case)
        return case

    def resolved(self, minutes: float = 0, resolution: Resolution = FIXED, **changes: Any) -> Case:
        """A case that its team has resolved, three minutes later."""
        case = self.assigned(minutes, **changes)
        case.verify(verification(minutes + 3), by(minutes + 3, TEAM))
        case.resolve(resolution, said(), POLICY, by(minutes + 3, TEAM))
        self.put(case)
        return case

    def resolved_by_desk(self, minutes: float = 0, **changes: Any) -> Case:
        """A case that the desk has resolved itself, two minutes later."""
        case = self.prioritized(minutes, **changes)
        case.diagnose(said(), by(minutes + 2))
        case.resolve(FIXED, said(), POLICY, by(minutes + 2))
        self.put(case)
        return case

    def mail(self, case: Case, minutes: float) -> Message:
        """The mail about a case's resolution, queued."""
        assert case.resolution_version is not None
        number, recipient = self.number("MSG"), said(DisclosureKind.CONTACT, email="jo@agency.example")
        queued = Message.queue(
            new_id(), "resolved", case.number, case.resolution_version, f"<{number}@x>", recipient, by(minutes, SYSTEM)
        )
        self.put(queued)
        return queued

    def tell(self, case: Case, minutes: float) -> None:
        """A mail about the case's resolution is accepted: its window starts."""
        mail = self.mail(case, minutes)
        mail.accept(None, moment(minutes), by(minutes, SYSTEM))
        assert case.resolution_version is not None
        case.notified(mail.message_id, case.resolution_version, POLICY, by(minutes, SYSTEM))
        self.put(mail, case)

    def problem(self, minutes: float = 0, service: str | None = "printing") -> Problem:
        """A problem without incidents yet."""
        opened = Problem.open_for(new_id(), self.number("PRB"), None, service, None, by(minutes), priority=3)
        self.put(opened)
        return opened

    def published(self, title: str, symptoms: str, workaround: str, service: str | None = "printing") -> Problem:
        """A problem with a known error."""
        problem = self.problem(service=service)
        article = said(about=problem.number, title=title, symptoms=symptoms, workaround=workaround)
        problem.publish_known_error(problem.number.replace("PRB", "KE"), article, by(1))
        self.put(problem)
        return problem

    def number(self, kind: str) -> str:
        """The next number of a kind."""
        self._numbers[kind] = self._numbers.get(kind, 0) + 1
        return f"{kind}-{self._numbers[kind]:07d}"


@contextmanager
def open_history(database: Database) -> Iterator[History]:
    """A history on a database."""
    with History(LedgerFactory(database)) as history:
        yield history


def new_id() -> UUID:
    return UUID(bytes=secrets.token_bytes(16), version=4)


def verification(
    minutes: float, *, good: bool = True, outcome: ContactOutcome = ContactOutcome.REACHED
) -> Verification:
    """The customer's word, or that they were not reached."""
    return Verification(good, good, "phone", moment(minutes), outcome)
