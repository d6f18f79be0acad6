"""Answers the reports from the view tables (kpis.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from psycopg.errors import InvalidParameterValue

from application.reports.definitions import REPORTS, breakdowns_of
from application.reports.periods import ends_of_months, months_of
from application.reports.report import Breakdown
from application.views.questions import ReportQuestion
from domain.errors import UnknownReference
from infrastructure.views.questions.reports.answers import kept_answer
from infrastructure.views.questions.reports.statements import Scope, statement
from infrastructure.views.questions.view_reader import END, Row, Snapshot, ViewReader, texts

_SQL = texts("reports")
_BEGINNING = datetime.min.replace(tzinfo=UTC)


class ReportView:
    """The reports."""

    def __init__(self, reader: ViewReader) -> None:
        self._reader = reader

    async def report(self, question: ReportQuestion) -> dict[str, Any]:
        """A report, in its shape of kpis.md.

        Raises KeyError for an unknown report, Invalid for an unknown breakdown, UnknownReference for a time zone that the
        database does not know.
        """
        definition, by = REPORTS[question.name], breakdowns_of(question.by)
        try:
            async with self._reader.snapshot(_SQL["settings"]) as views:
                known = await views.last()
                totals, rows = await self._rows(views, question, by, known)
        except InvalidParameterValue:
            raise UnknownReference(f"the database knows no time zone {question.zone}", "/query/tz") from None
        by_key: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
        for row in rows:
            by_key.setdefault((row["k1"], row["k2"])[: len(by)], []).append(row)
        ordered = sorted(by_key, key=lambda key: [(each is None, each or "") for each in key])
        names = [each.value for each in by]
        return {
            "report": question.name,
            "definitions_version": definition.version,
            "position": known if question.point.position is None else min(known, question.point.position),
            "from": question.since,
            "to": question.until,
            "effective_at": question.point.effective_at,
            "time_zone": question.zone,
            "by": question.by,
            "totals": definition.total(totals, question.goals),
            "rows": [
                {**dict(zip(names, key, strict=True)), **definition.total(by_key[key], question.goals)}
                for key in ordered
            ],
        }

    async def _rows(
        self, views: Snapshot, question: ReportQuestion, by: Sequence[Breakdown], known: int
    ) -> tuple[list[Any], list[Any]]:
        """The rows of all cases, and those by the breakdowns: figures that add up come once, medians for each."""
        if question == ReportQuestion("volume"):
            return await views.rows(_SQL["counts"]), []
        moment = await self._moment(views, question, known)
        if question.name == "backlog":
            return await self._backlog(views, question, by, known, moment)
        rows = await self._counted(views, question, by, known, Scope(moment))
        if Breakdown.MONTH in by:
            named = _named(rows, by, ZoneInfo(question.zone))
            rows = await views.rows(*statement(question, by, Scope(moment, spelt=True))) if named is None else named
        of_all = [row for row in rows if row.get("every_key", True)]
        return of_all, [row for row in rows if by and not row.get("every_key", False)]

    async def _counted(
        self, views: Snapshot, question: ReportQuestion, by: Sequence[Breakdown], known: int, scope: Scope
    ) -> list[Any]:
        """The rows of a report, from a kept answer or from all facts."""
        rows = await kept_answer(views, question, by, known, scope.moment)
        return await views.rows(*statement(question, by, scope)) if rows is None else rows

    async def _backlog(
        self, views: Snapshot, question: ReportQuestion, by: Sequence[Breakdown], known: int, moment: datetime
    ) -> tuple[list[Any], list[Any]]:
        """The open cases at the report's instant, and by month at the end of each."""
        instant = min(moment, question.until or END)
        if instant < moment:
            question = replace(question, point=replace(question.point, effective_at=instant))
        if Breakdown.MONTH not in by:
            rows = await self._counted(views, question, by, known, Scope(instant))
            return rows, rows if by else []
        labels, instants = ends_of_months(question.since, instant, ZoneInfo(question.zone))
        series = Scope(instant, series={"labels": labels, "instants": instants})
        return (
            await self._counted(views, question, (), known, Scope(instant)),
            await self._counted(views, question, by, known, series),
        )

    async def _moment(self, views: Snapshot, question: ReportQuestion, known: int) -> datetime:
        """The moment by which a dispute window or a target has ended or not: the same question then has the same answer."""
        position = known if question.point.position is None else min(question.point.position, known)
        asked = question.now or await self._time_of(views, position)
        return min(asked, question.point.effective_at or END)

    async def _time_of(self, views: Snapshot, position: int) -> datetime:
        """When the last event up to a position happened; for imported history, when it was recorded."""
        for row in await views.rows(_SQL["last_event"], (position,)):
            return moment_of(row["state"], row["recorded_at"])
        return _BEGINNING


def moment_of(state: bytes, recorded_at: datetime) -> datetime:
    """When an event happened; for imported history, when it was recorded."""
    told = json.loads(state)
    occurred_at = None if "origin" in told else told.get("occurred_at")
    return datetime.fromisoformat(occurred_at) if occurred_at else recorded_at


def _named(rows: list[Row], by: Sequence[Breakdown], zone: ZoneInfo) -> list[Row] | None:
    """The rows with their months by name; None where one lies outside the usual years."""
    key, (labels, _) = f"k{1 + by.index(Breakdown.MONTH)}", months_of(zone)
    places = {row[key] for row in rows if row[key] is not None}
    if places & {"0", str(len(labels) + 1)}:
        return None
    return [{**row, key: row[key] and labels[int(row[key]) - 1]} for row in rows]
