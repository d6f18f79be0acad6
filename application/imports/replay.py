"""Rows of another desk as events of a case: each event names its row, and has the time that the source gave it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from itertools import repeat
from typing import Any
from uuid import UUID

from application.execution.identifiers import uuid7
from application.imports.mapping import Mapping as LogMapping
from application.imports.source import SourceRow
from domain.case import Case
from domain.case.clauses.logging import IncidentReport
from domain.policy import Policy
from domain.values import Actor, Disclosure, DisclosureKind, Origin, Provenance, Role, Via

_VIA = Via("import")
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Replay:
    """Replays the rows of one file into cases."""

    def __init__(
        self,
        mapping: LogMapping,
        file: str,
        random: Callable[[int], bytes],
        pseudonym: Callable[[dict[str, Any]], Awaitable[str]],
    ) -> None:
        self._system, self._file, self._random, self._pseudonym = mapping.system, file, random, pseudonym
        self._dated = mapping.received_at is not None

    def identity(self, number: str, first: SourceRow) -> UUID:
        """Derive a case's id from its source, so that a repeated import finds its own cases.

        Only a column of the file dates it: a later export may begin with another row.
        """
        opened = first.report.received_at if self._dated else _BEGINNING
        return uuid7(opened, sha256(f"{self._system}\0{number}".encode()).digest())

    def fresh(self, case: Case | None, rows: Sequence[SourceRow]) -> list[SourceRow]:
        """The rows that a case does not know yet."""
        return [row for row in rows if case is None or row.key not in case.imported_rows]

    async def case(
        self,
        id: UUID,  # noqa: A002
        number: str,
        case: Case | None,
        rows: Sequence[SourceRow],
        policy: Policy,
    ) -> Case:
        """Apply the rows that a case does not know yet, or open a case with them."""
        known = frozenset(case.imported_rows if case is not None else ())
        before: SourceRow | None = None
        for row in rows:
            if row.key not in known:
                provenances, opening = self._provenances(row, before, row is rows[-1]), case is None
                if case is None:
                    case = Case.log_imported(id, number, await self._report(row), next(provenances))
                words = self._words(case.customer, row.said(before, opening=opening))
                seen = row.seen if words is None else replace(row.seen, words=words)
                case.observe(seen, policy, row.at, provenances, opening=opening)
            before = row
        assert case is not None
        return case

    async def _report(self, row: SourceRow) -> IncidentReport:
        """The report that opens a case. A person becomes a pseudonym; their address and words go into the vault."""
        report = row.report
        if row.contact:
            address = row.contact.get("email") or row.contact.get("phone") or row.contact["name"]
            report = replace(report, customer=await self._pseudonym({"email": address}))
            contact = Disclosure.of(report.customer, DisclosureKind.CONTACT, dict(row.contact), self._random)
            report = replace(report, contact=contact)
        if row.words:
            words = {name: _legible(text) for name, text in row.words.items()}
            said = Disclosure.of(report.customer, DisclosureKind.CUSTOMER_WORDS, words, self._random)
            report = replace(report, words=said)
        return report

    def _words(self, customer: str, texts: Mapping[str, str]) -> Disclosure | None:
        """Text of a row, whose author the source does not name: it is erased with the customer's own words."""
        if not texts:
            return None
        said = "\n".join(f"{name}: {_legible(text)}" for name, text in texts.items())
        return Disclosure.of(customer, DisclosureKind.CUSTOMER_WORDS, {"reason": said}, self._random)

    def _provenances(self, row: SourceRow, before: SourceRow | None, last: bool) -> Iterator[Provenance]:
        """Yield provenances. A row's first event carries the row and its changes; the last row adds hindsight."""
        by, at = Actor(row.by, Role.EXTERNAL), row.at.astimezone(UTC)
        changed, outcome = row.changes(before, last=last), row.outcome if last else None
        origin = Origin(self._system, self._file, row.row, row.key, changed, outcome)
        yield Provenance(by, _VIA, at, self._random, origin, at)
        origin = Origin(self._system, self._file, row.row, row.key)
        yield from repeat(Provenance(by, _VIA, at, self._random, origin, at))


def _legible(text: str) -> str:
    """A text whose control characters are written out: a database refuses some of them."""
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)
