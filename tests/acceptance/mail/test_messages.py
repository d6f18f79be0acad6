"""A case names its messages: who wrote them to whom, and their bytes, for those who may read them (data/field 03, 06-08, 12)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from domain.values import ErasureScope, Role
from tests import four_eyes
from tests.acceptance.conftest import Caller, RunningDesk, done, refused
from tests.acceptance.mail.correspondence import gateway, hand_in, letter, mail, reply, sent_in
from tests.acceptance.travelling import history, logged, on_monday, read
from tests.blocking import open_desk
from tests.conftest import TestDatabase, cloned
from tests.field import field_input

pytestmark = pytest.mark.usefixtures("monday")


@pytest.fixture(scope="module")
def database(server: str) -> Iterator[TestDatabase]:
    with cloned(server) as made:
        yield made


@pytest.fixture(scope="module")
def desk(database: TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    with on_monday(database, tmp_path_factory.mktemp("keys")) as running:
        yield running


def opened(desk: RunningDesk, raw: bytes) -> str:
    """The case that a mail opens; it may have come before."""
    number: str = sent_in(desk, raw)["case"]
    return number


def customer_of(desk: RunningDesk, number: str) -> Caller:
    return desk.caller(Role.CUSTOMER, read(desk, number)["customer"]["id"])


@pytest.mark.parametrize(
    ("name", "to", "cc"),
    [
        (
            "03-raw-8bit-cc.eml",
            [("Service Desk", "help@desk.example.com")],
            [("Jörg Wälde", "joerg@example.com"), ("Mia", "mia@example.com")],
        ),
        ("08-group-address.eml", [], [(None, "ana@example.com"), ("Bo", "bo@example.com")]),
    ],
)
def test_field_03_08_a_case_names_its_message_and_who_it_was_written_to(
    desk: RunningDesk, name: str, to: list[tuple[str | None, str]], cc: list[tuple[str | None, str]]
) -> None:
    raw = field_input(name)
    number = opened(desk, raw)
    (message,) = read(desk, number)["messages"]
    assert [(person["name"], person["address"]) for person in message["to"]] == to
    assert [(person["name"], person["address"]) for person in message["cc"]] == cc
    assert message["from"] == {"name": "Rosa Keller", "email": "rosa.keller@example.com"}
    first = history(desk, number)[0]
    assert first["data"]["message"] == message["id"]
    assert first["data"]["written_to"]["value"].keys() == {"to", "cc"}
    for reader in (desk.technician, customer_of(desk, number)):
        answer = reader.get(message["raw"])
        assert (answer.status_code, answer.content) == (200, raw)
    headers = answer.headers
    assert headers["content-type"] == "message/rfc822"
    assert headers["content-disposition"].startswith("attachment; ")
    assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "private, no-store")


def test_field_03_addresses_stand_in_no_event(desk: RunningDesk, database: TestDatabase) -> None:
    number = opened(desk, mail(Cc='"M\xfcller, Jo" <hidden.person@elsewhere.example>'))
    with database.connect("auditor") as auditor:
        states = auditor.execute("SELECT convert_from(state, 'UTF8') FROM ledger.stored_events").fetchall()
    assert not any("hidden.person" in state for (state,) in states)
    assert read(desk, number)["messages"][0]["cc"] == [
        {"name": "Müller, Jo", "address": "hidden.person@elsewhere.example"}
    ]


def test_field_03_a_message_is_given_to_those_who_may_read_it_and_to_nobody_else(desk: RunningDesk) -> None:
    raw = mail(Cc="mia@example.com")
    number = opened(desk, raw)
    desk.send_mail()
    colleague = reply(desk, number, "Me too.", sender="Al <al@elsewhere.example>")
    suggested = sent_in(desk, colleague)
    assert suggested["outcome"] == "suggestion"
    waiting = f"/quarantine/{suggested['message']}/raw"
    assert desk.technician.get(waiting).content == colleague
    held = done(desk.technician.get(f"/quarantine/{suggested['message']}"))
    assert (held["raw"], len(held["to"]), held["cc"]) == (waiting, 1, [])
    refused(desk.technician.get(f"/cases/{number}/messages/{suggested['message']}/raw"), 404, "not-found")
    done(desk.technician.post(f"/quarantine/{suggested['message']}/join", {"case": number}))
    joined = f"/cases/{number}/messages/{suggested['message']}/raw"
    assert desk.technician.get(joined).content == colleague
    customer, other = customer_of(desk, number), desk.caller(Role.CUSTOMER, "somebody-else")
    refused(customer.get(joined), 404, "not-found")
    refused(customer.get(waiting), 403, "forbidden")
    own = read(desk, number)["messages"][0]["raw"]
    assert customer.get(own).content == raw
    assert [named["raw"] for named in done(customer.get(f"/cases/{number}"))["messages"]] == [own]
    refused(other.get(own), 404, "not-found")
    refused(gateway(desk).get(own), 403, "forbidden")
    refused(desk.technician.get(f"/cases/{logged(desk)}/messages/{own.split('/')[-2]}/raw"), 404, "not-found")
    for unknown in ("0", "00000000-0000-0000-0000-000000000000"):
        refused(desk.technician.get(f"/cases/{number}/messages/{unknown}/raw"), 404, "not-found")
    same = desk.technician.get(own, headers={"If-None-Match": desk.technician.get(own).headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")


def test_field_03_an_erased_message_is_gone(desk: RunningDesk, database: TestDatabase) -> None:
    number = opened(desk, mail(sender="eve@agency.example", Cc="mia@example.com"))
    own = read(desk, number)["messages"][0]["raw"]
    with open_desk(database, component="eraser") as eraser:
        four_eyes.erase(eraser, "eve@agency.example", ErasureScope.CONTACT_AND_WORDS)
    refused(desk.technician.get(own), 410, "gone")
    refused(desk.technician.get(f"/quarantine/{own.split('/')[-2]}/raw"), 410, "gone")
    assert read(desk, number)["messages"][0]["cc"] is None


def test_field_06_07_mails_and_images_are_files_of_the_case(desk: RunningDesk) -> None:
    raw = field_input("06-nested-mail.eml")
    (file,) = read(desk, opened(desk, raw))["attachments"]
    assert (file["name"], file["type"]) == ("Licence key expired.eml", "message/rfc822")
    number = opened(desk, field_input("07-inline-images.eml"))
    case = read(desk, number)
    assert case["description"] == "a [image: image.gif] b [image: image.png] c [image: image-2.png]"
    assert [(each["name"], each["content_id"]) for each in case["attachments"]] == [
        ("image.gif", "a@client.example.com"),
        ("image.png", "b@client.example.com"),
        ("image-2.png", "c@client.example.com"),
    ]


def test_field_12_answers_between_quotes_are_shown_and_found(desk: RunningDesk) -> None:
    number = opened(desk, mail(sender="Rosa Keller <rosa.keller@example.com>", Subject="Two questions"))
    desk.send_mail()
    raw = field_input("12-answers-between-quotes.eml").decode()
    raw = raw.replace("{MESSAGE_ID_OF_AGENT_QUESTION}", letter(desk, number).message_id).replace(
        "{CASE_NUMBER}", number
    )
    assert done(hand_in(desk, raw.encode()))["case"] == number
    said = history(desk, number)[-1]["data"]["words"]["value"]["text"]
    assert said == "It is the blue one.\nSince Monday.\n\nPlease call 2204."
    desk.catch_up()
    for query in ("2204", "blue", "Two questions 2204"):
        assert number in [item["number"] for item in done(desk.technician.get("/search", q=query))["items"]]
