"""The timers of targets: what is due, whichever of two streams was folded first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import psycopg
import pytest
from psycopg import sql

from domain.case import Case
from domain.case.clauses.closure import Confirmation
from domain.case.target_watch import TargetWatch, findings, target_watch_id
from domain.case.terms import PendingReason
from infrastructure.views.projector import Projector
from infrastructure.views.questions.timers import PostgresTimers
from tests.blocking import on_pool
from tests.conftest import TestDatabase, differences
from tests.infrastructure.histories import FIXED, POLICY, SYSTEM, TEAM, History, by, moment, said, verification

HOUR = 60
PAUSING = ("customer",)


@pytest.fixture
def timers(database: TestDatabase) -> Iterator[Any]:
    with on_pool(database, "processes", PostgresTimers) as made:
        yield made


def look(history: History, case: Case, minutes: float, watch: TargetWatch | None = None) -> TargetWatch:
    """Record what is due of a case's targets, as the timer does."""
    for finding in list(findings(watch, case, POLICY, moment(minutes))):
        watch = TargetWatch.found(watch, case, target_watch_id(case.id), finding, POLICY, by(minutes, SYSTEM))
    assert watch is not None
    history.put(watch)
    return watch


def next_of(timers: Any, pausing: tuple[str, ...] = PAUSING) -> datetime | None:
    moment: datetime | None = timers.next_due(pausing)
    return moment


def test_r_5_2e_a_timer_is_due_for_the_warning_then_for_the_breach_and_then_no_more(
    history: History, projector: Projector, timers: Any
) -> None:
    case = history.prioritized(0)
    projector.catch_up()
    assert timers.due_targets(moment(89), PAUSING, 10) == []
    assert (next_of(timers), timers.due_targets(moment(90), PAUSING, 10)) == (moment(90), [case.number])
    watch = look(history, case, 90)
    projector.catch_up()
    assert (next_of(timers), timers.due_targets(moment(119), PAUSING, 10)) == (moment(120), [])
    look(history, case, 120, watch)
    projector.catch_up()
    assert (next_of(timers), timers.due_targets(moment(120), PAUSING, 10)) == (moment(6.75 * HOUR), [])


def test_r_5_2e_a_target_that_was_met_is_not_due(history: History, projector: Projector, timers: Any) -> None:
    case = history.assigned(0)
    case.verify(verification(60), by(60, TEAM))
    case.resolve(FIXED, said(), POLICY, by(61, TEAM))
    history.put(case)
    projector.catch_up()
    assert (next_of(timers), timers.due_targets(moment(500 * HOUR), PAUSING, 10)) == (None, [])


def test_r_5_4c_a_timer_rests_while_the_clock_stands_still_and_fires_for_the_moved_target(
    history: History, projector: Projector, timers: Any
) -> None:
    case = history.assigned(0)
    case.pend(PendingReason.CUSTOMER, by(60, TEAM), question=said())
    history.put(case)
    projector.catch_up()
    assert (next_of(timers), timers.due_targets(moment(500 * HOUR), PAUSING, 10)) == (None, [])
    assert next_of(timers, ("vendor",)) == moment(6.75 * HOUR), "another policy, and the same view"
    case.resume(POLICY, by(180, TEAM))
    history.put(case)
    projector.catch_up()
    assert next_of(timers) == moment(8.75 * HOUR)


def test_r_5_2e_a_case_that_was_late_is_due_until_it_is_closed(
    history: History, projector: Projector, timers: Any
) -> None:
    case = history.assigned(0)
    case.verify(verification(60), by(60, TEAM))
    case.resolve(FIXED, said(), POLICY, by(10 * HOUR, TEAM))
    history.put(case)
    projector.catch_up()
    assert timers.due_targets(moment(11 * HOUR), PAUSING, 10) == [case.number]
    case.close(POLICY, by(11 * HOUR), confirmation=Confirmation("phone", moment(11 * HOUR)))
    history.put(case)
    projector.catch_up()
    assert timers.due_targets(moment(11 * HOUR), PAUSING, 10) == []


def test_the_oldest_come_first_and_no_more_than_were_asked_for(
    history: History, projector: Projector, timers: Any
) -> None:
    numbers = [history.prioritized(each).number for each in (20, 10, 0)]
    projector.catch_up()
    assert timers.due_targets(moment(10 * HOUR), PAUSING, 2) == [numbers[2], numbers[1]]


@pytest.mark.parametrize("watch_first", [True, False])
def test_in_a_rebuild_either_stream_may_come_first(
    history: History, database: TestDatabase, *, watch_first: bool
) -> None:
    case = history.prioritized(0)
    watch = look(history, case, 121)
    with database.connect("projector") as connection:
        projector = Projector(connection)
        projector.catch_up()
        expected = rows(database)
        tables = connection.execute("SELECT tablename::text FROM pg_tables WHERE schemaname = 'views'").fetchall()
        for table in {name for (name,) in tables} - {"tracking"}:
            connection.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier("views", table)))
        for stream in (watch.id, case.id) if watch_first else (case.id, watch.id):
            projector.fold_rows(stored(database, stream))
    assert rows(database) == expected
    assert [row[:2] for row in expected] == [(case.number, "resolve"), (case.number, "respond")]
    assert differences(database) == {}


def stored(database: TestDatabase, stream: Any) -> list[tuple[Any, ...]]:
    """The events of a stream, as the projector reads them."""
    with database.connect("projector") as connection:
        return connection.execute(
            "SELECT notification_id, originator_id, originator_version, topic, state, recorded_at, db_role "
            "FROM ledger.stored_events WHERE originator_id = %s ORDER BY originator_version",
            (stream,),
        ).fetchall()


def rows(database: TestDatabase) -> list[tuple[Any, ...]]:
    with psycopg.connect(database.superuser) as superuser:
        return superuser.execute("SELECT * FROM views.targets ORDER BY number, kind").fetchall()


def test_each_breach_is_counted_by_reporting_jobs(
    history: History, database: TestDatabase, projector: Projector
) -> None:
    case = history.prioritized(0)
    look(history, case, 600 * HOUR)
    projector.catch_up()
    with database.connect("reporter") as reporter:
        found = reporter.execute("SELECT number, kind, due_at FROM reporting.target_breaches ORDER BY kind").fetchall()
    assert found == [(case.number, "resolve", moment(9 * HOUR)), (case.number, "respond", moment(2 * HOUR))]
