"""Answers from those that are kept: what was counted up to a position, and what has changed since.

An answer counts all cases as they were at its position (keeper.py). Until the point that is asked for few have changed. Those are
counted as they were there and as they are at the point, by the statement of the report itself. Answers are kept at the last
position, and at marks in the past.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import md5
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from application.reports.changes import KEYS, Key, TooNarrow, Window, changed, key_of
from application.reports.definitions import REPORTS
from application.reports.periods import ends_of_months
from application.reports.report import Breakdown, Row
from application.views.questions import ReportQuestion
from infrastructure.views.questions.facts import facts_before, facts_since
from infrastructure.views.questions.reports.statements import HAPPENINGS, PERCENTILES, Form, Scope, statement
from infrastructure.views.questions.view_reader import END, Snapshot, texts

_SQL = texts("answers")
LEAST_STEP = 2**19
"""Events between two marks of a small desk. An answer serves as far: then so much has changed that counting anew is as fast."""
_MOST_MARKS = 24
"""With more marks than these, every second one is given up."""
By = tuple[Breakdown, ...]
_BY: tuple[By, ...] = (
    (), *((each,) for each in Breakdown), *((each, Breakdown.MONTH) for each in Breakdown if each != Breakdown.MONTH)
)  # fmt: skip
KEPT = {
    (name, by): number
    for number, (name, by) in enumerate(
        (name, by) for name in (*(name for name in REPORTS if name != "backlog"), "backlog") for by in _BY
    )
}
"""The answers that are kept, numbered: all reports by every breakdown, and by every one and month."""
_AT_MARKS = 1_000
"""What the number of an answer grows by from one mark to the next."""
WINDOWS = frozenset({"attainment", "outcomes", "first_contact", "reopen_rate"})
"""The reports that change as time goes by: windows and targets end without an event."""
NOW = "now"
"""The last instant of a series that is kept: the answer's moment."""


def step_of(known: int) -> int:
    """How many events lie between two marks, of so many in all."""
    step = LEAST_STEP
    while known // step > _MOST_MARKS:
        step *= 2
    return step


def number_at(number: int, mark: int) -> int:
    """The number of an answer at a mark; its own where the mark is 0, which stands for the last position.

    It stays the same when the step doubles.
    """
    return number + _AT_MARKS * (mark // LEAST_STEP)


@lru_cache(maxsize=2 * len(KEPT))
def definition_of(name: str, by: By, zone: str) -> str:
    """What an answer was counted by. Another definition of the report, or another zone, makes it void."""
    sql, _ = statement(ReportQuestion(name), by, Scope(END, series={"labels": [NOW]} if is_series(name, by) else {}))
    parts = (REPORTS[name].version, ",".join(by), zone if Breakdown.MONTH in by else "", sql)
    return md5("\n".join(parts).encode(), usedforsecurity=False).hexdigest()


def is_series(name: str, by: By) -> bool:
    """Whether a report by months is of the state at the end of each."""
    return name == "backlog" and Breakdown.MONTH in by


def kept_series(name: str, by: By, moment: datetime, zone: str) -> dict[str, list[Any]]:
    """The instants of the backlog by month: the ends of the months before a moment, and the moment itself."""
    if not is_series(name, by):
        return {}
    labels, instants = ends_of_months(None, moment, ZoneInfo(zone))
    return {"labels": [*labels[:-1], NOW], "instants": instants}


async def kept_answer(
    views: Snapshot, question: ReportQuestion, by: Sequence[Breakdown], known: int, moment: datetime
) -> list[Any] | None:
    """The rows of a report, from its kept answer; None where there is none that serves."""
    kept_by = tuple(sorted(by, key=list(Breakdown).index))
    if question.since or question.until or question.point.effective_at or (question.name, kept_by) not in KEPT:
        return None
    asked = known if question.point.position is None else min(known, question.point.position)
    number, step = KEPT[question.name, kept_by], step_of(known)
    values: dict[str, Any] = {
        "answers": [number, number_at(number, asked // step * step)],
        "definition": definition_of(question.name, kept_by, question.zone),
    }
    values |= {"asked": asked, "oldest": asked - step, "moment": moment}
    found = await views.rows(_SQL["answer"], values, prepared=True)
    if not found:
        return None
    rows = msgspec.json.decode(found[0]["rows"])  # 9,000 in 16 ms, and in 40 by the decoder that psycopg uses
    answer = {**found[0], "rows": rows}
    timed = answer["waiting"] and moment > answer["moment"]
    if asked > answer["position"] or timed or question.name == "backlog":
        try:
            rows = await _changed(views, question, kept_by, answer, moment)
        except TooNarrow:
            return None
    return rows if kept_by == tuple(by) else [{**row, "k1": row["k2"], "k2": row["k1"]} for row in rows]


async def _changed(
    views: Snapshot, question: ReportQuestion, by: By, answer: Mapping[str, Any], moment: datetime
) -> list[dict[str, Any]]:
    """The rows of an answer with what has changed since. Raises TooNarrow."""
    gone: list[Any] = []
    kept, then, form = answer["position"], answer["moment"], Form.VALUES
    before = kept_series(question.name, by, then, question.zone)
    series: dict[str, list[Any]] = {}
    if before:
        series["labels"], series["instants"] = ends_of_months(None, moment, ZoneInfo(question.zone))
    if question.name in HAPPENINGS:
        come = await views.rows(*statement(question, by, Scope(moment, after=kept, form=form)))
    else:
        waiting = list(answer["waiting"])
        if question.name == "backlog":
            aged = await views.rows_once(_SQL["aged"], {"kept": kept, "then": then, "moment": moment})
            waiting = list({*waiting, *(row["case_id"] for row in aged)})
        here, there = facts_since(kept, waiting, question.point), facts_before(kept, waiting)
        come = await views.rows(*statement(question, by, Scope(moment, here, form=form, series=series)))
        gone = await views.rows(*statement(question, by, Scope(then, there, form=form, series=before)))
    if before:
        return await _series(views, by, answer, gone, come, before["labels"], series["labels"])
    fractions = PERCENTILES.get(question.name)
    if fractions is None:
        return changed(answer["rows"], gone, come)
    windows = await _windows(views, answer["answer"], fractions, (*gone, *come))
    return changed(answer["rows"], gone, come, fractions, windows)


async def _series(
    views: Snapshot,
    by: By,
    answer: Mapping[str, Any],
    gone: Sequence[Row],
    come: Sequence[Row],
    before: Sequence[str],
    labels: Sequence[str],
) -> list[dict[str, Any]]:
    """The rows of a backlog by month. A case that has not changed is open at every instant after the answer's last one."""
    key, fractions = f"k{1 + by.index(Breakdown.MONTH)}", PERCENTILES["backlog"]
    of = {label: label if label in before else NOW for label in labels}
    moved = [{**row, key: of[row[key]]} for row in come]
    windows = await _windows(views, answer["answer"], fractions, (*gone, *moved))
    found = []
    for label, source in of.items():
        rows = [row for row in answer["rows"] if row[key] == source]
        left = [row for row in gone if row[key] == source]
        new = [{**row, key: source} for row in come if row[key] == label]
        found += [{**row, key: label} for row in changed(rows, left, new, fractions, windows)]
    return found


async def _windows(
    views: Snapshot, answer: int, fractions: Iterable[str], changes: Sequence[Row]
) -> dict[tuple[Key, str, float], Window]:
    """The values around the percentiles of the groups that change, as far as so many changes reach."""
    many: dict[Key, int] = {}
    for row in changes:
        key = key_of(row)
        many[key] = many.get(key, 0) + max(len(row[name] or ()) for name in fractions)
    keys = list(many)
    values: dict[str, Any] = {name: [key[KEYS.index(name)] for key in keys] for name in KEYS}
    found = await views.rows(_SQL["windows"], {**values, "answer": answer, "many": list(many.values())}, prepared=True)
    return {
        (keys[row["place"] - 1], row["figure"], row["fraction"]): Window(row["count"], row["first"], row["part"])
        for row in found
    }
