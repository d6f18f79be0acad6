"""What a log of another desk holds: its lines, the observations in them, and what a person should look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.case.clauses.history_import import Observation
from domain.case.clauses.logging import IncidentReport
from domain.values import SourceOutcome

Row = Mapping[str, str]
"""The cells of a line by column, as the file has them."""


@dataclass(frozen=True)
class Broken:
    """A row that cannot be taken apart: why, and its content."""

    why: str
    content: Any


Line = tuple[int, "Row | Broken"]
"""A row with its line in the file."""


@dataclass(frozen=True)
class SourceRow:
    """One observation that the file holds."""

    number: str
    row: int
    """Its line in the file. The header is line 1."""
    key: str
    at: datetime
    by: str
    codes: Row
    """The columns as in the source that an event may hold."""
    texts: Row
    """The columns with text of people, which belong into the vault."""
    hindsight: Row
    """The columns that only the last row of a case keeps."""
    seen: Observation
    report: IncidentReport
    contact: Row
    words: Row
    outcome: SourceOutcome | None
    gone: str = ""
    """How this log writes a value that was removed."""
    logged: frozenset[str] = frozenset()
    """The columns of text that the opening event holds."""

    def changes(self, before: SourceRow | None, *, last: bool = False) -> dict[str, str]:
        """Return the columns that this row sets or changes; those of hindsight with the last row only."""
        changed = self._changed(self.codes, before.codes if before else {})
        return {**changed, **self.hindsight} if last else changed

    def said(self, before: SourceRow | None, *, opening: bool) -> dict[str, str]:
        """Return the texts that this row sets or changes, without those that the ``opening`` event holds."""
        said = self._changed(self.texts, before.texts if before else {})
        return {name: text for name, text in said.items() if name not in self.logged} if opening else said

    def _changed(self, now: Row, before: Row) -> dict[str, str]:
        if now == before:
            return {}
        changed = {name: text for name, text in now.items() if before.get(name) != text}
        return changed | {name: self.gone for name in before if name not in now}


@dataclass
class Findings:
    """Findings of an import, for a person to check."""

    rows: int = 0
    backwards: int = 0
    """Rows with an earlier time than the previous row of the same case."""
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Unknown values by column. The import keeps them unchanged."""
    rejected: list[tuple[int, str, Any]] = field(default_factory=list)
    """Line, reason and content of the unreadable rows."""
    missing_columns: tuple[str, ...] = ()
    """Columns that the mapping names and the file lacks."""
