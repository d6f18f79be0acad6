"""SOP 5.9: a case closes automatically after 3 days, exactly once (R-5.9d)."""

from __future__ import annotations

from application.desk import Desk
from application.execution.requests import Request
from application.processes.retries import AWAY, Nowhere, Tries
from application.views.timers import Timers
from domain.case.clauses.closure import CLOSES
from domain.errors import InvalidTransition
from domain.values import Actor, Role

REQUEST = Request(Actor(CLOSES, Role.SYSTEM), "process")
_BATCH = 100


async def close_due(desk: Desk, timers: Timers, tries: Tries | None = None) -> int:
    """Close the cases whose window has ended. Returns their number. Raises the errors in AWAY.

    The view may lag, and another worker may close the same case: the case itself refuses a closure that is not due.
    A case that fails for another reason is set aside after some tries, so the others do not wait for it.
    """
    tries = tries or Tries(Nowhere())
    limit = _BATCH + tries.parked
    due = dict(await timers.due_closures(desk.clock.now(), limit))
    ready = await tries.ready(list(due), whole=len(due) < limit)
    return sum([await _close(desk, number, due[number], tries) for number in ready])


async def _close(desk: Desk, number: str, resolution: int, tries: Tries) -> bool:
    try:
        await desk.closure.close_elapsed(number, resolution, REQUEST)
    except AWAY:
        raise
    except InvalidTransition:
        return False
    except Exception as error:  # noqa: BLE001 - whatever it is, the others shall not wait for it
        await tries.failed(number, error)
        return False
    await tries.succeeded(number)
    return True
