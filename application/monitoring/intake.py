"""SOP 5.1-5.2, 5.7, 5.8d: the one path of monitoring messages, from their bytes to their cases.

Bytes and outcome are on the record before the sender gets an answer (R-5.1d). Source, fingerprint, start and status
identify a repeated signal. If two processes receive it at once, they conflict on the alert's stream, and the second
finds the first one's result (R-5.1c).
"""

from __future__ import annotations

import asyncio
from hashlib import sha256

from application.cases.opening import Opening
from application.execution.attempt import Attempt
from application.execution.pseudonyms import Pseudonyms
from application.execution.requests import Committed, Request
from application.execution.runner import CommandRunner
from application.monitoring.mapping import target_of
from application.monitoring.message import MonitoringMessage
from application.monitoring.outcomes import Taken, repeated
from application.monitoring.plan import Plan, plan
from application.monitoring.signals import Delivery
from application.monitoring.situation import Situations
from application.monitoring.texts import masked
from domain.case.status import STAFF
from domain.errors import Forbidden
from domain.monitoring.alert import Alert
from domain.monitoring.source import MonitoringSource
from domain.receipt import Receipt, authorise_intake, receipt_id
from domain.values import Actor, Channel


class AlertIntake:
    """Commands of monitoring systems, and queries of staff about alerts."""

    def __init__(self, runner: CommandRunner, opening: Opening, pseudonyms: Pseudonyms) -> None:
        self._runner, self._opening, self._pseudonyms = runner, opening, pseudonyms
        self._situations = Situations(runner.repository)

    async def take_signals(self, delivery: Delivery, request: Request) -> Taken:
        """Take in any message. Raises Forbidden, Unauthenticated, Busy."""
        authorise_intake(request.actor, "receive_message")
        mail, digest = delivery.mail, await asyncio.to_thread(lambda: sha256(masked(delivery.raw)).hexdigest())
        source = mail.source if mail else request.actor.subject
        named = delivery.identity and f"event:{delivery.identity}"
        stream = mail.receipt if mail else receipt_id(source, "" if named else digest, named or "")
        taken = list[Taken]()

        async def attempt(on: Attempt) -> Committed:
            known = await self._runner.repository.find(Receipt, stream)
            if known is not None and (delivery.cause is not None or named or mail):
                await self._look_again(on)
                committed = Committed(known, await self._runner.position_of(known), replayed=True)
                taken[:] = [repeated(known, committed.position)]
                return committed
            message = MonitoringMessage(delivery, stream, digest, known, on.through(Channel.MONITORING))
            committed, told = await message.carry_out(
                self._runner, self._opening, self._pseudonyms, await self._situations.of(source, delivery)
            )
            taken[:] = [told]
            if committed.replayed:
                await self._look_again(on)
            return committed

        # An alert storm is many messages about the same cases. Within a process they queue, so that they conflict
        # only with other processes.
        async with self._runner.turns.on(f"source {source}") as turn:
            await turn.take()
            await self._runner.try_until_committed(str(stream), request, attempt)
        return taken[0]

    async def foreseen(self, delivery: Delivery, source: str, mapping: MonitoringSource | None) -> Plan:
        """Plan a message under any mapping, in force or not. Records nothing."""
        reference = await self._runner.references.current()
        aimed = [(signal, target_of(mapping, signal.labels, reference)) for signal in delivery.signals]
        return plan(aimed, await self._situations.of(source, delivery), self._runner.clock.now())

    async def alerts_of(self, number: str, actor: Actor) -> list[Alert]:
        """Return all alerts of a case, from its own events. Raises Forbidden, NotFound."""
        if actor.role not in STAFF:
            raise Forbidden(f"alerts need the role {' or '.join(sorted(STAFF))}; you are {actor.role}")
        case = await self._runner.repository.read(number, actor)
        return await self._situations.alerts(sorted(case.alerts))

    async def _look_again(self, on: Attempt) -> None:
        """Check the key or the grant against the record: without a commit, nothing else has checked it.

        Raises Unauthenticated, Forbidden.
        """
        if (newer := await self._runner.references.newer_than(on.reference)) is None:
            return
        if on.request.key is not None:
            newer.require_key(on.request.actor.subject, on.request.key)
        else:
            newer.require_grant(on.request.actor, self._runner.clock.now())
