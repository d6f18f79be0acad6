"""SOP 5.9: the customer receives an email. The outbox is what the messages' events say is due (R-5.9a)."""

from __future__ import annotations

import threading
from collections import Counter
from uuid import UUID

import structlog

from application.desk import Desk
from application.execution.requests import Request
from application.mail_out.letters import Deferred, Letter, Postman, Refused, Sent
from application.mail_out.outbox import NOT_WRITTEN, Links
from application.processes.retries import AWAY, Nowhere, Tries
from application.views.timers import Timers
from domain.values import Actor, Role

REQUEST = Request(Actor("system:mail", Role.SYSTEM), "process")
log = structlog.get_logger()
_BATCH = 20
AT_ONCE = 8
"""Mails on their way at once: a server that answers slowly for one holds up no other."""
AT_ONCE_TO_ONE_DOMAIN = 2
"""Of these, mails to one domain: a relay that waits for a slow one keeps places for all others."""
_LEAVING = 5.0
"""Seconds that mails on their way are given when the worker stops; what is cut off is sent again under its Message-ID."""


def send_due(desk: Desk, timers: Timers, postman: Postman, links: Links) -> int:
    """Send the mails that are due, one after the other; returns how many were handed over or refused for good.

    A mail is recorded as accepted after the server's answer: killed in between, it is sent once more under the same
    Message-ID, and never recorded as sent when it was not.
    """
    sending = Sending(desk, timers, postman, links, Tries(Nowhere()))
    return sum(sending.send(message) for message in timers.due_messages(desk.clock.now(), _BATCH))


class Sending:
    """Sends what is due, several mails at once. Belongs to the worker that has the turn."""

    def __init__(self, desk: Desk, timers: Timers, postman: Postman, links: Links, tries: Tries) -> None:
        self._desk, self._timers, self._postman, self._links, self._tries = desk, timers, postman, links, tries
        self._condition = threading.Condition()
        self._on_their_way: dict[UUID, threading.Thread] = {}
        self._domains: Counter[str] = Counter()
        """Mails on their way, by the domain they go to."""
        self._waiting: dict[UUID, str] = {}
        """Mails that found no room, and the domain that had none."""
        self._failure: Exception | None = None

    def begin_due(self) -> int:
        """Begin to send what is due, as far as there is room; returns how many. Raises what ended an earlier one."""
        with self._condition:
            if self._failure is not None:
                failure, self._failure = self._failure, None
                raise failure
            busy = {*self._on_their_way, *(each for each, domain in self._waiting.items() if self._is_full(domain))}
        limit = _BATCH + len(busy) + self._tries.parked
        due = self._timers.due_messages(self._desk.clock.now(), limit)
        with self._condition:
            self._waiting = {each: domain for each, domain in self._waiting.items() if each in due}
        ready = self._tries.ready([str(message) for message in due], whole=len(due) < limit)
        return sum(self._begin(message) for message in map(UUID, ready) if message not in busy)

    def wait(self, seconds: float) -> None:
        """Wait until one that is on its way has met its fate; not at all when none is."""
        with self._condition:
            if self._on_their_way:
                self._condition.wait(seconds)

    def finish(self) -> None:
        """Give those on their way a little time."""
        for thread in list(self._on_their_way.values()):
            thread.join(_LEAVING)

    def _begin(self, message: UUID) -> bool:
        with self._condition:
            if len(self._on_their_way) >= AT_ONCE:
                return False
            # A daemon: a server that never answers must not keep the worker from stopping.
            thread = threading.Thread(target=self._run, args=(message,), name=f"mail {message}", daemon=True)
            self._on_their_way[message] = thread
        thread.start()
        return True

    def _run(self, message: UUID) -> None:
        try:
            self.send(message)
        except Exception as error:  # noqa: BLE001 - whoever began it must hear of it
            self._failure = error
        finally:
            with self._condition:
                del self._on_their_way[message]
                self._condition.notify_all()

    def _is_full(self, domain: str) -> bool:
        return self._domains[domain] >= AT_ONCE_TO_ONE_DOMAIN

    def _found_room(self, message: UUID, domain: str) -> bool:
        with self._condition:
            if self._is_full(domain):
                self._waiting[message] = domain
                return False
            self._waiting.pop(message, None)
            self._domains[domain] += 1
            return True

    def _leave(self, domain: str) -> None:
        with self._condition:
            self._domains[domain] -= 1
            if not self._domains[domain]:
                del self._domains[domain]

    def send(self, message: UUID) -> bool:
        """Send one mail and record its fate; says whether it met it. Raises what is in AWAY."""
        try:
            fate = self._send(message)
        except AWAY:
            raise
        except Exception as error:  # noqa: BLE001 - one mail that cannot be recorded must not hold up the others
            self._tries.failed(str(message), error)
            return False
        if fate:
            self._tries.succeeded(str(message))
        return fate

    def _send(self, message: UUID) -> bool:
        desk, sent_at = self._desk, self._desk.clock.now()
        try:
            letter = desk.letter(message, self._links)
            sent = self._carry(message, letter) if letter else None
        except AWAY:
            raise
        except Deferred as error:
            desk.mail_deferred(message, str(error), REQUEST)
            return False
        except Refused as error:
            desk.mail_refused(message, str(error), REQUEST)
            return True
        except Exception as error:  # noqa: BLE001 - a letter that cannot be written
            return self._give_up(message, error)
        if letter is None:
            desk.withdraw_mail(message, REQUEST)
        elif sent is not None:
            desk.mail_accepted(message, sent, sent_at, REQUEST)
        return sent is not None

    def _carry(self, message: UUID, letter: Letter) -> Sent | None:
        """Hand a letter over; None when too many are on their way to its domain."""
        domain = letter.recipient.rpartition("@")[2].casefold()
        if not self._found_room(message, domain):
            return None
        try:
            return self._postman.deliver(letter)
        finally:
            self._leave(domain)

    def _give_up(self, message: UUID, error: Exception) -> bool:
        """After some tries the customer is to be informed by other means (R-5.9g); else the mail stays set aside."""
        if not self._tries.failed(str(message), error):
            return False
        try:
            self._desk.mail_refused(message, NOT_WRITTEN, REQUEST)
        except AWAY:
            raise
        except Exception:
            log.exception("a mail stays set aside: it cannot even be recorded", message=str(message))
            return False
        return True
