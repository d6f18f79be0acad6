"""Cosignatures and timestamps, kept beside the log (tlog.cosignatures, tlog.timestamps), and the note that goes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from infrastructure.postgres.database import Connect
from infrastructure.postgres.queries import load
from infrastructure.transparency.formats.checkpoint import Checkpoint
from infrastructure.transparency.formats.merkle import Hashes, consistency_proof
from infrastructure.transparency.formats.note import NoteError, Signature, parse_note

_SQL = load("replies", "infrastructure.transparency.publication")

HashesOf = Callable[[psycopg.Connection[Any], int], Hashes]
"""Reads the stored hashes of a log, by its number."""


def current_note(connection: psycopg.Connection[Any], log: int | None = None) -> str | None:
    """The newest checkpoint of a log, or of the current one, with all its signatures; None while nothing is sealed.

    A malformed cosignature would make the note unreadable. Then the note comes without any.
    """
    row = connection.execute(_SQL["current_note"], {"log": log}).fetchone()
    if row is None:
        return None
    note, lines = row
    try:
        return str(parse_note(note + lines))
    except NoteError:
        return str(note)


class PublicationStore:
    """Keeps replies from outside, on a connection in the sealer's role that is opened on demand. Belongs to one thread."""

    def __init__(self, connect: Connect, hashes_of: HashesOf) -> None:
        self._connect, self._hashes_of = connect, hashes_of
        self._connection: psycopg.Connection[Any] | None = None

    def proof(self, origin: str, old: int, size: int) -> list[bytes]:
        """The consistency proof of a log between two sizes. Raises LookupError, ValueError, psycopg.Error."""
        with self._connected() as connection:
            hashes = self._hashes_of(connection, self._log(connection, origin))
            return consistency_proof(old, size, hashes)

    def keep_cosignature(self, checkpoint: Checkpoint, signature: Signature) -> None:
        """Keep a witness's signature of a checkpoint. Raises LookupError, psycopg.Error."""
        line = signature.line().removesuffix("\n")
        self._keep("keep_cosignature", checkpoint, signature.name, line)

    def keep_timestamp(self, checkpoint: Checkpoint, authority: str, reply: bytes) -> None:
        """Keep an authority's TimeStampResp about a checkpoint. Raises LookupError, psycopg.Error."""
        self._keep("keep_timestamp", checkpoint, authority, reply)

    def since_timestamp(self, origin: str, authority: str) -> float | None:
        """Seconds since an authority last stamped a checkpoint of a log; None if it never did.

        Raises LookupError, psycopg.Error.
        """
        with self._connected() as connection:
            row = connection.execute(_SQL["since_timestamp"], (self._log(connection, origin), authority)).fetchone()
            return row[0] if row else None

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _keep(self, statement: str, checkpoint: Checkpoint, who: str, what: str | bytes) -> None:
        with self._connected() as connection:
            log = self._log(connection, checkpoint.origin)
            connection.execute(_SQL[statement], (log, checkpoint.size, who, what))

    def _log(self, connection: psycopg.Connection[Any], origin: str) -> int:
        row = connection.execute(_SQL["log_of"], (origin,)).fetchone()
        if row is None:
            raise LookupError(f"there is no log {origin}")
        return int(row[0])

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection[Any]]:
        if self._connection is None:
            self._connection = self._connect()
        try:
            yield self._connection
        except psycopg.OperationalError:
            self.close()
            raise
