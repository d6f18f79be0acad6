"""SOP 5.9: the customer receives an email. The outbox is what the messages' events say is due (R-5.9a)."""

from __future__ import annotations

from uuid import UUID

import structlog

from application.desk import Desk
from application.letters import Deferred, Postman, Refused
from application.mailing import Links
from application.requests import Request
from application.views.timers import Timers
from domain.values import Actor, Role

REQUEST = Request(Actor("system:mail", Role.SYSTEM), "process")
_BATCH = 20

log = structlog.get_logger()


def send_due(desk: Desk, timers: Timers, postman: Postman, links: Links) -> int:
    """Send the mails that are due; returns how many were handed over or refused for good.

    A mail is recorded as accepted after the server's answer: killed in between, it is sent once more under the same
    Message-ID, and never recorded as sent when it was not.
    """
    return sum(_send(desk, message, postman, links) for message in timers.due_messages(desk.clock.now(), _BATCH))


def _send(desk: Desk, message: UUID, postman: Postman, links: Links) -> bool:
    sent_at = desk.clock.now()
    try:
        letter = desk.letter(message, links)
        if letter is None:
            desk.withdraw_mail(message, REQUEST)
            return False
        sent = postman.deliver(letter)
    except Deferred as error:
        desk.mail_deferred(message, str(error), REQUEST)
        return False
    except Refused as error:
        desk.mail_refused(message, str(error), REQUEST)
        return True
    except ValueError as error:  # a letter that cannot be written: the others shall not wait for it
        log.error("mail cannot be written", message=str(message), error=str(error))
        desk.mail_deferred(message, "not-written", REQUEST)
        return False
    desk.mail_accepted(message, sent, sent_at, REQUEST)
    return True
