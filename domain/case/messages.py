"""SOP 5.1, 5.9: what somebody who takes part in a case writes about it, once it is there.

A message changes no status and no deadline (R-5.9e): a dispute in it is an event of its own (R-5.9c).
"""

from __future__ import annotations

from datetime import datetime

from domain.aggregate import Recorded
from domain.case.holdings import Mailed
from domain.case.obligations import owed_by_holder
from domain.case.state import CaseState
from domain.obligation import ObligationKind, Owed
from domain.values import Channel, Disclosure, Provenance


class MessageReceived(Recorded):
    """The words and what they repeat are the sender's, and the customer reads them."""

    TOPIC = "case.message_received"
    message: str
    """The receipt that holds it as it came."""
    sender: str
    received_at: datetime
    channel: Channel | None = None
    automatic: bool = False
    """No person wrote it: somebody is away."""
    words: Disclosure | None = None
    contact: Disclosure | None = None
    written_to: Disclosure | None = None
    """The people in To and Cc."""
    owed: tuple[Owed, ...] = ()
    """Somebody is to read it: the case waits for the customer, and whether this is their answer is unclear."""

    def apply(self, case: CaseState) -> None:
        mailed = Mailed(self.message, self.sender, self.received_at, self.automatic, self.contact, self.written_to)
        case.messages = (*case.messages, mailed)
        if not self.automatic:
            case.correspondents = case.correspondents | {self.sender}

    def owes(self) -> tuple[Owed, ...]:
        return self.owed


class Corresponding(CaseState):
    def receive_message(
        self,
        message: str,
        sender: str,
        received_at: datetime,
        words: Disclosure | None,
        contact: Disclosure | None,
        provenance: Provenance,
        *,
        channel: Channel | None = None,
        automatic: bool = False,
        written_to: Disclosure | None = None,
        read_by: datetime | None = None,
    ) -> None:
        """Take a message in; also after closing (R-5.9f). Whoever is heard here takes part from now on.

        With ``read_by`` whoever holds the case owes it to the sender to read the message until then.
        """
        self.allow("receive_message", provenance)
        owed = () if read_by is None else owed_by_holder(self, ObligationKind.READ_ANSWER, read_by)
        self.record(
            MessageReceived,
            provenance,
            message=message,
            sender=sender,
            received_at=received_at,
            channel=channel,
            automatic=automatic,
            words=words,
            contact=contact,
            written_to=written_to,
            owed=owed,
        )


EVENTS = (MessageReceived,)
