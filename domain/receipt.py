"""SOP 5.1: what machines hand in, from its arrival to the case it became, or to a person's decision (R-5.1c, R-5.1d).

A receipt keeps the bytes as they came. Its stream follows from the message's identity, so that the same message is the
same receipt, however often it comes and whoever takes it in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self
from uuid import NAMESPACE_URL, UUID, uuid5

from domain.aggregate import Opening, Recorded, Root, register
from domain.errors import Forbidden, InvalidTransition
from domain.fate import JoinedAs, ReceiptCause, ReceiptState
from domain.values import Actor, Channel, Disclosure, Provenance, Role


@dataclass(frozen=True)
class Command:
    """One row of the table of commands on receipts."""

    since: frozenset[ReceiptState]
    who: frozenset[Role]


_UNSEEN = frozenset({ReceiptState.QUARANTINED, ReceiptState.RECORDED})
"""What a person may make a case of: also what was wrongly taken for a robot's."""
COMMANDS = {
    "receive_message": Command(frozenset(), frozenset({Role.INTAKE})),
    "release_message": Command(_UNSEEN, frozenset({Role.TECHNICIAN})),
    "join_message": Command(_UNSEEN, frozenset({Role.TECHNICIAN})),
    "discard_message": Command(frozenset({ReceiptState.QUARANTINED}), frozenset({Role.TECHNICIAN})),
}


def authorise_intake(actor: Actor, command: str) -> None:
    """Refuse a role that may not give this command (R-6a). Raises Forbidden, naming the roles that may."""
    allowed = COMMANDS[command].who
    if actor.role not in allowed:
        raise Forbidden(
            f"{command.replace('_', ' ')} needs the role {' or '.join(sorted(allowed))}; you are {actor.role}"
        )


def receipt_id(source: str, sha256: str, message_id: str) -> UUID:
    """The stream of a message: of which source, of which bytes, under which Message-ID (else their digest stands in).

    The same id over other bytes is another message.
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
        self.state = ReceiptState.RECEIVED
        self.cause: ReceiptCause | None = None
        self.case: str | None = None
        """The case that it opened, joined, or tells of."""
        self.suggestion: str | None = None
        """The case that a person may join it to. Unread, a mail of who takes part keeps it from being closed (R-5.9d)."""
        self.joined: JoinedAs | None = None

    @classmethod
    def receive(
        cls,
        id: UUID,  # noqa: A002 - the library's own name
        channel: Channel,
        sha256: str,
        size: int,
        raw: Disclosure,
        provenance: Provenance,
        *,
        received_at: datetime | None = None,
    ) -> Self:
        """Take a message in: `raw` are its bytes, `sha256` their digest in hex, `size` how many (R-5.1d).

        ``received_at`` is when it reached us, where that was before now: never later (R-5.2a).
        """
        return cls.open(
            IntakeReceived,
            id,
            provenance,
            channel=channel,
            received_at=min(received_at or provenance.at, provenance.at),
            sha256=sha256,
            size=size,
            raw=raw,
        )

    def log(self, case: str, provenance: Provenance, *, suppressed: bool = False, left_out: int = 0) -> None:
        """It is a case now, and no person had a part in it (R-5.2b). Raises InvalidTransition.

        ``suppressed`` says that it wants no automatic mail, ``left_out`` how many attachments lie in its bytes only.
        """
        self._allow("log", ReceiptState.RECEIVED)
        self.record(IntakeLogged, provenance, case=case, suppressed=suppressed, left_out=left_out)

    def signalled(self, cases: tuple[str, ...], provenance: Provenance, *, opened: bool) -> None:
        """Monitoring has spoken of these cases; of none, where it spoke of what nobody knows. Raises InvalidTransition."""
        self._allow("be recorded", ReceiptState.RECEIVED)
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
        """It belongs to a case: by what it answers, or since somebody says so. Raises InvalidTransition."""
        if self.state is not ReceiptState.RECEIVED:
            self.require_waiting("join_message")
        told = {"reason": reason, "suppressed": suppressed, "left_out": left_out}
        self.record(IntakeJoined, provenance, case=case, joined=joined, **told)

    def come_back(
        self, fate: str, provenance: Provenance, *, case: str | None, message: str | None, code: str | None
    ) -> None:
        """It tells what became of a mail of ours, where that is known: ``message`` is its id. Raises InvalidTransition."""
        self._allow("come back", ReceiptState.RECEIVED)
        self.record(IntakeReturned, provenance, fate=fate, case=case, message=message, code=code)

    def keep(self, cause: ReceiptCause, provenance: Provenance, *, case: str | None = None) -> None:
        """No person wrote it: it is kept, nothing follows, and nobody answers it. Raises InvalidTransition."""
        self._allow("keep", ReceiptState.RECEIVED)
        self.record(IntakeRecorded, provenance, cause=cause, case=case)

    def quarantine(self, cause: ReceiptCause, provenance: Provenance, *, suggestion: str | None = None) -> None:
        """Keep it where people see it, with the case it may be about (R-5.1d). Raises InvalidTransition."""
        self._allow("quarantine", ReceiptState.RECEIVED)
        self.record(IntakeQuarantined, provenance, cause=cause, suggestion=suggestion)

    def require_waiting(self, command: str) -> None:
        """Raises InvalidTransition unless the command may be given now."""
        self._allow(command, *COMMANDS[command].since)

    def release(
        self, case: str, provenance: Provenance, *, reason: Disclosure | None = None, left_out: int = 0
    ) -> None:
        """Somebody saw that it is a case after all. Raises InvalidTransition."""
        self.require_waiting("release_message")
        self.record(IntakeReleased, provenance, case=case, reason=reason, left_out=left_out)

    def discard(self, reason: Disclosure, provenance: Provenance) -> None:
        """Somebody saw that it is none; what came is kept. Raises InvalidTransition."""
        self.require_waiting("discard_message")
        self.record(IntakeDiscarded, provenance, reason=reason)

    def _allow(self, command: str, *since: ReceiptState) -> None:
        if self.state not in since:
            raise InvalidTransition(command.removesuffix("_message"), self.state, "message")


class IntakeReceived(Opening):
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
    TOPIC = "intake.logged"
    case: str
    suppressed: bool = False
    left_out: int = 0

    def _fold(self, receipt: Receipt) -> None:
        receipt.state, receipt.case = ReceiptState.LOGGED, self.case


class IntakeSignalled(Recorded):
    TOPIC = "intake.signalled"
    cases: tuple[str, ...] = ()
    opened: bool = False

    def _fold(self, receipt: Receipt) -> None:
        receipt.state = ReceiptState.LOGGED if self.opened else ReceiptState.SIGNALLED
        receipt.case = self.cases[0] if self.cases else None


class IntakeQuarantined(Recorded):
    TOPIC = "intake.quarantined"
    cause: ReceiptCause
    suggestion: str | None = None

    def _fold(self, receipt: Receipt) -> None:
        receipt.state, receipt.cause, receipt.suggestion = ReceiptState.QUARANTINED, self.cause, self.suggestion


class IntakeJoined(Recorded):
    TOPIC = "intake.joined"
    case: str
    joined: JoinedAs
    suppressed: bool = False
    left_out: int = 0

    def _fold(self, receipt: Receipt) -> None:
        receipt.state, receipt.case, receipt.joined = ReceiptState.JOINED, self.case, self.joined


class IntakeReturned(Recorded):
    TOPIC = "intake.returned"
    fate: str
    case: str | None = None
    message: str | None = None
    """The id of the mail that it tells of; None for one that is none of ours."""
    code: str | None = None

    def _fold(self, receipt: Receipt) -> None:
        receipt.state, receipt.case = ReceiptState.RETURNED, self.case


class IntakeRecorded(Recorded):
    TOPIC = "intake.recorded"
    cause: ReceiptCause
    case: str | None = None

    def _fold(self, receipt: Receipt) -> None:
        receipt.state, receipt.cause, receipt.case = ReceiptState.RECORDED, self.cause, self.case


class IntakeReleased(Recorded):
    TOPIC = "intake.released"
    case: str
    left_out: int = 0

    def _fold(self, receipt: Receipt) -> None:
        receipt.state, receipt.case = ReceiptState.RELEASED, self.case


class IntakeDiscarded(Recorded):
    TOPIC = "intake.discarded"

    def _fold(self, receipt: Receipt) -> None:
        receipt.state = ReceiptState.DISCARDED


EVENTS = register(
    (
        IntakeReceived,
        IntakeLogged,
        IntakeSignalled,
        IntakeQuarantined,
        IntakeReleased,
        IntakeDiscarded,
        IntakeJoined,
        IntakeReturned,
        IntakeRecorded,
    ),
    Receipt,
)
