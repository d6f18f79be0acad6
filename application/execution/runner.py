"""How every command is carried out: who may, on which version, under which policy, once, in one transaction.

Whoever calls, by HTTP, command line or a process of ours, is held to the same table of roles and the same grants
(R-6a, R-7.1). A method returns after its commit, never before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.persistence import InfrastructureFactory, IntegrityError
from eventsourcing.utils import Environment

from application.cases.duplicates import take_along
from application.cases.hint_budget import Hints
from application.cases.past import then
from application.execution.idempotency import Keys
from application.execution.identifiers import uuid7
from application.execution.principals import Principal
from application.execution.reference import Reference, References
from application.execution.requests import Committed, Request, StaleVersion
from application.execution.turns import Turns
from application.mail_in.addresses import Addresses
from application.ports import Answered, Entry, MailUnread, ReferenceMoved, Register
from application.views.similar import Finder
from domain.aggregate import Recorded, Root
from domain.case import Case
from domain.case.clauses.closure import Closed
from domain.case.status import authorise, authorise_reading, authorise_team, hide_from_others
from domain.clock import Clock
from domain.data_subject import DataSubject, subject_id
from domain.errors import DomainError, Forbidden, Invalid, InvalidTransition, NotFound
from domain.policy import Policy
from domain.problem import Problem
from domain.values import Actor, Channel, Disclosure, DisclosureKind, Provenance, Role, Via

_NUMBERS = {Case: re.compile(r"INC-\d{7,18}"), Problem: re.compile(r"PRB-\d{7,18}")}

Words = dict[str, Any]
Decision = Callable[[Case, Provenance], Sequence[Root] | None]
R = TypeVar("R", Case, Problem)
T = TypeVar("T")


class Casework(Application[UUID]):
    """The application on cases. Time, chance, policy and what it looks up are given to it."""

    def __init__(
        self,
        factory: InfrastructureFactory[Any],
        register: Callable[[Any], Register],
        finder: Finder,
        clock: Clock,
        first_policy: Callable[[], Policy],
        random: Callable[[int], bytes],
        addresses: Addresses | None = None,
    ) -> None:
        self._given_factory = factory
        super().__init__()
        self.register = register(self.recorder)
        self.references = References(self.register.reference_events, first_policy)
        self.finder, self.clock, self.random = finder, clock, random
        # Without the key of a mailbox it knows no address of ours when one comes back, and none is taken for ours.
        self.addresses = addresses or Addresses(random(32), "service-desk@caseledger.example")
        self._keys = Keys(self.register)
        self._turns = Turns()
        self.hints = Hints()

    def construct_env(self, name: str, env: Any = None) -> Environment:
        """The library would read the process environment; settings are read in one place only."""
        return Environment(name, {})

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:
        """The store that the composition root chose."""
        return self._given_factory

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self.references.current().policy

    # who may

    def admit(self, principal: Principal, among: Sequence[Role] | frozenset[Role]) -> Actor:
        """The caller in the first of his granted roles that may, or in one that is then refused by name.

        Raises Forbidden when none of the roles his token names is granted (R-7.1).
        """
        reference = self.references.current()
        granted = self._granted(principal, reference)
        if not set(granted) & set(among):  # looked into before it is refused
            granted = self._granted(principal, self.references.newer_than(reference) or reference)
        if not granted:
            raise Forbidden(f"no grant of the role {' or '.join(principal.roles)} is in force for {principal.subject}")
        role = next((role for role in granted if role in among), granted[0])
        return Actor(principal.subject, role, principal.team)

    def admitted(self, principal: Principal, among: Sequence[Role] | frozenset[Role]) -> Actor | None:
        """The same by memory alone; None where somebody must look. Raises Unauthenticated."""
        reference = self.references.known
        granted = self._granted(principal, reference) if reference else ()
        role = next((role for role in granted if role in among), None)
        return Actor(principal.subject, role, principal.team) if role else None

    def _granted(self, principal: Principal, reference: Reference) -> list[Role]:
        now = self.clock.now()
        if principal.key is not None:
            reference.require_key(principal.subject, principal.key)
        return [role for role in principal.roles if reference.granted(principal.subject, role, principal.team, now)]

    # reading: from the events, so never behind

    def case(
        self,
        number: str,
        actor: Actor,
        *,
        version: int | None = None,
        position: int | None = None,
        as_of: datetime | None = None,
    ) -> Case:
        """A case as it is, or as it was `then`. Raises Forbidden, NotFound."""
        authorise_reading(actor)
        if position is not None or as_of is not None:
            known = then(self.history(number, actor), number, version=version, position=position, as_of=as_of)
            version = known[-1].event.originator_version
        return self._read(number, actor, version=version)

    def history(self, number: str, actor: Actor, *, after: int = 0, until: int | None = None) -> list[Entry]:
        """The events of a case. Raises Forbidden, NotFound."""
        authorise_reading(actor)
        case = self._read(number, actor)
        return self.register.history(case.id, after=after, until=until)

    def event_of(self, committed: Committed) -> Recorded:
        """The last event of what a command was on, as the command left it: the same for an answer given again."""
        version = committed.root.version
        return self.register.history(committed.root.id, after=version - 1, until=version)[-1].event

    def identify(self, number: str, kind: type[Root] = Case) -> UUID:
        """The case, or the problem, behind a number. Raises NotFound."""
        found = self.register.find(number) if _NUMBERS[kind].fullmatch(number) else None
        if found is None:
            raise NotFound(f"there is no {kind.__name__.lower()} {number}")
        return found

    def answered(self, request: Request) -> bool:
        """Whether a request was answered before under its idempotency key: then its preconditions no longer matter."""
        return request.idempotency is not None and self.register.answer(request.idempotency.key) is not None

    def erasures_of(self, subject: str) -> int:
        """How often somebody has been erased so far."""
        known = self._data_subject(subject)
        return known.erasures if known is not None else 0

    def _data_subject(self, subject: str) -> DataSubject | None:
        stream = subject_id(subject)
        known: DataSubject | None = self.repository.get(stream) if self.register.existing([stream]) else None
        return known

    # how every command is carried out

    def _act(self, command: str, number: str, request: Request, decide: Decision) -> Committed:
        """A command on a case: read it, check who may, decide, commit with whatever else the decision changed."""
        authorise(request.actor, command)

        def attempt(reference: Reference) -> Committed:
            case = self._read(number, request.actor)
            self._expect(case, request)
            authorise_team(request.actor, command, case.team)
            others = decide(case, self._provenance(request))
            return self._commit(case, others or (), request, reference)

        return self._keys.once(request, lambda: self._decide(number, request, attempt))

    def _decide(self, name: str, request: Request, attempt: Callable[[Reference], Committed]) -> Committed:
        """Try, and try anew while others are first or what it was decided under has changed. Raises Busy in the end."""
        with self._turns.on(name) as turn:
            while True:
                reference = self.references.current()
                try:
                    if request.key is not None:
                        reference.require_key(request.actor.subject, request.key)
                    else:
                        reference.require_grant(request.actor, self.clock.now())
                    return attempt(reference)
                except IntegrityError:
                    turn.take()  # somebody else was first: read, check and decide anew, one after the other
                except ReferenceMoved:
                    self.references.refresh()
                    turn.check()
                except DomainError:
                    if self.references.newer_than(reference) is None:
                        raise  # it was no old catalogue, policy or grant that refused
                    turn.check()

    def _expect(self, root: Root, request: Request) -> None:
        if request.expected is not None and root.version != request.expected:
            raise StaleVersion(root.number, request.expected, root.version)

    def _read(self, number: str, actor: Actor, *, version: int | None = None) -> Case:
        case = self._get(Case, number, version)
        hide_from_others(actor, number, case.customer)
        if version is not None and case.version != version:
            raise NotFound(f"{number} has no version {version}")
        return case

    def _get(self, kind: type[R], number: str, version: int | None = None) -> R:
        try:
            root: R = self.repository.get(self.identify(number, kind), version=version)
        except AggregateNotFoundError as error:
            raise NotFound(f"there is no {kind.__name__.lower()} {number}") from error
        return root

    def _named(self, number: str, pointer: str = "/case") -> Case:
        """Another case that a command's words name. Raises Invalid."""
        try:
            return self._get(Case, number)
        except NotFound as error:
            raise Invalid(str(error), pointer) from error

    def _first_of(self, case: Case) -> Case:
        """The case that this one goes with: the first one of a duplicate, else itself (R-5.6c)."""
        return case if case.goes_with is None else self._named(case.goes_with)

    def _commit(self, root: Root, others: Sequence[Root], request: Request, reference: Reference) -> Committed:
        others = (*others, *take_along((*others, root), self._named, reference.policy, self.random))
        key = request.idempotency
        answered = key and Answered(key.key, key.request, key.status, root.id, root.version)
        given = [(each.number, each.id) for each in (*others, root) if each.is_new and each.NUMBERED]
        closes = [each.number for each in (*others, root) if _closes(each)]
        under = {"answered": answered, "numbers": given, "known": reference.position, "closes": closes}
        try:
            recordings = self.save(*others, root, **under)
        except MailUnread as error:
            raise InvalidTransition("close", "waiting for a mail to be read (GET /quarantine)") from error
        if recordings:
            position = recordings[-1].notification.id
        else:  # nothing to record: it is so already
            position = self.register.history(root.id, after=root.version - 1)[-1].position
        return Committed(root, position)

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
            causation=request.causation,
        )

    def _new_id(self, provenance: Provenance) -> UUID:
        return uuid7(provenance.at, self.random(10))

    # what is said in confidence

    def _say(self, subject: str, kind: DisclosureKind, words: Words) -> Disclosure | None:
        return Disclosure.of(subject, kind, words, self.random)

    def _staff(self, case: Case, **words: Any) -> Disclosure | None:
        return self._say(case.customer, DisclosureKind.STAFF_WORDS, words)

    def _said(self, case: Case, **words: Any) -> Disclosure:
        """Staff's words that must be there. Raises Invalid when none are."""
        said = self._staff(case, **words)
        if said is None:
            raise Invalid("something must be said", f"/{next(iter(words))}")
        return said


def _closes(root: Root) -> bool:
    """Whether what was decided, and is not committed yet, closes a case."""
    return any(isinstance(event, Closed) for event in root.pending_events)
