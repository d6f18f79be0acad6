"""Opens a file with the history of another desk, by what it holds rather than by its name."""

from __future__ import annotations

import codecs
import gzip
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest
from io import TextIOWrapper
from pathlib import Path
from typing import IO, cast

from application.imports.source import Line
from infrastructure.history_files.tables import csv_lines, delimiter_of, heading_of, json_lines
from infrastructure.history_files.xes import xes_lines

_GZIP = b"\x1f\x8b"
_HEAD = 65_536
"""Bytes that are looked at to tell what a file is."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class HistoryFile:
    """A file, and how its rows are read."""

    path: Path
    format: str
    """`csv`, `jsonl` or `xes`."""
    encoding: str
    delimiter: str
    columns: tuple[str, ...] = ()
    """Its columns, where a header names them."""

    @property
    def name(self) -> str:
        """The file's name with the start of its digest: what an event names as its origin."""
        with self.path.open("rb") as raw:
            return f"{self.path.name}@{file_digest(raw, 'sha256').hexdigest()[:16]}"

    def lines(self) -> Iterator[Line]:
        """Yield its rows. Raises OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error and BadXes."""
        with _bytes_of(self.path) as raw:
            if self.format == "xes":
                yield from xes_lines(raw)
                return
            with TextIOWrapper(raw, encoding=self.encoding, newline="") as text:
                yield from json_lines(text) if self.format == "jsonl" else csv_lines(text, self.delimiter)


def open_history(
    path: Path,
    columns: Collection[str],
    *,
    format: str | None = None,  # noqa: A002
    encoding: str = "utf-8",
    delimiter: str | None = None,
) -> HistoryFile:
    """Look at a file's beginning. ``columns`` are expected in it, and tell its delimiter. Raises as ``HistoryFile.lines``."""
    with _bytes_of(path) as raw:
        head = raw.read(_HEAD)
    marked = next((known for mark, known in _MARKS if head.startswith(mark)), encoding)
    text = codecs.getincrementaldecoder(marked)().decode(head)
    kind = format or _format_of(text)
    if kind != "csv":
        return HistoryFile(path, kind, marked, ",")
    delimiter = delimiter or delimiter_of(text, columns)
    return HistoryFile(path, kind, marked, delimiter, heading_of(text, delimiter))


def _format_of(text: str) -> str:
    start = text.lstrip()
    if start.startswith("<"):
        return "xes"
    return "jsonl" if start.startswith("{") else "csv"


@contextmanager
def _bytes_of(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as raw:
        zipped = raw.read(2) == _GZIP
    with gzip.open(path) if zipped else path.open("rb") as opened:
        yield cast("IO[bytes]", opened)
