"""Answers the reports from the view tables (kpis.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from psycopg.errors import InvalidParameterValue

from application.reports.definitions import REPORTS
from application.views.questions import ReportQuestion
from domain.case.clauses.resolution import NO_INCIDENT
from domain.errors import UnknownReference
from infrastructure.views.questions.view_reader import END, LATEST, ViewReader, cases_at, filled, texts

_SQL = texts("reports")
_BEGINNING = datetime.min.replace(tzinfo=UTC)
_KEYS = {
    None: "NULL",
    "team": "c.team",
    "service": "c.service",
    "priority": "c.priority::text",
    "channel": "c.channel",
    "agency": "c.agency",
    "month": "to_char({counted} AT TIME ZONE %(zone)s::text, 'YYYY-MM')",
}
"""The breakdowns of a report."""
_COUNTED = {"resolution": "r.resolved_at", "outcomes": "r.resolved_at"}
"""The moment that decides in which month a case counts; `received_at` in the other reports."""


_GROUPS = (
    {"group": "NULL AS key, true AS every_key", "sets": "(), (t.priority)"},
    {"group": "t.key, grouping(t.key) = 1 AS every_key", "sets": "(), (t.priority), (t.key), (t.key, t.priority)"},
)
"""What medians are taken of, without a breakdown and with one."""


class ReportView:
    """The reports."""

    def __init__(self, reader: ViewReader) -> None:
        self._reader = reader

    async def report(self, question: ReportQuestion) -> dict[str, Any]:
        """A report, in its shape of kpis.md.

        Raises KeyError for an unknown report or breakdown, UnknownReference for a time zone that the database does not know.
        """
        definition = REPORTS[question.name]
        if question.by not in _KEYS:
            raise KeyError(question.by)
        try:
            rows = await self._reader.rows(*await self._statement(question))
        except InvalidParameterValue:
            raise UnknownReference(f"the database knows no time zone {question.zone}", "/query/tz") from None
        # Figures that can be added up come by key; medians come for all keys together as well.
        of_all = [row for row in rows if row.get("every_key", True)]
        by_key: dict[Any, list[Mapping[str, Any]]] = {}
        for row in rows if question.by is not None else ():
            if not row.get("every_key", False):
                by_key.setdefault(row["key"], []).append(row)
        known = await self._reader.last()
        return {
            "report": question.name,
            "definitions_version": definition.version,
            "position": known if question.point.position is None else min(known, question.point.position),
            "from": question.since,
            "to": question.until,
            "effective_at": question.point.effective_at,
            "time_zone": question.zone,
            "by": question.by,
            "totals": definition.total(of_all),
            "rows": [
                {question.by: key, **definition.total(by_key[key])}
                for key in sorted(by_key, key=lambda key: (key is None, key))
            ],
        }

    async def _statement(self, question: ReportQuestion) -> tuple[str, dict[str, Any]]:
        if question == ReportQuestion("volume"):
            return _SQL["counts"], {}
        cases, values = cases_at(question.point)
        values = {"position": LATEST, "effective_at": END, **values, "zone": question.zone}
        values |= {"since": question.since or _BEGINNING, "until": question.until or END}
        values["apart"] = [code.value for code in NO_INCIDENT]
        if question.name == "outcomes":
            values["moment"] = await self._moment(question, values["position"])
        parts = {name: _SQL[name] for name in ("reopened", "ended", "incident", "last_resolutions")}
        parts |= {"cases": cases, "key": _KEYS[question.by], **_GROUPS[question.by is not None]}
        return filled(_SQL[question.name], **parts, counted=_COUNTED.get(question.name, "c.received_at")), values

    async def _moment(self, question: ReportQuestion, position: int) -> datetime:
        """The moment by which a dispute window has ended or not: the same question then has the same answer."""
        asked = question.now or await self._time_of(min(position, await self._reader.last()))
        return min(asked, question.point.effective_at or END)

    async def _time_of(self, position: int) -> datetime:
        """When the last event up to a position happened; for imported history, when it was recorded."""
        for row in await self._reader.rows(_SQL["last_event"], (position,)):
            state = json.loads(row["state"])
            occurred_at = None if "origin" in state else state.get("occurred_at")
            moment: datetime = datetime.fromisoformat(occurred_at) if occurred_at else row["recorded_at"]
            return moment
        return _BEGINNING
