"""The views: folded once and in order, halted loudly by what cannot be folded, rebuilt to the same."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from application.views.questions import Asked, Page, Point, ReportQuestion
from domain.case.terms import PendingReason
from domain.values import Channel
from infrastructure.views.projector import Poisoned, Projector
from infrastructure.views.questions.postgres_views import views_on
from infrastructure.views.rebuild import rebuild_views
from tests.application.cases import FIXED, MEDIUM, NETWORK, TECHNICIAN, assigned, log, resolved
from tests.blocking import BlockingDesk, on_pool, open_desk
from tests.conftest import TestDatabase, differences, grant_everybody
from tests.infrastructure.histories import NOW
from tests.travel_clock import TravelClock


def last_position(database: TestDatabase) -> int:
    with database.connect("api") as connection:
        row = connection.execute("SELECT coalesce(max(notification_id), 0) FROM ledger.stored_events").fetchone()
        assert row is not None
        return int(row[0])


def poison(database: TestDatabase, topic: str = "case.unheard_of", state: bytes = b"{}") -> int:
    with psycopg.connect(database.superuser, autocommit=True) as superuser:
        row = superuser.execute(
            "INSERT INTO ledger.stored_events (originator_id, originator_version, topic, state) "
            "VALUES (gen_random_uuid(), 1, %s, %s) RETURNING notification_id",
            (topic, state),
        ).fetchone()
        assert row is not None
        return int(row[0])


def test_the_projector_is_woken_by_a_commit(desk: BlockingDesk, database: TestDatabase) -> None:
    stop, before = threading.Event(), last_position(database)
    with database.connect("projector") as connection, database.connect("api") as listener:
        Projector(connection).catch_up()
        listener.execute("LISTEN views")
        projecting = threading.Thread(target=Projector(connection).run, args=(stop,), kwargs={"patience": 30})
        projecting.start()
        log(desk)
        told = [notify.payload for notify in listener.notifies(timeout=20, stop_after=1)]
        stop.set()
        log(desk)
        projecting.join(30)
    assert told == [str(before + 1)]
    assert not projecting.is_alive()


@pytest.mark.parametrize(("topic", "state"), [("case.unheard_of", b"{}"), ("case.logged", b"{}"), ("case.noted", None)])
def test_a_poisoned_event_stops_it_at_that_event_and_loses_nothing(
    desk: BlockingDesk,
    database: TestDatabase,
    projector: Projector,
    views: BlockingDesk,
    topic: str,
    state: bytes | None,
) -> None:
    before = [log(desk) for _ in range(3)]
    if state is None:  # readable, but its case was never opened
        number = desk.logging.note(log(desk), "x", visible_to_customer=False, request=TECHNICIAN).case.number
        state = desk.records.history(number, TECHNICIAN.actor)[-1].state
        before.append(number)
    position = poison(database, topic, state)
    after = log(desk)

    with pytest.raises(Poisoned, match=f"before position {position}: {topic}") as raised:
        projector.catch_up()
    assert raised.value.position == position
    health = views.health.status()
    assert (health["position"], health["halted_at"]) == (position - 1, position)
    assert topic in health["halted_by"]
    shown = [item["number"] for item in views.lists.cases((), "number", Page(), Asked(NOW)).items]
    assert shown == before
    assert after not in shown


def test_killed_half_way_it_has_done_nothing_and_done_again_it_does_the_same(
    desk: BlockingDesk, database: TestDatabase, views: BlockingDesk
) -> None:
    numbers = [resolved(desk, words={"subject": subject}) for subject in ("Printer", "Mailbox", "Payslip")]
    doomed = database.connect("projector", autocommit=False)
    doomed.execute("SELECT 1")
    Projector(doomed).fold_batch()  # inside an open transaction, which dies with its connection
    doomed.close()
    assert views.positions.last() == 0
    with database.connect("projector") as connection:
        Projector(connection).catch_up()
    assert differences(database) == {}
    assert [item["number"] for item in views.lists.cases((), "number", Page(), Asked(NOW)).items] == numbers


def test_a_second_projector_stands_by_until_the_first_is_gone(desk: BlockingDesk, database: TestDatabase) -> None:
    first, second = database.connect("projector"), database.connect("projector")
    stop_first, stop_second = threading.Event(), threading.Event()
    Projector(first).catch_up()
    before = last_position(database)
    one = threading.Thread(target=Projector(first).run, args=(stop_first,), kwargs={"patience": 0.05})
    two = threading.Thread(target=Projector(second).run, args=(stop_second,), kwargs={"patience": 0.05})
    with database.connect("api") as listener:
        listener.execute("LISTEN views")
        one.start()
        log(desk)
        assert [n.payload for n in listener.notifies(timeout=20, stop_after=1)] == [str(before + 1)]
        two.start()
        stop_first.set()
        one.join()
        first.close()
        log(desk)
        assert [n.payload for n in listener.notifies(timeout=20, stop_after=1)] == [str(before + 2)]
    stop_second.set()
    two.join()
    second.close()


def test_a_rebuild_gives_the_same_views_and_swaps_them_in(
    desk: BlockingDesk, database: TestDatabase, projector: Projector, views: BlockingDesk
) -> None:
    resolved(desk)
    projector.catch_up()
    before = views.lists.cases((), "number", Page(), Asked(NOW)).items
    with psycopg.connect(database.superuser, autocommit=True) as superuser:
        superuser.execute("UPDATE views.open_cases SET priority = 1")
        superuser.execute("DELETE FROM views.case_counts")
    assert set(differences(database)) == {"open_cases", "case_counts"}
    with database.connect("projector") as connection:
        rebuild_views(connection)
    assert differences(database) == {}
    assert views.lists.cases((), "number", Page(), Asked(NOW)).items == before
    with database.connect("reporter") as reporter:
        assert reporter.execute("SELECT priority FROM reporting.cases").fetchall() == [(3,)]
    log(desk)
    projector.catch_up()  # the live projector goes on in the new tables
    assert len(views.lists.cases((), "number", Page(), Asked(NOW)).items) == 2


def test_nothing_that_must_never_be_is(desk: BlockingDesk, projector: Projector, database: TestDatabase) -> None:
    """Cases nobody owns (R-6b); resolved, cause not corrected, no problem (R-5.8.1a): the queries find none."""
    number = assigned(desk)
    resolved(desk, words={"subject": "Mailbox"})
    projector.catch_up()
    with psycopg.connect(database.superuser, autocommit=True) as superuser:

        def found(invariant: str) -> list[tuple[Any, ...]]:
            with database.connect("reporter") as reporter:
                return reporter.execute(
                    sql.SQL("SELECT number FROM {}").format(sql.Identifier("reporting", invariant))
                ).fetchall()

        assert found("unowned_cases") == found("resolved_without_problem") == []
        superuser.execute("UPDATE views.open_cases SET queue = NULL WHERE number = %s", (number,))
        superuser.execute("UPDATE views.resolutions SET cause_corrected = 'unknown'")
        assert found("unowned_cases") == [(number,)]
        assert len(found("resolved_without_problem")) == 1
        superuser.execute("UPDATE views.open_cases SET queue = team WHERE number = %s", (number,))
        superuser.execute("UPDATE views.resolutions SET cause_corrected = 'yes'")


def test_a_queue_reads_as_it_was(desk: BlockingDesk, projector: Projector, views: BlockingDesk) -> None:
    number = assigned(desk)
    projector.catch_up()
    then = views.positions.last()
    desk.assignment.hand_back(number, "not ours", NETWORK)
    projector.catch_up()
    assert views.lists.queue("network", Page(), Asked(NOW)).items == []
    assert [item["number"] for item in views.lists.queue("network", Page(), Asked(NOW, Point(then))).items] == [number]
    assert views.lists.queue("diagnosis", Page(), Asked(NOW, Point(then))).items == []


def test_the_time_to_resolve_is_net_of_pauses_and_of_time_spent_resolved(database: TestDatabase) -> None:
    clock = TravelClock(datetime(2026, 11, 2, 8, 0, tzinfo=UTC))
    with open_desk(database, clock) as desk, database.connect("projector") as connection:
        grant_everybody(desk)
        number = log(desk)
        desk.triage.triage(number, "desk", TECHNICIAN)
        desk.diagnosis.prioritize(number, MEDIUM, TECHNICIAN)
        desk.diagnosis.diagnose(number, {"findings": "x"}, None, (), TECHNICIAN)
        clock.travel(timedelta(hours=1))
        desk.pending.pend(number, PendingReason.CUSTOMER, None, TECHNICIAN)
        clock.travel(timedelta(hours=10))
        desk.pending.resume(number, TECHNICIAN)
        desk.pending.pend(number, PendingReason.VENDOR, None, TECHNICIAN)  # pauses nothing
        clock.travel(timedelta(hours=2))
        desk.pending.resume(number, TECHNICIAN)
        desk.resolution.resolve(number, FIXED, "x", TECHNICIAN)
        clock.travel(timedelta(hours=80))
        desk.disputes.dispute(number, "no", None, Channel.PHONE, TECHNICIAN)
        clock.travel(timedelta(hours=4))
        desk.resolution.resolve(number, FIXED, "x", TECHNICIAN)
        Projector(connection).catch_up()
        with on_pool(database, "api", views_on) as views:
            totals = views.reports.report(ReportQuestion("resolution"))["totals"]
            reopenings = views.reports.report(ReportQuestion("reopenings"))["totals"]
    assert totals["resolved"] == 1
    assert totals["median_hours"] == 1 + 2 + 4
    assert totals["median_hours_wall_clock"] == 1 + 10 + 2 + 80 + 4
    assert totals["median_hours_to_first_resolution"] == 1 + 10 + 2
    assert reopenings == {
        "cases_reopened": 1, "reopenings": 1, "reopenings_after_72h": 1, "reopenings_after_closure": 0,
    }  # fmt: skip


def test_ids_sort_by_the_time_they_were_made(desk: BlockingDesk) -> None:
    first = desk.runner.repository.identify(log(desk))
    assert isinstance(first, UUID)
    assert first.version == 7
    assert first.variant == "specified in RFC 4122"
