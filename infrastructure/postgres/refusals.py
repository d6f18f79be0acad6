"""What a command is told that the event store did not append."""

from __future__ import annotations

import psycopg
from eventsourcing.persistence import IntegrityError, PersistenceError

from application.ports import KeyTaken, MailUnread, ReferenceMoved


def refusal(why: str) -> Exception:
    """The error for what `ledger.append` answers of a command it left out."""
    if why == "key":
        return KeyTaken("the idempotency key was used in the meantime")
    if why == "reference":
        return ReferenceMoved("catalogue, policy or grants were changed in the meantime")
    if why == "unread":
        return MailUnread("a mail about a case that was to be closed waits to be read")
    return IntegrityError("the version is taken: somebody else appended first")


def as_persistence_error(error: Exception) -> PersistenceError:
    """An error of the driver in the library's terms."""
    if isinstance(error, PersistenceError):
        return error
    if isinstance(error, psycopg.IntegrityError):  # a command that wants one version twice, say
        return IntegrityError(str(error))
    return PersistenceError(str(error))
