"""SOP 5.9: a case closes automatically after 3 days, exactly once (R-5.9d)."""

from __future__ import annotations

from application.desk import Desk
from application.execution.requests import Request
from application.processes.retries import Nowhere, Tries
from application.views.timers import Timers
from domain.case.clauses.closure import CLOSES
from domain.values import Actor, Role

REQUEST = Request(Actor(CLOSES, Role.SYSTEM), "process")
_BATCH = 100


async def close_due(desk: Desk, timers: Timers, tries: Tries | None = None) -> int:
    """Close the cases whose window has ended. Returns their number. Raises the errors in AWAY.

    The view may lag, and another worker may close the same case: the case itself refuses a closure that is not due.
    """
    tries = tries or Tries(Nowhere())
    limit = _BATCH + tries.parked
    due = dict(await timers.due_closures(desk.clock.now(), limit))
    return await tries.each(list(due), limit, lambda number: desk.closure.close_elapsed(number, due[number], REQUEST))
