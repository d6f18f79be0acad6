"""How fast reports are answered, now and as of the past, under several readers at once: rows `report`, `report_as_of`."""

from __future__ import annotations

from collections.abc import Sequence

from application.reports.definitions import REPORTS
from application.views.questions import Point, ReportQuestion, Views
from benchmarks.lists import READERS, Timed, timed
from benchmarks.rows import Row

KEYS = (None, "team", "priority", "month", "team,month")
_PAST = (0.25, 0.75)
"""Past positions, as parts of the last one."""


async def rows(views: Views, times: int = 2) -> Sequence[Row]:
    """The worst report now, and the worst as of the past."""
    last = await views.positions.last()
    now = {(name, key): await _timed(views, ReportQuestion(name, by=key), times) for name in REPORTS for key in KEYS}
    then = {
        (name, key, position): await _timed(views, ReportQuestion(name, point=Point(position), by=key), times)
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


async def _timed(views: Views, question: ReportQuestion, times: int) -> Timed:
    return await timed(lambda: views.reports.report(question), times)
