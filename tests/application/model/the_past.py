"""What was, asked in two ways: of the live desk at a past point, and of a fresh one that knows nothing later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, get_args
from uuid import UUID

import psycopg

from application.reports.definitions import REPORTS
from application.views.case_filters import Condition, Sort
from application.views.questions import Asked, Listing, Page, Point, ReportQuestion
from infrastructure.postgres.mapper import StateMapper
from infrastructure.postgres.stored_event import LedgerNotification
from infrastructure.views.projector import Projector
from infrastructure.views.questions.postgres_views import views_on
from tests.blocking import BlockingDesk, on_pool
from tests.conftest import TestDatabase, cloned

QUEUES = ("triage", "prioritization", "diagnosis", "network", "messaging", "resolved", "unprioritized")
SORTS = get_args(Sort)
ATTENTION = ("mine", "unassigned", "awaiting_customer", "disputes", "major", "breaching")
LISTS: dict[str, tuple[Condition, ...]] = {
    "all": (),
    "settled": (Condition("status", "in", ("resolved", "closed")),),
    "closed": (Condition("status", "=", "closed"),),
    "assigned": (Condition("status", "=", "assigned"),),
    "of a team": (Condition("team", "=", "network"),),
    "of a service and a priority": (Condition("service", "=", "printing"), Condition("priority", "=", 3)),
    "waiting": (Condition("pending_reason", "set", True),),
    "overdue": (Condition("resolve_by", "overdue", True),),
    "not overdue": (Condition("resolve_by", "overdue", False),),
}
KEYS = (None, "team", "service", "priority", "channel", "agency", "month", "team,month", "priority,service")
ALARM = timedelta(minutes=30)
PAGE = 3
"""Rows a page: few, so that pages are turned in the past as well."""
_EVENTS = (
    "ledger.stored_events (notification_id, originator_id, originator_version, recorded_at, db_role, topic, state)"
)
_WORDS = "vault.disclosures (originator_id, originator_version, digest, salt, kind, subject, value)"
_COPIED = {
    _EVENTS: "SELECT notification_id, originator_id, originator_version, recorded_at, db_role, topic, state FROM kept",
    _WORDS: "SELECT originator_id, originator_version, digest, salt, kind, subject, value "
    "FROM vault.disclosures JOIN kept USING (originator_id, originator_version)",
    "ledger.numbers (number, originator_id)": "SELECT number, originator_id "
    "FROM ledger.numbers JOIN kept USING (originator_id) WHERE originator_version = 1",
}
"""What a database is made of, and how it is read of the events that are kept."""


@dataclass(frozen=True)
class Happened:
    """An event: where it stands, when it was recorded, and when it happened: never before what the same lived through."""

    position: int
    recorded_at: datetime
    at: datetime


def happened(database: TestDatabase) -> list[Happened]:
    """All events, in order."""
    mapper, latest, found = StateMapper(), dict[UUID, datetime](), list[Happened]()
    with psycopg.connect(database.superuser) as connection:
        rows = connection.execute(
            "SELECT originator_id, originator_version, topic, state, notification_id, recorded_at, db_role::text "
            "FROM ledger.stored_events ORDER BY notification_id"
        )
        for row in rows:
            event = mapper.to_domain_event(LedgerNotification(*row))
            at = latest[row[0]] = max(event.timestamp, latest.get(row[0], event.timestamp))
            found.append(Happened(row[4], row[5], at))
    return found


@contextmanager
def only(server: str, live: TestDatabase, events: list[Happened]) -> Iterator[TestDatabase]:
    """A fresh database with these events of another and no others, and views folded from them."""
    with cloned(server) as fresh:
        with psycopg.connect(live.superuser) as source, psycopg.connect(fresh.superuser) as target:
            source.execute("CREATE TEMPORARY TABLE kept AS TABLE ledger.stored_events WITH NO DATA")
            source.execute(
                "INSERT INTO kept SELECT * FROM ledger.stored_events WHERE notification_id = ANY(%s)",
                ([event.position for event in events],),
            )
            for table, query in _COPIED.items():
                with (
                    source.cursor().copy(f"COPY ({query}) TO STDOUT".encode()) as out,
                    target.cursor().copy(f"COPY {table} FROM STDIN".encode()) as into,
                ):
                    for data in out:
                        into.write(data)
        with fresh.connect("projector") as connection:
            Projector(connection).catch_up()
        yield fresh


@contextmanager
def asked(database: TestDatabase) -> Iterator[BlockingDesk]:
    with on_pool(database, "api", views_on) as views:
        yield views


@dataclass(frozen=True)
class Questions:
    """All that is asked of queues, obligations and reports. Two who know the same answer them alike."""

    now: datetime
    window_ends: datetime | None
    """By when a window to dispute has ended or has not."""
    since: datetime | None
    until: datetime | None
    turn: int = 0
    """Each report is asked by one key; in another turn, by another one."""

    def asked(self, point: Point) -> Asked:
        return Asked(self.now, point, "t.lee", ALARM, ("customer",))

    def answers(self, views: BlockingDesk, point: Point) -> dict[str, Any]:
        found: dict[str, Any] = {
            f"queue {name}": pages(lambda page, name=name: views.lists.queue(name, page, self.asked(point)))  # type: ignore[misc]
            for name in (*QUEUES, *ATTENTION)
        }
        for place, (name, conditions) in enumerate(LISTS.items()):
            sort = SORTS[place % len(SORTS)]
            found[f"list of {name}"] = pages(
                lambda page, conditions=conditions, sort=sort: views.lists.cases(  # type: ignore[misc]
                    conditions, sort, page, self.asked(point)
                )
            )
        found["obligations"] = pages(lambda page: views.lists.obligations({}, page, self.asked(point)))
        for place, name in enumerate(REPORTS):
            key = KEYS[(place + self.turn) % len(KEYS)]
            question = ReportQuestion(name, self.since, self.until, point, key, self.window_ends)
            report = views.reports.report(question)
            found[f"report {name} by {key}"] = {part: report[part] for part in ("totals", "rows")}
        plain = ReportQuestion("volume", point=point)  # counted already, where it is asked for now
        return {**found, "volume": views.reports.report(plain)["totals"]}


def pages(ask: Callable[[Page], Listing]) -> list[Any]:
    """All that is listed, page by page; less the page's own position."""
    listing = ask(Page(limit=PAGE))
    items = [*listing.items]
    while listing.next_key is not None:
        listing = ask(Page(listing.next_key, PAGE))
        items += listing.items
    return items
