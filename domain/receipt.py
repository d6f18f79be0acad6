"""SOP 5.1: one incoming message, from its arrival to the case it became or to a person's decision (R-5.1c, R-5.1d).

A receipt keeps the bytes as they came. Its stream follows from the message's identity, so the same message is the same
receipt, however often it comes and whoever receives it.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Self
from uuid import NAMESPACE_URL, UUID, uuid5

from domain.access import CommandRule, require_role
from domain.aggregate import Opening, Recorded, Root, register
from domain.errors import InvalidTransition
from domain.fate import JoinedAs, ReceiptCause, ReceiptState
from domain.values import Actor, Channel, Disclosure, Provenance, Role

_UNSEEN = frozenset({ReceiptState.QUARANTINED, ReceiptState.RECORDED})
"""Messages that a person may make a case of, also those wrongly taken for automatic."""
COMMANDS = {
    "receive_message": CommandRule(frozenset(), frozenset({Role.INTAKE})),
    "release_message": CommandRule(_UNSEEN, frozenset({Role.TECHNICIAN})),
    "join_message": CommandRule(_UNSEEN, frozenset({Role.TECHNICIAN})),
    "discard_message": CommandRule(frozenset({ReceiptState.QUARANTINED}), frozenset({Role.TECHNICIAN})),
}


def authorise_intake(actor: Actor, command: str) -> None:
    """Refuse a role that may not give this command (R-6a). Raises Forbidden, naming the roles that may."""
    require_role(actor, command, COMMANDS[command].who)


def receipt_id(source: str, sha256: str, message_id: str) -> UUID:
    """The stream of a message, by its source, its bytes and its Message-ID; without one its digest stands in.

    The same Message-ID over other bytes is another message.
    """
    return uuid5(NAMESPACE_URL, "\n".join(("caseledger:intake", source, sha256, message_id or sha256)))


class Receipt(Root):
    """One message as it came."""

    TOPIC: ClassVar[str] = "intake"

    channel: Channel
    received_at: datetime
    sha256: str
    size: int
    raw: Disclosure

    def begin(self) -> None:
        """Start undecided."""
        self.state = ReceiptState.RECEIVED
        self.cause: ReceiptCause | None = None
        self.case: str | None = None
        """The case that it opened, joined, or is about."""
        self.suggestion: str | None = None
        """The case that a person may join it to. A participant's unread mail keeps that case open (R-5.9d)."""
        self.joined: JoinedAs | None = None

    @classmethod
    def receive(
        cls,
        id: UUID,
        channel: Channel,
        sha256: str,
        size: int,
        raw: Disclosure,
        provenance: Provenance,
        *,
        received_at: datetime | None = None,
    ) -> Self:
        """Take a message: ``raw`` holds its bytes, ``sha256`` their hex digest, ``size`` their number (R-5.1d).

        ``received_at`` is the time of arrival where that was before now; it is never later (R-5.2a).
        """
        told = {"channel": channel, "received_at": min(received_at or provenance.at, provenance.at)}
        return cls.open(IntakeReceived, id, provenance, **told, sha256=sha256, size=size, raw=raw)

    def log(self, case: str, provenance: Provenance, *, suppressed: bool = False, left_out: int = 0) -> None:
        """Record that it opened a case without any technician (R-5.2b). Raises InvalidTransition.

        ``suppressed`` means that its sender wants no automatic mail; ``left_out`` counts the attachments kept only in
        its bytes.
        """
        self._require(ReceiptState.RECEIVED)
        self.record(IntakeLogged, provenance, case=case, suppressed=suppressed, left_out=left_out)

    def signalled(self, cases: tuple[str, ...], provenance: Provenance, *, opened: bool) -> None:
        """Record the cases that a monitoring message is about; none for unknown alerts. Raises InvalidTransition."""
        self._require(ReceiptState.RECEIVED)
        self.record(IntakeSignalled, provenance, cases=cases, opened=opened)

    def join(
        self,
        case: str,
        joined: JoinedAs,
        provenance: Provenance,
        *,
        reason: Disclosure | None = None,
        suppressed: bool = False,
        left_out: int = 0,
    ) -> None:
        """Join it to a case, by the message it answers or by a person's decision. Raises InvalidTransition."""
        if self.state is not ReceiptState.RECEIVED:
            self.require_waiting("join_message")
        told = {"reason": reason, "suppressed": suppressed, "left_out": left_out}
        self.record(IntakeJoined, provenance, case=case, joined=joined, **told)

    def come_back(
        self, fate: str, provenance: Provenance, *, case: str | None, message: str | None, code: str | None
    ) -> None:
        """Record it as a delivery report; ``message`` is the id of the mail it is about. Raises InvalidTransition."""
        self._require(ReceiptState.RECEIVED)
        self.record(IntakeReturned, provenance, fate=fate, case=case, message=message, code=code)

    def keep(self, cause: ReceiptCause, provenance: Provenance, *, case: str | None = None) -> None:
        """Keep a message that no person wrote. Nothing follows from it. Raises InvalidTransition."""
        self._require(ReceiptState.RECEIVED)
        self.record(IntakeRecorded, provenance, cause=cause, case=case)

    def quarantine(self, cause: ReceiptCause, provenance: Provenance, *, suggestion: str | None = None) -> None:
        """Queue it for a person, with the case it may belong to (R-5.1d). Raises InvalidTransition."""
        self._require(ReceiptState.RECEIVED)
        self.record(IntakeQuarantined, provenance, cause=cause, suggestion=suggestion)

    def require_waiting(self, command: str) -> None:
        """Refuse a command that its state does not allow. Raises InvalidTransition."""
        self._require(*COMMANDS[command].since)

    def release(
        self, case: str, provenance: Provenance, *, reason: Disclosure | None = None, left_out: int = 0
    ) -> None:
        """Make a case of it after all, by a person's decision. Raises InvalidTransition."""
        self.require_waiting("release_message")
        self.record(IntakeReleased, provenance, case=case, reason=reason, left_out=left_out)

    def discard(self, reason: Disclosure, provenance: Provenance) -> None:
        """Make no case of it, by a person's decision. Its bytes are kept. Raises InvalidTransition."""
        self.require_waiting("discard_message")
        self.record(IntakeDiscarded, provenance, reason=reason)

    def _require(self, *since: StrEnum) -> None:
        if self.state not in since:
            raise InvalidTransition(f"This message is {self.state} already.")


class IntakeReceived(Opening):
    """A message arrived."""

    TOPIC = "intake.received"
    channel: Channel
    received_at: datetime
    sha256: str
    size: int
    raw: Disclosure

    def _fold(self, receipt: Receipt) -> None:
        receipt.number = str(self.originator_id)
        receipt.channel, receipt.received_at = self.channel, self.received_at
        receipt.sha256, receipt.size, receipt.raw = self.sha256, self.size, self.raw


class IntakeLogged(Recorded):
    """The message opened a case."""

    TOPIC = "intake.logged"
    case: str
    suppressed: bool = False
    left_out: int = 0

    def _fold(self, receipt: Receipt) -> None:
        receipt.state, receipt.case = ReceiptState.LOGGED, self.case


class IntakeSignalled(Recorded):
    """Monitoring reported on these cases."""

    TOPIC = "intake.signalled"
    cases: tuple[str, ...] = ()
    opened: bool = False

    def _fold(self, receipt: Receipt) -> None:
        receipt.state = ReceiptState.LOGGED if self.opened else ReceiptState.SIGNALLED
        receipt.case = self.cases[0] if self.cases else None


class IntakeQuarantined(Recorded):
    """The message waits for a person."""

    TOPIC = "intake.quarantined"
    cause: ReceiptCause
    suggestion: str | None = None

    def _fold(self, receipt: Receipt) -> None:
        receipt.state, receipt.cause, receipt.suggestion = ReceiptState.QUARANTINED, self.cause, self.suggestion


class IntakeJoined(Recorded):
    """The message belongs to a case that was there before."""

    TOPIC = "intake.joined"
    case: str
    joined: JoinedAs
    suppressed: bool = False
    left_out: int = 0

    def _fold(self, receipt: Receipt) -> None:
        receipt.state, receipt.case, receipt.joined = ReceiptState.JOINED, self.case, self.joined


class IntakeReturned(Recorded):
    """The message is a delivery report."""

    TOPIC = "intake.returned"
    fate: str
    case: str | None = None
    message: str | None = None
    """Id of the mail that it is about; None for a mail that is not the desk's."""
    code: str | None = None

    def _fold(self, receipt: Receipt) -> None:
        receipt.state, receipt.case = ReceiptState.RETURNED, self.case


class IntakeRecorded(Recorded):
    """The message is kept, and nothing follows from it."""

    TOPIC = "intake.recorded"
    cause: ReceiptCause
    case: str | None = None

    def _fold(self, receipt: Receipt) -> None:
        receipt.state, receipt.cause, receipt.case = ReceiptState.RECORDED, self.cause, self.case


class IntakeReleased(Recorded):
    """A person made a case of the message."""

    TOPIC = "intake.released"
    case: str
    left_out: int = 0

    def _fold(self, receipt: Receipt) -> None:
        receipt.state, receipt.case = ReceiptState.RELEASED, self.case


class IntakeDiscarded(Recorded):
    """A person discarded the message."""

    TOPIC = "intake.discarded"

    def _fold(self, receipt: Receipt) -> None:
        receipt.state = ReceiptState.DISCARDED


_DECIDED = (IntakeLogged, IntakeSignalled, IntakeJoined, IntakeReturned, IntakeRecorded)
EVENTS = register((IntakeReceived, *_DECIDED, IntakeQuarantined, IntakeReleased, IntakeDiscarded), Receipt)
