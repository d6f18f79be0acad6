"""SOP 5.1-5.2, 5.7, 5.8d: the one path of all that monitoring says, from its bytes to the cases it is about.

The bytes are on the record, with what became of them, before anybody is told that they came (R-5.1d). What is said twice
is known by source, fingerprint, start and status; two processes that are told at once compete for the alert's own stream,
and the second finds what the first did (R-5.1c).
"""

from __future__ import annotations

from collections.abc import Collection
from hashlib import sha256
from uuid import UUID

from application.cases.logging import Logging
from application.cases.resolution import Settling
from application.execution.reference import Reference
from application.execution.requests import Committed, Request
from application.monitoring.attempt import Attempt
from application.monitoring.mapping import target_of
from application.monitoring.outcomes import Taken, repeated
from application.monitoring.plan import Plan, Situation, plan
from application.monitoring.signals import Delivery
from application.monitoring.texts import masked
from domain.aggregate import Root
from domain.alert import Alert, Watch, alert_id, watch_id
from domain.case import Case
from domain.case.status import STAFF
from domain.errors import Forbidden
from domain.monitoring_source import MonitoringSource
from domain.receipt import Receipt, authorise_intake, receipt_id
from domain.values import Actor, Channel


class AlertIntake(Logging, Settling):
    """What monitoring systems may ask of the desk, and what staff may ask of them."""

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
                taken[:] = [repeated(known, committed.position)]
                return committed
            provenance = self._provenance(request, Channel.MONITORING)
            taking = Attempt(self, delivery, stream, digest, known, reference, provenance)
            committed, told = taking.run(request)
            taken[:] = [told]
            if committed.replayed:
                self._look_again(reference, request)
            return committed

        # A storm is many messages about the same cases: in one process they wait for each other, so that they compete with
        # other processes only, and none of them in vain.
        with self._turns.on(f"source {source}") as turn:
            turn.take()
            self._decide(str(stream), request, attempt)
        return taken[0]

    def foreseen(self, delivery: Delivery, source: str, mapping: MonitoringSource | None) -> Plan:
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
        if (first := case.goes_with) is None:
            return case
        return loaded.setdefault(first, loaded.get(first) or self._get(Case, first))
