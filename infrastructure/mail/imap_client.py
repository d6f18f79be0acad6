"""Reads a mailbox by IMAP (RFC 3501) and marks each message only once it is on the record (R-5.1d).

UIDVALIDITY and UID say how far the mailbox was read, so a message that somebody else has read is not skipped. Where they
are lost, or the server renumbers, the whole mailbox is read again, and known messages change nothing.
"""

from __future__ import annotations

import imaplib
import json
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, cast

import psycopg
import structlog

from application.mail_in.envelope import LARGEST_MESSAGE, NO_ENVELOPE, Envelope
from application.mail_in.failures import is_its_own_fault
from infrastructure.files import write_atomically

log = structlog.get_logger()

_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")
_UNFIT = re.compile(r"[\x00-\x1f\x7f\"\\]")
_AT_ONCE = 500
"""Messages looked at in one pass."""


class MailboxError(Exception):
    """The server refused a command. The next pass tries again."""


@dataclass(frozen=True)
class Mailbox:
    """One mailbox of one server. Raises ValueError for a folder's name that cannot be quoted."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    tls: Literal["none", "starttls", "tls"] = "tls"
    ca_file: Path | None = None
    folder: str = "INBOX"
    moved_to: str | None = None
    """The folder for recorded messages. Without it they stay, marked as read."""
    size: int = LARGEST_MESSAGE
    """Most bytes of a message. A larger one stays, flagged, for a person."""
    timeout: float = 60.0
    """Seconds to wait for each answer."""

    def __post_init__(self) -> None:
        if any(_UNFIT.search(name) for name in (self.folder, self.moved_to or "")):
            raise ValueError("a folder's name has no quotes, backslashes or control characters")

    @property
    def name(self) -> str:
        """The mailbox, in messages and in the file of its place."""
        return f"{self.user}@{self.host}:{self.port}/{self.folder}"


class Place:
    """How far a mailbox was read, kept in a file."""

    def __init__(self, file: Path, mailbox: str) -> None:
        self._file, self._mailbox = file, mailbox

    def last(self, validity: int) -> int:
        """The last UID that was read; 0 where none is known under this UIDVALIDITY."""
        with suppress(OSError, ValueError, LookupError, TypeError):
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            if kept["mailbox"] == self._mailbox and kept["validity"] == validity:
                return int(kept["uid"])
        return 0

    def keep(self, validity: int, uid: int) -> None:
        """Keep the last UID that was read. Raises OSError."""
        write_atomically(self._file, json.dumps({"mailbox": self._mailbox, "validity": validity, "uid": uid}))


Take = Callable[[bytes, Envelope], object]


def read_new(mailbox: Mailbox, place: Place, take: Take, stop: threading.Event) -> int:
    """Take in the new messages, oldest first; returns how many.

    A message that fails by its own fault is read again in the next pass, and so are the messages after it, which are
    taken in all the same. Raises what ``take`` raises, MailboxError, OSError, imaplib.IMAP4.error.
    """
    failure: Exception | None = None
    with _opened(mailbox) as server:
        validity = _validity(server)
        taken = 0
        for uid in _after(server, place.last(validity)):
            if stop.is_set():
                break
            if (message := _message(server, uid, mailbox)) is not None:
                raw, arrived_at = message
                try:
                    take(raw, replace(NO_ENVELOPE, arrived_at=arrived_at))
                except Exception as error:
                    if isinstance(error, psycopg.OperationalError) or not is_its_own_fault(error):
                        raise
                    failure = failure or error
                    continue
                _put_away(server, uid, mailbox)
                taken += 1
            if failure is None:
                place.keep(validity, uid)
    if failure is not None:
        raise failure
    return taken


@contextmanager
def _opened(mailbox: Mailbox) -> Iterator[imaplib.IMAP4]:
    context = ssl.create_default_context(cafile=mailbox.ca_file)
    server: imaplib.IMAP4
    if mailbox.tls == "tls":
        server = imaplib.IMAP4_SSL(mailbox.host, mailbox.port, ssl_context=context, timeout=mailbox.timeout)
    else:
        server = imaplib.IMAP4(mailbox.host, mailbox.port, timeout=mailbox.timeout)
    try:
        if mailbox.tls == "starttls":
            server.starttls(context)
        server.login(mailbox.user, mailbox.password)
        _done(server.select(f'"{mailbox.folder}"'), "select")
        yield server
    finally:
        with suppress(imaplib.IMAP4.error, OSError):
            server.logout()


def _validity(server: imaplib.IMAP4) -> int:
    told = server.response("UIDVALIDITY")[1][0]
    if told is None:
        raise MailboxError("the server does not say UIDVALIDITY, without which its UIDs mean nothing")
    return int(told)


def _after(server: imaplib.IMAP4, last: int) -> list[int]:
    """The UIDs after one, ascending. A search for `n:*` finds the last message even when its UID is below n."""
    (found,) = _done(server.uid("SEARCH", "UID", f"{last + 1}:*"), "search")
    return sorted(uid for uid in map(int, (found or b"").split()) if uid > last)[:_AT_ONCE]


def _message(server: imaplib.IMAP4, uid: int, mailbox: Mailbox) -> tuple[bytes, datetime | None] | None:
    """A message, and when the server says it arrived; None for one that is too large, or gone meanwhile."""
    told = _done(server.uid("FETCH", str(uid), "(RFC822.SIZE INTERNALDATE)"), "fetch")
    sizes = [int(found[1]) for line in told if isinstance(line, bytes) and (found := _SIZE.search(line))]
    if not sizes:
        return None
    if max(sizes) > mailbox.size:
        log.error("a message in the mailbox is too large; it stays there, flagged", uid=uid, size=max(sizes))
        _done(server.uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Flagged)"), "flag")
        return None
    for part in _done(server.uid("FETCH", str(uid), "(BODY.PEEK[])"), "fetch"):
        if isinstance(part, tuple):
            return bytes(cast("Any", part[1])), next(filter(None, map(_arrived_at, told)), None)
    raise MailboxError(f"fetch: the server does not hand over message {uid}")


def _arrived_at(line: object) -> datetime | None:
    moment = imaplib.Internaldate2tuple(line) if isinstance(line, bytes) else None
    return None if moment is None else datetime.fromtimestamp(time.mktime(moment), UTC)


def _put_away(server: imaplib.IMAP4, uid: int, mailbox: Mailbox) -> None:
    """Mark or move a recorded message. Nothing depends on it: a failure here is not made up for."""
    if mailbox.moved_to is None:
        _done(server.uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Seen)"), "mark")
    elif b"MOVE" in _done(server.capability(), "capability")[0].split():  # many servers say so only after the login
        _done(server.uid("MOVE", str(uid), f'"{mailbox.moved_to}"'), "move")
    else:
        _done(server.uid("COPY", str(uid), f'"{mailbox.moved_to}"'), "copy")
        _done(server.uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Seen \Deleted)"), "mark")


def _done(answer: tuple[str, list[Any]], what: str) -> list[Any]:
    status, told = answer
    if status != "OK":
        raise MailboxError(f"{what}: the server says {status} {told}")
    return told
