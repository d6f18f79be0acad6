"""R-4.1a, R-5.2e, R-5.4c: the times by which a case is to be answered and resolved, and what pauses their clock.

An assessment chooses the calendar: the service's, else that of the case's team (the service's own team while no team has
the case), else the policy's. The event freezes the choice. Whatever moves the target later keeps it.

The clock stands still while the case waits under a code of the policy's `pausing`, and while it is resolved. The codes
in force when a wait ends decide for the whole wait; the event that ends it freezes the answer. No command loses a pause.

A warning comes when a share of the target's support time has passed. Whatever sets or moves a target freezes the time of its
warning too. `watched` is what the clock of a case still runs towards; `target_watch.py` records what it ran past.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.calendar import Pauses, SupportCalendar
from domain.case.state import CaseState
from domain.case.status import SETTLED, Status
from domain.case.terms import PendingReason
from domain.policy import Policy


class TargetKind(StrEnum):
    """What a case is to be by its target."""

    RESPOND = "respond"
    RESOLVE = "resolve"


@dataclass(frozen=True)
class CaseTargets:
    """The times to answer and to resolve a case by, and those of the warnings before them."""

    respond_by: datetime
    resolve_by: datetime
    respond_warning_at: datetime
    resolve_warning_at: datetime


@dataclass(frozen=True)
class WatchedTarget:
    """A target that a case has not met in time, or not yet."""

    kind: TargetKind
    due_at: datetime
    warning_at: datetime | None
    """None where nobody is to be warned: the target ended late, or it was set before 0.5.0."""
    waits: PendingReason | None = None
    """What the case waits for, where that began before the target. Its clock stands still if the policy says so."""
    ended_at: datetime | None = None
    """When it was met, too late."""


def targets(
    priority: int, received_at: datetime, pauses: Pauses, policy: Policy, support: SupportCalendar
) -> CaseTargets:
    """The targets of a priority, counted from `received_at` (R-5.2e), to resolve without the pauses (R-5.4c)."""
    target, calendar, share = policy.targets[priority - 1], policy.named(support.name), policy.target_warning
    return CaseTargets(
        respond_by=calendar.add(received_at, target.respond),
        resolve_by=calendar.add(received_at, target.resolve, pauses),
        respond_warning_at=calendar.add(received_at, target.respond * share),
        resolve_warning_at=calendar.add(received_at, target.resolve * share, pauses),
    )


def watched(case: CaseState) -> Iterator[WatchedTarget]:
    """The targets of a case that a warning or a breach may still be about. A closed case has none.

    A resolution ends both; so a target that it missed is still told here, until the case closes.
    """
    if case.status is Status.CLOSED:
        return
    resolved_at = case.resolved_at if case.status in SETTLED else None
    if case.respond_by is not None:
        ended_at = min(filter(None, (case.responded_at, resolved_at)), default=None)
        yield from _watched(TargetKind.RESPOND, case.respond_by, case.respond_warning_at, ended_at)
    if case.resolve_by is not None:
        wait = case.pending if case.pending and case.pending.since < case.resolve_by else None
        reason = None if wait is None else wait.reason
        yield from _watched(TargetKind.RESOLVE, case.resolve_by, case.resolve_warning_at, resolved_at, reason)


def next_target(case: CaseState) -> datetime | None:
    """The due time of the sooner target that the case has not met; None where there is none."""
    return min((each.due_at for each in watched(case) if each.ended_at is None), default=None)


def _watched(
    kind: TargetKind,
    due_at: datetime,
    warning_at: datetime | None,
    ended_at: datetime | None,
    waits: PendingReason | None = None,
) -> Iterator[WatchedTarget]:
    if ended_at is None:
        yield WatchedTarget(kind, due_at, warning_at, waits)
    elif ended_at > due_at:
        yield WatchedTarget(kind, due_at, None, ended_at=ended_at)


def end_of_wait(case: CaseState, policy: Policy, at: datetime) -> dict[str, Any]:
    """The fields of the event that ends a wait: whether the clock stood still, and the target and warning this moved.

    Empty for a case that does not wait.
    """
    if case.pending is None:
        return {}
    paused = case.pending.reason in policy.pausing
    return {"paused": paused, **_moved(case, case.pending.since if paused else None, at, policy)}


def paused_since(case: CaseState, policy: Policy) -> datetime | None:
    """Since when the clock stands still under the present wait; None where it runs."""
    return case.pending.since if case.pending is not None and case.pending.reason in policy.pausing else None


def end_of_rest(case: CaseState, policy: Policy, at: datetime) -> dict[str, Any]:
    """The fields of the event that reopens a resolved case: since when its clock stood still, and its target."""
    since = case.settled_since(policy)
    return {"settled_since": since, **_moved(case, since, at, policy)}


def _moved(case: CaseState, since: datetime | None, until: datetime, policy: Policy) -> dict[str, datetime | None]:
    """The target to resolve and its warning with one more pause; None without one, and for imported history."""
    if since is None or case.priority is None or case.resolve_by is None:
        return {"resolve_by": None, "resolve_warning_at": None}
    support = case.calendar or policy.support(case.priority, None)
    moved = targets(case.priority, case.received_at, (*case.pauses, (since, until)), policy, support)
    return {"resolve_by": moved.resolve_by, "resolve_warning_at": moved.resolve_warning_at}
