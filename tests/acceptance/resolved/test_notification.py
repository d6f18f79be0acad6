"""SOP 5.9, first half: the customer is told by mail, and the record says what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from email.message import Message

import pytest

from infrastructure.mail.catcher import Caught, smtp_server
from tests.acceptance.conftest import FIXED, RunningDesk, done, refused
from tests.acceptance.fussy import BUSY, fussy, send_to, unsettled
from tests.acceptance.travelling import (
    WINDOW,
    assigned,
    back_to_monday,
    fates,
    last,
    mails,
    messages,
    on_monday,
    owed,
    parsed,
    read,
    resolve,
    resolved,
    topics,
    travel,
    window,
)
from tests.conftest import cloned
from tests.infrastructure.mail.mail_servers import Dropping


@pytest.fixture(scope="module")
def running(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    with cloned(server) as database, on_monday(database, tmp_path_factory.mktemp("keys")) as desk:
        yield desk


@pytest.fixture(autouse=True)
def _monday(running: RunningDesk) -> None:
    back_to_monday(running)


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
    assert mail.recipients == ("jo.field@agency.example",)
    ours = running.office.addresses
    assert ours.read_envelope(mail.envelope_from) is not None, "it comes back to an address of its own"
    (reply_to,) = mail.parsed["Reply-To"].addresses
    assert ours.read_reply(reply_to.addr_spec) == (number, ours.digest_of(read(running, number)["customer"]["id"]))
    assert ours.read_subject(mail.subject) == number
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
