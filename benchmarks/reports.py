"""How fast reports are answered, now and as of the past, under several readers at once: rows `report`, `report_as_of`."""

from __future__ import annotations

import time
from collections.abc import Sequence

from application.reports.definitions import REPORTS
from application.views.questions import Point, ReportQuestion, Views
from benchmarks.lists import READERS, Timed, timed
from benchmarks.rows import Row
from infrastructure.postgres.database import Database
from infrastructure.views.keeper import Keeper

KEYS = (None, "team", "service", "priority", "month", "team,month", "agency,month")
ZONE = "America/Chicago"
"""The zone of the first policy: what the API asks in unless it is told another one."""
_PAST = (0.25, 0.75)
"""Past positions, as parts of the last one."""


async def rows(views: Views, times: int = 2) -> Sequence[Row]:
    """The worst report now, and the worst as of the past."""
    last = await views.positions.last()
    now = {
        (name, key): await _timed(views, ReportQuestion(name, by=key, zone=ZONE), times)
        for name in REPORTS
        for key in KEYS
    }
    then = {
        (name, key, position): await _timed(
            views, ReportQuestion(name, point=Point(position), by=key, zone=ZONE), times
        )
        for name in REPORTS
        for key in (None, "team,month")
        for position in (int(last * part) for part in _PAST)
    }
    slowest, slow = max(now, key=lambda asked: now[asked].p95), max(then, key=lambda asked: then[asked].p95)
    named = f"the worst of {len(now)}: {slowest[0]} by {slowest[1]}, p50 {now[slowest].p50:.0f} ms, {READERS} readers"
    past = f"the worst of {len(then)}: {slow[0]} by {slow[1]} as of {slow[2]:,}, p50 {then[slow].p50:.0f} ms, {READERS} readers"
    return [
        Row("report_p95_ms", now[slowest].p95, "ms", goal=500, at_most=True, note=named),
        Row("report_as_of_p95_ms", then[slow].p95, "ms", goal=1_500, at_most=True, note=past),
    ]


def kept(database: Database) -> Row:
    """How long it takes to keep all answers, as the projector's keeper does in its own time: they are caught up then."""
    began = time.perf_counter()
    with database.connect("projector") as connection:
        answers = Keeper(connection).keep_all()
    return Row("report_answers_kept_s", time.perf_counter() - began, "s", note=f"{answers} answers counted")


async def _timed(views: Views, question: ReportQuestion, times: int) -> Timed:
    return await timed(lambda: views.reports.report(question), times)
