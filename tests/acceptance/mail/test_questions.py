"""SOP 5.8, 5.9: a question mailed to the customer, and the answer that lets the case go on."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from tests.acceptance.conftest import RunningDesk, done, refused
from tests.acceptance.fussy import fussy, send_to
from tests.acceptance.mail.correspondence import customer_of, letter, reply, sent_in
from tests.acceptance.travelling import (
    assigned,
    history,
    in_diagnosis,
    last,
    messages,
    moment,
    owed,
    owner_of,
    read,
    topics,
    travel,
)

pytestmark = pytest.mark.usefixtures("monday")
QUESTION = "Does the lamp blink?\nAnd which colour has it?"
ASK = {"reason_code": "customer", "question": QUESTION, "note": "the manual is no help"}
NOBODY = {"name": "Jo Field", "phone": "405-555-0101"}


def asked(desk: RunningDesk, number: str | None = None) -> str:
    """A case of team network that waits for its customer, who has got the question by mail."""
    number = number or assigned(desk)
    done(desk.network.post(f"/cases/{number}/pend", ASK))
    desk.send_mail()
    return number


def status(desk: RunningDesk, number: str) -> tuple[Any, set[str]]:
    """What the case waits for, and what is owed because of it."""
    return read(desk, number)["pending"], set(owed(desk, number))


def test_sop_5_8_a_question_is_mailed_and_stands_in_the_case_and_its_history(desk: RunningDesk) -> None:
    number = asked(desk)
    assert read(desk, number)["pending"] == {
        "reason": "customer",
        "since": moment(desk).replace("+00:00", "Z"),
        "question": QUESTION,
    }
    pended = last(desk, number, "pended")["data"]
    assert pended["question"]["value"] == {"question": QUESTION}
    assert pended["note"]["value"] == {"note": ASK["note"]}
    ours = letter(desk, number)
    for form in (ours.text, ours.html):
        assert all(line in form for line in QUESTION.splitlines())
        assert ASK["note"] not in form
    assert (ours.recipients, "Question" in ours.subject) == ((customer_of(desk, number),), True)
    assert messages(desk, number)[0][0]["data"]["kind"] == "question"
    own = done(owner_of(desk, number).get(f"/cases/{number}"))
    assert own["pending"]["question"] == QUESTION
    shown = done(owner_of(desk, number).get(f"/cases/{number}/history"))["items"][-1]["data"]
    assert shown["question"]["value"] == {"question": QUESTION}
    assert shown["note"]["value"] is None, "the note is among staff"


def test_sop_5_8_a_question_needs_the_customer_and_an_address(desk: RunningDesk) -> None:
    number, silent = assigned(desk), assigned(desk, customer=NOBODY)
    for body in ({**ASK, "reason_code": "vendor"}, {**ASK, "question": ""}):
        refused(desk.network.post(f"/cases/{number}/pend", body), 422, "validation-failed")
    problem = refused(desk.network.post(f"/cases/{silent}/pend", ASK), 422, "validation-failed")
    assert problem["errors"][0]["pointer"] == "/question"
    assert (read(desk, number)["pending"], read(desk, silent)["pending"]) == (None, None)
    done(desk.network.post(f"/cases/{silent}/pend", {"reason_code": "customer"}))


def test_sop_5_8_the_answer_by_mail_takes_the_mark_away_and_is_to_be_read(desk: RunningDesk) -> None:
    number = asked(desk)
    travel(desk, hours=2)
    answer = sent_in(desk, reply(desk, number, "Yes, red."))
    assert (answer["outcome"], answer["case"]) == ("reply", number)
    assert topics(desk, number)[-2:] == ["message_received", "resumed"]
    resumed = last(desk, number, "resumed")
    assert (resumed["by"]["subject"], resumed["by"]["role"], resumed["via"]["channel"]) == (
        "system:answer", "system", "email",
    )  # fmt: skip
    assert resumed["data"]["answer"] == last(desk, number, "message_received")["version"]
    assert read(desk, number)["pending"] is None
    (debt,) = owed(desk, number).values()
    assert (debt["kind"], debt["role"], debt["team"]) == ("read_answer", "team_member", "network")
    queue = done(desk.network.get("/queues/obligations", limit=200))["items"]
    assert number in [item["case"] if "case" in item else item["number"] for item in queue]
    done(desk.network.post(f"/cases/{number}/diagnose", {"symptoms": "red lamp", "findings": "fuser"}))
    assert status(desk, number) == (None, set())


def test_sop_5_8_question_and_answer_alternate_and_nobody_waits_unheard(desk: RunningDesk) -> None:
    number = assigned(desk)
    for turn in range(3):
        asked(desk, number)
        assert status(desk, number)[1] == set(), "asked again, the last answer was read"
        travel(desk, minutes=30)
        sent_in(desk, reply(desk, number, f"Answer {turn}."))
        assert status(desk, number) == (None, {"read_answer"})
        travel(desk, minutes=30)
    waits = [item["data"]["paused_since"] for item in history(desk, number) if item["topic"] == "case.resumed"]
    assert len(set(waits)) == 3


def test_sop_5_8_the_desk_reads_the_answer_to_its_own_question(desk: RunningDesk) -> None:
    number = in_diagnosis(desk)
    done(desk.technician.post(f"/cases/{number}/pend", {"reason_code": "customer"}))
    owner_of(desk, number).post(f"/cases/{number}/notes", {"text": "Yes, red."})
    assert status(desk, number) == (None, {"read_answer"})
    assert owed(desk, number)["read_answer"]["role"] == "technician"
    done(desk.technician.post(f"/cases/{number}/discharge", {"obligation": "read_answer", "method": "portal"}))
    assert owed(desk, number) == {}


def test_sop_5_8_the_answer_by_the_link_in_the_mail(desk: RunningDesk) -> None:
    number = asked(desk)
    (url,) = re.findall(r"https?://\S+", letter(desk, number).text)
    path = url.removeprefix(desk.url)
    browser = desk.anonymous()
    page = browser.get(path, headers={"Accept": "text/html"}).text
    assert "Does the lamp blink?\nAnd which colour has it?" in page
    told = done(browser.get(path))
    assert (told["question"], told["history"][-1]["text"]) == (QUESTION, QUESTION)
    done(browser.post(f"{path}/notes", json={"text": "Yes, red."}))
    assert status(desk, number) == (None, {"read_answer"})
    assert last(desk, number, "resumed")["via"]["channel"] == "self_service"
    assert done(browser.get(path))["question"] is None


def test_sop_5_8_a_file_of_the_customers_is_an_answer(desk: RunningDesk) -> None:
    number = asked(desk)
    files = f"/cases/{number}/attachments"
    headers = {"Content-Type": "image/png", "Content-Disposition": 'attachment; filename="lamp.png"', "If-Match": "*"}
    done(owner_of(desk, number).http.post(files, content=b"\x89PNG\r\n\x1a\n", headers=headers))
    assert status(desk, number) == (None, {"read_answer"})


def test_sop_5_8_an_answer_whose_meaning_is_unclear_stands_to_be_read_and_the_case_waits(desk: RunningDesk) -> None:
    """From whom nobody asked, or from before the question."""
    number = asked(desk)
    early = sent_in(desk, reply(desk, number, "It is loud, too."), received_at=desk.clock.now() - timedelta(hours=1))
    assert early["outcome"] == "reply"
    pending, owing = status(desk, number)
    assert (pending["reason"], owing) == ("customer", {"read_answer"})
    other = asked(desk)
    stranger = sent_in(desk, reply(desk, other, "I sit beside her.", "pat.moe@agency.example"))
    assert status(desk, other)[1] == set(), "a stranger's mail is a suggestion"
    done(desk.technician.post(f"/quarantine/{stranger['message']}/join", {}))
    pending, owing = status(desk, other)
    assert (pending["reason"], owing) == ("customer", {"read_answer"})


def test_sop_5_8_who_is_away_has_not_answered(desk: RunningDesk) -> None:
    number = asked(desk)
    away = sent_in(desk, reply(desk, number, "I am away.", **{"Auto-Submitted": "auto-replied"}))
    assert away["outcome"] == "recorded"
    pending, owing = status(desk, number)
    assert (pending["reason"], owing) == ("customer", set())


def test_sop_5_8_a_case_that_waits_for_somebody_else_waits_on(desk: RunningDesk) -> None:
    number = asked(desk)
    raw = reply(desk, number, "Yes, red.")
    done(desk.network.post(f"/cases/{number}/resume", {}))
    done(desk.network.post(f"/cases/{number}/pend", {"reason_code": "vendor"}))
    sent_in(desk, raw)
    assert status(desk, number)[0]["reason"] == "vendor"


def test_sop_5_8_a_question_that_came_back_is_asked_by_other_means(desk: RunningDesk) -> None:
    number = assigned(desk, customer={"name": "Jo", "email": "nobody@agency.example"})
    done(desk.network.post(f"/cases/{number}/pend", ASK))
    with fussy(desk) as catcher:
        send_to(desk, catcher)
    pending, owing = status(desk, number)
    assert (pending["reason"], owing) == ("customer", {"ask_customer"})
    assert last(desk, number, "question_failed")["data"]["cause"] == "bounced"
    done(desk.network.post(f"/cases/{number}/discharge", {"obligation": "ask_customer", "method": "phone"}))
    assert owed(desk, number) == {}


def test_sop_5_8_a_question_that_nobody_asks_any_more_is_not_sent(desk: RunningDesk) -> None:
    number = assigned(desk)
    done(desk.network.post(f"/cases/{number}/pend", ASK))
    done(desk.network.post(f"/cases/{number}/resume", {}))
    done(desk.network.post(f"/cases/{number}/pend", {**ASK, "question": "Or is it dark?"}))
    desk.send_mail()
    assert [events[-1]["topic"] for events in messages(desk, number)] == ["message.withdrawn", "message.accepted"]
    assert "Or is it dark?" in letter(desk, number).text
