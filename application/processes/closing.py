"""SOP 5.9: after 3 days the case closes by itself, exactly once (R-5.9d)."""

from __future__ import annotations

from application.desk import Desk
from application.requests import Request
from application.views.timers import Timers
from domain.case.closure import CLOSES
from domain.errors import InvalidTransition
from domain.values import Actor, Role

REQUEST = Request(Actor(CLOSES, Role.SYSTEM), "process")
_BATCH = 100


def close_due(desk: Desk, timers: Timers) -> int:
    """Close the cases whose window has ended; returns how many.

    The view may be behind, and another worker may be at the same: the case itself refuses what is not so any more.
    """
    closed = 0
    for number, resolution in timers.due_closures(desk.clock.now(), _BATCH):
        try:
            desk.close_elapsed(number, resolution, REQUEST)
        except InvalidTransition:
            continue
        closed += 1
    return closed
