"""The live views against a fold from scratch: at one snapshot, as the auditor, whoever else is at work."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql

from application.administration.catalogue import OPERATOR
from domain.case import Case
from domain.values import Role
from infrastructure.postgres.database import Database
from infrastructure.views.comparison import MOST, Comparison, Difference, compare, compare_views, prepare
from infrastructure.views.projector import Poisoned, Projector
from infrastructure.views.rebuild import rebuild_views
from tests.application.cases import TECHNICIAN, assigned, log, resolved
from tests.blocking import BlockingDesk
from tests.conftest import TestDatabase, differences
from tests.infrastructure.everything import everything
from tests.infrastructure.histories import History
from tests.infrastructure.views.test_projector import last_position, poison
from tests.infrastructure.views.test_quarantine import held

EDITS = {
    "case_counts": "events = -events",
    "case_facts": "net_seconds = -net_seconds",
    "case_intervals": "priority = 9 - priority",
    "closed_cases": "priority = 9 - priority",
    "open_cases": "priority = 9 - priority",
    "case_texts": "lexemes = CASE WHEN lexemes @@ 'x' THEN ts_delete(lexemes, 'x') ELSE lexemes || 'x'::tsvector END",
    "happenings": "imported = NOT imported",
    "known_errors": "title = reverse(title)",
    "obligations": "renewed = NOT renewed",
    "open_reports": "service = reverse(service)",
    "open_terms": "cases = -cases",
    "outbox": "outcome = reverse(outcome)",
    "problems": "known_error = reverse(known_error)",
    "quarantine": "cause = reverse(cause)",
    "resolutions": "net_seconds = -net_seconds",
    "targets": "due_at = 'epoch'::timestamptz - (due_at - 'epoch'::timestamptz)",
    "tracking": "events = -events",
    "value_counts": "cases = -cases",
    "words": "cases = -cases",
}
"""What changes a row of each view, and done again changes it back."""
KEPT = {"report_answers", "report_windows"}
"""Answers of reports are no view of the events, and may be thrown away at any time."""
NUMBERLESS = {"case_counts", "open_terms", "value_counts", "words", "quarantine", "tracking"}


@pytest.fixture
def superuser(database: TestDatabase) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database.superuser, autocommit=True) as connection:
        yield connection


@pytest.fixture
def auditor(database: TestDatabase) -> Iterator[psycopg.Connection[Any]]:
    with database.connect("auditor") as connection:
        yield connection


@contextmanager
def one_snapshot(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """A transaction that sees what there is now and nothing later."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        connection.execute("SELECT FROM ledger.stored_events LIMIT 1")
        yield


def test_a_row_edited_in_any_view_is_found_on_both_sides_and_named(
    history: History,
    desk: BlockingDesk,
    projector: Projector,
    database: TestDatabase,
    superuser: psycopg.Connection[Any],
    auditor: psycopg.Connection[Any],
    subtests: pytest.Subtests,
) -> None:
    everything(history)
    desk.grants.ensure("mail.gateway", Role.INTAKE, None, None, OPERATOR, anew=False)
    held(desk, 1)
    projector.catch_up()
    tables = superuser.execute("SELECT tablename::text FROM pg_tables WHERE schemaname = 'views'")
    assert {table for (table,) in tables} - KEPT == set(EDITS)  # else this test says less than it should
    whole = compare_views(auditor)
    assert whole == Comparison(last_position(database), whole.events)
    assert superuser.execute("SELECT count(*) FROM ledger.stored_events").fetchone() == (whole.events,)
    edited = {}
    for table, edit in EDITS.items():
        statement = f"UPDATE views.{table} SET {edit} WHERE ctid = %s RETURNING ctid".encode()
        first = f"SELECT min(ctid) FROM views.{table} WHERE {edit.partition(' ')[0]} IS NOT NULL".encode()
        edited[statement] = superuser.execute(statement, superuser.execute(first).fetchone()).fetchone()
    found = compare_views(auditor)
    assert found.differences == dict.fromkeys(EDITS, 2)
    for table in EDITS:
        with subtests.test(table):
            fold, view = (finding for finding in found.findings if finding.table == table)
            assert (fold.only_in, view.only_in) == ("fold", "view")
            assert fold.key == view.key
            assert (fold.number is None) is (table in NUMBERLESS)
    for statement, row in edited.items():
        superuser.execute(statement, row)
    assert compare_views(auditor).differences == {}


def test_a_row_taken_away_and_one_put_in_are_told_apart(
    history: History, projector: Projector, superuser: psycopg.Connection[Any], auditor: psycopg.Connection[Any]
) -> None:
    case = history.assigned()
    projector.catch_up()
    superuser.execute("DELETE FROM views.case_intervals WHERE version = 2")
    superuser.execute("INSERT INTO views.value_counts VALUES ('queue', 'nowhere', 1, 0)")
    found = compare_views(auditor)
    ended = position_of_third(superuser, case)
    key = {"case_id": str(case.id), "until_position": str(ended)}
    assert found.findings == [
        Difference("case_intervals", "fold", case.number, key),
        Difference("value_counts", "view", None, {"name": "queue", "value": "nowhere"}),
    ]
    assert found.differences == {"case_intervals": 1, "value_counts": 1}
    assert [str(finding) for finding in found.findings] == [
        f"case_intervals {case.number} (case_id {case.id}, until_position {ended}): in the fold only",
        "value_counts (name queue, value nowhere): in the view only",
    ]


def position_of_third(superuser: psycopg.Connection[Any], case: Case) -> int:
    """The position of a case's third event: it ended the second interval."""
    row = superuser.execute(
        "SELECT notification_id FROM ledger.stored_events WHERE originator_id = %s AND originator_version = 3",
        (case.id,),
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_a_row_is_named_by_the_number_that_its_case_was_given_and_not_by_what_it_says(
    history: History, projector: Projector, superuser: psycopg.Connection[Any], auditor: psycopg.Connection[Any]
) -> None:
    case = history.logged()
    projector.catch_up()
    superuser.execute("UPDATE views.open_cases SET number = 'INC-9999999'")
    assert [finding.number for finding in compare_views(auditor).findings] == [case.number, case.number]


def test_all_that_differ_are_counted_and_the_first_are_named(
    history: History, projector: Projector, superuser: psycopg.Connection[Any], auditor: psycopg.Connection[Any]
) -> None:
    for _ in range(MOST):
        history.logged()
    projector.catch_up()
    superuser.execute("UPDATE views.open_cases SET channel = 'pigeon'")
    found = compare_views(auditor)
    assert found.differences == {"open_cases": 2 * MOST}
    assert len(found.findings) == MOST
    assert len({finding.number for finding in found.findings}) == MOST / 2


def test_what_is_folded_or_edited_after_the_snapshot_is_another_matter(
    desk: BlockingDesk, projector: Projector, superuser: psycopg.Connection[Any], auditor: psycopg.Connection[Any]
) -> None:
    assigned(desk)
    projector.catch_up()
    log(desk)  # on the record, and in no view yet
    prepare(auditor)
    with one_snapshot(auditor):
        before = compare(auditor)
        projector.catch_up()
        superuser.execute("UPDATE views.open_cases SET priority = 1")
        assert compare_again(auditor) == before
    assert before.differences == {}
    with one_snapshot(auditor):
        after = compare(auditor)
    assert after.position > before.position
    assert after.events == before.events + 1
    assert set(after.differences) == {"open_cases"}


def compare_again(auditor: psycopg.Connection[Any]) -> Comparison:
    """Compare once more in a transaction whose tables have been folded into already."""
    for (table,) in auditor.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relkind = 'r'"
    ):
        auditor.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier("pg_temp", table)))
    return compare(auditor)


def test_a_projector_at_work_makes_no_difference(
    desk: BlockingDesk, database: TestDatabase, views: BlockingDesk
) -> None:
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            resolved(desk, words={"subject": str(last_position(database))})

    with database.connect("projector") as connection, database.connect("auditor") as auditor:
        projecting = threading.Thread(target=Projector(connection).run, args=(stop,), kwargs={"patience": 0.05})
        working = threading.Thread(target=work)
        projecting.start()
        working.start()
        try:
            found = [compare_views(auditor)]
            while len({comparison.position for comparison in found}) < 5:
                found.append(compare_views(auditor))
        finally:
            stop.set()
            working.join()
            projecting.join()
    assert all(comparison.differences == {} for comparison in found)


@pytest.mark.parametrize("topic", ["case.unheard_of", "case.noted"])
def test_an_event_that_cannot_be_folded_is_named_and_the_snapshot_stays_usable(
    desk: BlockingDesk,
    database: TestDatabase,
    projector: Projector,
    superuser: psycopg.Connection[Any],
    auditor: psycopg.Connection[Any],
    topic: str,
) -> None:
    number = assigned(desk)
    desk.logging.note(number, "x", visible_to_customer=False, request=TECHNICIAN)
    projector.catch_up()
    # Readable, but its case was never opened: only folded by itself it is known which it is.
    state = desk.records.history(number, TECHNICIAN.actor)[-1].state
    position = poison(database, topic, state)
    log(desk)
    with pytest.raises(Poisoned):
        projector.catch_up()
    assert differences(database) == {}  # it has halted the projector, and everything before it is right
    superuser.execute("UPDATE views.tracking SET position = %s", (last_position(database),))
    prepare(auditor)
    with one_snapshot(auditor):
        with pytest.raises(Poisoned, match=topic) as raised:
            compare(auditor)
        assert auditor.execute("SELECT 1").fetchone() == (1,)
    assert raised.value.position == position


def test_views_that_claim_to_be_further_than_the_ledger_are_found(
    desk: BlockingDesk, projector: Projector, superuser: psycopg.Connection[Any], auditor: psycopg.Connection[Any]
) -> None:
    log(desk)
    projector.catch_up()
    superuser.execute("UPDATE views.tracking SET position = position + 1000")
    assert compare_views(auditor).differences == {"tracking": 2}
    superuser.execute("DELETE FROM views.tracking")
    found = compare_views(auditor)
    assert (found.position, found.differences["tracking"]) == (0, 1)
    superuser.execute("INSERT INTO views.tracking (position, events) VALUES (0, 0)")
    superuser.execute("TRUNCATE views.open_cases, views.case_intervals, views.value_counts, views.case_counts")


def test_a_rebuild_waits_for_a_comparison_and_holds_up_no_reader_meanwhile(
    desk: BlockingDesk,
    projector: Projector,
    database: TestDatabase,
    views: BlockingDesk,
    superuser: psycopg.Connection[Any],
) -> None:
    resolved(desk)
    projector.catch_up()

    def rebuild() -> None:
        with database.connect("projector") as connection:
            rebuild_views(connection)

    rebuilding = threading.Thread(target=rebuild)
    with database.connect("auditor") as auditor:
        prepare(auditor)
        rebuilding.start()
        while superuser.execute("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").fetchone() is None:
            assert rebuilding.is_alive()
        with one_snapshot(auditor):
            assert compare(auditor).differences == {}
        assert views.positions.last() == last_position(database)
        assert rebuilding.is_alive()
    rebuilding.join()
    assert differences(database) == {}


def test_on_an_operators_server_it_is_the_auditors_role_too_and_changes_nothing(
    desk: BlockingDesk, projector: Projector, database: TestDatabase
) -> None:
    resolved(desk)
    projector.catch_up()
    with Database(database.superuser, embedded=False).connect("auditor") as connection:
        assert connection.execute("SELECT current_user::text").fetchone() == ("desk_auditor",)
        prepare(connection)
        with one_snapshot(connection):
            assert compare(connection).differences == {}
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                connection.execute("UPDATE views.tracking SET position = 0")
