"""SOP 5.9: delivery of mail to customers. The messages' events are the outbox (R-5.9a)."""

from __future__ import annotations

import asyncio
from collections import Counter
from uuid import UUID

import structlog

from application import tracing
from application.desk import Desk
from application.execution.requests import Request
from application.figures import FIGURES
from application.mail_out.letters import Deferred, Letter, Postman, Refused, Sent
from application.mail_out.outbox import NOT_WRITTEN, Links
from application.processes.retries import AWAY, Nowhere, Tries
from application.tracing import Traced
from application.views.timers import Timers
from domain.values import Actor, Role

REQUEST = Request(Actor("system:mail", Role.SYSTEM), "process")
log = structlog.get_logger()
_BATCH = 20
AT_ONCE = 8
"""Most mails in transit at once, so that a slow server does not delay the others."""
AT_ONCE_TO_ONE_DOMAIN = 2
"""Most mails in transit to one domain, so that a slow domain leaves places for the others."""
_LEAVING = 5.0
"""Seconds for mails in transit when the worker stops. A mail cut off is sent again with the same Message-ID."""


async def send_due(desk: Desk, timers: Timers, postman: Postman, links: Links) -> int:
    """Send the due mails one after another. Returns how many were accepted or permanently refused.

    Acceptance is recorded after the server's answer. After a crash in between, the mail goes out again with the same
    Message-ID. A mail that was not sent is never recorded as sent.
    """
    sending = Sending(desk, timers, postman, links, Tries(Nowhere()))
    return sum([await sending.send(message) for message in await timers.due_messages(desk.clock.now(), _BATCH)])


class Sending:
    """Sends due mails concurrently, one task each. Belongs to the worker that has the turn."""

    def __init__(self, desk: Desk, timers: Timers, postman: Postman, links: Links, tries: Tries) -> None:
        self._desk, self._timers, self._postman, self._links, self._tries = desk, timers, postman, links, tries
        self._on_their_way: dict[UUID, asyncio.Task[None]] = {}
        self._domains: Counter[str] = Counter()
        """Mails in transit, by domain."""
        self._waiting: dict[UUID, str] = {}
        """Mails that found no free place, with their domain."""
        self._failure: Exception | None = None

    async def begin_due(self) -> int:
        """Start sending due mails while places are free. Returns how many. Raises the error of an earlier task."""
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        busy = {*self._on_their_way, *(each for each, domain in self._waiting.items() if self._is_full(domain))}
        limit = _BATCH + len(busy) + self._tries.parked
        due = await self._timers.due_messages(self._desk.clock.now(), limit)
        self._waiting = {each: domain for each, domain in self._waiting.items() if each in due}
        ready = await self._tries.ready([str(message) for message in due], whole=len(due) < limit)
        return sum(self._begin(message) for message in map(UUID, ready) if message not in busy)

    async def wait(self, seconds: float) -> None:
        """Wait until one mail in transit is done. Returns at once if there is none."""
        if self._on_their_way:
            await asyncio.wait(self._on_their_way.values(), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)

    async def finish(self) -> None:
        """Give mails in transit a little time, then cancel them, so that no server can block the stop."""
        if self._on_their_way:
            _, late = await asyncio.wait(self._on_their_way.values(), timeout=_LEAVING)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _begin(self, message: UUID) -> bool:
        if len(self._on_their_way) >= AT_ONCE:
            return False
        self._on_their_way[message] = asyncio.create_task(self._run(message), name=f"mail {message}")
        return True

    async def _run(self, message: UUID) -> None:
        try:
            await self.send(message)
        except Exception as error:  # noqa: BLE001 - whoever began it must hear of it
            self._failure = error
        finally:
            del self._on_their_way[message]

    def _is_full(self, domain: str) -> bool:
        return self._domains[domain] >= AT_ONCE_TO_ONE_DOMAIN

    def _found_room(self, message: UUID, domain: str) -> bool:
        if self._is_full(domain):
            self._waiting[message] = domain
            return False
        self._waiting.pop(message, None)
        self._domains[domain] += 1
        return True

    def _leave(self, domain: str) -> None:
        self._domains[domain] -= 1
        if not self._domains[domain]:
            del self._domains[domain]

    async def send(self, message: UUID) -> bool:
        """Send one mail and record its fate. Returns whether the fate is final. Raises the errors in AWAY."""
        try:
            with tracing.following(await self._queued(message), "send mail"):
                fate = await self._send(message)
        except AWAY:
            raise
        except Exception as error:  # noqa: BLE001 - one mail that cannot be recorded must not hold up the others
            await self._tries.failed(str(message), error)
            return False
        if fate:
            await self._tries.succeeded(str(message))
        return fate

    async def _queued(self, message: UUID) -> Traced | None:
        """The event that queued a mail, where it was recorded in a trace and traces are made."""
        if not tracing.is_on():
            return None
        first = (await self._desk.runner.store.history(message, limit=1))[0]
        return Traced(first.event.trace_id, first.position, first.event.TOPIC) if first.event.trace_id else None

    async def _send(self, message: UUID) -> bool:
        outbox, sent_at = self._desk.outbox, self._desk.clock.now()
        try:
            letter = await outbox.letter(message, self._links)
            sent = await self._carry(message, letter) if letter else None
        except AWAY:
            raise
        except Deferred as error:
            await outbox.deferred(message, str(error), REQUEST)
            FIGURES.add("mail", "deferred")
            return False
        except Refused as error:
            await outbox.refused(message, str(error), REQUEST)
            FIGURES.add("mail", "refused")
            return True
        except Exception as error:  # noqa: BLE001 - a letter that cannot be written
            return await self._give_up(message, error)
        if letter is None:
            await outbox.withdraw(message, REQUEST)
        elif sent is not None:
            await outbox.accepted(message, sent, sent_at, REQUEST)
            FIGURES.add("mail", "accepted")
        return sent is not None

    async def _carry(self, message: UUID, letter: Letter) -> Sent | None:
        """Deliver a letter. Returns None if too many are in transit to its domain."""
        domain = letter.recipient.rpartition("@")[2].casefold()
        if not self._found_room(message, domain):
            return None
        try:
            return await self._postman.deliver(letter)
        finally:
            self._leave(domain)

    async def _give_up(self, message: UUID, error: Exception) -> bool:
        """Count the failure. After the last try the mail counts as refused: the desk informs the customer (R-5.9g)."""
        if not await self._tries.failed(str(message), error):
            return False
        try:
            await self._desk.outbox.refused(message, NOT_WRITTEN, REQUEST)
            FIGURES.add("mail", "refused")
        except AWAY:
            raise
        except Exception:
            log.exception("a mail stays set aside: it cannot even be recorded", message=str(message))
            return False
        return True
