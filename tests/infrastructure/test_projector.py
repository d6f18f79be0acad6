"""The views: folded once and in order, halted loudly by what cannot be folded, rebuilt to the same."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.main import open_desk
from application.desk import Desk
from application.requests import Request
from application.views.questions import Page, Point, ReportQuestion
from domain.case.state import PendingReason
from domain.clocks import TravelClock
from domain.errors import DomainError
from domain.values import Actor, Channel, Role
from infrastructure.views.projector import Poisoned, Projector
from infrastructure.views.reading import PostgresViews
from infrastructure.views.rebuilding import compare_with_shadow, rebuild_views
from tests.application.cases import FIXED, MEDIUM, NETWORK, TECHNICIAN, assigned, log, resolved
from tests.conftest import TestDatabase


@pytest.fixture
def views(database: TestDatabase) -> Iterator[PostgresViews]:
    pool = database.pool("api", size=2)
    with pool:
        yield PostgresViews(pool)


def poison(database: TestDatabase, topic: str = "case.unheard_of", state: bytes = b"{}") -> int:
    with psycopg.connect(database.superuser, autocommit=True) as superuser:
        row = superuser.execute(
            "INSERT INTO ledger.stored_events (originator_id, originator_version, topic, state) "
            "VALUES (gen_random_uuid(), 1, %s, %s) RETURNING notification_id",
            (topic, state),
        ).fetchone()
        assert row is not None
        return int(row[0])


def test_the_projector_is_woken_by_a_commit(desk: Desk, database: TestDatabase) -> None:
    stop = threading.Event()
    with database.connect("projector") as connection, database.connect("api") as listener:
        listener.execute("LISTEN views")
        projecting = threading.Thread(target=Projector(connection).run, args=(stop,), kwargs={"patience": 30})
        projecting.start()
        log(desk)
        told = [notify.payload for notify in listener.notifies(timeout=20, stop_after=1)]
        stop.set()
        log(desk)
        projecting.join(30)
    assert told == ["1"]
    assert not projecting.is_alive()


@pytest.mark.parametrize(("topic", "state"), [("case.unheard_of", b"{}"), ("case.logged", b"{}"), ("case.noted", None)])
def test_a_poisoned_event_stops_it_at_that_event_and_loses_nothing(
    desk: Desk, database: TestDatabase, projector: Projector, views: PostgresViews, topic: str, state: bytes | None
) -> None:
    before = [log(desk) for _ in range(3)]
    if state is None:  # readable, but its case was never opened
        number = desk.note(log(desk), "x", visible_to_customer=False, request=TECHNICIAN).case.number
        state = desk.history(number, TECHNICIAN.actor)[-1].state
        before.append(number)
    position = poison(database, topic, state)
    after = log(desk)

    with pytest.raises(Poisoned, match=f"before position {position}: {topic}") as raised:
        projector.catch_up()
    assert raised.value.position == position
    health = views.health()
    assert (health["position"], health["halted_at"]) == (position - 1, position)
    assert topic in health["halted_by"]
    shown = [item["number"] for item in views.cases({}, "number", Page()).items]
    assert shown == before
    assert after not in shown


def test_killed_half_way_it_has_done_nothing_and_done_again_it_does_the_same(
    desk: Desk, database: TestDatabase, views: PostgresViews
) -> None:
    numbers = [resolved(desk) for _ in range(3)]
    doomed = database.connect("projector", autocommit=False)
    doomed.execute("SELECT 1")
    Projector(doomed).fold_batch()  # inside an open transaction, which dies with its connection
    doomed.close()
    assert views.position() == 0
    with database.connect("projector") as connection:
        Projector(connection).catch_up()
        assert compare_with_shadow(connection)[1] == {}
    assert [item["number"] for item in views.cases({}, "number", Page()).items] == numbers


def test_a_second_projector_stands_by_until_the_first_is_gone(desk: Desk, database: TestDatabase) -> None:
    first, second = database.connect("projector"), database.connect("projector")
    stop_first, stop_second = threading.Event(), threading.Event()
    one = threading.Thread(target=Projector(first).run, args=(stop_first,), kwargs={"patience": 0.05})
    two = threading.Thread(target=Projector(second).run, args=(stop_second,), kwargs={"patience": 0.05})
    with database.connect("api") as listener:
        listener.execute("LISTEN views")
        one.start()
        log(desk)
        assert [n.payload for n in listener.notifies(timeout=20, stop_after=1)] == ["1"]
        two.start()
        stop_first.set()
        one.join()
        first.close()
        log(desk)
        assert [n.payload for n in listener.notifies(timeout=20, stop_after=1)] == ["2"]
    stop_second.set()
    two.join()
    second.close()


def test_a_rebuild_gives_the_same_views_and_swaps_them_in(
    desk: Desk, database: TestDatabase, projector: Projector, views: PostgresViews
) -> None:
    resolved(desk)
    projector.catch_up()
    before = views.cases({}, "number", Page()).items
    with psycopg.connect(database.superuser, autocommit=True) as superuser:
        superuser.execute("UPDATE views.case_intervals SET priority = 1")
        superuser.execute("DELETE FROM views.case_counts")
    with database.connect("projector") as connection:
        assert set(compare_with_shadow(connection)[1]) == {"case_intervals", "case_counts"}
        rebuild_views(connection)
        assert compare_with_shadow(connection)[1] == {}
    assert views.cases({}, "number", Page()).items == before
    with database.connect("reporter") as reporter:
        assert reporter.execute("SELECT priority FROM reporting.cases").fetchall() == [(3,)]
    log(desk)
    projector.catch_up()  # the live projector goes on in the new tables
    assert len(views.cases({}, "number", Page()).items) == 2


def test_a_queue_reads_as_it_was(desk: Desk, projector: Projector, views: PostgresViews) -> None:
    number = assigned(desk)
    projector.catch_up()
    then = views.position()
    desk.hand_back(number, "not ours", NETWORK)
    projector.catch_up()
    assert views.queue("network", Point(), Page()).items == []
    assert [item["number"] for item in views.queue("network", Point(then), Page()).items] == [number]
    assert views.queue("diagnosis", Point(then), Page()).items == []


def test_the_time_to_resolve_is_net_of_pauses_and_of_time_spent_resolved(database: TestDatabase) -> None:
    clock = TravelClock(datetime(2026, 11, 2, 8, 0, tzinfo=UTC))
    with open_desk(database, clock) as desk, database.connect("projector") as connection:
        number = log(desk)
        desk.triage(number, "desk", None, TECHNICIAN)
        desk.prioritize(number, MEDIUM, None, TECHNICIAN)
        desk.diagnose(number, None, {"findings": "x"}, None, TECHNICIAN)
        clock.travel(timedelta(hours=1))
        desk.pend(number, PendingReason.CUSTOMER, None, None, TECHNICIAN)
        clock.travel(timedelta(hours=10))
        desk.resume(number, None, TECHNICIAN)
        desk.pend(number, PendingReason.VENDOR, None, None, TECHNICIAN)  # pauses nothing
        clock.travel(timedelta(hours=2))
        desk.resume(number, None, TECHNICIAN)
        desk.resolve(number, FIXED, "x", None, TECHNICIAN)
        clock.travel(timedelta(hours=80))
        desk.dispute(number, "no", None, Channel.PHONE, TECHNICIAN)
        clock.travel(timedelta(hours=4))
        desk.resolve(number, FIXED, "x", None, TECHNICIAN)
        Projector(connection).catch_up()
        with database.pool("api", size=1) as pool:
            views = PostgresViews(pool)
            totals = views.report(ReportQuestion("resolution"))["totals"]
            reopenings = views.report(ReportQuestion("reopenings"))["totals"]
    assert totals["resolved"] == 1
    assert totals["median_hours"] == 1 + 2 + 4
    assert totals["median_hours_wall_clock"] == 1 + 10 + 2 + 80 + 4
    assert totals["median_hours_to_first_resolution"] == 1 + 10 + 2
    assert reopenings == {
        "cases_reopened": 1, "reopenings": 1, "reopenings_after_72h": 1, "reopenings_after_closure": 0,
    }  # fmt: skip


COMMANDS = st.sampled_from(
    ["log", "triage", "prioritize", "diagnose", "assign", "hand_back", "pend", "resume", "resolve", "dispute", "note"]
)


def act(desk: Desk, command: str, number: str) -> None:
    desk_of: dict[str, Request] = {"hand_back": NETWORK}
    request = desk_of.get(command, TECHNICIAN)
    {
        "triage": lambda: desk.triage(number, "desk", None, request),
        "prioritize": lambda: desk.prioritize(number, MEDIUM, None, request),
        "diagnose": lambda: desk.diagnose(number, None, {"findings": "x"}, None, request),
        "assign": lambda: desk.assign(number, "network", None, None, None, request),
        "hand_back": lambda: desk.hand_back(number, "x", request),
        "pend": lambda: desk.pend(number, PendingReason.CUSTOMER, None, None, request),
        "resume": lambda: desk.resume(number, None, request),
        "resolve": lambda: desk.resolve(number, FIXED, "x", None, request),
        "dispute": lambda: desk.dispute(number, "x", None, None, request),
        "note": lambda: desk.note(number, "x", visible_to_customer=False, request=request),
    }[command]()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(commands=st.lists(st.tuples(COMMANDS, st.integers(0, 2)), max_size=25), cut=st.floats(0, 1))
def test_counters_queues_and_past_points_equal_a_fold_from_scratch(
    desk: Desk,
    projector: Projector,
    database: TestDatabase,
    views: PostgresViews,
    commands: list[tuple[str, int]],
    cut: float,
) -> None:
    numbers = [log(desk)]
    for command, which in commands:
        try:
            if command == "log":
                numbers.append(log(desk))
            else:
                act(desk, command, numbers[which % len(numbers)])
        except DomainError:
            continue
        projector.catch_up()
    projector.catch_up()
    with database.connect("projector") as connection:
        assert compare_with_shadow(connection)[1] == {}
        rows = connection.execute(
            "SELECT queue, count(*) FROM views.case_intervals WHERE upper_inf(positions) AND queue IS NOT NULL GROUP BY 1"
        ).fetchall()
    assert {item["name"]: item["cases"] for item in views.queues().items} == dict(rows)
    plain = views.report(ReportQuestion("volume"))["totals"]
    assert plain == views.report(ReportQuestion("volume", point=Point(views.position())))["totals"]

    then = int(cut * views.position())
    reader = Actor("r.audit", Role.AUDITOR)
    for queue in ("triage", "prioritization", "diagnosis", "network", "resolved"):
        shown = {item["number"]: item["version"] for item in views.queue(queue, Point(then), Page(limit=200)).items}
        for number, version in shown.items():
            known = [e.event.originator_version for e in desk.history(number, reader) if e.position <= then]
            assert version == max(known)
            assert queue in (
                desk.case(number, reader, version=version).team,
                QUEUES[desk.case(number, reader, version=version).status],
            )


QUEUES = {
    "logged": "triage", "triaged": "prioritization", "prioritized": "diagnosis", "in_diagnosis": "diagnosis",
    "assigned": "network", "resolved": "resolved", "closed": None,
}  # fmt: skip


def test_ids_sort_by_the_time_they_were_made(desk: Desk) -> None:
    first = desk.identify(log(desk))
    assert isinstance(first, UUID)
    assert first.version == 7
    assert first.variant == "specified in RFC 4122"
