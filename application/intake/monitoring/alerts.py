"""SOP 5.1-5.2, 5.7, 5.8d: the one path of all that monitoring says, from its bytes to the cases it is about.

The bytes are on the record, with what became of them, before anybody is told that they came (R-5.1d). What is said twice
is known by source, fingerprint, start and status; two processes that are told at once compete for the alert's own stream,
and the second finds what the first did (R-5.1c).
"""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

from application.casework import Words
from application.handling import Logging
from application.intake.monitoring.mapping import target_of
from application.intake.monitoring.planning import Action, Plan, Situation, Step, plan
from application.intake.monitoring.signals import Delivery
from application.intake.monitoring.words import labels_of, masked, nominated, words_of_case
from application.reference import Reference
from application.requests import Committed, Request
from application.settling import Settling
from domain.aggregate import Root
from domain.alert import Alert, Watch, alert_id, watch_id
from domain.case import Case
from domain.case.alerting import Assumed
from domain.case.logging import Report
from domain.case.status import STAFF, Status
from domain.errors import Forbidden
from domain.intake import Receipt, ReceiptState, authorise_intake, receipt_id
from domain.source import Source
from domain.values import Actor, Channel, Disclosure, DisclosureKind, Provenance

_HOPS = 5
_ATTEMPTS = 40
"""How often a message is decided anew when other processes, or people, were first."""


class Outcome(StrEnum):
    """What became of a message (`design.md`, HTTP)."""

    OPENED = "opened"
    RECORDED = "recorded"
    """It told something new of what the desk knows, or of nothing it knows."""
    DUPLICATE = "duplicate"
    """It said what was said before (R-5.1c); a heartbeat."""
    QUARANTINED = "quarantined"


@dataclass(frozen=True)
class Told:
    """What became of one signal."""

    fingerprint: str
    firing: bool
    action: Action
    case: str | None


@dataclass(frozen=True)
class Taken:
    """The answer to whoever handed a message in."""

    outcome: Outcome
    cases: tuple[str, ...]
    receipt: UUID
    position: int
    signals: tuple[Told, ...] = ()

    @property
    def case(self) -> str | None:
        """The case that it opened, or is about; the first of several."""
        return self.cases[0] if self.cases else None


class AlertIntake(Logging, Settling):
    """What monitoring systems may ask of the desk, and what staff may ask of them."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        # A storm is many messages about the same cases: in one process they wait for each other, so that they compete with
        # other processes only, and none of them in vain.
        self._turns = tuple(threading.Lock() for _ in range(64))

    def take_signals(self, delivery: Delivery, request: Request) -> Taken:
        """Take in a message, whatever it is. Raises Forbidden, Unauthenticated, Busy."""
        authorise_intake(request.actor, "receive_message")
        mail, digest = delivery.mail, sha256(masked(delivery.raw)).hexdigest()
        source = mail.source if mail else request.actor.subject
        named = delivery.identity and f"event:{delivery.identity}"
        stream = mail.receipt if mail else receipt_id(source, "" if named else digest, named or "")
        taken = list[Taken]()

        def attempt(reference: Reference) -> Committed:
            known = self._known_receipt(stream)
            if known is not None and (delivery.cause is not None or named or mail):
                self._look_again(reference, request)
                committed = Committed(known, self.register.history(stream)[-1].position, replayed=True)
                taken[:] = [_repeated(known, committed.position)]
                return committed
            provenance = self._provenance(request, Channel.MONITORING)
            taking = _Taking(self, delivery, stream, digest, known, reference, provenance)
            committed, told = taking.run(request)
            taken[:] = [told]
            if committed.replayed:
                self._look_again(reference, request)
            return committed

        with self._turns[hash(source) % len(self._turns)]:
            self._decide(str(stream), request, attempt, _ATTEMPTS)
        return taken[0]

    def foreseen(self, delivery: Delivery, source: str, mapping: Source | None) -> Plan:
        """What would become of a message, by a mapping that need not be in force. Nothing is recorded."""
        reference, now = self.references.current(), self.clock.now()
        aimed = [(signal, target_of(mapping, signal.labels, reference)) for signal in delivery.signals]
        return plan(aimed, self._situation(source, delivery), now)

    def alerts_of(self, number: str, actor: Actor) -> list[Alert]:
        """Every alert that ever fired about a case, from their own events. Raises Forbidden, NotFound."""
        if actor.role not in STAFF:
            raise Forbidden(f"alerts need the role {' or '.join(sorted(STAFF))}; you are {actor.role}")
        return self._alerts(sorted(self._read(number, actor).alerts))

    def _look_again(self, reference: Reference, request: Request) -> None:
        """Nothing was committed that could have been refused: has the key, or the grant, been revoked elsewhere meanwhile?

        Raises Unauthenticated, Forbidden.
        """
        if (newer := self.references.newer_than(reference)) is None:
            return
        if request.key is not None:
            newer.require_key(request.actor.subject, request.key)
        else:
            newer.require_grant(request.actor, self.clock.now())

    def _known_receipt(self, stream: UUID) -> Receipt | None:
        if not self.register.existing([stream]):
            return None
        found: Root = self.repository.get(stream)
        return found if isinstance(found, Receipt) else None

    def _situation(self, source: str, delivery: Delivery) -> Situation:
        named = {*(signal.identity for signal in delivery.signals), *delivery.about}
        alerts = {each.seen.fingerprint: each for each in self._alerts([(source, name) for name in sorted(named)])}
        numbers, loaded = sorted({alert.case for alert in alerts.values()}), dict[str, Case]()
        cases = {number: self._first(number, loaded) for number in numbers}
        found = self.register.latest([watch_id(number) for number in numbers]) if numbers else ()
        watches: list[Watch] = [event.mutate(None) for event in found]
        return Situation(alerts, {watch.case: watch for watch in watches}, cases)

    def _alerts(self, named: Collection[tuple[str, str]]) -> list[Alert]:
        """Those of these that are known; each by its source and fingerprint."""
        found = self.register.latest([alert_id(*name) for name in named]) if named else ()
        return [event.mutate(None) for event in found]

    def _first(self, number: str, loaded: dict[str, Case]) -> Case:
        """A case, or the one that it is continued as (R-5.6c); each is read once."""
        case = loaded.setdefault(number, loaded.get(number) or self._get(Case, number))
        for _ in range(_HOPS):
            if not case.continued or (first := case.duplicate_of) is None:
                break
            case = loaded.setdefault(first, loaded.get(first) or self._get(Case, first))
        return case


class _Taking:
    """One attempt at one message."""

    def __init__(
        self,
        desk: AlertIntake,
        delivery: Delivery,
        stream: UUID,
        digest: str,
        known: Receipt | None,
        reference: Reference,
        provenance: Provenance,
    ) -> None:
        self.desk, self.delivery, self.stream, self.digest = desk, delivery, stream, digest
        self.known, self.reference, self.provenance = known, reference, provenance
        self.source = delivery.mail.source if delivery.mail else provenance.by.subject
        listed = reference.source(self.source)
        self.listed = listed.entry if listed else None
        self.version = listed.version if listed else None
        self.cases: dict[str, Case] = {}
        """The cases that change, by the number that their alerts know them by."""
        self.duplicates: list[Case] = []
        """Those that reopen with one of them."""
        self.about: list[str] = []
        """The cases of alerts of which nothing new is said."""
        self.watches: dict[str, Watch] = {}
        """Those of the cases whose alerts began or ended, by number."""

    def run(self, request: Request) -> tuple[Committed, Taken]:
        """Decide, record, commit."""
        delivery, desk = self.delivery, self.desk
        aimed = [(signal, target_of(self.listed, signal.labels, self.reference)) for signal in delivery.signals]
        situation = desk._situation(self.source, delivery)  # noqa: SLF001 - its own
        made = plan(aimed, situation, self.provenance.at)
        self.about = [situation.alerts[name].case for name in delivery.about if name in situation.alerts]
        whose = self._whose(made, situation)
        opened = [self._open(steps, whose, made) for steps in made.opening()]
        given = {step.signal.identity: step.case for step in made.steps if step.case}
        for step in made.steps:
            step.case = step.case or given.get(step.signal.identity)
        for number in made.fired:
            if number not in self.cases:
                self._add(number, situation.cases[number], made)
        self._mark_truncated(made, situation)
        for number in made.recovered:
            self._witness(number, made, situation)
        numbers = tuple(dict.fromkeys([*opened, *self.about, *(step.case for step in made.steps if step.case)]))
        receipt = self._receipt(whose, numbers, opened=bool(opened))
        roots = [*self.cases.values(), *self.duplicates, *self._watched(made, situation), *self._seen(made, situation)]
        changed = list({root.id: root for root in roots if root.pending_events}.values())
        if not changed and not receipt.pending_events:
            position = desk.register.history(self.stream)[-1].position
            return Committed(receipt, position, replayed=True), self._told(made, numbers, position)
        committed = desk._commit(receipt, changed, request, self.reference)  # noqa: SLF001 - idem
        return committed, self._told(made, numbers, committed.position)

    def _told(self, made: Plan, cases: tuple[str, ...], position: int) -> Taken:
        told = tuple(Told(s.signal.identity, s.signal.firing, s.action, s.case) for s in made.steps)
        outcome = outcome_of(self.delivery, made, known=self.known is not None)
        return Taken(outcome, cases, self.stream, position, told)

    def _whose(self, made: Plan, situation: Situation) -> str:
        """Whose words these are: the impersonal customer of the case that they are about first, or a new one's.

        The bytes and the new cases of a message share it, so that they are erased together.
        """
        if self.delivery.mail is not None:
            return self.delivery.mail.whose
        if self.known is not None:
            return self.known.raw.subject
        numbers = [step.case for step in made.steps if step.case]
        first = next(iter([*numbers, *self.about]), None)
        return situation.cases[first].customer if first else self.desk.customer_id({})

    @property
    def _arrived_at(self) -> datetime | None:
        return self.delivery.mail.arrived_at if self.delivery.mail else None

    def _receipt(self, whose: str, cases: tuple[str, ...], *, opened: bool) -> Receipt:
        if self.known is not None:
            return self.known
        raw, p = masked(self.delivery.raw), self.provenance
        kept = Disclosure.of(whose, DisclosureKind.MESSAGE, {"raw": b64encode(raw).decode()}, p.random)
        assert kept is not None
        arrived = self._arrived_at
        receipt = Receipt.receive(self.stream, Channel.MONITORING, self.digest, len(raw), kept, p, received_at=arrived)
        if self.delivery.cause is not None:
            receipt.quarantine(self.delivery.cause, p)
        else:
            receipt.signalled(cases, p, opened=opened)
        return receipt

    def _open(self, steps: list[Step], whose: str, made: Plan) -> str:
        """Log the case of some alerts that begin together; returns its number."""
        desk, first, p = self.desk, steps[0], self.provenance
        target = first.target
        asks = Report(
            Channel.MONITORING,
            self._arrived_at or p.at,
            whose,
            nature=target.nature,
            service=target.service,
            external_ref=first.signal.identity,
        )
        words = words_of_case([step.signal for step in steps])
        contact: Words = {"name": self.listed.name if self.listed else self.source}
        request = Request(p.by, p.via.interface)
        sealed = desk._sealed(asks, contact, words, {}, request, self.reference)  # noqa: SLF001 - idem
        report = replace(sealed, customer=whose, contact=_of(whose, sealed.contact), words=_of(whose, sealed.words))
        number, case_id = desk.register.next_case_number(), desk._new_id(p)  # noqa: SLF001 - idem
        before = next((step.follow_up_of for step in steps if step.follow_up_of), None)
        case = Case.log(case_id, number, report, self.reference.policy, p, follow_up_of=before)
        for step in steps:
            made.begins(step, number, p.at)
        self._add(number, case, made)
        return number

    def _add(self, number: str, case: Case, made: Plan) -> None:
        """Tell a case of its new episodes, and nominate it where the mapping says so (R-5.7b)."""
        desk, policy, p = self.desk, self.reference.policy, self.provenance
        steps = [step for step in made.steps if step.case == number and step.signal.firing]
        fresh = [s for s in steps if s.action not in (Action.HEARTBEAT, Action.KNOWN)] or steps
        target = fresh[0].target
        assumed = Assumed(target.impact, target.severity, target.rule, self.version)
        told = labels_of([step.signal for step in fresh])
        words = Disclosure.of(case.customer, DisclosureKind.MESSAGE, {"alerts": told}, p.random)
        resolved = case.resolution is not None
        case.alert(
            self.source,
            tuple(made.fired.get(number, ())),
            str(self.stream),
            assumed,
            policy,
            p,
            truncated=self.delivery.truncated if not case.truncated else 0,
            words=words,
        )
        if resolved:
            again = desk._reopen_duplicates(case, p)  # noqa: SLF001 - idem
            self.duplicates += [other for other in again if isinstance(other, Case)]
        if case.major is None and any(step.target.nominate_major for step in fresh):
            reason = Disclosure.of(case.customer, DisclosureKind.STAFF_WORDS, {"reason": nominated(target)}, p.random)
            case.nominate(policy, p, reason=reason)
        self.cases[number] = case

    def _mark_truncated(self, made: Plan, situation: Situation) -> None:
        """Say so on an open case, once, that its source leaves alerts out."""
        if not self.delivery.truncated:
            return
        for number in {step.case for step in made.steps if step.case and step.case not in self.cases}:
            case = situation.cases[number]
            if not case.truncated and case.resolution is None and case.takes_alerts(self.provenance.at):
                told = (self.source, (), str(self.stream), None, self.reference.policy, self.provenance)
                case.alert(*told, truncated=self.delivery.truncated)
                self.cases[number] = case

    def _witness(self, number: str, made: Plan, situation: Situation) -> None:
        """All alerts of a case have recovered: evidence on the case itself, unless it is closed (R-5.8d)."""
        known = (*self.cases.values(), *situation.cases.values(), *self.duplicates)
        case = next((case for case in known if case.number == number), None)
        if case is None:  # it is continued as another one
            case = self.desk._get(Case, number)  # noqa: SLF001 - idem
        if case.status is Status.CLOSED:
            return
        ended_at = self._watch(number, made, situation).ended_at or self.provenance.at
        case.observe_recovery(self.source, ended_at, str(self.stream), self.provenance)
        self.cases[number] = case

    def _watched(self, made: Plan, situation: Situation) -> list[Root]:
        return [self._watch(number, made, situation) for number, tally in made.tallies.items() if tally.changed]

    def _watch(self, number: str, made: Plan, situation: Situation) -> Watch:
        """The watch of a case whose alerts began or ended, told so once."""
        tally, watch = made.tallies[number], situation.watches.get(number) or self.watches.get(number)
        if watch is None:
            watch = Watch.begin_on(self.source, number, tally.alerts, self.stream, self.provenance)
        elif number not in self.watches:
            watch.observe(tally.alerts, tally.firing, tally.ended_at, self.stream, self.provenance)
        return self.watches.setdefault(number, watch)

    def _seen(self, made: Plan, situation: Situation) -> list[Root]:
        roots: list[Root] = []
        cases = {step.signal.identity: step.case for step in made.steps if step.case}
        for fingerprint, seen in made.seen.items():
            alert, case = situation.alerts.get(fingerprint), cases[fingerprint]
            if alert is None:
                alert = Alert.raised(self.source, seen, case, self.stream, self.provenance)
            elif alert.case != case:
                alert.moved(seen, case, self.stream, self.provenance)
            else:
                alert.observe(seen, self.stream, self.provenance)
            roots.append(alert)
        return roots


def outcome_of(delivery: Delivery, made: Plan, *, known: bool = False) -> Outcome:
    """What becomes of a message by what becomes of its signals. ``known`` says that the same bytes came before."""
    actions = {step.action for step in made.steps}
    if delivery.cause is not None:
        return Outcome.QUARANTINED
    if actions & {Action.OPENS, Action.FOLLOWS_UP}:
        return Outcome.OPENED
    nothing_new = {Action.HEARTBEAT, Action.KNOWN}
    if (actions and actions <= nothing_new) or (known and actions <= {*nothing_new, Action.RECORDED}):
        return Outcome.DUPLICATE
    return Outcome.RECORDED


def _repeated(receipt: Receipt, position: int) -> Taken:
    """What is said of a message that came before."""
    waits = receipt.state is ReceiptState.QUARANTINED
    outcome = Outcome.QUARANTINED if waits else Outcome.DUPLICATE
    return Taken(outcome, (receipt.case,) if receipt.case else (), receipt.id, position)


def _of(subject: str, said: Disclosure | None) -> Disclosure | None:
    """The same words, said to be somebody's."""
    return said and Disclosure(said.digest, subject, said.kind, said.value, said.salt)
