"""How workers are, in the database: what they say, what is late, what was set aside."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import pytest

from application.health import readiness
from domain.values import Actor, Role
from infrastructure.postgres.workers.operations import Pulse
from infrastructure.views.projector import Projector
from tests.blocking import BlockingDesk
from tests.conftest import TestDatabase
from tests.infrastructure.postgres.workers.health import told

AUDITOR = Actor("r.audit", Role.AUDITOR)


@pytest.mark.parametrize("component", ["api", "projector", "processes", "mail", "sealer"])
def test_every_worker_says_how_it_is_in_its_own_role(database: TestDatabase, component: Any) -> None:
    pulse = Pulse(database, component, "one")
    pulse.beat()
    assert told(database)["workers"]["one"]["state"] == "running"
    pulse.fails(ConnectionError("mail.example does not answer"))
    said = told(database)["workers"]["one"]
    assert (said["state"], said["error"]) == ("failing", "ConnectionError: mail.example does not answer")
    pulse.beat()
    assert told(database)["workers"]["one"]["error"] is None
    pulse.leave()
    assert told(database)["workers"] == {}


def test_an_error_that_may_quote_a_message_is_kept_by_its_name_only(database: TestDatabase) -> None:
    Pulse(database, "api", "imap").fails(ValueError("Jo Field wrote nonsense"))
    assert told(database)["workers"]["imap"]["error"] == "ValueError"


def test_a_worker_that_speaks_no_more_is_late(database: TestDatabase) -> None:
    Pulse(database, "projector", "projector").beat(within=0)
    assert told(database)["workers"]["projector"]["state"] == "late"


def test_without_a_projector_views_are_not_ready_and_writing_is(database: TestDatabase) -> None:
    health = told(database)
    assert (readiness(health).write, health["projecting"]) == (None, False)
    assert "no projector" in str(readiness(health).views)


def test_with_a_projector_at_work_all_is_ready(database: TestDatabase) -> None:
    stop, working = threading.Event(), threading.Event()
    with database.connect("projector") as connection:
        projector = Projector(connection)
        thread = threading.Thread(target=projector.run, args=(stop,), kwargs={"patience": 0.1, "beat": working.set})
        thread.start()
        assert working.wait(30)
        assert readiness(told(database)).why is None
        stop.set()
        thread.join()


def test_answers_are_forgotten_on_a_desk_that_is_never_idle(desk: BlockingDesk, database: TestDatabase) -> None:
    """Housekeeping has its turn between two batches, and takes a slice a turn."""
    with psycopg.connect(database.superuser, autocommit=True) as superuser, database.connect("projector") as connection:
        superuser.execute(
            "INSERT INTO ledger.idempotency (key, request, originator_id, originator_version, position, status, recorded_at)"
            " SELECT int4send(n), '', gen_random_uuid(), 1, n, 200, now() - n * interval '1 hour'"
            " FROM generate_series(1, 300) AS n"
        )
        projector = Projector(connection)
        projector._keep_house()
        ((left,),) = superuser.execute("SELECT count(*) FROM ledger.idempotency").fetchall()
        assert left == 168 - 1, "those of the last seven days"
