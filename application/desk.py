"""The service desk: one method per command of the SOP's table, each one transaction.

Whoever calls, by HTTP, command line or import, is held to the same table of roles (R-6a). A method returns after
its commit, never before.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.persistence import InfrastructureFactory, IntegrityError
from eventsourcing.utils import Environment

from application.idempotency import Keys
from application.identifiers import uuid7
from application.ports import Answered, Entry, Register
from application.requests import Busy, Committed, Request, StaleVersion
from domain.aggregate import Root
from domain.case import Case
from domain.case.dispute import Confirmation
from domain.case.logging import CODED, REACHED, SPOKEN, Report
from domain.case.priority import Assessment
from domain.case.resolution import Verification
from domain.case.state import PendingReason, Resolution
from domain.case.status import authorise, authorise_reading, authorise_team
from domain.clocks import Clock
from domain.errors import Invalid, NotFound, ProblemLinkRequired
from domain.policy import Policy
from domain.problem import Problem
from domain.values import Actor, Channel, Disclosure, DisclosureKind, Origin, Provenance, Role, Via

_ATTEMPTS = 5
"""How often a command that said "whatever it is now" is decided anew when somebody else was first."""

Words = dict[str, Any]
Decision = Callable[[Case, Provenance], Sequence[Root] | None]


class Desk(Application[UUID]):
    """The commands on cases. Time, chance and policy are given to it."""

    def __init__(
        self,
        factory: InfrastructureFactory[Any],
        register: Callable[[Any], Register],
        clock: Clock,
        policy: Policy,
        random: Callable[[int], bytes],
    ) -> None:
        self._given_factory = factory
        super().__init__()
        self.register = register(self.recorder)
        self.clock, self.policy, self.random = clock, policy, random
        self._keys = Keys(self.register)

    def construct_env(self, name: str, env: Any = None) -> Environment:
        """The library would read the process environment; settings are read in one place only."""
        return Environment(name, {})

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:
        """The store that the composition root chose."""
        return self._given_factory

    # 5.1-5.2

    def log_case(
        self, report: Report, contact: Words, words: Words, reporter: Words, reason: str | None, request: Request
    ) -> Committed:
        """Log an incident (R-5.2a, R-5.2c). ``report.customer`` is filled in here. Raises Forbidden, Invalid."""
        authorise(request.actor, "log")
        return self._keys.once(request, lambda: self._log(report, contact, words, reporter, reason, request))

    def _log(
        self, report: Report, contact: Words, words: Words, reporter: Words, reason: str | None, request: Request
    ) -> Committed:
        report = self._sealed(report, contact, words, reporter, request.actor)
        provenance = self._provenance(request, report.channel)
        why = self._say(report.customer, DisclosureKind.STAFF_WORDS, {"reason": reason})
        number, case_id = self.register.next_case_number(), self._new_id(provenance)
        case = Case.log(case_id, number, report, self.policy, provenance, reason=why)
        return self._commit(case, (), request, [(number, case_id)])

    def follow_up(
        self, number: str, report: Report, contact: Words, words: Words, reporter: Words, request: Request
    ) -> Committed:
        """Log a later contact about a closed case as a new case (R-5.9f). Raises Forbidden, InvalidTransition."""
        authorise(request.actor, "follow_up")

        def run() -> Committed:
            closed = self._read(number, request.actor)
            new = self._sealed(report, contact, words, reporter, request.actor)
            provenance = self._provenance(request, report.channel)
            given, case_id = self.register.next_case_number(), self._new_id(provenance)
            case = closed.follow_up(case_id, given, new, self.policy, provenance)
            return self._commit(case, (), request, [(given, case_id)])

        return self._keys.once(request, run)

    def correct(self, number: str, field: str, value: str, reason: str, request: Request) -> Committed:
        """Correct a field of the log (R-5.2d)."""

        def decide(case: Case, provenance: Provenance) -> None:
            said = None
            if field in SPOKEN | REACHED:
                kind = DisclosureKind.CONTACT if field in REACHED else DisclosureKind.CUSTOMER_WORDS
                said = self._say(case.customer, kind, {field: value})
            code = value if field in CODED else None
            case.correct(field, provenance, value=code, words=said, reason=self._staff(case, reason=reason))

        return self._act("correct", number, request, decide)

    # 5.3-5.5

    def triage(self, number: str, owner: str, reason: str | None, request: Request) -> Committed:
        """Decide that the case is ours (R-5.3a)."""
        return self._act(
            "triage", number, request, lambda case, p: case.triage(owner, p, reason=self._staff(case, reason=reason))
        )

    def prioritize(self, number: str, assessment: Assessment, reason: str | None, request: Request) -> Committed:
        """Assess impact and severity (R-5.4a)."""
        return self._act(
            "prioritize",
            number,
            request,
            lambda case, p: case.prioritize(assessment, self.policy.matrix, p, reason=self._staff(case, reason=reason)),
        )

    def diagnose(
        self, number: str, script: str | None, words: Words, reason: str | None, request: Request
    ) -> Committed:
        """Record a diagnosis, with a script's answers where one was followed (R-5.5a)."""

        def decide(case: Case, provenance: Provenance) -> None:
            said = self._staff(case, **words)
            if said is None:
                raise Invalid("a diagnosis says something", "/findings")
            case.diagnose(said, provenance, script=script, reason=self._staff(case, reason=reason))

        return self._act("diagnose", number, request, decide)

    # 5.7

    def assign(
        self,
        number: str,
        team: str,
        technician: str | None,
        diagnosis: str | None,
        reason: str | None,
        request: Request,
    ) -> Committed:
        """Assign to a service team (R-5.7a)."""

        def decide(case: Case, provenance: Provenance) -> None:
            words, why = self._staff(case, diagnosis=diagnosis), self._staff(case, reason=reason)
            case.assign(team, provenance, technician=technician, words=words, reason=why)

        return self._act("assign", number, request, decide)

    def accept(self, number: str, request: Request) -> Committed:
        """Take a case of one's team."""
        return self._act("accept", number, request, lambda case, p: case.accept(p))

    def hand_back(self, number: str, reason: str, request: Request) -> Committed:
        """Return a case to the desk (R-5.7a)."""
        return self._act("hand_back", number, request, lambda case, p: case.hand_back(self._why(case, reason), p))

    def pend(self, number: str, waiting_for: PendingReason, note: str | None, request: Request) -> Committed:
        """Mark a case as waiting."""
        return self._act(
            "pend", number, request, lambda case, p: case.pend(waiting_for, p, note=self._staff(case, note=note))
        )

    def resume(self, number: str, reason: str | None, request: Request) -> Committed:
        """Take the mark off."""
        return self._act(
            "resume", number, request, lambda case, p: case.resume(p, reason=self._staff(case, reason=reason))
        )

    # 5.8

    def verify(self, number: str, verification: Verification, reason: str | None, request: Request) -> Committed:
        """Record what the customer said of the resolution (R-5.8a)."""
        return self._act(
            "verify",
            number,
            request,
            lambda case, p: case.verify(verification, p, reason=self._staff(case, reason=reason)),
        )

    def resolve(
        self, number: str, resolution: Resolution, solution: str, reason: str | None, request: Request
    ) -> Committed:
        """Resolve a case, opening or joining a Problem Case in the same transaction when the cause remains (R-5.8.1a)."""

        def decide(case: Case, provenance: Provenance) -> Sequence[Root]:
            words, why = self._staff(case, solution=solution), self._staff(case, reason=reason)
            assert words is not None
            problems, final = self._problem_for(case, resolution, words, provenance)
            case.resolve(final, words, provenance, reason=why)
            return problems

        return self._act("resolve", number, request, decide)

    def _problem_for(
        self, case: Case, resolution: Resolution, words: Disclosure, provenance: Provenance
    ) -> tuple[list[Root], Resolution]:
        if resolution.problem is not None:
            problem_id = self.register.find(resolution.problem)
            if problem_id is None or not resolution.problem.startswith("PRB-"):
                raise ProblemLinkRequired(f"there is no problem {resolution.problem}")
            known: Problem = self.repository.get(problem_id)
            known.link(case.number, provenance)
            return [known], resolution
        if not resolution.needs_problem:
            return [], resolution
        number = self.register.next_problem_number()
        workaround = words if resolution.workaround else None
        opened = Problem.open_for(self._new_id(provenance), number, case.number, case.service, workaround, provenance)
        return [opened], replace(resolution, problem=number)

    # 5.9

    def dispute(
        self, number: str, reason: str, received_at: datetime | None, channel: Channel | None, request: Request
    ) -> Committed:
        """Take a dispute and reopen the case where it was (R-5.9c)."""

        def decide(case: Case, provenance: Provenance) -> None:
            said = self._say(case.customer, DisclosureKind.CUSTOMER_WORDS, {"reason": reason})
            case.dispute(received_at or provenance.at, provenance, channel=channel, reason=said)

        return self._act("dispute", number, request, decide)

    def reopen(self, number: str, reason: str, request: Request) -> Committed:
        """Reopen a resolved case on the staff's own account."""
        return self._act("reopen", number, request, lambda case, p: case.reopen(self._why(case, reason), p))

    def close_case(
        self,
        number: str,
        confirmation: Confirmation | None,
        confirmed_by: str | None,
        reason: str | None,
        request: Request,
    ) -> Committed:
        """Close a resolved case with the customer's word (R-5.5d, R-6.2)."""

        def decide(case: Case, provenance: Provenance) -> None:
            by = self._say(case.customer, DisclosureKind.CONTACT, {"confirmed_by": confirmed_by})
            why = self._staff(case, reason=reason)
            case.close(self.policy.version, provenance, confirmation=confirmation, words=by, reason=why)

        return self._act("close", number, request, decide)

    def note(self, number: str, text: str, visible_to_customer: bool, request: Request) -> Committed:
        """Annotate a case in any state."""

        def decide(case: Case, provenance: Provenance) -> None:
            own = provenance.by.role is Role.CUSTOMER
            kind = DisclosureKind.CUSTOMER_WORDS if own else DisclosureKind.STAFF_WORDS
            said = self._say(case.customer, kind, {"text": text})
            assert said is not None
            case.note(said, provenance, visible_to_customer=visible_to_customer or own)

        return self._act("note", number, request, decide)

    # reading: from the events, so never behind

    def case(self, number: str, actor: Actor, *, version: int | None = None) -> Case:
        """A case as it is, or as it was at a version. Raises Forbidden, NotFound."""
        return self._read(number, actor, version=version)

    def history(self, number: str, actor: Actor, *, after: int = 0, until: int | None = None) -> list[Entry]:
        """The events of a case. Raises Forbidden, NotFound."""
        case = self._read(number, actor)
        return self.register.history(case.id, after=after, until=until)

    def identify(self, number: str) -> UUID:
        """The case behind a number. Raises NotFound."""
        case_id = self.register.find(number)
        if case_id is None or not number.startswith("INC-"):
            raise NotFound(f"there is no case {number}")
        return case_id

    def answered(self, request: Request) -> bool:
        """Whether a request was answered before under its idempotency key: then its preconditions no longer matter."""
        return request.idempotency is not None and self.register.answer(request.idempotency.key) is not None

    # how every command is carried out

    def _act(self, command: str, number: str, request: Request, decide: Decision) -> Committed:
        authorise(request.actor, command)

        def run() -> Committed:
            for _ in range(_ATTEMPTS):
                case = self._read(number, request.actor)
                if request.expected is not None and case.version != request.expected:
                    raise StaleVersion(number, request.expected, case.version)
                authorise_team(request.actor, command, case.team)
                others = decide(case, self._provenance(request))
                try:
                    return self._commit(case, others or (), request)
                except IntegrityError:
                    continue  # somebody else was first: read, check and decide anew
            raise Busy(f"{number} is being changed by others; try again")

        return self._keys.once(request, run)

    def _read(self, number: str, actor: Actor, *, version: int | None = None) -> Case:
        authorise_reading(actor) if actor.role not in (Role.SYSTEM, Role.INTAKE) else None
        try:
            case: Case = self.repository.get(self.identify(number), version=version)
        except AggregateNotFoundError as error:
            raise NotFound(f"there is no case {number} with version {version}") from error
        authorise_reading(actor, case.customer) if actor.role is Role.CUSTOMER else None
        return case

    def _commit(
        self, case: Case, others: Sequence[Root], request: Request, numbers: Sequence[tuple[str, UUID]] = ()
    ) -> Committed:
        key = request.idempotency
        answered = key and Answered(key.key, key.request, key.status, case.id, case.version)
        given = [
            *numbers,
            *((o.number, o.id) for o in others if isinstance(o, Problem) and o.version == len(o.pending_events)),
        ]
        recordings = self.save(*others, case, answered=answered, numbers=given)
        return Committed(case, recordings[-1].notification.id)

    def _provenance(self, request: Request, channel: Channel | None = None, origin: Origin | None = None) -> Provenance:
        now = self.clock.now()
        return Provenance(
            by=request.actor,
            via=Via(request.interface, channel),
            at=now,
            random=self.random,
            origin=origin,
            occurred_at=now if self.clock.simulated else None,
            request_id=request.request_id,
            trace_id=request.trace_id,
        )

    def _new_id(self, provenance: Provenance) -> UUID:
        return uuid7(provenance.at, self.random(10))

    # who is meant, and what is said in confidence

    def _sealed(self, report: Report, contact: Words, words: Words, reporter: Words, actor: Actor) -> Report:
        customer = actor.subject if actor.role is Role.CUSTOMER else self._customer(contact)
        return replace(
            report,
            customer=customer,
            symptomatic=bool(words.get("symptoms")),
            contact=self._say(customer, DisclosureKind.CONTACT, contact),
            words=self._say(customer, DisclosureKind.CUSTOMER_WORDS, words),
            reported_by=self._say(self._customer(reporter), DisclosureKind.CONTACT, reporter) if reporter else None,
        )

    def _customer(self, contact: Words) -> str:
        """A stable id for a person known by an address: keyed, so that the public record tells nothing of it."""
        address = contact.get("email") or contact.get("phone")
        if not address:
            return self.random(16).hex()
        said = str(address).strip().casefold().encode()
        return hmac.digest(self.register.pseudonym_key(), said, "sha256")[:16].hex()

    def _say(self, subject: str, kind: DisclosureKind, words: Words) -> Disclosure | None:
        return Disclosure.of(subject, kind, words, self.random)

    def _staff(self, case: Case, **words: Any) -> Disclosure | None:
        return self._say(case.customer, DisclosureKind.STAFF_WORDS, words)

    def _why(self, case: Case, reason: str) -> Disclosure:
        said = self._staff(case, reason=reason)
        assert said is not None
        return said
