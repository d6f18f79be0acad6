"""The errors of a command that the event store did not append."""

from __future__ import annotations

import psycopg
from eventsourcing.persistence import IntegrityError, PersistenceError

from application.ports import KeyTaken, MailUnread, ReferenceMoved


def refusal(why: str) -> Exception:
    """The error for the reason why `ledger.append` left a command out."""
    if why == "key":
        return KeyTaken("the idempotency key was used meanwhile")
    if why == "reference":
        return ReferenceMoved("catalogue, policy or grants have changed meanwhile")
    if why == "unread":
        return MailUnread("an unread mail concerns a case that was to be closed")
    return IntegrityError("the version is taken: another command appended first")


def as_persistence_error(error: Exception) -> PersistenceError:
    """An error of psycopg as the event sourcing library's."""
    if isinstance(error, PersistenceError):
        return error
    if isinstance(error, psycopg.IntegrityError):  # such as a command that wants one version twice
        return IntegrityError(str(error))
    return PersistenceError(str(error))
