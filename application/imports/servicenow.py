"""ServiceNow's incident event log (UCI data set 498) as case history: one observation per row.

A row is a snapshot after an update; `sys_updated_at` is when. The columns `resolved_at`, `closed_at`, `closed_code`
and `resolved_by` are hindsight, the same on every row of an incident: they are kept with its last row only.
Rows are read in file order; the log was re-saved by spreadsheets, so dates come as D/M/YYYY and DD-MM-YYYY.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from itertools import groupby, pairwise
from typing import Any
from zoneinfo import ZoneInfo

from domain.case.clauses.history_import import Observation
from domain.case.clauses.logging import IncidentReport
from domain.case.status import Status
from domain.case.terms import PendingReason
from domain.values import CODE, Channel, Level, Nature, SourceOutcome

COLUMNS = (
    *("number", "incident_state", "active", "reassignment_count", "reopen_count", "sys_mod_count", "made_sla"),
    *("caller_id", "opened_by", "opened_at", "sys_created_by", "sys_created_at", "sys_updated_by", "sys_updated_at"),
    *("contact_type", "location", "category", "subcategory", "u_symptom", "cmdb_ci", "impact", "urgency", "priority"),
    *("assignment_group", "assigned_to", "knowledge", "u_priority_confirmation", "notify", "problem_id", "rfc"),
    *("vendor", "caused_by", "closed_code", "resolved_by", "resolved_at", "closed_at"),
)
_HINDSIGHT = frozenset({"closed_code", "resolved_by", "resolved_at", "closed_at"})
_TIMES = ("opened_at", "sys_created_at", "sys_updated_at", "resolved_at", "closed_at")
_MISSING = "?"
_LONGEST = 128
_AT_THE_TIME = tuple((i, name) for i, name in enumerate(COLUMNS) if name not in _HINDSIGHT)
_TIME_PLACES = tuple(map(COLUMNS.index, _TIMES))
_BOOLEAN_PLACES = tuple(map(COLUMNS.index, ("active", "made_sla", "knowledge", "u_priority_confirmation")))
_CODE_PLACES = tuple(
    map(COLUMNS.index, ("number", "sys_updated_by", "caller_id", "assignment_group", "assigned_to", "category"))
)
_STATES: dict[str, tuple[Status, PendingReason | None]] = {
    "New": (Status.IN_DIAGNOSIS, None),
    "Active": (Status.IN_DIAGNOSIS, None),
    "Awaiting User Info": (Status.IN_DIAGNOSIS, PendingReason.CUSTOMER),
    "Awaiting Vendor": (Status.IN_DIAGNOSIS, PendingReason.VENDOR),
    "Awaiting Problem": (Status.IN_DIAGNOSIS, PendingReason.PROBLEM),
    "Awaiting Evidence": (Status.IN_DIAGNOSIS, PendingReason.EVIDENCE),
    "Resolved": (Status.RESOLVED, None),
    "Closed": (Status.CLOSED, None),
}
_CHANNELS = {
    "Phone": Channel.PHONE,
    "IVR": Channel.PHONE,
    "Email": Channel.EMAIL,
    "Self service": Channel.SELF_SERVICE,
    "Direct opening": Channel.WALK_IN,
}
_LEVELS = {"1 - High": Level.HIGH, "2 - Medium": Level.MEDIUM, "3 - Low": Level.LOW}
_PRIORITIES = {"1 - Critical": 1, "2 - High": 2, "3 - Moderate": 3, "4 - Low": 4}
_TIME = re.compile(r"(\d{1,2})([/-])(\d{1,2})\2(\d{4}) (\d{1,2}):(\d{2})")


class Unparsable(Exception):
    """A row cannot be read. The message says why."""


@dataclass(frozen=True)
class SourceRow:
    """One parsed row of the file."""

    number: str
    row: int
    """Its line in the file. The header is line 1."""
    key: str
    at: datetime
    by: str
    cells: tuple[str, ...]
    """The columns as in the source, in the order of COLUMNS."""
    seen: Observation
    report: IncidentReport
    outcome: SourceOutcome

    def changes(self, before: SourceRow | None) -> dict[str, str]:
        """Return the columns that this row sets or changes, without hindsight. `?` marks a removed value."""
        if before is None:
            return {name: self.cells[i] for i, name in _AT_THE_TIME if self.cells[i] != _MISSING}
        return {name: self.cells[i] for i, name in _AT_THE_TIME if self.cells[i] != before.cells[i]}


@dataclass
class Findings:
    """Findings of an import, for a person to check."""

    rows: int = 0
    backwards: int = 0
    """Rows with an earlier time than the previous row of the same incident."""
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Unknown values by column. The import keeps them unchanged."""
    rejected: list[tuple[int, str, list[str]]] = field(default_factory=list)
    """Line, reason and content of the unreadable rows."""


class ServiceNowLog:
    """Reads rows in file order. Unreadable rows go to the findings."""

    def __init__(self, timezone: ZoneInfo) -> None:
        self.findings = Findings()
        # A few thousand texts fill the columns: parse each once.
        remember = lru_cache(maxsize=65_536)
        self._time = remember(lambda text: _moment(text, timezone))
        self._iso = remember(lambda text: str(_moment(text, timezone)))
        self._tidy = remember(lambda text: " ".join(text.split()) or _MISSING)
        self._is_code = remember(lambda text: text == _MISSING or CODE.fullmatch(text) is not None)

    def incidents(self, rows: Iterable[tuple[int, Sequence[str]]]) -> Iterator[tuple[str, list[SourceRow]]]:
        """Yield the incidents of a file, each with its consecutive rows.

        ``rows`` are line numbers and cells in the order of COLUMNS.
        """
        for number, group in groupby(self._readable(rows), key=lambda row: row.number):
            known = list(group)
            self.findings.backwards += sum(1 for a, b in pairwise(known) if b.at < a.at)
            yield number, known

    def _readable(self, rows: Iterable[tuple[int, Sequence[str]]]) -> Iterator[SourceRow]:
        for line, cells in rows:
            self.findings.rows += 1
            try:
                yield self._read(line, self._checked(cells))
            except Unparsable as why:
                self.findings.rejected.append((line, str(why), list(cells)))

    def _read(self, line: int, cells: tuple[str, ...]) -> SourceRow:
        values = dict(zip(COLUMNS, cells, strict=True))
        times = {name: self._time(values[name]) for name in _TIMES}
        opened_at, at = times["opened_at"], times["sys_updated_at"]
        if at is None or opened_at is None:
            raise Unparsable("opened_at or sys_updated_at is missing")
        return SourceRow(
            number=values["number"],
            row=line,
            key=self._key(cells),
            at=at,
            by=values["sys_updated_by"],
            cells=cells,
            seen=self._observation(values),
            report=self._report(values, opened_at),
            outcome=SourceOutcome(
                opened_at,
                times["resolved_at"],
                times["closed_at"],
                _known(values["resolved_by"]),
                _known(values["closed_code"]),
            ),
        )

    def _key(self, cells: tuple[str, ...]) -> str:
        """Return a row's identity. Spreadsheets reformat rows: compare times as moments, booleans without case."""
        same = list(cells)
        for place in _TIME_PLACES:
            same[place] = self._iso(cells[place])
        for place in _BOOLEAN_PLACES:
            same[place] = cells[place].lower()
        return sha256("\x1f".join(same).encode()).hexdigest()[:16]

    def _checked(self, cells: Sequence[str]) -> tuple[str, ...]:
        if len(cells) != len(COLUMNS):
            raise Unparsable(f"it has {len(cells)} columns, not {len(COLUMNS)}")
        if not "".join(cells).isprintable() or max(map(len, cells)) > _LONGEST:
            raise Unparsable("it holds what no such log holds")
        # "Opened by  8" has double blanks: two spellings would make one person two.
        known = tuple(map(self._tidy, cells))
        if known[0] == _MISSING:
            raise Unparsable("number is missing")
        for place in _CODE_PLACES:
            if not self._is_code(known[place]):
                raise Unparsable(f"{COLUMNS[place]} is no code")
        return known

    def _observation(self, values: Mapping[str, str]) -> Observation:
        status, waiting_for = self._word("incident_state", values, _STATES) or (None, None)
        return Observation(
            status=status,
            waiting_for=waiting_for,
            impact=self._word("impact", values, _LEVELS),
            severity=self._word("urgency", values, _LEVELS),
            priority=self._word("priority", values, _PRIORITIES),
            team=_known(values["assignment_group"]),
            technician=_known(values["assigned_to"]),
        )

    def _report(self, values: Mapping[str, str], opened_at: datetime) -> IncidentReport:
        return IncidentReport(
            channel=self._word("contact_type", values, _CHANNELS) or Channel.OTHER,
            received_at=opened_at,
            customer=_known(values["caller_id"]) or "unknown",
            nature=Nature.ACTUAL,
            service=_known(values["category"]),
            external_ref=values["number"],
            symptomatic=values["u_symptom"] != _MISSING,
        )

    def _word(self, column: str, values: Mapping[str, str], words: Mapping[str, Any]) -> Any:
        value = values[column]
        if value in words:
            return words[value]
        self.findings.unknown[column, value] += 1
        return None


def _known(value: str) -> str | None:
    return None if value == _MISSING else value


def _moment(text: str, timezone: ZoneInfo) -> datetime | None:
    if text == _MISSING:
        return None
    match = _TIME.fullmatch(text)
    if match is None:
        raise Unparsable(f"{text!r} is no D/M/YYYY HH:MM")
    day, _, month, year, hour, minute = match.groups()
    try:
        return datetime(int(year), int(month), int(day), int(hour), int(minute), tzinfo=timezone)
    except ValueError as error:
        raise Unparsable(f"{text!r}: {error}") from None
