"""What becomes of a message that machines hand in: where it stands, why it waits for a person, what it joined."""

from __future__ import annotations

from enum import StrEnum


class ReceiptState(StrEnum):
    RECEIVED = "received"
    """Nothing decided yet: never so for longer than the transaction of its arrival."""
    LOGGED = "logged"
    SIGNALLED = "signalled"
    """Monitoring said what opened no case: a repeat, a recovery, what nobody knows."""
    QUARANTINED = "quarantined"
    RELEASED = "released"
    DISCARDED = "discarded"
    JOINED = "joined"
    """It belongs to a case that was there before."""
    RETURNED = "returned"
    """A delivery report."""
    RECORDED = "recorded"
    """No person wrote it: it is kept, and nothing follows from it."""


class ReceiptCause(StrEnum):
    """Why a message waits for a person."""

    UNREADABLE = "unreadable"
    """The parser gave up."""
    TOO_COMPLEX = "too-complex"
    """More headers, parts or lines than a person's mail has."""
    LOOPING = "looping"
    NO_SENDER = "no-sender"
    """Nobody to answer: no address, two, or one that cannot stand on an envelope."""
    REPORT = "report"
    """About a mail: a delivery report, a read receipt (RFC 6522)."""
    ROBOT = "robot"
    """From nobody: a null return path, mailer-daemon, postmaster (RFC 3834), no-reply."""
    AUTOMATIC = "automatic"
    """It says so itself (RFC 3834, Auto-Submitted)."""
    BULK = "bulk"
    """By a list, or to very many (RFC 2919)."""
    REPLY = "reply"
    """It answers something (0.3.0: unknown what)."""
    OURS = "ours"
    """It bears the mark of our own mails: a loop."""
    STRANGER = "stranger"
    """It answers a case, or names one, that its sender has no part in: a suggestion."""
    NUMBER = "number"
    """From who has a part in the case, by the number in it, which proves nothing: a suggestion."""


class JoinedAs(StrEnum):
    """What a message became of a case that was there before."""

    REPLY = "reply"
    DISPUTE = "dispute"
    """It reopened the case (R-5.9c)."""
    CANDIDATE = "candidate"
    """It may be a dispute: the timer stands still until a person has decided (R-5.9c)."""
