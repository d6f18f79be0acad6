"""Erasing in the store: events and deletion are one transaction, and no fold or rebuild brings a copy back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError

from application.administration.catalogue import OPERATOR
from application.ports import Erasure
from domain.case.clauses.logging import IncidentReport
from domain.values import Channel, DisclosureKind, ErasureScope
from infrastructure.postgres.append import Append
from infrastructure.postgres.stored_event import LedgerEvent
from infrastructure.views.projector import Projector
from infrastructure.views.rebuild import make_shadow, rebuild_views
from tests import four_eyes
from tests.application.cases import NETWORK, TECHNICIAN, log
from tests.blocking import BlockingDesk, open_desk
from tests.conftest import TestDatabase, differences, grant_everybody

EMAIL = "jo.field@agency.example"
WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


@pytest.fixture
def desk(database: TestDatabase) -> Iterator[BlockingDesk]:
    with open_desk(database, component="eraser") as opened:
        grant_everybody(opened)
        yield opened


@pytest.fixture
def superuser(database: TestDatabase) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database.superuser, autocommit=True) as connection:
        yield connection


def erase(desk: BlockingDesk, given: str = EMAIL) -> int:
    return four_eyes.erase(desk, given, ErasureScope.EVERYTHING).disclosures


def published(desk: BlockingDesk) -> str:
    """A problem with a known error; returns the name under which its words are kept."""
    number = desk.problems.open("printing", 3, "Jo's printer", "jams", TECHNICIAN).root.number
    desk.problems.publish_known_error(number, "Jo's printer jams", "jams", "call Jo", NETWORK)
    return f"problem:{number}"


def copies(connection: psycopg.Connection[Any], schema: str = "views") -> int:
    tables = ("case_texts", "open_reports", "known_errors")
    query = "SELECT " + " + ".join(f"(SELECT count(*) FROM {schema}.{table})" for table in tables)
    row = connection.execute(query.encode()).fetchone()
    return int(row[0]) if row else -1


def counts(superuser: psycopg.Connection[Any]) -> list[Any]:
    query = "SELECT (SELECT count(*) FROM ledger.stored_events), (SELECT count(*) FROM vault.disclosures)"
    return superuser.execute(query).fetchall()


def wait_for_lock(superuser: psycopg.Connection[Any], going_on: Callable[[], bool]) -> int:
    """The process that waits for a lock, as soon as one does."""
    while not (row := superuser.execute(WAITING).fetchone()):
        assert going_on(), "it ended without waiting"
    return int(row[0])


@contextmanager
def locked_position(superuser: psycopg.Connection[Any]) -> Iterator[None]:
    """What the projector does while it folds a batch."""
    with superuser.transaction():
        superuser.execute("SELECT FROM views.tracking FOR UPDATE")
        yield


@contextmanager
def rows_locked(superuser: psycopg.Connection[Any]) -> Iterator[None]:
    """What is to be deleted: the deletion waits, with its events appended."""
    with superuser.transaction():
        superuser.execute("SELECT FROM vault.disclosures FOR UPDATE")
        yield


def test_a_batch_that_is_being_folded_does_not_bring_a_copy_back(
    desk: BlockingDesk, database: TestDatabase, superuser: psycopg.Connection[Any]
) -> None:
    log(desk)
    published(desk)
    with database.connect("projector") as connection:
        erasing = threading.Thread(target=erase, args=(desk,))
        with connection.transaction():  # the batch has read the vault and written its copies, and is not committed
            Projector(connection).fold_batch()
            assert copies(connection) == 3
            erasing.start()
            wait_for_lock(superuser, erasing.is_alive)
        erasing.join(30)
        assert copies(connection) == 1, "only the problem's own words are left"
        Projector(connection).catch_up()
        assert copies(connection) == 1
        assert differences(database) == {}


def test_a_rebuild_that_is_going_on_forgets_too_and_leaves_the_eraser_his_rights(
    desk: BlockingDesk, database: TestDatabase
) -> None:
    number, problem = log(desk), published(desk)
    erased = list[int]()

    def in_between(_: int) -> None:
        if not erased:  # the shadow has its copies by now, and has not taken the live views' place
            erased.extend((erase(desk), erase(desk, problem)))

    with database.connect("projector") as connection:
        Projector(connection).catch_up()
        rebuild_views(connection, in_between)
        assert erased == [2, 2]
        assert copies(connection) == 0
        other = log(desk)
        Projector(connection).catch_up()
        assert copies(connection) == 2
        assert erase(desk) == 2, "in what the rebuild made"
        assert copies(connection) == 0
        Projector(connection).catch_up()
        assert differences(database) == {}
        rows = connection.execute("SELECT number FROM reporting.cases ORDER BY 1").fetchall()
        assert rows == [(number,), (other,)]


def test_a_rebuild_that_was_broken_off_keeps_no_copy(desk: BlockingDesk, database: TestDatabase) -> None:
    log(desk)
    problem = published(desk)
    with database.connect("projector") as connection:
        make_shadow(connection).catch_up()
        assert copies(connection, "views_shadow") == 3
        erase(desk)
        erase(desk, problem)
        assert copies(connection, "views_shadow") == 0


def test_a_batch_of_a_rebuild_that_was_being_folded_is_forgotten_by_a_later_one(
    desk: BlockingDesk, database: TestDatabase
) -> None:
    log(desk)
    problem = published(desk)
    with database.connect("projector") as connection:
        shadow = make_shadow(connection)
        with connection.transaction():  # its copies are there, and nobody else can see them yet
            shadow.fold_batch()
            erase(desk)
            erase(desk, problem)
        assert copies(connection, "views_shadow") == 3
        shadow.catch_up()
        assert copies(connection, "views_shadow") == 0


def test_what_others_said_in_his_case_is_searched_by_still(desk: BlockingDesk, database: TestDatabase) -> None:
    report = IncidentReport(Channel.PHONE, desk.clock.now(), "", service="printing")
    lou = {"name": "Lou", "email": "lou@agency.example"}
    desk.logging.log(report, {"name": "Jo", "email": EMAIL}, {"subject": "Scanner"}, lou, TECHNICIAN)
    with database.connect("projector") as connection:
        Projector(connection).catch_up()
        assert erase(desk, "lou@agency.example") == 1
        assert copies(connection) == 2
        Projector(connection).catch_up()
        assert copies(connection) == 2


def test_an_append_that_is_refused_deletes_nothing(desk: BlockingDesk, superuser: psycopg.Connection[Any]) -> None:
    number = log(desk)
    case = desk.records.case(number, TECHNICIAN.actor)
    before = counts(superuser)
    taken = LedgerEvent(case.id, 1, "case.personal_data_erased", b"{}")
    erasing = Erasure(case.customer, set(DisclosureKind), [case.id])
    with pytest.raises(IntegrityError):
        desk.runner.store.writers.group.append(Append([taken], erasing=erasing))
    assert counts(superuser) == before


def test_an_erasure_is_committed_by_itself_and_in_its_turn(
    desk: BlockingDesk, superuser: psycopg.Connection[Any]
) -> None:
    number = log(desk)
    case = desk.records.case(number, TECHNICIAN.actor)
    group = desk.target.runner.store.writers.group
    erasing = Erasure(case.customer, set(DisclosureKind), [case.id])
    waiting = [
        Append([LedgerEvent(case.id, 2, "case.noted", b"{}")]),
        Append([LedgerEvent(case.id, 3, "case.personal_data_erased", b"{}")], erasing=erasing),
        Append([LedgerEvent(case.id, 4, "case.noted", b"{}")]),
    ]
    group._waiting.extend(waiting)
    batches = [group._take(), group._take(), group._take()]
    assert batches == [[append] for append in waiting]


def test_others_go_on_while_an_erasure_waits_for_a_fold(
    desk: BlockingDesk, database: TestDatabase, superuser: psycopg.Connection[Any]
) -> None:
    log(desk)
    erasing = threading.Thread(target=erase, args=(desk,))
    with open_desk(database) as other, psycopg.connect(database.superuser, autocommit=True) as holding:
        with locked_position(holding):
            erasing.start()
            wait_for_lock(superuser, erasing.is_alive)
            number = log(other, contact={"name": "Sam", "email": "sam@agency.example"})
        erasing.join(30)
        assert [entry.event.TOPIC for entry in other.records.history(number, TECHNICIAN.actor)] == ["case.logged"]
    assert erase(desk) == 0


def test_killed_before_its_commit_nothing_is_erased_and_nothing_is_recorded(
    desk: BlockingDesk, database: TestDatabase, superuser: psycopg.Connection[Any], tmp_path: Any
) -> None:
    number = log(desk)
    desk.logging.note(number, "called", visible_to_customer=False, request=TECHNICIAN)
    four_eyes.approve(desk, desk.personal_data.request_erasure(EMAIL, ErasureScope.EVERYTHING, "asked", OPERATOR))
    before = counts(superuser)
    command = [sys.executable, "-m", "api.cli", "erase", EMAIL, "--reason", "asked", "--scope", "everything", "--json"]
    told = {**os.environ, "CASELEDGER_DATABASE_URL": database.superuser, "CASELEDGER_DATA_DIR": str(tmp_path)}
    with psycopg.connect(database.superuser, autocommit=True) as holding:
        with rows_locked(holding), subprocess.Popen(command, env=told, stdout=subprocess.DEVNULL) as process:
            pid = wait_for_lock(superuser, lambda: process.poll() is None)
            process.send_signal(signal.SIGKILL)
            process.wait(30)
            superuser.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))
        assert counts(superuser) == before
    assert erase(desk) == 3
