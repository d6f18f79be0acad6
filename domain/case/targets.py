"""R-4.1a, R-5.4c: the times by which a case is to be answered and resolved, their calendar, and what pauses the clock.

An assessment chooses the calendar: the service's, else that of the case's team (the service's own team while no team has
the case), else the policy's. The event freezes the choice. Whatever moves the target later keeps it.

The clock stands still while the case waits under a code of the policy's `pausing`, and while it is resolved. The codes
in force when a wait ends decide for the whole wait; the event that ends it freezes the answer. No command loses a pause.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.calendar import Pauses, SupportCalendar
from domain.case.state import CaseState
from domain.policy import Policy


def targets(
    priority: int, received_at: datetime, pauses: Pauses, policy: Policy, support: SupportCalendar
) -> tuple[datetime, datetime]:
    """The times to answer and to resolve by, counted from `received_at` without the pauses (R-5.4c)."""
    target, calendar = policy.targets[priority - 1], policy.named(support.name)
    return (calendar.add(received_at, target.respond), calendar.add(received_at, target.resolve, pauses))


def end_of_wait(case: CaseState, policy: Policy, at: datetime) -> dict[str, Any]:
    """The fields of the event that ends a wait: whether the clock stood still, and the target this moved.

    Empty for a case that does not wait.
    """
    if case.pending is None:
        return {}
    paused = case.pending.reason in policy.pausing
    return {"paused": paused, "resolve_by": _moved(case, case.pending.since, at, policy) if paused else None}


def paused_since(case: CaseState, policy: Policy) -> datetime | None:
    """Since when the clock stands still under the present wait; None where it runs."""
    return case.pending.since if case.pending is not None and case.pending.reason in policy.pausing else None


def end_of_rest(case: CaseState, policy: Policy, at: datetime) -> dict[str, Any]:
    """The fields of the event that reopens a resolved case: since when its clock stood still, and its target."""
    since = case.settled_since(policy)
    return {"settled_since": since, "resolve_by": None if since is None else _moved(case, since, at, policy)}


def _moved(case: CaseState, since: datetime, until: datetime, policy: Policy) -> datetime | None:
    """The target to resolve with one more pause; None without a priority, and for imported history."""
    if case.priority is None or case.resolve_by is None:
        return None
    support = case.calendar or policy.support(case.priority, None)
    return targets(case.priority, case.received_at, (*case.pauses, (since, until)), policy, support)[1]
