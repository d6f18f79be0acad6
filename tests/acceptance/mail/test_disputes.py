"""R-5.9c, R-5.9f, R-5.9g by mail: answers to the mail about a resolution, and that mail coming back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.acceptance.conftest import FIXED, RunningDesk, done
from tests.acceptance.mail.correspondence import customer_of, letter, mail, reply, sent_in
from tests.acceptance.travelling import (
    WINDOW,
    assigned,
    fates,
    inform,
    last,
    logged,
    owed,
    read,
    relate,
    resolve,
    told,
    topics,
    travel,
    window,
    words,
)

pytestmark = pytest.mark.usefixtures("monday")
NO = "No, it is still broken."
HM = "And the one in room 8?"


def elapsed(desk: RunningDesk) -> str:
    """A case that its timer has just closed."""
    number = told(desk)
    travel(desk, WINDOW)
    desk.close_elapsed()
    assert read(desk, number)["status"] == "closed"
    return number


def test_r_5_9c_a_plain_dispute_by_mail_reopens_the_same_case(desk: RunningDesk) -> None:
    number = told(desk)
    answer = sent_in(desk, reply(desk, number, NO))
    assert (answer["outcome"], answer["case"]) == ("dispute", number)
    case = read(desk, number)
    assert (case["status"], case["team"], case["priority"]) == ("assigned", "network", 3)
    assert topics(desk, number)[-3:] == ["message_received", "disputed", "reopened"]
    disputed = last(desk, number, "disputed")
    assert disputed["by"] == {"subject": case["customer"]["id"], "role": "customer", "team": None}
    assert (disputed["reason"], disputed["data"]["channel"]) == (NO, "email")


def test_r_5_9c_a_mail_of_unclear_intent_halts_the_timer_until_a_person_has_decided(desk: RunningDesk) -> None:
    number = told(desk)
    assert sent_in(desk, reply(desk, number, HM))["outcome"] == "reply"
    assert parsed(read(desk, number)["dispute_candidate_since"]) == desk.clock.now()
    assert "decide_dispute" in owed(desk, number)
    travel(desk, WINDOW * 2)
    assert desk.close_elapsed() == 0
    again = sent_in(desk, reply(desk, number, HM + "!"))
    assert again["outcome"] == "reply", "a second one is on the case, too"
    done(desk.technician.post(f"/cases/{number}/dismiss-dispute", {"reason": "another printer"}))
    assert window(desk, number) == WINDOW, "it runs on from where it was"


@pytest.mark.parametrize(
    "thanks", ["Thanks!", "Thank you, it works now.", "Great, all good\n\n-- \nJo, not your problem"]
)
def test_r_5_9c_thanks_reopen_nothing_and_halt_nothing(desk: RunningDesk, thanks: str) -> None:
    number = told(desk)
    assert sent_in(desk, reply(desk, number, thanks))["outcome"] == "reply"
    case = read(desk, number)
    assert (case["status"], case["dispute_candidate_since"]) == ("resolved", None)


def test_r_5_9c_what_came_before_the_deadline_and_is_read_after_the_closure_reopens(desk: RunningDesk) -> None:
    """From a mailbox that was not looked into for a while: its own time of arrival counts."""
    number = elapsed(desk)
    raw, deadline = reply(desk, number, NO), desk.clock.now()
    travel(desk, hours=5)
    answer = sent_in(desk, raw, received_at=deadline - timedelta(seconds=1))
    assert (answer["outcome"], answer["case"]) == ("dispute", number)
    assert read(desk, number)["status"] == "assigned"


@pytest.mark.parametrize("text", [NO, HM])
def test_r_5_9c_what_came_before_the_resolution_and_is_read_after_it_is_a_message_on_the_case(
    desk: RunningDesk, text: str
) -> None:
    """It can only be about the case as it was before: it reopens nothing, and halts nothing."""
    number = told(desk)
    resolved_at = parsed(read(desk, number)["resolved_at"])
    raw = reply(desk, number, text)
    travel(desk, hours=1)
    answer = sent_in(desk, raw, received_at=resolved_at - timedelta(seconds=1))
    assert (answer["outcome"], answer["case"]) == ("reply", number)
    case = read(desk, number)
    assert (case["status"], case["dispute_candidate_since"]) == ("resolved", None)
    assert last(desk, number, "message_received")["data"]["words"]["value"]["text"] == text
    travel(desk, WINDOW)
    assert desk.close_elapsed() == 1
    late = sent_in(desk, reply(desk, number, text + " !"), received_at=resolved_at - timedelta(seconds=1))
    assert (late["outcome"], late["case"], read(desk, number)["status"]) == ("reply", number, "closed")


def test_r_5_9c_unclear_and_read_after_the_closure_it_is_a_candidate_still(desk: RunningDesk) -> None:
    number = elapsed(desk)
    raw, deadline = reply(desk, number, HM), desk.clock.now()
    travel(desk, hours=5)
    assert sent_in(desk, raw, received_at=deadline - timedelta(seconds=1))["case"] == number
    assert read(desk, number)["dispute_candidate_since"] is not None
    done(desk.technician.post(f"/cases/{number}/uphold-dispute", {}))
    assert read(desk, number)["status"] == "assigned"


@pytest.mark.parametrize("text", [NO, HM])
def test_r_5_9f_after_the_window_it_is_a_new_case_that_follows_the_old_one(desk: RunningDesk, text: str) -> None:
    number = elapsed(desk)
    travel(desk, hours=1)
    before = topics(desk, number)
    answer = sent_in(desk, reply(desk, number, text))
    assert answer["outcome"] == "opened"
    new = read(desk, answer["case"])
    assert (new["follow_up_of"], new["description"], new["channel"]) == (number, text, "email")
    assert new["customer"]["id"] == read(desk, number)["customer"]["id"]
    assert topics(desk, number) == before


def test_r_5_9f_thanks_for_what_is_closed_are_an_annotation(desk: RunningDesk) -> None:
    number = elapsed(desk)
    travel(desk, hours=1)
    answer = sent_in(desk, reply(desk, number, "Thanks!"))
    assert (answer["outcome"], answer["case"], read(desk, number)["status"]) == ("reply", number, "closed")


def test_a_senders_own_word_for_when_he_wrote_does_not_count(desk: RunningDesk) -> None:
    number = elapsed(desk)
    travel(desk, hours=1)
    assert sent_in(desk, reply(desk, number, NO, Date="Mon, 5 Oct 2026 08:00:00 -0500"))["outcome"] == "opened"


def test_r_5_9c_a_dispute_that_waited_in_the_quarantine_counts_from_when_it_came(desk: RunningDesk) -> None:
    """Longer than a technician may date anything back by hand."""
    number = told(desk)
    message = sent_in(desk, reply(desk, number, NO, "jo.private@elsewhere.example"))["message"]
    travel(desk, days=10)
    desk.close_elapsed()
    joined = done(desk.technician.post(f"/quarantine/{message}/join", {"reason": "his private address"}))
    assert (joined["outcome"], joined["case"]) == ("dispute", number)
    assert read(desk, number)["status"] == "assigned"


def test_joined_after_the_window_it_is_an_annotation(desk: RunningDesk) -> None:
    number = elapsed(desk)
    travel(desk, hours=1)
    message = sent_in(desk, reply(desk, number, NO, "jo.private@elsewhere.example"))["message"]
    joined = done(desk.technician.post(f"/quarantine/{message}/join", {}))
    assert (joined["outcome"], read(desk, number)["status"]) == ("reply", "closed")


def test_r_5_9d_a_case_is_not_closed_over_an_unread_mail_of_its_customer(desk: RunningDesk) -> None:
    """What only names the number, or is too much to be read, changes nothing; the timer waits for whoever reads it."""
    one, other = told(desk), told(desk)
    huge = b"Received: from a by b\r\n" * 51 + reply(desk, other, NO)
    unread = [sent_in(desk, raw) for raw in (mail(NO, customer_of(desk, one), Subject=one), huge)]
    stranger = sent_in(desk, mail(NO, Subject=one))
    assert [answer["outcome"] for answer in (*unread, stranger)] == ["suggestion", "quarantined", "suggestion"]
    assert [answer["case"] for answer in (*unread, stranger)] == [one, other, one]
    travel(desk, WINDOW * 2)
    assert desk.close_elapsed() == 0
    done(desk.technician.post(f"/quarantine/{unread[0]['message']}/discard", {"reason": "about another printer"}))
    assert desk.close_elapsed() == 1, "no stranger keeps a case open"
    assert read(desk, one)["status"] == "closed"
    assert done(desk.technician.post(f"/quarantine/{unread[1]['message']}/join", {}))["outcome"] == "dispute"
    assert read(desk, other)["status"] == "assigned"


def test_r_5_6c_what_is_said_of_a_duplicate_is_said_of_the_first_case(desk: RunningDesk) -> None:
    same = words()
    first, second = assigned(desk, **same), logged(desk, **same)
    relate(desk, second, first, "duplicate", reason="called twice")
    for said in (NO, f"{NO} Again."):
        resolve(desk, first, FIXED)
        desk.send_mail()
        answer = sent_in(desk, reply(desk, second, said))
        assert (answer["outcome"], answer["case"]) == ("dispute", first)
        assert [read(desk, number)["status"] for number in (first, second)] == ["assigned", "logged"]
    assert sent_in(desk, reply(desk, second, HM))["case"] == first, "while both are open, too"
    resolve(desk, first, FIXED)
    desk.send_mail()
    assert sent_in(desk, reply(desk, second, f"{HM}!"))["case"] == first
    assert "decide_dispute" in owed(desk, first)


# what comes back


def returned(desk: RunningDesk, number: str, action: str = "failed", status: str = "5.1.1", **headers: str) -> bytes:
    """A delivery report by the book (RFC 3464) about the last mail of a case."""
    ours = letter(desk, number)
    given = {"To": ours.envelope_from, "Return-Path": "<>", "From": "MAILER-DAEMON@mx.example", **headers}
    lines = [f"{name}: {value}" for name, value in given.items()]
    return "\r\n".join(
        [
            *lines,
            f"Message-ID: <{ours.id}.{action}.{status}@mx.example>",
            "Subject: Undelivered Mail Returned to Sender",
            "MIME-Version: 1.0",
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
            "",
            "--b",
            "",
            "It could not be delivered.",
            "--b",
            "Content-Type: message/delivery-status",
            "",
            "Reporting-MTA: dns; mx.example",
            "",
            "Final-Recipient: rfc822; jo.field@agency.example",
            f"Action: {action}",
            f"Status: {status}",
            "--b",
            "Content-Type: text/rfc822-headers",
            "",
            f"Message-ID: {ours.message_id}",
            "--b--",
            "",
        ]
    ).encode()


@pytest.mark.parametrize("known", ["address", "message-id"])
def test_r_5_9g_a_mail_that_comes_back_has_started_no_window(desk: RunningDesk, known: str) -> None:
    number = told(desk)
    to = {} if known == "address" else {"To": "service-desk@caseledger.example"}
    answer = sent_in(desk, returned(desk, number, **to))
    assert (answer["outcome"], answer["case"]) == ("bounce", number)
    assert fates(desk, number) == [["queued", "accepted", "bounced"]]
    case = read(desk, number)
    assert (case["status"], case["dispute_until"], case["failed_notifications"]) == ("resolved", None, 1)
    assert "inform_customer" in owed(desk, number)
    travel(desk, WINDOW * 2)
    assert desk.close_elapsed() == 0
    inform(desk, number)
    assert window(desk, number) == WINDOW
    assert sent_in(desk, returned(desk, number, status="5.2.2"))["outcome"] == "bounce"
    assert window(desk, number) == WINDOW, "a second report of the same tells nothing new"


@pytest.mark.parametrize(("action", "status"), [("delayed", "4.4.1"), ("delivered", "2.1.5"), ("relayed", "2.0.0")])
def test_r_5_9g_what_is_late_or_arrived_is_recorded_and_no_more(desk: RunningDesk, action: str, status: str) -> None:
    number = told(desk)
    answer = sent_in(desk, returned(desk, number, action, status))
    assert (answer["outcome"], answer["case"]) == ("bounce", number)
    assert fates(desk, number) == [["queued", "accepted"]]
    assert window(desk, number) == WINDOW


def test_r_5_9g_what_was_tried_to_the_end_has_failed_whatever_its_code(desk: RunningDesk) -> None:
    """RFC 3464, 2.3.3: after `failed` nothing more will be tried. A customer who was not told is to be told."""
    number = told(desk)
    sent_in(desk, returned(desk, number, "failed", "4.4.7"))
    assert window(desk, number) is None


def test_r_5_9g_one_without_any_form_is_known_by_the_address_it_came_back_to(desk: RunningDesk) -> None:
    number = told(desk)
    sender = {"From": "MAILER-DAEMON@mx.example", "To": letter(desk, number).envelope_from}
    text = "Hi. This is the qmail-send program. Sorry, no mailbox here by that name."
    answer = sent_in(desk, mail(text, Subject="failure notice", **sender))
    assert (answer["outcome"], answer["case"]) == ("bounce", number)
    assert window(desk, number) is None


@pytest.mark.parametrize(
    "said",
    [
        {"Subject": "Automatic reply: Resolved"},
        {"Subject": "Re: Resolved", "Auto-Submitted": "auto-replied"},
        {"Subject": "I am away"},
    ],
    ids=["subject", "header", "null sender"],
)
def test_r_5_9g_a_customer_who_is_away_has_got_his_mail(desk: RunningDesk, said: dict[str, str]) -> None:
    """Such an answer goes to the address that bounces go to (RFC 3834, 4), and may say what a bounce says."""
    number = told(desk)
    away = "Until May. Room 512 is empty; mail to it is undeliverable (550 5.1.1)."
    raw = reply(desk, number, away, **{"To": letter(desk, number).envelope_from, "Return-Path": "<>", **said})
    assert sent_in(desk, raw)["outcome"] in ("recorded", "bounce")
    assert fates(desk, number) == [["queued", "accepted"]]
    assert window(desk, number) == WINDOW


def test_a_report_about_no_mail_of_ours_touches_nothing(desk: RunningDesk) -> None:
    number = told(desk)
    raw = returned(desk, number, To="service-desk@caseledger.example").replace(
        letter(desk, number).message_id.encode(), b"<0192f0c1-0000-7000-8000-000000000000@caseledger.example>"
    )
    answer = sent_in(desk, raw)
    assert (answer["outcome"], answer["case"]) == ("bounce", None)
    assert window(desk, number) == WINDOW


def test_what_comes_back_is_no_dispute_and_gets_no_answer(desk: RunningDesk) -> None:
    number = told(desk)
    answer = sent_in(desk, returned(desk, number).replace(b"It could not be delivered.", NO.encode()))
    assert answer["outcome"] == "bounce"
    assert read(desk, number)["status"] == "resolved"
    desk.send_mail()
    assert len(fates(desk, number)) == 1


def parsed(time: str) -> datetime:
    return datetime.fromisoformat(time)
