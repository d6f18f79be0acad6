"""A mail about a case that is there (`intake.md`, E-mail): what it answers decides, and who wrote it; nothing is lost."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any

import pytest

from domain.values import Role
from tests.acceptance.conftest import RunningDesk, done, refused
from tests.acceptance.mail.correspondence import CUSTOMER, customer_of, letter, mail, reply, sent_in
from tests.acceptance.travelling import (
    assigned,
    fates,
    history,
    in_diagnosis,
    last,
    logged,
    mails,
    read,
    resolved,
    told,
    topics,
)

pytestmark = pytest.mark.usefixtures("monday")
STRANGER = "Al Other <al.other@elsewhere.example>"


def opened(desk: RunningDesk, **headers: str) -> str:
    """A case that a mail opened, with its acknowledgement sent."""
    number: str = sent_in(desk, mail(**headers))["case"]
    desk.send_mail()
    return number


def held(desk: RunningDesk, answer: dict[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = done(desk.technician.get(f"/quarantine/{answer['message']}"))
    return message


def changed_by(desk: RunningDesk, number: str, before: dict[str, Any]) -> set[str]:
    """What reads differently of a case than before one event."""
    after = read(desk, number)
    assert after["version"] == before["version"] + 1
    return {name for name, value in after.items() if value != before[name]}


def test_a_reply_of_the_customer_is_on_his_case_with_what_it_repeats_apart(desk: RunningDesk) -> None:
    number = opened(desk)
    before = read(desk, number)
    answer = sent_in(desk, reply(desk, number, "It is in room 7.\r\n\r\nJo"))
    assert (answer["outcome"], answer["case"]) == ("reply", number)
    said = last(desk, number, "message_received")
    assert said["by"] == {"subject": "mail.gateway", "role": "intake", "team": None}
    assert said["via"]["channel"] == "email"
    assert said["data"]["message"] == answer["message"]
    words = said["data"]["words"]["value"]
    assert words["text"] == "It is in room 7.\n\nJo"
    assert words["quoted"].startswith("On Mon, 5 Oct 2026, Service desk wrote:\n> ")
    assert said["data"]["contact"]["value"] == {"name": "Jo Field", "email": customer_of(desk, number)}
    assert changed_by(desk, number, before) == {"version", "messages"}, "it changes nothing else (R-5.9e)"
    assert [named["id"] for named in read(desk, number)["messages"]] == [before["messages"][0]["id"], answer["message"]]


def test_the_customer_reads_what_was_written_about_his_case(desk: RunningDesk) -> None:
    number = opened(desk)
    sent_in(desk, reply(desk, number, "It is in room 7."))
    customer = desk.caller(Role.CUSTOMER, read(desk, number)["customer"]["id"])
    items = done(customer.get(f"/cases/{number}/history"))["items"]
    [said] = [item for item in items if item["topic"] == "case.message_received"]
    assert said["data"]["words"]["value"]["text"] == "It is in room 7."


@pytest.mark.parametrize(
    "way",
    [
        {"In_Reply_To": "<x@y.example>", "References": "", "Subject": "Re: printer"},  # the signed address
        {"To": "service-desk@caseledger.example", "Subject": "Re: printer"},  # what we sent
        {"To": "service-desk@caseledger.example", "In_Reply_To": "", "References": ""},  # the signed subject
    ],
    ids=["address", "references", "subject"],
)
def test_a_reply_is_known_by_address_by_what_it_answers_or_by_its_subject(
    desk: RunningDesk, way: dict[str, str]
) -> None:
    number = opened(desk)
    given = {name.replace("_", "-"): value for name, value in way.items()}
    answer = sent_in(desk, reply(desk, number, "In room 7.", **given))
    assert (answer["outcome"], answer["case"]) == ("reply", number)


def test_the_signed_address_goes_before_what_is_answered_and_that_before_the_subject(desk: RunningDesk) -> None:
    one, two, three = (opened(desk, From=f"Jo <{CUSTOMER}>") for _ in range(3))
    token = letter(desk, three).subject
    mixed = {"In-Reply-To": letter(desk, two).message_id, "References": "", "Subject": f"Re: {token}"}
    assert sent_in(desk, reply(desk, one, "a", **mixed))["case"] == one
    nobody = "service-desk@caseledger.example"
    assert sent_in(desk, reply(desk, one, "b", To=nobody, **mixed))["case"] == two
    unknown = {**mixed, "In-Reply-To": "<never@sent.example>"}
    assert sent_in(desk, reply(desk, one, "c", To=nobody, **unknown))["case"] == three


def test_whoever_reported_it_takes_part_and_so_does_who_has_a_corrected_address(desk: RunningDesk) -> None:
    number = logged(desk, reporter={"name": "Sam", "email": "sam@agency.example"})
    done(
        desk.technician.post(
            f"/cases/{number}/correct", {"field": "email", "value": "jo@new.example", "reason": "misheard"}
        )
    )
    root = desk.office.addresses.root_reference(number)
    for sender in ("Sam <SAM@agency.example>", "jo@new.example", CUSTOMER):
        answer = sent_in(desk, mail("In room 7.", sender, References=root))
        assert (answer["outcome"], answer["case"]) == ("reply", number), sender


def test_a_reply_from_somebody_who_takes_no_part_changes_nothing_and_waits_with_its_case(desk: RunningDesk) -> None:
    number = opened(desk)
    before = history(desk, number)
    answer = sent_in(desk, reply(desk, number, "Me too!", STRANGER))
    assert (answer["outcome"], answer["case"]) == ("suggestion", number)
    assert history(desk, number) == before
    message = held(desk, answer)
    assert (message["state"], message["cause"], message["suggestion"]) == ("quarantined", "stranger", number)
    desk.catch_up()
    [item] = [m for m in done(desk.technician.get("/quarantine", limit=200))["items"] if m["id"] == answer["message"]]
    assert (item["cause"], item["suggestion"]) == ("stranger", number)


@pytest.mark.parametrize("sender", [f"Jo <{CUSTOMER}>, al@elsewhere.example", f'"{CUSTOMER}" <al@elsewhere.example>'])
def test_who_is_not_plainly_one_person_takes_no_part(desk: RunningDesk, sender: str) -> None:
    number = opened(desk, From=f"Jo <{CUSTOMER}>")
    assert sent_in(desk, reply(desk, number, "Me too!", sender))["outcome"] == "suggestion"


@pytest.mark.parametrize("subject", ["{}", "Re: [{}] Printer", "about {}, again", "Re: [{}#aaaaaaaaaaaaa] Received"])
def test_a_bare_number_is_a_suggestion_for_a_person_and_never_a_match(desk: RunningDesk, subject: str) -> None:
    number = opened(desk)
    before = history(desk, number)
    answer = sent_in(desk, mail("Mine!", customer_of(desk, number), Subject=subject.format(number)))
    assert (answer["outcome"], answer["case"]) == ("suggestion", number)
    assert held(desk, answer)["cause"] == "number"
    assert history(desk, number) == before


def test_a_number_that_is_no_case_s_opens_one(desk: RunningDesk) -> None:
    assert sent_in(desk, mail(Subject="INC-9999999 is gone"))["outcome"] == "opened"


def test_a_root_reference_without_a_signature_is_a_bare_number(desk: RunningDesk) -> None:
    """As 0.2.0 wrote them: anybody can."""
    number = opened(desk)
    root = f"<{number}@caseledger.example>"
    assert sent_in(desk, mail("x", STRANGER, References=root))["outcome"] == "suggestion"
    customer = customer_of(desk, number)
    assert sent_in(desk, mail("x", customer, References=root))["outcome"] == "suggestion"
    signed = letter(desk, number).subject
    assert sent_in(desk, mail("x", customer, References=root, Subject=signed))["outcome"] == "reply"
    elsewhere = f"<{number}@elsewhere.example>"
    assert sent_in(desk, mail("x", customer_of(desk, number), References=elsewhere))["outcome"] == "opened"


def test_an_answer_to_what_we_never_sent_opens_a_case(desk: RunningDesk) -> None:
    answer = sent_in(desk, mail(In_Reply_To="<0@desk.example>", References="<0@desk.example>", Subject="Re: hello"))
    assert answer["outcome"] == "opened"


def test_a_forged_signature_is_none(desk: RunningDesk) -> None:
    number = opened(desk)
    ours = str(letter(desk, number).parsed["Reply-To"])
    forged = ours.replace(ours[20:24], "aaaa")
    raw = mail("x", customer_of(desk, number), To=forged, Subject="Re: printer")
    assert sent_in(desk, raw)["outcome"] == "opened"


# a person decides


def test_a_suggestion_is_joined_and_its_writer_takes_part_from_then_on(desk: RunningDesk) -> None:
    number = opened(desk)
    answer = sent_in(desk, reply(desk, number, "Me too!", STRANGER))
    path = f"/quarantine/{answer['message']}/join"
    joined = done(desk.technician.post(path, {"reason": "a colleague"}))
    assert joined == {"outcome": "reply", "case": number, "message": answer["message"]}
    said = last(desk, number, "message_received")
    assert (said["by"]["subject"], said["data"]["words"]["value"]["text"]) == ("a.ortiz", "Me too!")
    assert held(desk, answer)["state"] == "joined"
    refused(desk.technician.post(path, {}), 409, "invalid-transition")
    assert sent_in(desk, reply(desk, number, "And now?", STRANGER))["outcome"] == "reply"
    assert sent_in(desk, reply(desk, number, "And now?", "third@elsewhere.example"))["outcome"] == "suggestion"


def test_it_may_be_joined_to_another_case_released_as_one_or_discarded(desk: RunningDesk) -> None:
    number, other = opened(desk), logged(desk)
    three = [sent_in(desk, reply(desk, number, f"Me too! {n}", STRANGER))["message"] for n in range(3)]
    assert done(desk.technician.post(f"/quarantine/{three[0]}/join", {"case": other}))["case"] == other
    released = done(desk.technician.post(f"/quarantine/{three[1]}/release", {}))
    assert released["outcome"] == "opened"
    assert read(desk, released["case"])["customer"]["email"] == "al.other@elsewhere.example"
    assert done(desk.technician.post(f"/quarantine/{three[2]}/discard", {"reason": "spam"}))["outcome"] == "discarded"
    desk.catch_up()
    waiting = {item["id"] for item in done(desk.technician.get("/quarantine", limit=200))["items"]}
    assert not waiting & set(three)
    assert topics(desk, number) == ["logged"]


def test_what_names_no_case_is_joined_to_the_one_that_is_named(desk: RunningDesk) -> None:
    number = logged(desk)
    message = sent_in(desk, b"\xff\xfehelp, the plotter!")["message"]
    refused(desk.technician.post(f"/quarantine/{message}/join", {}), 422, "contradicts-record")
    refused(desk.technician.post(f"/quarantine/{message}/join", {"case": "INC-9999999"}), 422, "unknown-reference")
    refused(desk.network.post(f"/quarantine/{message}/join", {"case": number}), 403, "forbidden")
    assert done(desk.technician.post(f"/quarantine/{message}/join", {"case": number}))["outcome"] == "reply"


def test_what_was_wrongly_taken_for_a_robot_s_is_released_all_the_same(desk: RunningDesk) -> None:
    answer = sent_in(desk, mail("I wrote this by hand.", "no-reply@agency.example"))
    assert (answer["outcome"], answer["case"]) == ("recorded", None)
    desk.catch_up()
    kept = {item["id"]: item for item in done(desk.technician.get("/quarantine", recorded=True, limit=200))["items"]}
    assert kept[answer["message"]]["cause"] == "robot"
    assert answer["message"] not in {
        item["id"] for item in done(desk.technician.get("/quarantine", limit=200))["items"]
    }
    released = done(desk.technician.post(f"/quarantine/{answer['message']}/release", {}))
    assert read(desk, released["case"])["description"] == "I wrote this by hand."


def test_whose_mail_is_released_is_told_the_number_unless_that_feeds_a_loop(desk: RunningDesk) -> None:
    hops = b"Received: from a by b\r\n" * 51
    lost = b"Content-Type: multipart/mixed; boundary=b\r\n" + mail() + b"--b\r\n\r\nx\r\n" * 60
    for raw, letters in ((lost, 1), (hops + mail(), 0), (mail(sender="no-reply@agency.example"), 0)):
        message = sent_in(desk, raw)["message"]
        number = done(desk.technician.post(f"/quarantine/{message}/release", {}))["case"]
        desk.send_mail()
        assert len(mails(desk, number)) == letters


# robots, lists, loops


def test_an_automatic_answer_says_on_the_case_that_somebody_is_away_and_changes_nothing(desk: RunningDesk) -> None:
    number = told(desk)
    before = read(desk, number)
    answer = sent_in(desk, reply(desk, number, "Away until May.", **{"Auto-Submitted": "auto-replied"}))
    assert (answer["outcome"], answer["case"]) == ("recorded", number)
    assert last(desk, number, "message_received")["data"]["automatic"] is True
    assert changed_by(desk, number, before) == {"version", "messages"}
    desk.send_mail()
    assert len(mails(desk, number)) == 1, "nobody answers it"


def test_an_automatic_answer_to_the_address_that_bounces_go_to_is_known_too(desk: RunningDesk) -> None:
    number = told(desk)
    away = mail(
        "Away.", CUSTOMER, To=letter(desk, number).envelope_from, Return_Path="<>", Subject="Automatic reply: x"
    )
    assert sent_in(desk, away)["case"] == number


def test_a_robot_that_takes_no_part_does_not_touch_the_case(desk: RunningDesk) -> None:
    number = opened(desk)
    answer = sent_in(desk, reply(desk, number, "Ticket 7 was made.", STRANGER, **{"Auto-Submitted": "auto-replied"}))
    assert answer["outcome"] == "recorded"
    assert "message_received" not in topics(desk, number)


@pytest.mark.parametrize("header", ["List-Id", "List-Unsubscribe", "Precedence"])
def test_the_mail_of_a_list_opens_a_case_and_is_not_answered_by_itself(desk: RunningDesk, header: str) -> None:
    said = {header.replace("-", "_"): "bulk" if header == "Precedence" else "<all.agency.example>"}
    answer = sent_in(desk, mail(**said))
    assert answer["outcome"] == "opened"
    desk.send_mail()
    assert mails(desk, answer["case"]) == []
    assert fates(desk, answer["case"]) == []


def test_a_mail_of_ours_that_comes_back_is_recorded_and_not_answered(desk: RunningDesk) -> None:
    number = opened(desk)
    before = topics(desk, number)
    assert sent_in(desk, letter(desk, number).raw)["outcome"] == "recorded"
    assert topics(desk, number) == before
    forged = mail(X_Caseledger_Loop="of another desk")
    assert sent_in(desk, forged)["outcome"] == "opened", "a header of ours from outside says nothing"


def test_who_opens_too_many_cases_within_an_hour_has_the_others_on_the_last_of_them(desk: RunningDesk) -> None:
    sender = "flood@agency.example"
    answers = [sent_in(desk, mail(f"{n}", sender)) for n in range(13)]
    assert [answer["outcome"] for answer in answers] == ["opened"] * 10 + ["reply"] * 3
    [holding] = {answer["case"] for answer in answers[10:]}
    assert holding in {answer["case"] for answer in answers[:10]}


def test_nobody_s_hands_are_stopped_by_a_message_that_comes_meanwhile(desk: RunningDesk) -> None:
    """`If-Match: *` is retried: a message is an addition (http.md, Concurrency)."""
    number = in_diagnosis(desk)
    root = desk.office.addresses.root_reference(number)
    for n in range(3):
        assert sent_in(desk, mail(f"{n}", CUSTOMER, References=root))["outcome"] == "reply"
        done(desk.technician.post(f"/cases/{number}/notes", {"text": "n"}))


@pytest.mark.parametrize("state", [logged, in_diagnosis, assigned, resolved])
def test_thanks_change_nothing_in_any_state(desk: RunningDesk, state: Any) -> None:
    number = state(desk)
    before = read(desk, number)
    answer = sent_in(desk, mail("Thanks!", CUSTOMER, References=desk.office.addresses.root_reference(number)))
    assert answer["outcome"] == "reply"
    assert changed_by(desk, number, before) == {"version", "messages"}


def test_what_is_attached_is_on_the_case_and_programs_stay_in_the_mail(desk: RunningDesk) -> None:
    message = EmailMessage()
    message["From"], message["Subject"], message["Message-ID"] = "pic@agency.example", "Screen", "<pic@agency.example>"
    message.set_content("See the picture.")
    message.add_attachment(b"\x89PNG\r\n\x1a\n" + bytes(50), "application", "octet-stream", filename="../../screen.png")
    message.add_attachment(b"MZ" + bytes(50), "image", "png", filename="nice.png.exe")
    answer = sent_in(desk, bytes(message))
    assert answer["outcome"] == "opened"
    items = done(desk.technician.get(f"/cases/{answer['case']}/attachments"))["items"]
    assert [(item["name"], item["type"]) for item in items] == [("screen.png", "image/png")]
    events = done(desk.auditor.http.get("/events?limit=1000"))["items"]
    [became] = [e for e in events if e["stream"] == answer["message"] and e["topic"] == "intake.logged"]
    assert became["data"]["left_out"] == 1
    remark = last(desk, answer["case"], "noted")
    assert remark["by"] == {"subject": "system:mail", "role": "system", "team": None}
    assert f"{answer['message']} as it came:\nnice.png.exe: " in remark["data"]["note"]["value"]["text"]


def test_what_is_too_long_for_a_case_says_that_there_is_more(desk: RunningDesk) -> None:
    case = read(desk, sent_in(desk, mail("Line upon line.\r\n" * 20_000))["case"])
    assert len(case["description"]) <= 100_000
    assert case["description"].endswith("[What follows stands in the message as it came.]")


def test_what_a_new_case_repeats_is_on_it(desk: RunningDesk) -> None:
    text = (
        "Please look at this:\r\n\r\n-----Original Message-----\r\nFrom: Al\r\nSent: today\r\nTo: Jo\r\n\r\nIt burns."
    )
    case = read(desk, sent_in(desk, mail(text))["case"])
    assert case["description"] == "Please look at this:"
    assert "It burns." in case["quoted"]
