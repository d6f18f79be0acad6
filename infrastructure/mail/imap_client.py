"""Reads a mailbox by IMAP (RFC 3501) and marks each message only once it is on the record (R-5.1d).

UIDVALIDITY and UID say how far the mailbox was read, so a message that somebody else has read is not skipped. Where they
are lost, or the server renumbers, the whole mailbox is read again, and known messages change nothing.
"""

from __future__ import annotations

import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import psycopg
import structlog
from imapclient import IMAPClient  # type: ignore[import-untyped]
from imapclient.exceptions import IMAPClientError  # type: ignore[import-untyped]

from application.mail_in.envelope import LARGEST_MESSAGE, NO_ENVELOPE, Envelope
from application.mail_in.failures import is_its_own_fault
from infrastructure.files import write_atomically

log = structlog.get_logger()

_UNFIT = re.compile(r"[\x00-\x1f\x7f\"\\]")
_AT_ONCE = 500
"""Messages looked at in one pass."""


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
    taken in all the same. Raises what ``take`` raises, IMAPClientError, OSError.
    """
    failure: Exception | None = None
    with _selected(mailbox) as (client, validity):
        taken = 0
        for uid in _after(client, place.last(validity)):
            if stop.is_set():
                break
            if (message := _message(client, uid, mailbox)) is not None:
                try:
                    take(*message)
                except Exception as error:
                    if isinstance(error, psycopg.OperationalError) or not is_its_own_fault(error):
                        raise
                    failure = failure or error
                    continue
                _put_away(client, uid, mailbox)
                taken += 1
            if failure is None:
                place.keep(validity, uid)
    if failure is not None:
        raise failure
    return taken


@contextmanager
def _selected(mailbox: Mailbox) -> Iterator[tuple[IMAPClient, int]]:
    """A client that has selected the folder, and the folder's UIDVALIDITY."""
    context = None if mailbox.tls == "none" else ssl.create_default_context(cafile=mailbox.ca_file)
    client = IMAPClient(
        mailbox.host, mailbox.port, ssl=mailbox.tls == "tls", ssl_context=context, timeout=mailbox.timeout
    )
    client.normalise_times = False  # else times would lose their zone
    client.folder_encode = False  # the operator names a folder as the server does
    try:
        if mailbox.tls == "starttls":
            client.starttls(context)
        client.login(mailbox.user, mailbox.password)
        folder = client.select_folder(mailbox.folder)
        if b"UIDVALIDITY" not in folder:
            raise IMAPClientError("the server does not say UIDVALIDITY, without which its UIDs mean nothing")
        yield client, folder[b"UIDVALIDITY"]
    finally:
        with suppress(IMAPClientError, OSError):
            client.logout()


def _after(client: IMAPClient, last: int) -> list[int]:
    """The UIDs after one, ascending. A search for `n:*` finds the last message even when its UID is below n."""
    return sorted(uid for uid in client.search(["UID", f"{last + 1}:*"]) if uid > last)[:_AT_ONCE]


def _message(client: IMAPClient, uid: int, mailbox: Mailbox) -> tuple[bytes, Envelope] | None:
    """A message, and when the server says it arrived; None for one that is too large, or gone meanwhile."""
    facts: dict[bytes, Any] = client.fetch([uid], ["RFC822.SIZE", "INTERNALDATE"]).get(uid, {})
    if (size := facts.get(b"RFC822.SIZE")) is None:
        return None
    if size > mailbox.size:
        log.error("a message in the mailbox is too large; it stays there, flagged", uid=uid, size=size)
        client.add_flags([uid], [rb"\Flagged"], silent=True)
        return None
    raw: bytes | None = client.fetch([uid], ["BODY.PEEK[]"]).get(uid, {}).get(b"BODY[]")
    if raw is None:
        raise IMAPClientError(f"fetch: the server does not hand over message {uid}")
    arrived_at: datetime | None = facts.get(b"INTERNALDATE")
    return raw, replace(NO_ENVELOPE, arrived_at=arrived_at and arrived_at.astimezone(UTC))


def _put_away(client: IMAPClient, uid: int, mailbox: Mailbox) -> None:
    """Mark or move a recorded message. Nothing depends on it: a failure here is not made up for."""
    if mailbox.moved_to is None:
        client.add_flags([uid], [rb"\Seen"], silent=True)
    elif client.has_capability("MOVE"):
        client.move([uid], mailbox.moved_to)
    else:
        client.copy([uid], mailbox.moved_to)
        client.add_flags([uid], [rb"\Seen", rb"\Deleted"], silent=True)
