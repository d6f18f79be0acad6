"""Cases from raw events: replayed one by one, as far as they were known at a position and had happened by a moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from domain.aggregate import Recorded
from domain.case import Case
from domain.policy import Policy, first_policy
from infrastructure.postgres.mapper import StateMapper
from infrastructure.postgres.stored_event import LedgerNotification
from tests.conftest import TestDatabase

SETTLED = {"resolved", "closed"}


@dataclass(frozen=True)
class Past:
    """One event, where and when it counts, and its case before and after it."""

    event: Any
    topic: str
    position: int
    at: datetime
    status_before: str | None
    status: str
    team_before: str | None
    policy: Policy
    dispute_until: datetime | None
    dimensions: dict[str, Any]


@dataclass
class Life:
    """What is known of one case."""

    past: list[Past] = field(default_factory=list)
    case: Any = None

    @property
    def version(self) -> int:
        return len(self.past)

    @property
    def dimensions(self) -> dict[str, Any]:
        return self.past[-1].dimensions

    @property
    def around_the_clock(self) -> bool:
        assessed = [each for each in self.past if each.topic == "case.prioritized"]
        if not assessed:
            return False
        last = assessed[-1].event
        return bool(last.calendar.name == "always" if last.calendar else last.priority == 1)

    def first(self, counts: Any) -> Past | None:
        return next((each for each in self.past[1:] if counts(each)), None)

    @property
    def stopped(self) -> list[tuple[datetime, datetime, int]]:
        """When the clock to resolve stood still, and where that became known."""
        found, waits, resolved_at = list[tuple[datetime, datetime, int]](), None, None
        for each in self.past:
            event = each.event
            if waits and each.topic in ("case.pended", "case.resumed", "case.resolved"):
                if event.paused if event.paused is not None else waits[0] == "customer":
                    found.append((waits[1], each.at, each.position))
                waits = None
            if each.topic == "case.pended":
                waits = (event.reason_code, event.since)
            if each.topic == "case.resolved":
                resolved_at = event.resolved_at
            if each.topic == "case.reopened":
                if resolved_at:
                    found.append((resolved_at, each.at, each.position))
                resolved_at = None
        return found

    @property
    def stays(self) -> list[Past]:
        return [each for each in self.past if each.topic == "case.resolved"]

    def reopening_of(self, stay: Past) -> Past | None:
        """What took the case up again after a stay in `resolved`, before the next one."""
        after = self.past[self.past.index(stay) + 1 :]
        for each in after:
            if each.topic == "case.resolved":
                return None
            if each.topic == "case.reopened":
                return each
        return None

    def open_at(self, moment: datetime) -> bool:
        passed = [each for each in self.past if each.at <= moment]
        return bool(passed) and passed[-1].status not in SETTLED


def lives_of(database: TestDatabase, position: int, moment: datetime) -> list[Life]:
    """Every case as the ledger knew it at a position and as it had become by a moment."""
    mapper, lives, policy = StateMapper(), dict[UUID, Life](), first_policy()
    latest: dict[UUID, datetime] = {}
    with psycopg.connect(database.superuser) as connection:
        rows = connection.execute(
            "SELECT originator_id, originator_version, topic, state, notification_id, recorded_at, db_role::text "
            "FROM ledger.stored_events WHERE notification_id <= %s ORDER BY notification_id",
            (position,),
        ).fetchall()
    for row in rows:
        event: Recorded = mapper.to_domain_event(LedgerNotification(*row))
        topic, place = row[2], row[4]
        if topic.startswith("policy."):
            policy = event.policy  # type: ignore[attr-defined]
        if not topic.startswith("case."):
            continue
        at = latest[row[0]] = max(event.timestamp, latest.get(row[0], event.timestamp))
        if at > moment:
            continue
        life = lives.setdefault(row[0], Life())
        before: Case | None = life.case
        status, team = (str(before.status), before.team) if before is not None else (None, None)
        life.case = case = event.mutate(before)
        dimensions = {
            "team": case.team, "service": case.service, "priority": None if case.priority is None else str(case.priority),
            "channel": str(case.channel), "agency": case.agency,
        }  # fmt: skip
        life.past.append(
            Past(event, topic, place, at, status, str(case.status), team, policy, case.dispute_until, dimensions)
        )
    return list(lives.values())
