"""What reports count of a case: when it was acknowledged, answered and settled, how long that took, and what befell it.

Durations are in seconds. Business time runs by the hours of the policy that was in force when something happened. A case
whose calendar is around the clock has its elapsed time instead (R-4.1a): that calendar is a column of the view of cases.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from application.views.policy_history import PolicyHistory
from domain.aggregate import Recorded
from domain.calendar import Calendar
from domain.case.clauses.assignment import Assigned, HandedBack
from domain.case.clauses.closure import CLOSES, Closed
from domain.case.clauses.logging import Logged
from domain.case.clauses.major_incident import MajorDeclared, MajorNominated, MajorRejected
from domain.case.clauses.notification import NotificationFailed, Notified
from domain.case.state import CaseState
from domain.case.status import SETTLED, Status
from domain.values import Role

_PEOPLE = frozenset({Role.TECHNICIAN, Role.TEAM_MEMBER, Role.DUTY_MANAGER, Role.EXTERNAL})
"""Roles of the people who work on cases; `external` in imported history."""
_COUNTED = (
    *(Assigned, HandedBack, Notified, NotificationFailed),
    *(MajorNominated, MajorDeclared, MajorRejected, Closed),
)
"""Events that reports count by when they happened, beside those that name deviations."""
_MAJOR = {MajorNominated: "nominated", MajorDeclared: "declared", MajorRejected: "rejected"}


class Happening(NamedTuple):
    """Something that reports count by when it happened, with its case as it stood then."""

    position: int
    kind: str
    value: str
    case_id: UUID
    at: datetime
    seconds: float | None
    imported: bool
    priority: int | None
    team: str | None
    service: str | None
    channel: str
    agency: str | None


@dataclass
class Facts:
    """The facts of one case. Most are set once."""

    logged_at: datetime
    acknowledged_at: datetime | None = None
    acknowledged_position: int | None = None
    acknowledged_business: float | None = None
    responded_at: datetime | None = None
    responded_position: int | None = None
    responded_business: float | None = None
    later_responses: list[datetime] | None = None
    """What counted as the first contact until an earlier one became known, in order; None where none did."""
    later_response_positions: list[int] | None = None
    later_response_business: list[float | None] | None = None
    settled_at: datetime | None = None
    """When the case was last settled; None while it is open."""
    settled_position: int | None = None
    turns: list[datetime] | None = None
    """When it was settled and taken up again, in turn; None for a case that was never taken up again."""
    turn_positions: list[int] | None = None
    breaks: list[datetime] | None = None
    """Beginnings and ends, in turn, of the times in which the clock to resolve stood still; None without any."""

    def keep(
        self,
        event: Recorded,
        at: datetime,
        position: int,
        was: Status | None,
        state: CaseState,
        policies: PolicyHistory,
    ) -> None:
        """Keep what an event makes known of the case. ``was`` is its status before."""
        if self.acknowledged_at is None and is_by_people(event):
            self.acknowledged_at, self.acknowledged_position = at, position
            self.acknowledged_business = business_seconds(policies.at(position).business, state.received_at, at)
        if state.responded_at is not None and state.responded_at != self.responded_at:
            hours = policies.at(position).business
            self._respond(state.responded_at, position, business_seconds(hours, state.received_at, state.responded_at))
        if (state.status in SETTLED) is not (was in SETTLED):
            self._turn(at, position, settled=state.status in SETTLED)

    def _respond(self, at: datetime, position: int, business: float | None) -> None:
        if self.responded_at is not None and self.responded_position is not None:
            self.later_responses = [*(self.later_responses or ()), self.responded_at]
            self.later_response_positions = [*(self.later_response_positions or ()), self.responded_position]
            self.later_response_business = [*(self.later_response_business or ()), self.responded_business]
        self.responded_at, self.responded_position, self.responded_business = at, position, business

    def _turn(self, at: datetime, position: int, *, settled: bool) -> None:
        if self.turns is None and not settled:
            assert self.settled_at is not None
            assert self.settled_position is not None
            self.turns, self.turn_positions = [self.settled_at], [self.settled_position]
        if self.turns is not None and self.turn_positions is not None:
            self.turns, self.turn_positions = [*self.turns, at], [*self.turn_positions, position]
        self.settled_at, self.settled_position = (at, position) if settled else (None, None)

    def stood_still(self, since: datetime, until: datetime) -> None:
        """Keep a time in which the clock to resolve stood still."""
        if since < until:
            self.breaks = [*(self.breaks or ()), since, until]

    @property
    def pauses(self) -> list[tuple[datetime, datetime]]:
        """The times in which the clock to resolve stood still."""
        breaks = self.breaks or []
        return list(zip(breaks[::2], breaks[1::2], strict=True))


def is_by_people(event: Recorded) -> bool:
    """Whether people of the desk or a team acted on a case that is logged already (kpis.md, time to acknowledge)."""
    return event.by.role in _PEOPLE and not isinstance(event, Logged)


def happenings(
    event: Recorded, at: datetime, position: int, state: CaseState, team_before: str | None
) -> Iterable[Happening]:
    """What an event makes reports count, with the case as it stands after it; a hand-back with the team that gave it."""
    if isinstance(event, _COUNTED) or event.deviations:
        return _happenings(event, at, position, state, team_before)
    return ()


def _happenings(
    event: Recorded, at: datetime, position: int, state: CaseState, team_before: str | None
) -> Iterator[Happening]:
    def happened(kind: str, value: str = "", seconds: float | None = None, team: str | None = state.team) -> Happening:
        dimensions = (state.priority, team, state.service, state.channel, state.agency)
        return Happening(position, kind, value, event.originator_id, at, seconds, event.origin is not None, *dimensions)

    match event:
        case Assigned() if event.team != team_before:
            yield happened("assigned")
        case HandedBack():
            yield happened("handed_back", team=event.team)
        case Notified():
            yield happened("notified")
        case NotificationFailed():
            yield happened("notification_failed")
        case MajorNominated() | MajorDeclared() | MajorRejected():
            yield happened("major", _MAJOR[type(event)])
        case Closed() if event.by.subject == CLOSES and state.dispute_until is not None:
            yield happened("closed_by_timer", seconds=(event.closed_at - state.dispute_until).total_seconds())
        case _:
            pass
    for name in dict.fromkeys(event.deviations):
        yield happened("deviation", name)


def business_seconds(
    hours: Calendar, since: datetime, until: datetime, pauses: list[tuple[datetime, datetime]] | None = None
) -> float | None:
    """The business time between two moments, without the pauses; None where the calendar has no such years."""
    try:
        return hours.between(since, until, pauses or ()).total_seconds()
    except OverflowError:
        return None
