"""The reports on the record that the views have not folded yet. Each process reads them once, and keeps them until then."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Hashable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from application.views.open_reports import compared_of, terms_of
from application.views.similar import Match, Profile, shared

_AT_ONCE = 250
"""Changes of reports read at a time. Where more wait, the newest are read first, and the others with the next searches."""
_MOST = 20_000
"""Reports kept. Where the views are further behind, older ones are found once they are folded."""
_COMPARED = 1_000
"""Reports compared with one profile, those with its rarest terms first."""

Row = Mapping[str, Any]
Read = Callable[[Mapping[str, Any]], Awaitable[Sequence[Row]]]


@dataclass(frozen=True)
class _Report:
    position: int
    profile: Profile

    @property
    def keys(self) -> Iterator[Hashable]:
        yield from self.profile.terms
        if self.profile.external_ref is not None:
            yield self.profile.external_ref


class UnfoldedReports:
    """The changed reports of all positions from ``_low`` (excluded) to ``_high``, by term and by fingerprint."""

    def __init__(self) -> None:
        self._low = self._high = self._folded = 0
        self._turn = asyncio.Lock()
        self._reports: dict[UUID, _Report] = {}
        self._with: defaultdict[Hashable, set[UUID]] = defaultdict(set)

    async def refresh(self, read: Read) -> None:
        """Read what was committed since, and some of what came before; forget what the views have folded."""
        async with self._turn:
            rows = await read({"after": self._high, "until": None, "most": _AT_ONCE})
            folded, self._high = rows[0]["folded"], max(self._high, rows[0]["head"] or 0)
            self._low = self._take(rows) or max(self._low, folded)
            if self._low > folded and len(self._reports) < _MOST:
                self._low = self._take(await read({"after": folded, "until": self._low, "most": _AT_ONCE})) or folded
            if folded != self._folded:
                for case in [case for case, report in self._reports.items() if report.position <= folded]:
                    self._drop(case)
            self._folded = folded

    def _take(self, rows: Sequence[Row]) -> int | None:
        """Keep reports. Returns the position before the first of them, or None when these are all there are."""
        for row in rows:
            known = self._reports.get(row["id"])
            if row["id"] is not None and (known is None or known.position < row["position"]):
                self._drop(row["id"])
                with suppress(
                    KeyError, ValueError
                ):  # an event that nobody can read halts the projector, and no command
                    self._keep(row["id"], _Report(row["position"], _profile(row)))
        return rows[0]["lowest"] - 1 if rows[0]["found"] == _AT_ONCE else None

    def _keep(self, case: UUID, report: _Report) -> None:
        self._reports[case] = report
        for key in report.keys:
            self._with[key].add(case)

    def _drop(self, case: UUID) -> None:
        if report := self._reports.pop(case, None):
            for key in report.keys:
                self._with[key].discard(case)
                if not self._with[key]:
                    del self._with[key]

    def similar(self, one: Profile, since: datetime, decided: Collection[str]) -> list[Match]:
        """The earlier reports that share the fingerprint or rare terms, in no order."""
        place = (one.received_at, one.number)
        others = (self._reports[case].profile for case in self._nearest(one))
        return [
            Match(other.number, other.service, other.received_at, other.external_ref, shared(one.terms, other.terms))
            for other in others
            if other.received_at >= since and (other.received_at, other.number) < place and other.number not in decided
        ]

    def _nearest(self, one: Profile) -> set[UUID]:
        ours = [self._with[key] for key in _Report(0, one).keys if key in self._with]
        cases = (case for with_key in sorted(ours, key=len) for case in with_key)
        return set(islice(cases, _COMPARED))


def _profile(row: Row) -> Profile:
    """The report of a `case.logged` event with its `case.corrected` events, in its latest words."""
    logged, *corrections = map(json.loads, row["states"])
    codes = {"service": logged.get("service"), "external_ref": logged.get("external_ref")}
    codes |= {each["field"]: each["value"] for each in corrections if each["field"] in codes}
    received_at = datetime.fromisoformat(logged["received_at"])
    return Profile(logged["number"], received_at=received_at, terms=terms_of(compared_of(row["values"])), **codes)
