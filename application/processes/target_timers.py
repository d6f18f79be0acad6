"""SOP 5.2, 5.4: targets are warned of before they fall due, and their breaches are recorded and escalated (R-5.2e)."""

from __future__ import annotations

from application.desk import Desk
from application.execution.requests import Request
from application.processes.retries import Nowhere, Tries
from application.views.timers import Timers
from domain.values import Actor, Role

REQUEST = Request(Actor("system:targets", Role.SYSTEM), "process")
_BATCH = 100


async def record_due_targets(desk: Desk, timers: Timers, tries: Tries | None = None) -> int:
    """Record the warnings and breaches that are due. Returns of how many cases. Raises the errors in AWAY.

    The view may lag, and another worker may record the same: a target that is not due, or was recorded, is refused.
    """
    tries = tries or Tries(Nowhere())
    limit, policy = _BATCH + tries.parked, (await desk.references.current()).policy
    due = await timers.due_targets(desk.clock.now(), policy.pausing, limit)
    return await tries.each(due, limit, lambda number: desk.targets.record_due(number, REQUEST))
