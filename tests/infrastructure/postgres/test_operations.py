"""How workers are, in the database: what they say, what is late, what was set aside; and mails that hold up no others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from eventsourcing.persistence import MapperDeserialisationError

from api.main import open_desk
from application.desk import Desk
from application.health import readiness
from application.mail_in.delivery import admit_gateway, taking
from application.mail_in.envelope import NO_ENVELOPE
from application.mail_in.failures import Failures
from application.mail_out.letters import Letter, Sent
from application.processes.automatic_closure import close_due
from application.processes.mail_delivery import AT_ONCE_TO_ONE_DOMAIN, Sending
from application.processes.retries import Tries
from domain.clock import AheadClock
from domain.obligation import ObligationKind
from domain.values import Actor, Role
from infrastructure.postgres.workers.operations import PostgresSetAside, Pulse
from infrastructure.views.projector import Projector
from infrastructure.views.questions.postgres_views import PostgresViews
from infrastructure.views.questions.timers import PostgresTimers
from tests.application.cases import LINKS, log, resolved
from tests.conftest import TestDatabase
from tests.history.record import message_of

AUDITOR = Actor("r.audit", Role.AUDITOR)


def told(database: TestDatabase) -> dict[str, Any]:
    with database.pool("api", size=1) as pool:
        views = PostgresViews(pool)
        return {**views.health(), "items": views.set_aside()}


def catch_up(database: TestDatabase) -> None:
    with database.connect("projector") as connection:
        Projector(connection).catch_up()


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


def test_answers_are_forgotten_on_a_desk_that_is_never_idle(desk: Desk, database: TestDatabase) -> None:
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


class Slow:
    """A mail server that keeps one domain waiting."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waiting: list[str] = []
        self.sent: list[str] = []
        self.came, self.goes_on = threading.Condition(self.lock), threading.Event()

    def deliver(self, letter: Letter) -> Sent:
        with self.came:
            slow = letter.recipient.endswith("@slow.example")
            (self.waiting if slow else self.sent).append(letter.recipient)
            self.came.notify_all()
        if slow:
            assert self.goes_on.wait(60)
        return Sent("raw", "250 OK")


@contextmanager
def sending(desk: Desk, database: TestDatabase, postman: Any, limit: int = 5) -> Iterator[Sending]:
    catch_up(database)
    with database.pool("mail", size=2) as pool:
        tries = Tries(PostgresSetAside(pool, "mail"), limit, lambda: 0.0)
        yield Sending(desk, PostgresTimers(pool), postman, LINKS, tries)


def test_r_5_9a_a_server_slow_for_one_domain_holds_up_no_mail_to_another(desk: Desk, database: TestDatabase) -> None:
    for number in range(4):
        resolved(desk, contact={"name": "Sl", "email": f"s{number}@slow.example"})
    resolved(desk, contact={"name": "Jo", "email": "jo@quick.example"})
    postman = Slow()
    with sending(desk, database, postman) as out:
        with postman.came:
            out.begin_due()
            assert postman.came.wait_for(lambda: postman.sent and len(postman.waiting) == AT_ONCE_TO_ONE_DOMAIN, 60)
        postman.goes_on.set()
        out.finish()
        while len(postman.waiting) < 4:
            out.begin_due()
            out.finish()
    assert sorted(postman.waiting) == [f"s{number}@slow.example" for number in range(4)]


class Broken:
    """A letter that cannot be written, whoever tries."""

    def deliver(self, letter: Letter) -> Sent:
        if letter.recipient == "bad@agency.example":
            raise KeyError(letter.subject)
        return Sent("raw", "250 OK")


def test_r_5_9g_a_mail_that_can_never_be_written_is_an_obligation_after_some_tries(
    desk: Desk, database: TestDatabase
) -> None:
    bad, good = (resolved(desk, contact={"name": "X", "email": f"{who}@agency.example"}) for who in ("bad", "good"))
    with sending(desk, database, Broken(), limit=1) as out:
        out.begin_due()
        out.finish()
    assert desk.case(good, AUDITOR).dispute_until is not None
    case = desk.case(bad, AUDITOR)
    assert list(case.obligations) == [ObligationKind.INFORM_CUSTOMER]
    assert told(database)["items"] == []


def poison(database: TestDatabase, stream: Any) -> None:
    """Put an event into a stream that nobody can read."""
    with psycopg.connect(database.superuser, autocommit=True) as superuser:
        superuser.execute(
            "INSERT INTO ledger.stored_events (originator_id, originator_version, topic, state)"
            " SELECT originator_id, max(originator_version) + 1, 'case.unheard_of', '{}' FROM ledger.stored_events"
            " WHERE originator_id = %s GROUP BY 1",
            (stream,),
        )


def test_r_5_9a_a_mail_that_cannot_even_be_recorded_is_set_aside_where_it_is_seen(
    desk: Desk, database: TestDatabase
) -> None:
    bad, good = resolved(desk), resolved(desk)
    catch_up(database)
    poison(database, message_of(desk, bad))
    with database.pool("mail", size=2) as pool:
        tries = Tries(PostgresSetAside(pool, "mail"), 1, lambda: 0.0)
        out = Sending(desk, PostgresTimers(pool), Broken(), LINKS, tries)
        for _ in range(2):
            out.begin_due()
            out.finish()
        assert desk.case(good, AUDITOR).dispute_until is not None
        (item,) = told(database)["items"]
        assert (item["kind"], item["item"], item["tries"]) == ("mail", str(message_of(desk, bad)), 1)
        Tries(PostgresSetAside(pool, "mail"))
    assert told(database)["set_aside"] == 0, "a worker that starts tries everything again"


def test_r_5_9d_a_case_that_cannot_be_closed_holds_up_no_other(desk: Desk, database: TestDatabase) -> None:
    bad, good = resolved(desk), resolved(desk)
    with sending(desk, database, Broken()) as out:
        out.begin_due()
        out.finish()
    catch_up(database)
    poison(database, desk.case(bad, AUDITOR).id)
    later = AheadClock(timedelta(hours=73))
    with database.pool("processes", size=2) as pool, open_desk(database, later, component="processes") as closing:
        tries = Tries(PostgresSetAside(pool, "processes"), 1, lambda: 0.0)
        assert close_due(closing, PostgresTimers(pool), tries) == 1
        assert close_due(closing, PostgresTimers(pool), tries) == 0
    assert desk.case(good, AUDITOR).status == "closed"
    assert [item["item"] for item in told(database)["items"]] == [bad]


def test_r_5_1d_a_mail_that_always_fails_is_in_the_quarantine_after_some_tries(
    desk: Desk, database: TestDatabase
) -> None:
    admit_gateway(desk)
    number = log(desk, contact={"name": "Jo", "email": "jo@agency.example"})
    catch_up(database)
    poison(database, desk.case(number, AUDITOR).id)
    answer = (
        f"From: jo@agency.example\r\nMessage-ID: <1@agency.example>\r\nReferences: {desk.addresses.root_reference(number)}"
        "\r\nSubject: Re: it\r\n\r\nStill broken.\r\n"
    ).encode()
    take = taking(desk, "imap", Failures(3))
    for _ in range(2):
        with pytest.raises(MapperDeserialisationError):
            take(answer, NO_ENVELOPE)
    assert take(b"From: ann@agency.example\r\nSubject: Another\r\n\r\nNo sound.\r\n", NO_ENVELOPE).startswith("opened")
    outcome, receipt = take(answer, NO_ENVELOPE).split()
    assert outcome == "quarantined"
    assert desk.receipt(UUID(receipt), AUDITOR).cause == "unreadable"
    assert take(answer, NO_ENVELOPE) == f"duplicate {receipt}"
