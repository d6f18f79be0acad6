"""SOP 5.9, first half: the customer is told by mail or by other means, and the record says what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.message import Message
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from application.catalogue import OPERATOR
from application.processes.sending import send_due
from domain.catalogue import HelpDesk, Service
from domain.values import Role
from infrastructure.mail.catcher import Caught, Catcher, smtp_server
from tests.acceptance.conftest import FIXED, VERIFIED, Caller, RunningDesk, done, refused
from tests.acceptance.travelling import (
    MONDAY,
    WINDOW,
    assigned,
    back_to_monday,
    fates,
    history,
    last,
    logged,
    mails,
    messages,
    moment,
    on_monday,
    owed,
    parsed,
    read,
    resolve,
    resolved,
    topics,
    travel,
)
from tests.conftest import cloned
from tests.infrastructure.mail_servers import Dropping, postman

NOBODY = {"name": "No Body", "email": "nobody@agency.example"}
"""Whom the mail server does not know."""
BUSY = {"name": "Bea Sy", "email": "busy@agency.example"}
"""For whom it has no time now."""
BY_PHONE = {"name": "Al Ring", "phone": "405-555-0123"}
OWNER = {"name": "T. Lee", "email": "owner@desk.example"}


@pytest.fixture(scope="module")
def running(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    with cloned(server) as database, on_monday(database, tmp_path_factory.mktemp("keys")) as desk:
        for code, owner in (("printing", "t.lee"), ("email", None)):
            entry = Service(code, code.title(), "network", owner=owner)
            desk.office.list_entry("services", entry, OWNER if owner else {}, None, OPERATOR)
        yield desk


@pytest.fixture(scope="module")
def intake(running: RunningDesk) -> Caller:
    return running.caller(Role.INTAKE, "monitoring")


@pytest.fixture(scope="module")
def manager(running: RunningDesk) -> Caller:
    return running.caller(Role.DUTY_MANAGER, "d.manager")


@pytest.fixture(autouse=True)
def _monday(running: RunningDesk) -> None:
    back_to_monday(running)


class Fussy(Catcher):
    """A mail server that refuses one recipient, and another for now, and takes all else."""

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address == NOBODY["email"]:
            return "550 5.1.1 there is no nobody@agency.example here"
        if address == BUSY["email"]:
            return "451 4.3.0 come back later, busy@agency.example"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"


@contextmanager
def fussy(desk: RunningDesk) -> Iterator[Catcher]:
    catcher = Fussy(desk.clock)
    with smtp_server(catcher) as catcher.port:
        yield catcher


def send_to(desk: RunningDesk, catcher: Catcher) -> int:
    """Send what is due to another mail server than the desk's own."""
    desk.catch_up()
    carrier = postman(catcher.port, clock=desk.clock)
    return send_due(desk.office, desk._timers, carrier, lambda *_: f"{desk.url}/disputes/none")


def unsettled(desk: RunningDesk, contact: dict[str, str], catcher: Catcher) -> str:
    """A resolved case whose customer the mail server does not take a mail for."""
    number = resolved(desk, customer=contact)
    send_to(desk, catcher)
    return number


def inform(desk: RunningDesk, number: str, outcome: str = "informed", **more: Any) -> dict[str, Any]:
    body = {"obligation": "inform_customer", "method": "phone", "outcome": outcome, **more}
    case: dict[str, Any] = done(desk.technician.post(f"/cases/{number}/discharge", body))
    return case


def window(desk: RunningDesk, number: str) -> timedelta | None:
    """How long the customer still has."""
    until = read(desk, number)["dispute_until"]
    return None if until is None else parsed(until) - desk.clock.now()


def parts(mail: Caught) -> list[str]:
    return [part.get_content_type() for part in mail.parsed.walk() if isinstance(part, Message)]


# 5.9a: the outbox


def test_r_5_9a_the_mail_is_queued_in_the_transaction_of_the_resolution(running: RunningDesk) -> None:
    number = resolved(running)
    (mail,) = messages(running, number)
    assert [event["topic"] for event in mail] == ["message.queued"]
    assert mail[0]["data"]["resolution"] == last(running, number, "resolved")["version"]
    assert abs(mail[0]["position"] - last(running, number, "resolved")["position"]) == 1
    assert "agency.example" not in str(mail)  # the address is no part of the record
    assert read(running, number)["dispute_until"] is None  # queued is not told


def test_r_5_9a_a_refused_resolution_queues_no_mail(running: RunningDesk) -> None:
    number = assigned(running)
    refused(running.network.post(f"/cases/{number}/resolve", FIXED), 409, "verification-required")
    assert messages(running, number) == []


def test_r_5_9a_an_accepted_mail_is_on_the_record_with_the_case(running: RunningDesk) -> None:
    number = resolved(running)
    travel(running, minutes=7)
    running.send_mail()
    ((queued, accepted),) = messages(running, number)
    assert (accepted["topic"], accepted["by"]["subject"]) == ("message.accepted", "system:mail")
    assert parsed(accepted["data"]["accepted_at"]) == running.clock.now()
    notified = last(running, number, "notified")
    assert notified["data"]["message"] == queued["data"]["message_id"] == mails(running, number)[0].message_id
    assert notified["data"]["policy"] == "policy/1"
    assert abs(notified["position"] - accepted["position"]) == 1
    assert window(running, number) == WINDOW  # from the acceptance, not from the resolution
    running.send_mail()
    assert (len(mails(running, number)), topics(running, number).count("notified")) == (1, 1)


def test_r_5_9a_a_server_that_is_busy_is_tried_again_ever_less_often(running: RunningDesk) -> None:
    with fussy(running) as catcher:
        number = resolved(running, customer=BUSY)
        waits = []
        for _ in range(5):
            send_to(running, catcher)
            deferred = messages(running, number)[0][-1]
            assert (deferred["topic"], deferred["data"]["cause"]) == ("message.deferred", "smtp-451-4.3.0")
            waits.append(parsed(deferred["data"]["due_at"]) - running.clock.now())
            travel(running, waits[-1] - timedelta(seconds=1))
            send_to(running, catcher)
            assert messages(running, number)[0][-1] == deferred  # not before it is due
            travel(running, seconds=1)
    assert waits == sorted(waits)
    assert waits[0] == timedelta(seconds=30)
    assert waits[-1] == timedelta(minutes=8)
    assert "busy@agency.example" not in str(messages(running, number))
    assert (read(running, number)["dispute_until"], owed(running, number)) == (None, {})
    running.send_mail()  # now a server has time
    assert fates(running, number) == [["queued", *["deferred"] * 5, "accepted"]]
    assert window(running, number) == WINDOW


def test_r_5_9a_a_server_that_never_has_time_has_refused(running: RunningDesk) -> None:
    with fussy(running) as catcher:
        number = unsettled(running, BUSY, catcher)
        travel(running, days=4)
        send_to(running, catcher)
    assert fates(running, number) == [["queued", "deferred", "bounced"]]
    assert set(owed(running, number)) == {"inform_customer"}


def test_r_5_9a_a_mail_whose_answer_never_came_is_not_sent_as_far_as_anybody_knows(running: RunningDesk) -> None:
    number, dropping = resolved(running), Dropping()
    with smtp_server(dropping) as dropping.port:
        send_to(running, dropping)
    assert [number in mail.subject for mail in dropping.messages()].count(True) == 1
    assert (fates(running, number), window(running, number)) == ([["queued", "deferred"]], None)
    travel(running, seconds=30)
    running.send_mail()
    (again,) = mails(running, number)
    assert again.message_id in [mail.message_id for mail in dropping.messages()]
    assert window(running, number) == WINDOW


def test_r_5_9a_a_mail_that_tells_of_what_is_no_longer_so_is_withdrawn(running: RunningDesk) -> None:
    number = resolved(running)
    done(running.technician.post(f"/cases/{number}/reopen", {"reason": "a slip"}))
    running.send_mail()
    assert (fates(running, number), mails(running, number)) == ([["queued", "withdrawn"]], [])
    travel(running, minutes=1)
    resolve(running, number, {**FIXED, "solution": "done at last"})
    running.send_mail()
    assert fates(running, number) == [["queued", "withdrawn"], ["queued", "accepted"]]
    assert ["done at last" in mail.text for mail in mails(running, number)] == [True]


# 5.9b: what it says


def test_r_5_9b_it_says_what_was_done_which_case_how_to_dispute_and_until_when(running: RunningDesk) -> None:
    number = resolved(running, {**FIXED, "solution": "spooler restarted,\nqueue emptied"}, subject="Printer <b>9</b>")
    travel(running, hours=3, minutes=4, seconds=5)
    running.send_mail()
    (mail,) = mails(running, number)
    assert parts(mail) == ["multipart/alternative", "text/plain", "text/html"]
    assert (mail.recipients, mail.envelope_from) == (
        ("jo.field@agency.example",), "service-desk@caseledger.example",
    )  # fmt: skip
    deadline = "Thursday, 8 October 2026, 11:04 CDT (America/Chicago)"
    for text in (mail.text, mail.html):
        for said in (number, "spooler restarted,", "queue emptied", deadline, f"{running.url}/disputes/"):
            assert said in text
    assert number in mail.subject
    assert "reply to this message" in mail.text
    assert "Printer <b>9</b>" in mail.text
    assert "Printer &lt;b&gt;9&lt;/b&gt;" in mail.html
    until = parsed(read(running, number)["dispute_until"])
    assert until - parsed("2026-10-08T11:04:00-05:00") == timedelta(seconds=5)  # never later than the window


def test_r_5_9b_the_deadline_is_told_in_the_time_that_will_be_in_force_then(running: RunningDesk) -> None:
    travel(running, days=25)  # Friday 30 October; clocks are changed on Sunday
    number = resolved(running)
    running.send_mail()
    assert "Monday, 2 November 2026, 07:00 CST (America/Chicago)" in mails(running, number)[0].text
    assert window(running, number) == WINDOW


def test_r_5_9b_a_workaround_is_called_one(running: RunningDesk) -> None:
    number = resolved(running, {**FIXED, "code": "workaround", "workaround": True, "cause_corrected": "no"})
    running.send_mail()
    assert "workaround" in mails(running, number)[0].text


def test_r_5_9b_a_name_a_subject_or_a_solution_cannot_write_into_the_headers(running: RunningDesk) -> None:
    hostile = "x\r\nBcc: all@agency.example\r\n\r\n<script>alert(1)</script>"
    number = resolved(
        running,
        {**FIXED, "solution": hostile},
        subject=hostile,
        customer={"name": hostile, "email": "jo.field@agency.example"},
    )
    running.send_mail()
    (mail,) = mails(running, number)
    assert (mail.parsed["Bcc"], mail.recipients) == (None, ("jo.field@agency.example",))
    assert "<script>" not in mail.html


# 5.9g: no mail reaches the customer


def test_r_5_9g_a_hard_bounce_starts_no_window_and_the_desk_owes_a_word(running: RunningDesk) -> None:
    with fussy(running) as catcher:
        number = unsettled(running, NOBODY, catcher)
    bounced = messages(running, number)[0][-1]
    assert (bounced["topic"], bounced["data"]["cause"]) == ("message.bounced", "smtp-550-5.1.1")
    assert last(running, number, "notification_failed")["data"]["cause"] == "bounced"
    debt = owed(running, number)["inform_customer"]
    assert (debt["role"], parsed(debt["due_at"])) == ("technician", running.clock.now() + timedelta(hours=4))
    assert read(running, number)["failed_notifications"] == 1
    travel(running, WINDOW + timedelta(days=30))
    running.close_elapsed()
    assert (read(running, number)["status"], window(running, number)) == ("resolved", None)
    assert owed(running, number)["inform_customer"]["overdue"]
    queue = done(running.technician.get("/queues/resolved", limit=200))["items"]
    assert number in [item["number"] for item in queue]


def test_r_5_9g_telling_the_customer_by_other_means_starts_the_72_hours(running: RunningDesk) -> None:
    with fussy(running) as catcher:
        number = unsettled(running, NOBODY, catcher)
    travel(running, hours=5)
    at = moment(running, minutes=20)
    inform(running, number, at=at, note="reached her at home")
    informed = last(running, number, "informed")
    assert (informed["data"]["method"], informed["data"]["informed"], informed["by"]["subject"]) == (
        "phone", True, "a.ortiz",
    )  # fmt: skip
    assert parsed(informed["data"]["at"]) == parsed(at)
    assert parsed(read(running, number)["dispute_until"]) == parsed(at) + WINDOW
    assert owed(running, number) == {}
    travel(running, WINDOW - timedelta(minutes=20, microseconds=1))
    running.close_elapsed()
    assert read(running, number)["status"] == "resolved"
    travel(running, timedelta(microseconds=1))
    running.close_elapsed()
    assert read(running, number)["status"] == "closed"


def test_r_5_9g_nobody_is_told_of_a_resolution_before_there_is_one(running: RunningDesk) -> None:
    number = assigned(running, customer=BY_PHONE)
    travel(running, days=1)
    resolve(running, number)
    inform(running, number, at=moment(running, hours=20))
    assert window(running, number) == WINDOW
    other = resolved(running, customer=BY_PHONE)
    body = {"obligation": "inform_customer", "method": "phone", "outcome": "informed", "at": moment(running, hours=-1)}
    refused(running.technician.post(f"/cases/{other}/discharge", body), 422, "validation-failed")
    assert window(running, other) is None


def test_r_5_9g_a_customer_without_an_address_is_owed_a_word_from_the_resolution_on(running: RunningDesk) -> None:
    number = resolved(running, customer=BY_PHONE)
    assert messages(running, number) == []
    assert last(running, number, "notification_failed")["data"]["cause"] == "no-address"
    assert set(owed(running, number)) == {"inform_customer"}
    inform(running, number)
    assert (window(running, number), owed(running, number)) == (WINDOW, {})
    body = {"obligation": "inform_customer", "method": "phone", "outcome": "informed"}
    refused(running.technician.post(f"/cases/{number}/discharge", body), 409, "invalid-transition")


def test_r_5_9g_a_corrected_address_is_written_to(running: RunningDesk) -> None:
    with fussy(running) as catcher:
        number = unsettled(running, NOBODY, catcher)
        travel(running, hours=1)
        body = {"field": "email", "value": "no.body@agency.example", "reason": "misheard"}
        done(running.technician.post(f"/cases/{number}/correct", body))
        send_to(running, catcher)
        assert [mail.recipients for mail in catcher.messages() if number in mail.subject] == [
            ("no.body@agency.example",)
        ]
    assert fates(running, number) == [["queued", "bounced"], ["queued", "accepted"]]
    assert (window(running, number), owed(running, number)) == (WINDOW, {})


def test_r_5_9g_after_three_failures_the_duty_manager_decides_with_a_reason(
    running: RunningDesk, manager: Caller
) -> None:
    with fussy(running) as catcher:
        number = unsettled(running, NOBODY, catcher)
    inform(running, number, "failed")
    assert set(owed(running, number)) == {"inform_customer"}
    refused(manager.post(f"/cases/{number}/close", {"reason": "cannot be found"}), 403, "forbidden")
    travel(running, hours=1)
    assert inform(running, number, "failed")["failed_notifications"] == 3
    debts = owed(running, number)
    assert set(debts) == {"inform_customer", "decide_uninformed"}
    assert debts["decide_uninformed"]["role"] == "duty_manager"
    assert parsed(debts["inform_customer"]["due_at"]) == running.clock.now() + timedelta(hours=4)
    refused(running.technician.post(f"/cases/{number}/close", {"reason": "x"}), 409, "confirmation-required")
    refused(manager.post(f"/cases/{number}/close", {}), 403, "forbidden")
    closed = done(manager.post(f"/cases/{number}/close", {"reason": "left the agency"}))
    event = last(running, number, "closed")
    assert (closed["status"], event["reason"], event["deviations"]) == (
        "closed", "left the agency", ["closed_uninformed"],
    )  # fmt: skip
    assert owed(running, number) == {}


def test_r_5_9g_the_duty_manager_takes_no_window_from_a_customer_who_was_told(
    running: RunningDesk, manager: Caller
) -> None:
    number = resolved(running, customer=BY_PHONE)
    inform(running, number, "failed")
    inform(running, number, "failed")
    assert "decide_uninformed" in owed(running, number)
    inform(running, number)
    assert owed(running, number) == {}
    refused(manager.post(f"/cases/{number}/close", {"reason": "it took long"}), 403, "forbidden")


def test_r_5_9g_how_many_failures_are_enough_is_policy(running: RunningDesk, manager: Caller) -> None:
    admin = running.caller(Role.ADMIN, "admin")
    number = resolved(running, customer=BY_PHONE)
    done(admin.post("/policy", {"changes": {"notification_attempts": 2}, "reason": "trial"}))
    try:
        inform(running, number, "failed")
        assert "decide_uninformed" in owed(running, number)
        done(manager.post(f"/cases/{number}/close", {"reason": "gone"}))
    finally:
        done(admin.post("/policy", {"changes": {"notification_attempts": 3}, "reason": "trial over"}))
    assert last(running, number, "closed")["data"]["policy"] != "policy/1"


def test_r_5_9g_for_an_alert_without_a_person_the_services_owner_is_mailed(
    running: RunningDesk, intake: Caller
) -> None:
    def alert(service: str) -> str:
        number = logged(running, intake, channel="monitoring", customer={"name": "probe 7"}, service=service)
        done(running.technician.post(f"/cases/{number}/triage", {"owner": "desk"}))
        done(running.technician.post(f"/cases/{number}/prioritize", {"impact": 2, "severity": 2}))
        done(running.technician.post(f"/cases/{number}/assign", {"team": "network", "diagnosis": "port down"}))
        resolve(running, number)
        return number

    owned, unowned = alert("printing"), alert("email")
    running.send_mail()
    (mail,) = mails(running, owned)
    assert mail.recipients == (OWNER["email"],)
    assert "because you own the service" in mail.text
    assert window(running, owned) == WINDOW
    assert (mails(running, unowned), set(owed(running, unowned))) == ([], {"inform_customer"})


# 5.3c: a referral is told twice


def test_r_5_3c_the_mail_of_a_referral_starts_the_window_and_a_failed_call_stays_owed(running: RunningDesk) -> None:
    contact = {"phone": "405-555-0100", "email": "help@dhs.example", "hours": "Mon-Fri 07:00-18:00"}
    if not running.office.has_entry("help-desks", "dhs"):
        running.office.list_entry("help-desks", HelpDesk("dhs", "Human Services", "DHS Help"), contact, None, OPERATOR)
    number = logged(running)
    failed = {"help_desk": "dhs", "contact": {"method": "phone", "outcome": "failed"}}
    done(running.technician.post(f"/cases/{number}/refer", failed))
    assert window(running, number) is None
    travel(running, minutes=5)
    running.send_mail()
    (mail,) = mails(running, number)
    for said in contact.values():
        assert said in mail.text
    assert (window(running, number), set(owed(running, number))) == (WINDOW, {"inform_customer"})
    travel(running, hours=1)
    inform(running, number)
    assert (window(running, number), owed(running, number)) == (WINDOW - timedelta(hours=1), {})


def test_every_failed_attempt_is_on_the_record_with_who_tried(running: RunningDesk) -> None:
    number = resolved(running, customer=BY_PHONE)
    for method in ("phone", "letter"):
        inform(running, number, "failed", method=method, note="no answer")
    tried = [item for item in history(running, number) if item["topic"] == "case.informed"]
    assert [(item["data"]["method"], item["by"]["subject"], item["reason"]) for item in tried] == [
        ("phone", "a.ortiz", "no answer"), ("letter", "a.ortiz", "no answer"),
    ]  # fmt: skip
    assert MONDAY == parsed(tried[0]["data"]["at"])
    refused(running.network.post(f"/cases/{number}/verify", VERIFIED), 409, "invalid-transition")
