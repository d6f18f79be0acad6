"""What people add to a case in any state: notes, files and messages, also after it is closed (R-5.9f).

An annotation changes neither the status nor the deadline (R-5.9e). A dispute in a message is an event of its own (R-5.9c).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from domain.aggregate import Recorded
from domain.case.obligations import owed_by_holder
from domain.case.state import CaseState
from domain.case.status import STAFF
from domain.case.terms import Attachment, CaseMessage
from domain.errors import AttachmentsFull
from domain.obligation import Obligation, ObligationKind
from domain.policy import Policy
from domain.values import Channel, Disclosure, Provenance


class Noted(Recorded):
    """Somebody added a note."""

    TOPIC = "case.noted"
    note: Disclosure
    visible_to_customer: bool = False

    def _fold(self, case: CaseState) -> None:
        if self.visible_to_customer and self.by.role in STAFF:
            case.contacted(self.timestamp)


class Attached(Recorded):
    """Somebody added files."""

    TOPIC = "case.attached"
    attachments: tuple[Disclosure, ...]
    attached_at: datetime
    visible_to_customer: bool = False

    def _fold(self, case: CaseState) -> None:
        version, shown = self.originator_version, self.visible_to_customer
        new = (Attachment(said, version, self.by, self.attached_at, shown) for said in self.attachments)
        case.attachments = (*case.attachments, *new)
        if shown and self.by.role in STAFF:
            case.contacted(self.attached_at)


class MessageReceived(Recorded):
    """A participant wrote about the case. The customer reads the message and the addresses it repeats."""

    TOPIC = "case.message_received"
    message: str
    """The receipt that holds it as it came."""
    sender: str
    received_at: datetime
    channel: Channel | None = None
    automatic: bool = False
    """Whether no person wrote it, such as an absence notice."""
    words: Disclosure | None = None
    contact: Disclosure | None = None
    written_to: Disclosure | None = None
    """The people in To and Cc."""
    owed: tuple[Obligation, ...] = ()
    """The obligation to read it, where it may be the answer that the case waits for."""

    def _fold(self, case: CaseState) -> None:
        mailed = CaseMessage(self.message, self.sender, self.received_at, self.automatic, self.contact, self.written_to)
        case.messages = (*case.messages, mailed)
        if not self.automatic:
            case.correspondents = case.correspondents | {self.sender}


class Annotations(CaseState):
    """Notes, files and messages, from everybody who may see the case."""

    def note(self, note: Disclosure, provenance: Provenance, *, visible_to_customer: bool = False) -> None:
        """Add a note, also after closing (R-5.9f)."""
        self.allow("note", provenance)
        self.record(Noted, provenance, note=note, visible_to_customer=visible_to_customer)

    def attach(
        self, files: Sequence[Disclosure], policy: Policy, provenance: Provenance, *, visible_to_customer: bool
    ) -> None:
        """Add files, also after closing (R-5.9f). Raises AttachmentsFull."""
        self.allow("attach", provenance)
        self.require_room(len(files), sum(int(said.text("size")) for said in files), policy)
        self.record(
            Attached,
            provenance,
            attachments=tuple(files),
            attached_at=provenance.at,
            visible_to_customer=visible_to_customer,
        )

    def require_room(self, files: int, size: int, policy: Policy) -> None:
        """Check the policy's limits on the number and the bytes of a case's files. Raises AttachmentsFull."""
        if len(self.attachments) + files > policy.attachments_per_case:
            raise AttachmentsFull(f"A case may have {policy.attachments_per_case} attachments.")
        if sum(each.size for each in self.attachments) + size > policy.attachments_total:
            raise AttachmentsFull(f"The attachments of a case may have {policy.attachments_total} bytes together.")

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
        """Add a message, also after closing (R-5.9f). Its sender takes part in the case from then on.

        ``message`` is its receipt. With ``read_by``, whoever holds the case owes it a reading by then.
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


EVENTS = (Noted, Attached, MessageReceived)
