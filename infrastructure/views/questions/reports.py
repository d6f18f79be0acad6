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
from domain.case.clauses.resolution import NO_INCIDENT
from domain.errors import UnknownReference
from infrastructure.views.questions.facts import LAST, facts_at
from infrastructure.views.questions.view_reader import END, LATEST, Row, Snapshot, ViewReader, filled, texts

_SQL = texts("reports")
_BEGINNING = datetime.min.replace(tzinfo=UTC)
_KEYS = {
    Breakdown.TEAM: "f.team",
    Breakdown.SERVICE: "f.service",
    Breakdown.PRIORITY: "f.priority::text",
    Breakdown.CHANNEL: "f.channel",
    Breakdown.AGENCY: "f.agency",
    Breakdown.MONTH: "width_bucket({counted}, %(firsts)s::timestamptz[])",
}
"""The breakdowns of a report. A month comes by its place among the usual ones: to spell it costs as much as all the rest."""
_SPELT = "to_char({counted} AT TIME ZONE %(zone)s::text, 'YYYY-MM')"
_RECEIVED, _RESOLVED, _HAPPENED = "f.received_at", "f.resolved_at", "f.at"
_COUNTED = {
    **dict.fromkeys(("volume", "attainment", "reopenings"), _RECEIVED),
    "acknowledge": "f.acknowledged_at",
    "respond": "f.responded_at",
    **dict.fromkeys(
        (
            "resolution",
            "resolve",
            "outcomes",
            "first_contact",
            "reopen_rate",
            "referral",
            "unreachable",
            "problem_links",
        ),
        _RESOLVED,
    ),
    **dict.fromkeys(("hand_back", "notifications", "closures", "major_incidents", "deviations"), _HAPPENED),
}
"""The moment that decides in which month a case counts."""
_BY_CALENDAR = "CASE WHEN f.always THEN {elapsed} ELSE {business} END"
_SINCE_RECEIPT = {
    name: {
        "elapsed": (elapsed := f"greatest(date_part('epoch', f.{name}_at - f.received_at), 0)"),
        "business": filled(_BY_CALENDAR, elapsed=elapsed, business=f"f.{name}_business"),
    }
    for name in ("acknowledged", "responded")
}
_DURATIONS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "acknowledge": ("acknowledged", _SINCE_RECEIPT["acknowledged"]),
    "respond": ("responded", _SINCE_RECEIPT["responded"]),
    "resolve": (
        "resolved",
        {
            "business": filled(_BY_CALENDAR, elapsed="f.net_seconds", business="f.business_seconds"),
            "net": "f.net_seconds",
            "wall": "date_part('epoch', f.resolved_at - f.received_at)",
            "first_business": filled(_BY_CALENDAR, elapsed="f.first_net_seconds", business="f.first_business_seconds"),
            "first_net": "f.first_net_seconds",
        },
    ),
}
"""Of reports on durations: which cases count, and the durations in seconds."""
_SERIES = "(%(labels)s::text[])[f.instant]"


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
            return await self._backlog(views, question, by, moment)
        rows = await views.rows(*_statement(question, by, moment))
        if Breakdown.MONTH in by:
            named = _named(rows, by, ZoneInfo(question.zone))
            rows = await views.rows(*_statement(question, by, moment, spelt=True)) if named is None else named
        of_all = [row for row in rows if row.get("every_key", True)]
        return of_all, [row for row in rows if by and not row.get("every_key", False)]

    async def _backlog(
        self, views: Snapshot, question: ReportQuestion, by: Sequence[Breakdown], moment: datetime
    ) -> tuple[list[Any], list[Any]]:
        """The open cases at the report's instant, and by month at the end of each."""
        instant = min(moment, question.until or END)
        if instant < moment:
            question = replace(question, point=replace(question.point, effective_at=instant))
        if Breakdown.MONTH not in by:
            rows = await views.rows(*_statement(question, by, instant))
            return rows, rows if by else []
        labels, instants = ends_of_months(question.since, instant, ZoneInfo(question.zone))
        return (
            await views.rows(*_statement(question, (), instant)),
            await views.rows(*_statement(question, by, instant, labels=labels, instants=instants)),
        )

    async def _moment(self, views: Snapshot, question: ReportQuestion, known: int) -> datetime:
        """The moment by which a dispute window or a target has ended or not: the same question then has the same answer."""
        position = known if question.point.position is None else min(question.point.position, known)
        asked = question.now or await self._time_of(views, position)
        return min(asked, question.point.effective_at or END)

    async def _time_of(self, views: Snapshot, position: int) -> datetime:
        """When the last event up to a position happened; for imported history, when it was recorded."""
        for row in await views.rows(_SQL["last_event"], (position,)):
            state = json.loads(row["state"])
            occurred_at = None if "origin" in state else state.get("occurred_at")
            moment: datetime = datetime.fromisoformat(occurred_at) if occurred_at else row["recorded_at"]
            return moment
        return _BEGINNING


def _named(rows: list[Row], by: Sequence[Breakdown], zone: ZoneInfo) -> list[Row] | None:
    """The rows with their months by name; None where one lies outside the usual years."""
    key, (labels, _) = f"k{1 + by.index(Breakdown.MONTH)}", months_of(zone)
    places = {row[key] for row in rows if row[key] is not None}
    if places & {"0", str(len(labels) + 1)}:
        return None
    return [{**row, key: row[key] and labels[int(row[key]) - 1]} for row in rows]


def _statement(
    question: ReportQuestion,
    by: Sequence[Breakdown],
    moment: datetime,
    *,
    spelt: bool = False,
    **series: Sequence[Any],
) -> tuple[str, dict[str, Any]]:
    """The statement of a report and its values. ``spelt`` gives months by name, in any year."""
    facts, values = facts_at(question.point)
    values = {"position": LATEST, "effective_at": END, **values, "zone": question.zone, "moment": moment, **series}
    values |= {"since": question.since or _BEGINNING, "until": question.until or END}
    values["apart"] = [code.value for code in NO_INCIDENT]
    values["firsts"] = months_of(ZoneInfo(question.zone))[1] if Breakdown.MONTH in by else []
    month = _SERIES if series else _SPELT if spelt else _KEYS[Breakdown.MONTH]
    parts = {**_parts(question, by, month), "facts": facts}
    counted = _COUNTED.get(question.name, "")
    return filled(parts.pop("statement"), **parts, counted=counted), values


def _parts(question: ReportQuestion, by: Sequence[Breakdown], month: str) -> dict[str, str]:
    """The parts of a statement, in the order in which they hold each other."""
    keys = [month if each is Breakdown.MONTH else _KEYS[each] for each in by]
    first, second = (*keys, "NULL", "NULL")[:2]
    bounded = question.since is not None or question.until is not None
    parts = {
        "statement": _SQL[question.name if question.name not in _DURATIONS else "durations"],
        "open": _SQL["open_at_instants" if month == _SERIES else "open_now"],
        **_grouping(question.name, bool(by)),
    }
    if question.name in _DURATIONS:
        rows, durations = _DURATIONS[question.name]
        parts["percentiles"] = ", ".join(filled(_SQL["percentiles"], name=name) for name in durations)
        parts["durations"] = ", ".join(f"{seconds} AS {name}" for name, seconds in durations.items())
        parts["rows"] = _SQL[rows]
    parts |= {name: _SQL[name] for name in ("reopened", "ended", "incident", "disputed", "happened", "last")}
    parts |= {"earlier": _SQL["earlier"] if bounded else "", **LAST}
    parts |= {name: _SQL[name] for name in ("incident", "runs_until", "settled")}
    return {**parts, "keys": f'({first})::text COLLATE "C" AS k1, ({second})::text COLLATE "C" AS k2'}


def _grouping(name: str, broken_down: bool) -> dict[str, str]:
    """What medians are taken of: they do not add up, and come for all cases as well."""
    sets = ["()"]
    if name == "resolution":
        sets.append("(t.priority)")
    if not broken_down:
        return {"group": "NULL AS k1, NULL AS k2, true AS every_key", "sets": ", ".join(sets)}
    sets.append("(t.k1, t.k2)")
    if name == "resolution":
        sets.append("(t.k1, t.k2, t.priority)")
    return {"group": "t.k1, t.k2, grouping(t.k1) = 1 AS every_key", "sets": ", ".join(sets)}
