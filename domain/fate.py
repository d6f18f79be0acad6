"""The fate of an incoming message: where it stands, why it waits for a person, what it became of a case."""

from __future__ import annotations

from enum import StrEnum


class ReceiptState(StrEnum):
    """Where a message stands."""

    RECEIVED = "received"
    """Undecided: never for longer than the transaction of its arrival."""
    LOGGED = "logged"
    SIGNALLED = "signalled"
    """A monitoring message that opened no case: a repeat, a recovery, an unknown alert."""
    QUARANTINED = "quarantined"
    RELEASED = "released"
    DISCARDED = "discarded"
    JOINED = "joined"
    """It belongs to a case that was there before."""
    RETURNED = "returned"
    """A delivery report."""
    RECORDED = "recorded"
    """No person wrote it. It is kept, and nothing follows from it."""


class ReceiptCause(StrEnum):
    """Why a message waits for a person, or is only recorded."""

    UNREADABLE = "unreadable"
    TOO_COMPLEX = "too-complex"
    """More headers, parts or lines than a person's mail has."""
    LOOPING = "looping"
    NO_SENDER = "no-sender"
    """Nobody to answer: no address, two, or one that cannot stand on an envelope."""
    REPORT = "report"
    """A report on a mail: a delivery report, a read receipt (RFC 6522)."""
    ROBOT = "robot"
    """From a null return path, mailer-daemon, postmaster (RFC 3834) or no-reply."""
    AUTOMATIC = "automatic"
    """It says so itself (RFC 3834, Auto-Submitted)."""
    BULK = "bulk"
    """From a mailing list, or to very many (RFC 2919)."""
    REPLY = "reply"
    """A reply to an unknown message. Only 0.3.0 used it."""
    OURS = "ours"
    """It bears the mark of the desk's own mails: a loop."""
    STRANGER = "stranger"
    """It answers or names a case in which its sender takes no part: a suggestion."""
    NUMBER = "number"
    """A participant's mail that names the case only by an unsigned number: a suggestion."""


class JoinedAs(StrEnum):
    """What a message became of the case it joined."""

    REPLY = "reply"
    DISPUTE = "dispute"
    """It reopened the case (R-5.9c)."""
    CANDIDATE = "candidate"
    """It may be a dispute. The timer stands still until a person decides (R-5.9c)."""
