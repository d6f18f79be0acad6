"""Rows of another desk's log, read by a mapping: each becomes an observation of its case.

Rows are taken in file order, each with its time as given. A value without a word of ours stays as the source wrote it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import lru_cache, partial
from hashlib import sha256
from itertools import pairwise, repeat
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from application.imports.columns import Columns, Remembered, picked, printable
from application.imports.mapping import TIMES_OF_OUTCOME, Choice, Mapping, folded, translated
from application.imports.source import Broken, Findings, Line, Row, SourceRow
from application.imports.times import Unparsable, moment_reader
from domain.case.clauses.history_import import Observation
from domain.case.clauses.logging import IncidentReport
from domain.values import Channel, SourceOutcome

_REMEMBERED = 65_536
_OBSERVED = ("status", "impact", "severity", "priority", "team", "technician")
_REPORTED = ("case", "channel", "customer", "service")
_BOOLEANS = {spelt: plain for plain in ("true", "false") for spelt in (plain.upper(), plain.title())}


T = TypeVar("T")


class Made(Generic[T]):
    """Values by the cells that they are made of. The rows of a case repeat most of what they tell."""

    def __init__(self, columns: Iterable[str], findings: Findings) -> None:
        self._columns, self._findings = tuple(dict.fromkeys(columns)), findings
        self._known: dict[tuple[Any, ...], T] = {}

    def of(self, cells: Row, make: Callable[[], T], *beside: Any) -> T:
        """The value of these cells and whatever stands ``beside`` them. What adds to the findings is made for each row."""
        key = (*map(cells.get, self._columns), *beside)
        if (known := self._known.get(key)) is not None:
            return known
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        before = self._findings.unknown.total()
        made = make()
        if self._findings.unknown.total() == before:
            self._known[key] = made
        return made


class Log:
    """Reads the rows of a log by its mapping. Rows that cannot be read go to the findings."""

    def __init__(self, mapping: Mapping, timezone: ZoneInfo | None = None) -> None:
        self.mapping, self.findings = mapping, Findings()
        self._columns = Columns(mapping)
        self._moment: Callable[[str], datetime] = lru_cache(_REMEMBERED)(moment_reader(mapping.times, timezone))
        choices = self._columns.choices
        self._values = {name: translated(name, choice) for name, choice in choices.items()}
        self._constants = {
            name: translated(name, Choice()).get(folded(choice.value), choice.value)
            for name, choice in choices.items()
            if choice.value is not None
        }
        self._words = {name: lru_cache(_REMEMBERED)(partial(_word_of, words)) for name, words in self._values.items()}
        self._statuses = translated("status", Choice())
        times = (mapping.times.column, mapping.received_at, *mapping.times.also)
        told = (column for name, column in mapping.outcome.items() if name in TIMES_OF_OUTCOME)
        own = frozenset(name for name in (*times, *told) if name is not None)
        self._time_places = tuple(place for place, name in enumerate(mapping.columns) if name in own)
        self._iso: Callable[[str], str] = lru_cache(_REMEMBERED)(lambda text: str(self._moment(text)))
        self._plain = Remembered(lambda text: _BOOLEANS.get(text, text))
        symptoms = (mapping.symptomatic, mapping.words.get("symptoms"))
        reported = (*self._sources(_REPORTED), *(name for name in symptoms if name is not None))
        self._seen = Made[Observation](self._sources(_OBSERVED), self.findings)
        self._reports = Made[IncidentReport](reported, self.findings)
        self._outcomes = Made[SourceOutcome](mapping.outcome.values(), self.findings)

    def _sources(self, fields: Iterable[str]) -> tuple[str, ...]:
        """The columns that some fields are read from."""
        choices = self._columns.choices
        return tuple(name for field in fields if field in choices for name in choices[field].sources)

    def look_at(self, lines: Iterable[Line], heading: Iterable[str] = ()) -> Counter[str]:
        """Count the rows of each case, and learn the columns that its ``heading`` does not name. Raises MissingColumns."""
        cases, found = Counter[str](), dict.fromkeys(heading)
        self.findings.missing_columns = self._columns.match(found)
        for _, row in lines:
            if isinstance(row, Broken):
                continue
            if row.keys() - found.keys():
                found.update(dict.fromkeys(row))
                self.findings.missing_columns = self._columns.match(found)
            cases[self._columns.number(row)] += 1
        self._columns.require(found)
        return cases

    def cases(self, lines: Iterable[Line], counts: Counter[str]) -> Iterator[tuple[str, list[SourceRow]]]:
        """Yield each case with all of its rows as soon as the last one is read. ``counts`` comes from ``look_at``."""
        left, known = counts.copy(), dict[str, list[SourceRow]]()
        for line, row in lines:
            self.findings.rows += 1
            if isinstance(row, Broken):
                self.findings.rejected.append((line, row.why, row.content))
                continue
            cells = self._columns.filled(row)
            number = self._number(cells)
            known.setdefault(number, []).extend(self._readable(line, row, cells))
            left[number] -= 1
            if left[number] <= 0 and (rows := known.pop(number)):
                yield number, self._whole(rows)

    def _whole(self, rows: list[SourceRow]) -> list[SourceRow]:
        """The rows of a case, each with a key of its own also where the log repeats one to the letter."""
        self.findings.backwards += sum(1 for a, b in pairwise(rows) if b.at < a.at)
        if len({row.key for row in rows}) == len(rows):
            return rows
        times, own = Counter[str](), list[SourceRow]()
        for row in rows:
            again = times[row.key]
            own.append(replace(row, key=_digest(f"{row.key}#{again}")) if again else row)
            times[row.key] += 1
        return own

    def _number(self, cells: Row) -> str:
        return self._columns.text("case", cells) or ""

    def _readable(self, line: int, row: Row, cells: Row) -> Iterator[SourceRow]:
        try:
            yield from self._read(line, row, cells)
        except Unparsable as why:
            self.findings.rejected.append((line, str(why), dict(row)))

    def _read(self, line: int, row: Row, cells: Row) -> Iterator[SourceRow]:
        number, columns = self._number(cells), self._columns
        if not printable(number) or not number:
            raise Unparsable(f"{columns.choices['case'].label} is {'no code' if number else 'missing'}")
        codes, texts, late = columns.apart(cells)
        observations = list(self._observations(cells))
        received_at = self._at(self.mapping.received_at, cells) if self.mapping.received_at else observations[0][0]
        contact, words = columns.contact(cells), picked(self.mapping.words, cells)
        outcome = self._outcomes.of(cells, lambda: self._outcome(cells)) if self.mapping.outcome else None
        report = self._reports.of(cells, lambda: self._report(cells, number, received_at), received_at)
        by = self._code("by", cells) or "unknown"
        for at, seen, key in observations:
            yield SourceRow(
                number=number,
                row=line,
                key=key or self._key(row, cells),
                at=at,
                by=by,
                codes=codes,
                texts=texts,
                hindsight=late,
                seen=seen,
                report=report,
                contact=contact,
                words=words,
                outcome=outcome,
                gone=columns.gone,
                logged=columns.logged if contact or words else frozenset(),
            )

    def _observations(self, cells: Row) -> Iterator[tuple[datetime, Observation, str | None]]:
        """Yield the moments of a row: one, or in a file with one row a case one for each status that it reached."""
        times = self.mapping.times
        if times.column is not None:
            at = self._at(times.column, cells)
            yield at, self._seen.of(cells, lambda: self._observation(cells, self._word("status", cells))), None
            return
        reached = [(name, word) for name, word in times.columns.items() if name in cells]
        if not reached:
            raise Unparsable(f"{', '.join(times.columns)} are missing")
        for place, (name, word) in enumerate(reached):
            at, status = self._at(name, cells), self._statuses[word]
            # The row tells when each status began, and not when the rest of it was set.
            seen = Observation(*status) if place else replace(self._observation(cells, status), undated=True)
            yield at, seen, _digest(f"{name}={at.isoformat()}")

    def _observation(self, cells: Row, status: tuple[Any, Any] | None) -> Observation:
        state, waiting_for = status or (None, None)
        return Observation(
            status=state,
            waiting_for=waiting_for,
            impact=self._word("impact", cells),
            severity=self._word("severity", cells),
            priority=self._word("priority", cells),
            team=self._code("team", cells),
            technician=self._code("technician", cells),
        )

    def _report(self, cells: Row, number: str, received_at: datetime) -> IncidentReport:
        return IncidentReport(
            channel=self._word("channel", cells) or Channel.OTHER,
            received_at=received_at,
            customer=self._columns.text("customer", cells) or "unknown",  # the importer replaces a person's address
            service=self._code("service", cells),
            external_ref=number,
            symptomatic=self.mapping.symptomatic in cells or self.mapping.words.get("symptoms") in cells,
        )

    def _outcome(self, cells: Row) -> SourceOutcome:
        told = {
            name: self._known_at(column, cells) if name in TIMES_OF_OUTCOME else cells.get(column)
            for name, column in self.mapping.outcome.items()
        }
        return SourceOutcome(**told)  # type: ignore[arg-type]

    def _code(self, field: str, cells: Row) -> str | None:
        """A code, by our name for it where the mapping has one. What cannot be a code is reported and kept as text."""
        text = self._columns.text(field, cells)
        if text is None:
            return None
        if not printable(text):
            self._unknown(field, text)
            return None
        ours: str | None = self._words[field](text) if self._values[field] else None
        return text if ours is None else ours

    def _word(self, field: str, cells: Row) -> Any:
        """What a value is called here; None, and a finding, where it has no word of ours."""
        if field in self._constants:
            return self._constants[field]
        text = self._columns.text(field, cells)
        if text is None:
            if field == "status":
                self._unknown(field, self._columns.gone)
            return None
        word = self._words[field](text)
        if word is None:
            self._unknown(field, text)
        return word

    def _unknown(self, field: str, text: str) -> None:
        choice = self._columns.choices[field]
        if choice.unknown == "reject":
            raise Unparsable(f"{choice.label} {text!r} has no word of ours")
        if choice.unknown == "report":
            self.findings.unknown[choice.label, text] += 1

    def _at(self, column: str, cells: Row) -> datetime:
        if column not in cells:
            raise Unparsable(f"{column} is missing")
        return self._moment(cells[column])

    def _known_at(self, column: str, cells: Row) -> datetime | None:
        """A time that a row can do without; one that cannot be read is reported and kept."""
        if column not in cells:
            return None
        try:
            return self._moment(cells[column])
        except Unparsable:
            if self.mapping.strict:
                raise
            self.findings.unknown[column, cells[column]] += 1
            return None

    def _key(self, row: Row, cells: Row) -> str:
        """Return a row's identity. Spreadsheets re-write times and booleans: compare moments, and words without case."""
        if not self.mapping.columns:
            tidy = self._columns.tidy
            return _digest("\x1f".join(sorted(f"{name}\x1e{tidy[text]}" for name, text in row.items() if text)))
        same = list(map(cells.get, self.mapping.columns, repeat(self._columns.gone)))
        for place in self._time_places:
            text = cells.get(self.mapping.columns[place])
            same[place] = str(None) if text is None else self._iso(text)
        return _digest("\x1f".join(map(self._plain.__getitem__, same)))


def _word_of(words: dict[str, Any], text: str) -> Any:
    return words.get(folded(text))


def _digest(text: str) -> str:
    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]
