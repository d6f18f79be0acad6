"""Tiles (C2SP tlog-tiles): their paths, and the hashes or entries in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from infrastructure.transparency.formats.merkle import TILE

ENTRIES = -1
"""The level of the entries themselves."""
_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9]|[1-5]\d|6[0-3])/(?P<place>(?:x\d{3}/){0,5}\d{3})(?:\.p/(?P<width>[1-9]\d{0,2}))?",
    re.ASCII,
)
_HASH = 32


@dataclass(frozen=True)
class Tile:
    """The first ``width`` of up to 256 hashes or entries: the ``place``-th tile of its level."""

    level: int
    place: int
    width: int = TILE

    @property
    def first(self) -> int:
        """The index of its first hash or entry in the level."""
        return self.place * TILE

    @property
    def path(self) -> str:
        """The path below the log's root, such as `tile/0/x001/234` or `tile/entries/000.p/7`."""
        digits = f"{self.place:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[n : n + 3] for n in range(0, len(digits), 3)]
        place = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        level = "entries" if self.level == ENTRIES else str(self.level)
        return f"tile/{level}/{place}" + ("" if self.width == TILE else f".p/{self.width}")

    @classmethod
    def parse(cls, path: str) -> Tile:
        """The tile of a path in its canonical form. Raises ValueError."""
        found = _PATH.fullmatch(path)
        if found is not None:
            level = ENTRIES if found["level"] == "entries" else int(found["level"])
            tile = cls(level, int(re.sub(r"[x/]", "", found["place"])), int(found["width"] or TILE))
            if tile.path == path and tile.width <= TILE:
                return tile
        raise ValueError(f"{path} is no path of a tile")


def tiles_of(size: int, *, since: int = 0) -> Iterator[Tile]:
    """The tiles of a log of a size, entries first, without the full tiles of the log of size ``since``."""
    yield from _of_level(ENTRIES, size, since)
    level = 0
    while size:
        yield from _of_level(level, size, since)
        level, size, since = level + 1, size // TILE, since // TILE


def _of_level(level: int, count: int, since: int) -> Iterator[Tile]:
    for place in range(since // TILE, count // TILE):
        yield Tile(level, place)
    if count % TILE:
        yield Tile(level, count // TILE, count % TILE)


def split_hashes(data: bytes) -> list[bytes]:
    """The hashes of a tile. Raises ValueError for a partial hash."""
    if len(data) % _HASH:
        raise ValueError("a tile is a whole number of hashes")
    return [data[n : n + _HASH] for n in range(0, len(data), _HASH)]


def pack_entries(entries: Iterable[bytes]) -> bytes:
    """Entries, each after its length in two bytes. Raises OverflowError for an entry of 64 KiB or more."""
    return b"".join([len(entry).to_bytes(2) + entry for entry in entries])


def split_entries(data: bytes) -> list[bytes]:
    """The entries of a bundle. Raises ValueError for a truncated entry."""
    entries, place = [], 0
    while place < len(data):
        end = place + 2 + int.from_bytes(data[place : place + 2])
        if end > len(data) or place + 2 > len(data):
            raise ValueError("the bundle of entries is cut off")
        entries.append(data[place + 2 : end])
        place = end
    return entries
