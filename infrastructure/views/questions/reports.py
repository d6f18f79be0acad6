"""Answers the reports from the view tables."""

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
from infrastructure.postgres.queries import load
from infrastructure.views.questions.paging import END, LATEST, Asking, case_at

_SQL = {name: sql.decode() for name, sql in load("reports", "infrastructure.views.questions").items()}
_BEGINNING = datetime.min.replace(tzinfo=UTC)
_APART = [code.value for code in NO_INCIDENT]
_KEYS = {
    None: "NULL",
    "team": "c.team",
    "service": "c.service",
    "priority": "c.priority::text",
    "channel": "c.channel",
    "agency": "c.agency",
    "month": "to_char({counted} AT TIME ZONE %(zone)s::text, 'YYYY-MM')",
}
"""What a report can be broken down by."""
_COUNTED = {"resolution": "c.counted_at", "outcomes": "c.counted_at"}
"""The moment whose month a case counts in; `received_at` in the other reports."""


class Reporting(Asking):
    """The reports."""

    def report(self, question: ReportQuestion) -> dict[str, Any]:
        """Raises KeyError for a report, or a breakdown, that there is not; Invalid for a zone unknown to the database."""
        definition = REPORTS[question.name]
        if question.by not in _KEYS:
            raise KeyError(question.by)
        try:
            rows = self._rows(*self._statement(question))
        except InvalidParameterValue:
            raise UnknownReference(f"the database knows no time zone {question.zone}", "/query/tz") from None
        by_key: dict[Any, list[Mapping[str, Any]]] = {}
        for row in rows:
            by_key.setdefault(row["key"], []).append(row)
        known = self.position()
        return {
            "report": question.name,
            "definitions_version": definition.version,
            "position": known if question.point.position is None else min(known, question.point.position),
            "from": question.since,
            "to": question.until,
            "effective_at": question.point.effective_at,
            "time_zone": question.zone,
            "by": question.by,
            "totals": definition.total(rows),
            "rows": []
            if question.by is None
            else [
                {question.by: key, **definition.total(by_key[key])}
                for key in sorted(by_key, key=lambda key: (key is None, key))
            ],
        }

    def _statement(self, question: ReportQuestion) -> tuple[str, dict[str, Any]]:
        plain = question == ReportQuestion(question.name)
        if plain and question.name == "volume":
            return _SQL["counts"], {}
        condition, values = case_at(question.point)
        values.setdefault("position", LATEST)
        values.setdefault("effective_at", END)
        values |= {"since": question.since or _BEGINNING, "until": question.until or END, "apart": _APART}
        values["zone"] = question.zone
        if question.name == "outcomes":
            values["moment"] = self._moment(question, values["position"])
        sql = _SQL[question.name]
        parts = {"reopened": _SQL["reopened"], "ended": _SQL["ended"], "point": condition, "key": _KEYS[question.by]}
        parts["counted"] = _COUNTED.get(question.name, "c.received_at")
        for name, text in parts.items():
            sql = sql.replace("{" + name + "}", text)
        return sql, values

    def _moment(self, question: ReportQuestion, position: int) -> datetime:
        """By when a window has ended or has not: so that the same question at the same point has the same answer."""
        asked = question.now or self._time_of(min(position, self.position()))
        return min(asked, question.point.effective_at or END)

    def _time_of(self, position: int) -> datetime:
        """When the last event at a position happened; of imported history, when it was recorded."""
        for row in self._rows(_SQL["last_event"], (position,)):
            state = json.loads(row["state"])
            told = None if "origin" in state else state.get("occurred_at")
            moment: datetime = datetime.fromisoformat(told) if told else row["recorded_at"]
            return moment
        return _BEGINNING
