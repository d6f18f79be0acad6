"""What the views answer: what is owed, what stands in which queue, what is due, and to whom they answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from importlib.resources import files
from typing import Any

import psycopg
import pytest
from psycopg import sql

from application.views.questions import Asked, Listing, Page, Point
from domain.case import Case
from domain.case.clauses.notification import ContactAttempt
from infrastructure.postgres.database import Component
from infrastructure.postgres.queries import load
from infrastructure.views.projector import Projector
from infrastructure.views.questions.timers import PostgresTimers
from infrastructure.views.rebuild import rebuild_views
from tests.blocking import BlockingDesk, on_pool
from tests.conftest import TestDatabase, differences
from tests.infrastructure.everything import everything
from tests.infrastructure.histories import (
    MEDIUM,
    POLICY,
    SYSTEM,
    TEAM,
    History,
    by,
    moment,
    open_history,
    said,
)

ALL = Page(limit=200)


@pytest.fixture
def timers(database: TestDatabase) -> Iterator[BlockingDesk]:
    with on_pool(database, "processes", PostgresTimers) as made:
        yield made


def asked(minutes: float, point: Point = Point()) -> Asked:  # noqa: B008 - a constant
    return Asked(moment(minutes), point, alarm=POLICY.unprioritized_alarm, pausing=POLICY.pausing)


def numbers(listing: Listing, name: str = "number") -> list[Any]:
    return [item[name] for item in listing.items]


def owing(history: History) -> tuple[Case, Case]:
    """A case whose customer must be informed by 04:04 after, and one that awaits an answer by 00:33."""
    uninformed, asking = history.resolved(0), history.prioritized(0)
    uninformed.not_notified("bounced", POLICY, by(4, SYSTEM))
    history.put(uninformed)
    asking.consult(history.assigned(0), POLICY, by(3))
    history.put(asking)
    return uninformed, asking


def test_what_is_owed_stands_by_due_time_and_says_what_is_overdue(
    history: History, projector: Projector, views: BlockingDesk
) -> None:
    uninformed, asking = owing(history)
    projector.catch_up()
    owed = views.lists.obligations({}, ALL, asked(34))
    assert owed.items == [
        {
            "case": asking.number, "kind": "answer_consultation", "key": "answer_consultation:INC-0000003",
            "about": "INC-0000003", "due_at": moment(33), "since": moment(3), "role": "team_member", "team": "network",
            "overdue": True,
        },
        {
            "case": uninformed.number, "kind": "inform_customer", "key": "inform_customer", "about": None,
            "due_at": moment(244), "since": moment(4), "role": "technician", "team": None, "overdue": False,
        },
    ]  # fmt: skip
    assert owed.position == views.positions.last()
    first = views.lists.obligations({}, Page(limit=1), asked(0))
    assert first.next_key is not None
    assert numbers(views.lists.obligations({}, Page(first.next_key), asked(0)), "case") == [uninformed.number]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"kind": "inform_customer"}, ["INC-0000001"]),
        ({"role": "team_member"}, ["INC-0000002"]),
        ({"team": "network"}, ["INC-0000002"]),
        ({"case": "INC-0000001"}, ["INC-0000001"]),
        ({"case": "INC-0000001", "team": "network"}, []),
        ({"team": "net\0work"}, []),
    ],
)
def test_what_is_owed_is_found_by_kind_role_team_and_case(
    history: History, projector: Projector, views: BlockingDesk, filters: dict[str, str], found: list[str]
) -> None:
    owing(history)
    projector.catch_up()
    assert numbers(views.lists.obligations(filters, ALL, asked(0)), "case") == found
    with pytest.raises(ValueError, match="colour is no filter"):
        views.lists.obligations({"colour": "red"}, ALL, asked(0))


def test_what_was_owed_then_is_owed_then_still(history: History, projector: Projector, views: BlockingDesk) -> None:
    uninformed, asking = owing(history)
    projector.catch_up()
    then = views.positions.last()
    uninformed.tell_by_other_means(ContactAttempt("phone", moment(10), informed=False), POLICY, by(10))
    history.put(uninformed)
    projector.catch_up()
    again = views.positions.last()
    uninformed.tell_by_other_means(ContactAttempt("phone", moment(20), informed=True), POLICY, by(20))
    asking.answer_consultation("INC-0000003", said(), by(21, TEAM))
    history.put(uninformed, asking)
    projector.catch_up()
    assert views.lists.obligations({}, ALL, asked(0)).items == []
    due = [item["due_at"] for item in views.lists.obligations({}, ALL, asked(0, Point(then))).items]
    assert due == [moment(33), moment(244)]
    renewed = views.lists.obligations({"kind": "inform_customer"}, ALL, asked(0, Point(again))).items
    assert [item["due_at"] for item in renewed] == [moment(250)]
    assert numbers(views.lists.obligations({}, ALL, asked(0, Point(effective_at=moment(20)))), "case") == [
        asking.number
    ]


def test_the_queues_count_what_is_owed_and_what_has_no_priority_for_too_long(
    history: History, projector: Projector, views: BlockingDesk
) -> None:
    logged, triaged = history.logged(0), history.logged(1)
    triaged.triage("desk", by(2))
    history.put(triaged)
    history.prioritized(0)
    owing(history)
    projector.catch_up()

    def queues(minutes: float) -> dict[str, int]:
        listing = views.lists.queues(asked(minutes))
        return {**listing.queues, **listing.attention}

    present = {"triage": 1, "prioritization": 1, "diagnosis": 2, "network": 1, "resolved": 1, "obligations": 2}
    present |= {"breaching": 3, "unassigned": 1}
    assert queues(30) == present
    assert queues(30.5) == {**present, "unprioritized": 1}
    assert queues(31.5) == {**present, "unprioritized": 2}
    late = views.lists.queue("unprioritized", ALL, asked(31.5))
    assert numbers(late) == [logged.number, triaged.number]
    first = views.lists.queue("unprioritized", Page(limit=1), asked(31.5))
    second = views.lists.queue("unprioritized", Page(first.next_key), asked(31.5))
    assert (numbers(first), numbers(second)) == ([logged.number], [triaged.number])

    then = views.positions.last()
    for case in (logged, triaged):
        case.refer(("dhs", 1, None), ContactAttempt("phone", moment(40), informed=True), POLICY, by(40))
        history.put(case)
    projector.catch_up()
    assert views.lists.queue("unprioritized", ALL, asked(90)).items == []
    was = views.lists.queue("unprioritized", ALL, asked(31, Point(then)))
    assert numbers(was) == [logged.number]


def test_a_case_with_a_priority_is_not_listed_as_one_without(
    history: History, projector: Projector, views: BlockingDesk
) -> None:
    """Referred, prioritised all the same, and disputed: it is to be triaged again, and has its priority (R-5.4d)."""
    case = history.logged(0)
    case.refer(("dhs", 1, None), ContactAttempt("phone", moment(1), informed=True), POLICY, by(1))
    case.prioritize(MEDIUM, POLICY, by(2))
    case.dispute(moment(3), POLICY, by(3))
    history.put(case)
    projector.catch_up()
    assert (case.status, case.priority) == ("triaged", 3)
    assert numbers(views.lists.queue("prioritization", ALL, asked(90))) == [case.number]
    assert views.lists.queue("unprioritized", ALL, asked(90)).items == []
    listed = views.lists.queues(asked(90))
    assert (listed.queues, listed.attention) == ({"prioritization": 1}, {"breaching": 1, "disputes": 1})


def test_a_listed_case_says_until_when_and_how_it_was_resolved(
    history: History, projector: Projector, views: BlockingDesk
) -> None:
    case = history.resolved(0)
    projector.catch_up()
    (item,) = views.lists.cases((), "number", ALL, asked(90)).items
    assert (item["resolve_by"], item["resolution_code"]) == (case.resolve_by, "fixed")


def test_timers_are_due_at_the_end_of_the_window_and_when_a_mail_is(
    history: History, projector: Projector, timers: BlockingDesk
) -> None:
    assert timers.next_due(("customer",)) is None
    case, other = history.resolved(0), history.resolved(0)
    history.tell(case, 10)
    mail = history.mail(other, 20)
    projector.catch_up()
    assert timers.next_due(("customer",)) == moment(20)
    assert timers.due_messages(moment(19), 10) == []
    assert timers.due_messages(moment(20), 10) == [mail.id]
    mail.defer("smtp-451", moment(21), by(20, SYSTEM))
    history.put(mail)
    projector.catch_up()
    assert timers.due_messages(moment(20), 10) == []
    mail.bounce("smtp-550", by(21, SYSTEM))
    history.put(mail)
    projector.catch_up()
    assert timers.due_messages(moment(9999), 10) == []

    end = moment(10) + timedelta(hours=72)
    assert timers.next_due(("customer",)) == end
    assert timers.due_closures(end - timedelta(seconds=1), 10) == []
    assert timers.due_closures(end, 10) == [(case.number, case.resolution_version)]
    assert timers.due_closures(end, 0) == []


def test_a_timer_stands_still_while_a_mail_waits_to_be_understood_and_is_gone_with_its_resolution(
    history: History, projector: Projector, timers: BlockingDesk
) -> None:
    case = history.resolved(0)
    history.tell(case, 10)
    case.suspect_dispute(moment(20), None, POLICY, by(20))
    history.put(case)
    projector.catch_up()
    assert timers.next_due(("customer",)) is None
    case.dismiss_dispute(said(), by(80))
    history.put(case)
    projector.catch_up()
    assert timers.next_due(("customer",)) == moment(70) + timedelta(hours=72)
    case.dispute(moment(90), POLICY, by(90))
    history.put(case)
    projector.catch_up()
    assert timers.due_closures(moment(999_999), 10) == []


@pytest.mark.parametrize("component", ["api", "processes", "mail", "auditor"])
def test_views_are_read_by_who_must_also_after_a_rebuild_and_changed_by_nobody_else(
    database: TestDatabase, component: Component
) -> None:
    tables = (
        "open_cases",
        "closed_cases",
        "case_intervals",
        "case_facts",
        "happenings",
        "report_answers",
        "report_windows",
        "obligations",
        "problems",
        "known_errors",
        "case_texts",
        "open_reports",
        "words",
        "outbox",
    )
    for _ in range(2):
        with database.connect(component) as reader:
            for table in tables:
                name = sql.Identifier("views", table)
                assert reader.execute(sql.SQL("SELECT FROM {}").format(name)).fetchall() == []
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    reader.execute(sql.SQL("DELETE FROM {}").format(name))
        with database.connect("projector") as connection:
            rebuild_views(connection)


def test_reporting_jobs_read_no_words(history: History, projector: Projector, database: TestDatabase) -> None:
    everything(history)
    projector.catch_up()
    with database.connect("reporter") as reporter:
        for name, least in (("obligations", 10), ("problems", 1), ("outbox", 5)):
            rows = reporter.execute(sql.SQL("SELECT r::text FROM {} r").format(sql.Identifier("reporting", name)))
            told = [text for (text,) in rows]
            assert len(told) >= least
            assert not any("Stripes" in text or "agency.example" in text for text in told)
        for name in ("case_texts", "known_errors", "words"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reporter.execute(sql.SQL("SELECT FROM {}").format(sql.Identifier("views", name)))


def test_a_database_of_before_is_folded_anew(server: str) -> None:
    """The views of 0.1.0 are emptied by the migration, and the projector makes them whole."""
    name = "t_before"
    before = TestDatabase(server, embedded=True, name=name)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        connection.execute(f"GRANT CREATE ON DATABASE {name} TO desk_owner, desk_projector")
    try:
        with psycopg.connect(before.superuser, autocommit=True) as superuser:
            superuser.execute(load("bootstrap", "infrastructure.postgres.setup")["extensions"])
            # What appends today needs the function of today.
            for migration in ("0001.ledger", "0002.views", "0003.reference", "0017.unread_mail", "0051.decided_on"):
                superuser.execute(written(migration))
            with open_history(before) as history:
                everything(history)
            superuser.execute("UPDATE views.tracking SET position = 5, events = 5")
            superuser.execute("INSERT INTO views.queue_counts VALUES ('network', 7)")
            later = (
                "0004.the_whole_sop",
                "0005.quarantine",
                "0007.erasure",
                "0019.everything_said",
                "0020.search_words",
            )
            views = (
                "0030.open_reports",
                "0031.searched_words",
                "0035.cases_now_and_then",
                "0037.pairs_of_values",
                "0048.last_resolutions",
                "0050.targets",
                "0052.facts",
            )
            for migration in (*later, *views):
                superuser.execute(written(migration))
        with before.connect("projector") as connection:
            assert Projector(connection).catch_up() > 100
        assert differences(before) == {}
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def written(migration: str) -> bytes:
    return files("infrastructure.postgres").joinpath("migrations", f"{migration}.sql").read_bytes()


@pytest.mark.parametrize("skipped", [0, 1, 31, 32, 33, 100])
def test_a_moment_is_the_position_of_the_last_event_recorded_by_then(
    views: BlockingDesk, database: TestDatabase, skipped: int
) -> None:
    """Whatever positions a rollback or a crash took: some are those that the index of moments holds."""
    with psycopg.connect(database.superuser, autocommit=True) as superuser:
        for minute in range(150):
            superuser.execute(
                "INSERT INTO ledger.stored_events (originator_id, originator_version, topic, state, recorded_at)"
                " VALUES (gen_random_uuid(), 1, 'subject.opened', '{}', %s)",
                (moment(minute),),
            )
            if minute % 7 == 0 and skipped:
                superuser.execute(
                    "SELECT nextval('ledger.stored_events_notification_id_seq') FROM generate_series(1, %s)", (skipped,)
                )
        rows = superuser.execute("SELECT recorded_at, notification_id FROM ledger.stored_events ORDER BY 2").fetchall()
    assert views.positions.at(moment(-1)) == 0
    for at, position in rows[::4]:
        assert views.positions.at(at) == views.positions.at(at + timedelta(seconds=59)) == position


def test_a_moment_is_found_where_every_position_of_the_index_was_skipped(
    views: BlockingDesk, database: TestDatabase
) -> None:
    with psycopg.connect(database.superuser, autocommit=True) as superuser:
        for minute in range(300):
            (position,) = superuser.execute(
                "INSERT INTO ledger.stored_events (originator_id, originator_version, topic, state, recorded_at)"
                " VALUES (gen_random_uuid(), 1, 'subject.opened', '{}', %s) RETURNING notification_id",
                (moment(minute),),
            ).fetchone() or (0,)
            if position % 32 == 31:
                superuser.execute("SELECT nextval('ledger.stored_events_notification_id_seq')")
    assert views.positions.at(moment(299)) == position


def test_a_moment_is_found_among_few_events(database: TestDatabase) -> None:
    query = load("view_reader", "infrastructure.views.questions")["position_at"].decode()
    with psycopg.connect(database.superuser) as superuser:
        superuser.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")
        explained = superuser.execute(f"EXPLAIN {query}".encode(), {"moment": moment(0)}).fetchall()
    plan = "\n".join(line for (line,) in explained)
    assert "Index Scan Backward using milestones_idx" in plan or "Index Only Scan Backward using milestones_idx" in plan
    assert "using stored_events_notification_id_idx" in plan
