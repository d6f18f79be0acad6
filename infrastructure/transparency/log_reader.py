"""Reads the transparency log in PostgreSQL: checkpoints, tiles and the leaf of an event."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from domain.errors import NotFound
from infrastructure.postgres.queries import load
from infrastructure.transparency.formats.leaf import leaf_beginning
from infrastructure.transparency.formats.merkle import TILE, leaf_hash
from infrastructure.transparency.formats.stored_run import inflated
from infrastructure.transparency.formats.tiles import ENTRIES, Tile, pack_entries, split_entries, split_hashes

_SQL = load("log_reader", "infrastructure.transparency")


@dataclass(frozen=True)
class Sealed:
    """A signed checkpoint, as stored."""

    log: int
    size: int
    position: int
    """The position of the last sealed event."""
    note: str
    sealed_at: datetime


def latest(connection: psycopg.Connection[Any]) -> Sealed | None:
    """The newest checkpoint of the current log; None while nothing is sealed."""
    row = connection.execute(_SQL["latest"]).fetchone()
    return None if row is None else Sealed(*row)


def last_position(connection: psycopg.Connection[Any], number: str) -> int:
    """The position of a case's last event, sealed or not. Raises NotFound."""
    row = connection.execute(_SQL["last_position"], (number,)).fetchone()
    if row is None or row[0] is None:
        raise NotFound(f"There is no case {number}.")
    return int(row[0])


def stored_entries(data: bytes) -> list[bytes]:
    """The entries of a run as it is stored. Raises ValueError for damaged bytes."""
    return split_entries(inflated(data))


@contextmanager
def one_snapshot(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """A read-only transaction: all that is read in it is of one moment."""
    connection.execute(_SQL["snapshot"])
    try:
        yield
    finally:
        connection.execute(_SQL["release"])


class LogReader:
    """Reads hashes and entries of one log, each tile once. Raises LookupError for missing ones, ValueError for damaged ones."""

    def __init__(self, connection: psycopg.Connection[Any], log: int) -> None:
        self._connection, self.log = connection, log
        self._tiles: dict[tuple[int, int], list[bytes]] = {}

    def hashes(self, level: int, first: int, count: int) -> list[bytes]:
        """Hashes of one tile (`merkle.Hashes`)."""
        return self._part(level, first, count)

    def entries(self, first: int, count: int) -> list[bytes]:
        """Leaf records of one entry bundle."""
        return self._part(ENTRIES, first, count)

    def tile(self, tile: Tile) -> bytes:
        """The content of a tile, as it is served."""
        part = self._part(tile.level, tile.first, tile.width)
        return pack_entries(part) if tile.level == ENTRIES else b"".join(part)

    def forget(self) -> None:
        """Forget the tiles read so far: a reader of the whole log needs each one once."""
        self._tiles.clear()

    def leaf_at(self, position: int) -> tuple[int, bytes]:
        """The index and the record of an event's leaf, by the event's position."""
        row = self._query("run_of", self.log, position).fetchone()
        if row is not None:
            beginning = leaf_beginning(position)
            for place, record in enumerate(stored_entries(row[1]), start=row[0]):
                if record.startswith(beginning):
                    return place, record
        raise LookupError(f"the event at position {position} is not sealed")

    def _part(self, level: int, first: int, count: int) -> list[bytes]:
        place, start = divmod(first, TILE)
        part = self._tile(level, place)[start : start + count]
        if len(part) < count:
            raise LookupError(f"level {level} has no {count} from {first} on")
        return part

    def _load(self, level: int, place: int) -> list[bytes]:
        first, end = place * TILE, (place + 1) * TILE
        if level == 0:
            return [leaf_hash(record) for record in self._tile(ENTRIES, place)]
        if level == ENTRIES:
            runs = self._query("entries", self.log, first, end)
            split = stored_entries
        else:
            runs = self._query("hashes", self.log, level, first, end)
            split = split_hashes
        found: list[bytes] = []
        for run, data in runs:
            if run != first + len(found):
                raise LookupError(f"level {level} has a gap before {run}")
            found += split(data)
        return found

    def _tile(self, level: int, place: int) -> list[bytes]:
        known = self._tiles.get((level, place))
        if known is None:
            known = self._tiles[level, place] = self._load(level, place)
        return known

    def _query(self, name: str, *values: Any) -> psycopg.Cursor[Any]:
        return self._connection.cursor(binary=True).execute(_SQL[name], values, prepare=True)
