"""How every command on a case is carried out: who may, on which version, once, in one transaction.

Whoever calls, by HTTP, command line or import, is held to the same table of roles (R-6a). A method returns after
its commit, never before.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
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
from domain.case.logging import Report
from domain.case.status import authorise, authorise_reading, authorise_team, hide_from_others
from domain.clocks import Clock
from domain.errors import NotFound
from domain.policy import Policy
from domain.values import Actor, Channel, Disclosure, DisclosureKind, Provenance, Role, Via

_ATTEMPTS = 5
"""How often a command that said "whatever it is now" is decided anew when somebody else was first."""

_NUMBER = re.compile(r"INC-\d{7,18}")

Words = dict[str, Any]
Decision = Callable[[Case, Provenance], Sequence[Root] | None]


class Casework(Application[UUID]):
    """The application on cases. Time, chance and policy are given to it."""

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

    # reading: from the events, so never behind

    def case(self, number: str, actor: Actor, *, version: int | None = None) -> Case:
        """A case as it is, or as it was at a version. Raises Forbidden, NotFound."""
        authorise_reading(actor)
        return self._read(number, actor, version=version)

    def history(self, number: str, actor: Actor, *, after: int = 0, until: int | None = None) -> list[Entry]:
        """The events of a case. Raises Forbidden, NotFound."""
        authorise_reading(actor)
        case = self._read(number, actor)
        return self.register.history(case.id, after=after, until=until)

    def identify(self, number: str) -> UUID:
        """The case behind a number. Raises NotFound."""
        case_id = self.register.find(number) if _NUMBER.fullmatch(number) else None
        if case_id is None:
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
        try:
            case: Case = self.repository.get(self.identify(number), version=version)
        except AggregateNotFoundError as error:
            raise NotFound(f"there is no case {number}") from error
        hide_from_others(actor, number, case.customer)
        if version is not None and case.version != version:
            raise NotFound(f"{number} has no version {version}")
        return case

    def _commit(self, case: Case, others: Sequence[Root], request: Request) -> Committed:
        key = request.idempotency
        answered = key and Answered(key.key, key.request, key.status, case.id, case.version)
        given = [(root.number, root.id) for root in (*others, case) if root.is_new]
        recordings = self.save(*others, case, answered=answered, numbers=given)
        return Committed(case, recordings[-1].notification.id)

    def _provenance(self, request: Request, channel: Channel | None = None) -> Provenance:
        now = self.clock.now()
        return Provenance(
            by=request.actor,
            via=Via(request.interface, channel),
            at=now,
            random=self.random,
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
