"""Answers from those that are kept: what was counted up to a position, and what has changed since.

An answer counts all cases as they were at its position (keeper.py). Since then few have changed. Those are counted as they
were there and as they are at the point that is asked for, by the statement of the report itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import md5
from typing import Any

from application.reports.changes import KEYS, Key, TooNarrow, Window, changed, key_of
from application.reports.definitions import REPORTS
from application.reports.report import Breakdown, Row
from application.views.questions import ReportQuestion
from infrastructure.views.questions.facts import facts_before, facts_since
from infrastructure.views.questions.reports.statements import HAPPENINGS, PERCENTILES, Form, Scope, statement
from infrastructure.views.questions.view_reader import END, Snapshot, texts

_SQL = texts("answers")
_FARTHEST = 500_000
"""Events after which an answer is too old: as much has changed that counting anew is as fast."""
By = tuple[Breakdown, ...]
_BY: tuple[By, ...] = (
    (), *((each,) for each in Breakdown), *((each, Breakdown.MONTH) for each in Breakdown if each != Breakdown.MONTH)
)  # fmt: skip
KEPT = {
    (name, by): number
    for number, (name, by) in enumerate((name, by) for name in REPORTS if name != "backlog" for by in _BY)
}
"""The answers that are kept, numbered: all reports but the backlog, by every breakdown, and by every one and month."""
WINDOWS = frozenset({"attainment", "outcomes", "first_contact", "reopen_rate"})
"""The reports that change as time goes by: windows and targets end without an event."""


@lru_cache(maxsize=2 * len(KEPT))
def definition_of(name: str, by: By, zone: str) -> str:
    """What an answer was counted by. Another definition of the report, or another zone, makes it void."""
    sql, _ = statement(ReportQuestion(name), by, Scope(END))
    parts = (REPORTS[name].version, ",".join(by), zone if Breakdown.MONTH in by else "", sql)
    return md5("\n".join(parts).encode(), usedforsecurity=False).hexdigest()


async def kept_answer(
    views: Snapshot, question: ReportQuestion, by: Sequence[Breakdown], known: int, moment: datetime
) -> list[Any] | None:
    """The rows of a report, from its kept answer; None where there is none that serves."""
    kept_by = tuple(sorted(by, key=list(Breakdown).index))
    if question.since or question.until or question.point.effective_at or (question.name, kept_by) not in KEPT:
        return None
    asked = known if question.point.position is None else min(known, question.point.position)
    values = {
        "answer": KEPT[question.name, kept_by],
        "definition": definition_of(question.name, kept_by, question.zone),
    }
    values |= {"asked": asked, "oldest": known - _FARTHEST, "moment": moment}
    found = await views.rows(_SQL["answer"], values, prepared=True)
    if not found:
        return None
    answer = found[0]
    rows = answer["rows"]
    if asked > answer["position"] or (answer["waiting"] and moment > answer["moment"]):
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
    kept, waiting, form = answer["position"], answer["waiting"], Form.VALUES
    if question.name in HAPPENINGS:
        come = await views.rows(*statement(question, by, Scope(moment, after=kept, form=form)))
    else:
        now, then = facts_since(kept, waiting, question.point), facts_before(kept, waiting)
        come = await views.rows(*statement(question, by, Scope(moment, now, form=form)))
        gone = await views.rows(*statement(question, by, Scope(answer["moment"], then, form=form)))
    fractions = PERCENTILES.get(question.name)
    if fractions is None:
        return changed(answer["rows"], gone, come)
    windows = await _windows(views, answer["answer"], fractions, (*gone, *come))
    return changed(answer["rows"], gone, come, fractions, windows)


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
