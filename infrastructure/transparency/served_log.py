"""The log as the API serves it, read on a pool, and waiting until an event is sealed."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from application.transparency_log import KeptCheckpoint, NotSealed
from infrastructure.postgres.queries import load
from infrastructure.transparency.bundle.writer import make_bundle, zipped
from infrastructure.transparency.formats.checkpoint import Checkpoint
from infrastructure.transparency.formats.tiles import Tile
from infrastructure.transparency.log_reader import LogReader, last_position, latest
from infrastructure.transparency.publication.replies import current_note

_SQL = load("log_reader", "infrastructure.transparency")
_NEWEST = (2**31 - 1, 2**62)
_PATIENCE = 5.0
"""Seconds to wait for a seal, which usually takes a quarter of one."""
_LOOK_EVERY = 0.05


class PostgresLog:
    """Implements `application.transparency_log.SealedLog`."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        self._pool = pool

    def checkpoint(self, log: int | None = None) -> str | None:
        """The newest checkpoint of a log, or of the current one; None while nothing is sealed."""
        with self._pool.connection() as connection:
            return current_note(connection, log)

    def tile(self, path: str, log: int | None = None) -> tuple[int, bytes] | None:
        """The tile at a path, with its log's number; None where there is none."""
        try:
            tile = Tile.parse(path)
        except ValueError:
            return None
        with self._pool.connection() as connection:
            if log is None:
                sealed = latest(connection)
                if sealed is None:
                    return None
                log = sealed.log
            try:
                return log, LogReader(connection, log).tile(tile)
            except (LookupError, ValueError):  # damaged: `verify` reports where
                return None

    def checkpoints(self, after: tuple[int, int] | None, limit: int) -> Sequence[KeptCheckpoint]:
        """Signed checkpoints, newest first, after a log and size."""
        with self._pool.connection() as connection:
            rows = connection.execute(_SQL["checkpoints"], (*(after or _NEWEST), limit)).fetchall()
        return [KeptCheckpoint(*row) for row in rows]

    def bundle(self, number: str, *, files: bool = False) -> bytes:
        """A case's bundle, zipped. Raises NotFound, NotSealed."""
        return zipped(self.bundle_files(number, files=files))

    def bundle_files(self, number: str, old: Checkpoint | None = None, *, files: bool = False) -> dict[str, bytes]:
        """The files of a case's bundle, once its last event is sealed (`bundle.writer.make_bundle`)."""
        for last_try in (False, False, True):
            with self._pool.connection() as connection:
                position = last_position(connection, number)
            self.wait_for(position)
            try:
                with self._pool.connection() as connection:
                    return make_bundle(connection, number, old, files=files)
            except NotSealed:  # the case has a new event
                if last_try:
                    raise
        raise AssertionError

    def last_event(self) -> int:
        """The position of the last event, sealed or not; 0 when there is none."""
        with self._pool.connection() as connection:
            row = connection.execute(_SQL["last_event"]).fetchone()
        return int(row[0]) if row else 0

    def wait_for(self, position: int, seconds: float = _PATIENCE) -> None:
        """Wait until a position is sealed. Raises NotSealed when the time is over."""
        end, pause = time.monotonic() + seconds, threading.Event()
        while True:
            with self._pool.connection() as connection:
                sealed = latest(connection)
            if sealed is not None and sealed.position >= position:
                return
            if time.monotonic() > end:
                known = sealed.position if sealed else 0
                raise NotSealed(f"position {position} is not sealed yet; the log has reached {known}")
            pause.wait(_LOOK_EVERY)
