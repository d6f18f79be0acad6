"""One monitoring message during the decision: all its signals are recorded and committed together."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from application.cases.opening import Opening
from application.execution.attempt import Attempt, Words
from application.execution.pseudonyms import Pseudonyms
from application.execution.repository import Repository
from application.execution.requests import Committed
from application.execution.runner import CommandRunner
from application.monitoring.mapping import target_of
from application.monitoring.outcomes import Kept, Taken, Told, outcome_of
from application.monitoring.plan import Action, Plan, Situation, Step, plan
from application.monitoring.signals import Delivery
from application.monitoring.texts import labels_of, masked, nominated, words_of_case
from domain.aggregate import Root
from domain.case import Case
from domain.case.clauses.logging import IncidentReport
from domain.case.status import Status
from domain.case.terms import Assumption
from domain.monitoring.alert import Alert, Watch
from domain.receipt import Receipt, receipt_id
from domain.values import Channel, Disclosure, DisclosureKind


class MonitoringMessage:
    """A message, the decisions on it, and the aggregates they change."""

    def __init__(self, delivery: Delivery, stream: UUID, digest: str, known: Receipt | None, on: Attempt) -> None:
        self.delivery, self.stream, self.digest, self.known, self.on = delivery, stream, digest, known, on
        self.source = delivery.mail.source if delivery.mail else on.request.actor.subject
        listed = on.reference.source(self.source)
        self.listed = listed.entry if listed else None
        self.version = listed.version if listed else None
        self.cases: dict[str, Case] = {}
        """Changed cases, by the number that their alerts hold."""
        self.about: list[str] = []
        """Cases of alerts without news."""
        self.kept: list[Kept] = []
        self.watches: dict[str, Watch] = {}
        """Watches of cases whose alerts began or ended, by number."""

    async def carry_out(
        self, runner: CommandRunner, opening: Opening, pseudonyms: Pseudonyms, situation: Situation
    ) -> tuple[Committed, Taken]:
        """Decide, record, commit."""
        delivery, on = self.delivery, self.on
        aimed = [(signal, target_of(self.listed, signal.labels, on.reference)) for signal in delivery.signals]
        made = plan(aimed, situation, on.at)
        self.about = [situation.alerts[name].case for name in delivery.about if name in situation.alerts]
        whose = self._whose(made, situation) or await pseudonyms.of({})
        opened = [await self._open(steps, whose, made, opening) for steps in made.opening()]
        given = {step.signal.identity: step.case for step in made.steps if step.case}
        for step in made.steps:
            step.case = step.case or given.get(step.signal.identity)
        for number in made.fired:
            if number not in self.cases:
                self._add(number, situation.cases[number], made)
        self._mark_truncated(made, situation)
        for number in made.recovered:
            await self._witness(number, made, situation, runner.repository)
        numbers = tuple(dict.fromkeys([*opened, *self.about, *(step.case for step in made.steps if step.case)]))
        receipt = self._receipt(whose, numbers, opened=bool(opened))
        kept = await self._unreadable(whose, runner.repository)
        roots: list[Root] = [*self.cases.values(), *kept, *self._watched(made, situation)]
        roots += self._seen(made, situation)
        changed = list({root.id: root for root in roots if root.pending_events}.values())
        if not changed and not receipt.pending_events:
            position = await runner.position_of(receipt)
            return Committed(receipt, position, replayed=True), self._told(made, numbers, position)
        committed = await runner.commit(receipt, on, changed)
        return committed, self._told(made, numbers, committed.position)

    def _told(self, made: Plan, cases: tuple[str, ...], position: int) -> Taken:
        told = tuple(Told(s.signal.identity, s.signal.firing, s.action, s.case) for s in made.steps)
        fresh = any(kept.is_new for kept in self.kept)
        outcome = outcome_of(self.delivery, made, known=self.known is not None, odd=fresh)
        return Taken(outcome, cases, self.stream, position, told, tuple(self.kept))

    async def _unreadable(self, whose: str, repository: Repository) -> list[Receipt]:
        """Put each unreadable alert into the quarantine as a message of its own, once however often it is sent."""
        receipts = dict[UUID, Receipt]()
        for odd in self.delivery.odd:
            raw = masked(odd.raw)
            digest = sha256(raw).hexdigest()
            stream = receipt_id(self.source, digest, f"alert:{digest}")
            is_new = stream not in receipts and await repository.find(Receipt, stream) is None
            self.kept.append(Kept(odd.place, odd.why, stream, is_new))
            if is_new:
                place = f"{odd.place} of {len(self.delivery.odd) + len(self.delivery.signals)}"
                told = {"why": odd.why, "alert": place, "part_of": str(self.stream)}
                receipts[stream] = self._received(stream, raw, digest, whose, told)
                receipts[stream].quarantine(odd.cause, self.on.provenance)
        return list(receipts.values())

    def _whose(self, made: Plan, situation: Situation) -> str | None:
        """Return the owner of the words: the impersonal customer of the first case; None for a new case.

        The bytes and the new cases of a message have one owner, so that an erasure takes them together.
        """
        if self.delivery.mail is not None:
            return self.delivery.mail.whose
        if self.known is not None:
            return self.known.raw.subject
        numbers = [step.case for step in made.steps if step.case]
        first = next(iter([*numbers, *self.about]), None)
        return situation.cases[first].customer if first else None

    @property
    def _arrived_at(self) -> datetime | None:
        return self.delivery.mail.arrived_at if self.delivery.mail else None

    def _receipt(self, whose: str, cases: tuple[str, ...], *, opened: bool) -> Receipt:
        if self.known is not None:
            return self.known
        raw, p = masked(self.delivery.raw), self.on.provenance
        receipt = self._received(self.stream, raw, self.digest, whose, {"why": self.delivery.why})
        if self.delivery.cause is not None:
            receipt.quarantine(self.delivery.cause, p)
        else:
            receipt.signalled(cases, p, opened=opened)
        return receipt

    def _received(self, stream: UUID, raw: bytes, digest: str, whose: str, told: Words) -> Receipt:
        """Record the bytes with their description for readers."""
        p = self.on.provenance
        kept = Disclosure.of(whose, DisclosureKind.MESSAGE, {"raw": b64encode(raw).decode(), **told}, p.random)
        assert kept is not None
        return Receipt.receive(stream, Channel.MONITORING, digest, len(raw), kept, p, received_at=self._arrived_at)

    async def _open(self, steps: list[Step], whose: str, made: Plan, opening: Opening) -> str:
        """Log one case for alerts that begin together. Returns its number."""
        first, on = steps[0], self.on
        target = first.target
        report = IncidentReport(
            Channel.MONITORING,
            self._arrived_at or on.at,
            whose,
            nature=target.nature,
            service=target.service,
            external_ref=first.signal.identity,
        )
        words = words_of_case([step.signal for step in steps])
        contact: Words = {"name": self.listed.name if self.listed else self.source}
        sealed = await opening.sealed(report, contact, words, {}, on)
        number, case_id = await opening.identity(on)
        before = next((step.follow_up_of for step in steps if step.follow_up_of), None)
        case = Case.log(case_id, number, sealed.of_customer(whose), on.policy, on.provenance, follow_up_of=before)
        for step in steps:
            made.begins(step, number, on.at)
        self._add(number, case, made)
        return number

    def _add(self, number: str, case: Case, made: Plan) -> None:
        """Record new episodes on a case, and nominate it if the mapping says so (R-5.7b)."""
        policy, p = self.on.policy, self.on.provenance
        steps = [step for step in made.steps if step.case == number and step.signal.firing]
        fresh = [s for s in steps if s.action not in (Action.HEARTBEAT, Action.KNOWN)] or steps
        target = fresh[0].target
        assumed = Assumption(target.impact, target.severity, target.rule, self.version)
        told = labels_of([step.signal for step in fresh])
        words = Disclosure.of(case.customer, DisclosureKind.MESSAGE, {"alerts": told}, p.random)
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
        if case.major is None and any(step.target.nominate_major for step in fresh):
            reason = Disclosure.of(case.customer, DisclosureKind.STAFF_WORDS, {"reason": nominated(target)}, p.random)
            case.nominate(policy, p, reason=reason)
        self.cases[number] = case

    def _mark_truncated(self, made: Plan, situation: Situation) -> None:
        """Record on an open case, once, that its source omitted alerts."""
        if not self.delivery.truncated:
            return
        for number in {step.case for step in made.steps if step.case and step.case not in self.cases}:
            case = situation.cases[number]
            if not case.truncated and case.resolution is None and case.takes_alerts(self.on.at):
                told = (self.source, (), str(self.stream), None, self.on.policy, self.on.provenance)
                case.alert(*told, truncated=self.delivery.truncated)
                self.cases[number] = case

    async def _witness(self, number: str, made: Plan, situation: Situation, repository: Repository) -> None:
        """Record on the case that all its alerts have recovered, unless it is closed (R-5.8d)."""
        known = (*self.cases.values(), *situation.cases.values())
        case = next((case for case in known if case.number == number), None)
        if case is None:  # it continues as another case
            case = await repository.get(Case, number)
        if case.status is Status.CLOSED:
            return
        now = self.on.at
        ended_at = min(self._watch(number, made, situation).ended_at or now, now)
        case.observe_recovery(self.source, ended_at, str(self.stream), self.on.provenance)
        self.cases[number] = case

    def _watched(self, made: Plan, situation: Situation) -> list[Root]:
        return [self._watch(number, made, situation) for number, tally in made.tallies.items() if tally.changed]

    def _watch(self, number: str, made: Plan, situation: Situation) -> Watch:
        """Return the watch of a case whose alerts began or ended, updated once."""
        tally, watch = made.tallies[number], situation.watches.get(number) or self.watches.get(number)
        if watch is None:
            watch = Watch.begin_on(self.source, number, tally.alerts, self.stream, self.on.provenance)
        elif number not in self.watches:
            watch.observe(tally.alerts, tally.firing, tally.ended_at, self.stream, self.on.provenance)
        return self.watches.setdefault(number, watch)

    def _seen(self, made: Plan, situation: Situation) -> list[Root]:
        roots: list[Root] = []
        cases = {step.signal.identity: step.case for step in made.steps if step.case}
        for fingerprint, seen in made.seen.items():
            alert, case = situation.alerts.get(fingerprint), cases[fingerprint]
            if alert is None:
                alert = Alert.raised(self.source, seen, case, self.stream, self.on.provenance)
            elif alert.case != case:
                alert.moved(seen, case, self.stream, self.on.provenance)
            else:
                alert.observe(seen, self.stream, self.on.provenance)
            roots.append(alert)
        return roots
