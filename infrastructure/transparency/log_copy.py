"""A copy of the log in a directory (C2SP tlog-tiles): written, extended, and read by those who trust nobody.

A reader computes every root from the entries and trusts only the checkpoint's signature. The tiles of hashes are for
other clients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from infrastructure.files import write_atomically
from infrastructure.transparency.formats.checkpoint import Checkpoint, open_checkpoint
from infrastructure.transparency.formats.leaf import Leaf, is_restart, parse_leaf
from infrastructure.transparency.formats.merkle import EMPTY, Growing, leaf_hash, root_at
from infrastructure.transparency.formats.note import NoteError, Verifier
from infrastructure.transparency.formats.tiles import ENTRIES, split_entries, tiles_of
from infrastructure.transparency.log_reader import LogReader

CHECKPOINT = "checkpoint"
Advance = Callable[[int], None]


class BrokenCopy(Exception):
    """The directory holds no copy of a log, or one that contradicts its checkpoint."""


class LogCopy:
    """A copy whose entries were read once and lead to its checkpoint.

    ``watch`` are the sizes to know the roots at, ``stream`` is the case to keep the leaves of. Raises BrokenCopy.
    """

    def __init__(
        self,
        folder: Path,
        verifiers: Sequence[Verifier],
        *,
        watch: Sequence[int] = (),
        stream: str | None = None,
        advance: Advance = lambda _: None,
    ) -> None:
        try:
            self.checkpoint = open_checkpoint((folder / CHECKPOINT).read_bytes(), verifiers)
        except (OSError, NoteError) as error:
            raise BrokenCopy(f"{folder}: its checkpoint: {error}") from error
        self._roots = {0: EMPTY}
        self._leaves: list[tuple[int, Leaf]] = []
        self._line = None if stream is None else f"\noriginator-id {stream}\n".encode()
        self._read(folder, sorted({*watch, self.checkpoint.size} - {0}), advance)
        if self._roots.get(self.checkpoint.size) != self.checkpoint.root:
            raise BrokenCopy(f"{folder}: the entries do not lead to the checkpoint's root")

    def root(self, size: int) -> bytes | None:
        """The root at a watched size; None beyond the copy's end."""
        return self._roots.get(size)

    def leaves_of(self, stream: str) -> Iterator[tuple[int, Leaf]]:
        """The leaves of the case ``stream``, in order, with their indexes."""
        return ((index, leaf) for index, leaf in self._leaves if leaf.stream == stream)

    def _read(self, folder: Path, watch: list[int], advance: Advance) -> None:
        tree = Growing()
        for tile in tiles_of(self.checkpoint.size):
            if tile.level != ENTRIES:
                return
            try:
                records = split_entries((folder / tile.path).read_bytes())
            except (OSError, ValueError) as error:
                raise BrokenCopy(f"{folder}: {tile.path}: {error}") from error
            if len(records) != tile.width:
                raise BrokenCopy(f"{folder}: {tile.path} has {len(records)} entries")
            self._keep(tile.first, records)
            self._grow(tree, [leaf_hash(record) for record in records], watch)
            advance(len(records))

    def _keep(self, first: int, records: Sequence[bytes]) -> None:
        if self._line is None:
            return
        for index, record in enumerate(records, start=first):
            if self._line in record and not is_restart(record):
                try:
                    self._leaves.append((index, parse_leaf(record)))
                except ValueError as error:
                    raise BrokenCopy(f"leaf {index}: {error}") from error

    def _grow(self, tree: Growing, hashes: list[bytes], watch: list[int]) -> None:
        done = 0
        while watch and watch[0] - tree.size <= len(hashes) - done:
            part = watch.pop(0) - tree.size
            tree.append(hashes[done : done + part])
            done += part
            self._roots[tree.size] = tree.root()
        tree.append(hashes[done:])


def export(
    reader: LogReader, note: str, now: Checkpoint, folder: Path, advance: Advance = lambda _: None
) -> Checkpoint | None:
    """Write a copy, or extend one; returns the checkpoint that it had before.

    The checkpoint is written last, so that a copy stays valid when this is killed. Raises BrokenCopy where the log does
    not continue the copy, which is an alarm; OSError; LookupError.
    """
    before = _copied_before(folder)
    if before is not None:
        if before.origin != now.origin:
            raise BrokenCopy(f"{folder} holds a copy of another log, {before.origin}; this one is {now.origin}")
        if before.size > now.size or root_at(before.size, reader.hashes) != before.root:
            raise BrokenCopy(f"the log of {now.size} leaves does not continue the copy of {before.size} in {folder}")
    for tile in tiles_of(now.size, since=before.size if before else 0):
        path = folder / tile.path
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, reader.tile(tile), durable=False)
        reader.forget()
        if tile.level == ENTRIES:
            advance(tile.width)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / CHECKPOINT, note, durable=False)
    return before


def _copied_before(folder: Path) -> Checkpoint | None:
    try:
        return Checkpoint.of_text((folder / CHECKPOINT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (NoteError, UnicodeDecodeError) as error:
        raise BrokenCopy(f"{folder}/{CHECKPOINT}: {error}") from error
