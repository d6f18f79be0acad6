"""R-5.9d: whether a mail of the customer's waits unread is checked where the closure commits, not in a view."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from uuid import UUID

import pytest

from application.administration.catalogue import OPERATOR
from application.execution.requests import Request
from application.mail_in.envelope import Envelope
from application.mail_in.intake import MailOutcome, Received
from application.mail_out.letters import Sent
from application.processes.automatic_closure import REQUEST, close_due
from application.processes.mail_receipt import GATEWAY, admit_gateway
from domain.case.clauses.closure import Confirmation
from domain.case.clauses.relations import Relation
from domain.case.clauses.resolution import Verification
from domain.errors import InvalidTransition
from domain.values import Actor, Role
from infrastructure.views.projector import Projector
from infrastructure.views.questions.timers import PostgresTimers
from tests.application.cases import FIXED, NETWORK, TECHNICIAN, assigned, log, resolved
from tests.blocking import BlockingDesk, because, open_desk
from tests.conftest import TestDatabase, grant_everybody
from tests.travel_clock import TravelClock

WINDOW = timedelta(hours=72)
MAIL = Request(GATEWAY, "lmtp")


@dataclass
class TwoProcesses:
    """The process managers and the mail gateway, each with its own connections; the projector works when told to."""

    timer: BlockingDesk
    gateway: BlockingDesk
    timers: BlockingDesk
    projector: Projector
    clock: TravelClock

    def told(self) -> str:
        """A resolved case whose mail was accepted: its window runs from now."""
        email = f"{token_hex(4)}@agency.example"
        number = resolved(self.gateway, contact={"name": "Jo", "email": email})
        self.accept_mails(number)
        return number

    def accept_mails(self, number: str) -> None:
        case = self.gateway.records.case(number, TECHNICIAN.actor)
        for message in self.gateway.runner.register.begun(case.customer, "message.queued", UUID(int=0)):
            self.gateway.outbox.accepted(message, Sent("raw", "250 ok"), self.clock.now(), REQUEST)

    def write(self, number: str) -> Received:
        """The customer's mail, which names the case only by its number: a person is to read it."""
        case = self.gateway.records.case(number, TECHNICIAN.actor)
        assert case.contact is not None
        sender = case.contact.text("email")
        raw = f"From: {sender}\r\nTo: desk@caseledger.example\r\nSubject: {number}\r\n\r\nIt is still broken. {token_hex(4)}\r\n"
        received = self.gateway.mail.receive(raw.encode(), Envelope(sender, ("desk@caseledger.example",)), MAIL)
        assert (received.outcome, received.case) == (MailOutcome.SUGGESTION, number)
        return received

    def close_due(self) -> int:
        """How many cases the process managers close now."""
        closed: int = self.timer.run(close_due, self.timers)
        return closed

    def status(self, number: str) -> str:
        return str(self.timer.records.case(number, TECHNICIAN.actor).status)


@pytest.fixture
def processes(database: TestDatabase) -> Iterator[TwoProcesses]:
    clock = TravelClock(datetime(2026, 11, 23, 14, tzinfo=UTC))
    with (
        open_desk(database, clock, component="processes") as timer,
        open_desk(database, clock) as gateway,
        timer.on_pool(database, "processes", PostgresTimers) as timers,
        database.connect("projector") as connection,
    ):
        grant_everybody(gateway)
        gateway.policy.adopt(OPERATOR)
        gateway.run(admit_gateway)
        timer.references.refresh()
        yield TwoProcesses(timer, gateway, timers, Projector(connection), clock)


def test_r_5_9d_a_mail_that_no_view_has_seen_keeps_its_case_from_being_closed(processes: TwoProcesses) -> None:
    one, other = processes.told(), processes.told()
    processes.projector.catch_up()
    # From here on the projector stands still.
    mail = processes.write(one)
    processes.clock.travel(WINDOW)
    due = processes.timers.due_closures(processes.clock.now(), 10)
    assert {number for number, _ in due} == {one, other}, "the view knows of no mail"
    before = processes.timer.position
    assert processes.close_due() == 1
    assert (processes.status(one), processes.status(other)) == ("resolved", "closed")
    assert processes.timer.position == before + 1, "what is refused is not recorded"
    processes.gateway.quarantine.discard(mail.receipt, "about another printer", TECHNICIAN)
    assert processes.close_due() == 1, "read, it keeps nothing open"
    assert processes.status(one) == "closed"


def test_r_5_9d_nobody_closes_a_case_over_an_unread_mail(processes: TwoProcesses) -> None:
    number = processes.told()
    customer = Request(Actor(processes.gateway.records.case(number, TECHNICIAN.actor).customer, Role.CUSTOMER), "http")
    mail = processes.write(number)
    confirmation = Confirmation("phone", processes.clock.now())
    with pytest.raises(InvalidTransition, match="mail to be read"):
        processes.gateway.closure.close(number, confirmation, "Jo", TECHNICIAN)
    with pytest.raises(InvalidTransition, match="mail to be read"):
        processes.gateway.closure.close(number, None, None, customer)
    processes.gateway.quarantine.join(mail.receipt, None, TECHNICIAN)
    assert processes.status(number) == "assigned", "read, it was a dispute"


def test_r_5_9d_a_first_case_is_not_closed_over_a_mail_about_its_duplicate(processes: TwoProcesses) -> None:
    """The mail came while the other case stood for itself; the two close in one transaction."""
    desk, same = processes.gateway, {"name": "Jo", "email": "jo.field@agency.example"}
    first, second = assigned(desk, contact=same), log(desk, contact=same)
    mail = processes.write(second)
    desk.relations.relate(second, first, Relation.DUPLICATE, None, because(TECHNICIAN, "called twice"))
    desk.resolution.verify(first, Verification(True, True, "phone", processes.clock.now()), NETWORK)
    desk.resolution.resolve(first, FIXED, "restarted", NETWORK)
    processes.accept_mails(first)
    processes.projector.catch_up()
    processes.clock.travel(WINDOW)
    assert processes.close_due() == 0
    assert (processes.status(first), processes.status(second)) == ("resolved", "resolved")
    desk.quarantine.discard(mail.receipt, "said already", TECHNICIAN)
    assert processes.close_due() == 1
    assert (processes.status(first), processes.status(second)) == ("closed", "closed")


def test_r_5_9d_a_strangers_mail_keeps_no_case_open(processes: TwoProcesses) -> None:
    number = processes.told()
    raw = (
        f"From: stranger@elsewhere.example\r\nTo: desk@caseledger.example\r\nSubject: {number}\r\n\r\nNo.\r\n".encode()
    )
    envelope = Envelope("stranger@elsewhere.example", ("desk@caseledger.example",))
    assert processes.gateway.mail.receive(raw, envelope, MAIL).case == number
    processes.clock.travel(WINDOW)
    processes.projector.catch_up()
    assert processes.close_due() == 1


def test_r_5_9d_of_a_mail_and_a_closure_at_once_the_case_is_never_closed_after_the_mail(
    processes: TwoProcesses,
) -> None:
    numbers = [processes.told() for _ in range(12)]
    processes.clock.travel(WINDOW)
    at_once = threading.Barrier(2)

    def close(number: str) -> None:
        resolution = processes.timer.records.case(number, TECHNICIAN.actor).resolution_version
        assert resolution is not None
        at_once.wait(30)
        try:
            processes.timer.closure.close_elapsed(number, resolution, REQUEST)
        except InvalidTransition:
            assert processes.status(number) == "resolved"

    def write(number: str) -> int:
        at_once.wait(30)
        return processes.write(number).position

    with ThreadPoolExecutor(2) as pool:
        for number in numbers:
            closing, writing = pool.submit(close, number), pool.submit(write, number)
            closing.result(60)
            quarantined = writing.result(60)
            case = processes.timer.records.case(number, TECHNICIAN.actor)
            last = processes.timer.runner.store.history(case.id, after=case.version - 1)[-1]
            assert case.status == "resolved" or last.position < quarantined


def test_what_a_closure_and_a_command_look_up_under_the_lock_is_found_by_an_index(database: TestDatabase) -> None:
    looks = {
        "quarantined_mail_idx": "topic = 'intake.quarantined' AND ledger.keeps_open(state) = 'INC-0000001'",
        "reference_events_idx": "split_part(topic, '.', 1) = ANY (ledger.reference_topics()) AND notification_id > 7",
    }
    with database.connect("api") as connection:
        connection.execute("SET enable_seqscan = off")
        for index, condition in looks.items():
            query = f"EXPLAIN SELECT FROM ledger.stored_events WHERE {condition}"
            plan = "\n".join(line for (line,) in connection.execute(query.encode()).fetchall())
            assert index in plan, plan
