"""Letters handed to mail servers: those that take them, those that do not, and those that fall silent (R-5.9a, R-5.9g)."""

from __future__ import annotations

import gc
import socket
from collections.abc import Iterator
from datetime import timedelta

import pytest

from application.mail_out.letters import Deferred, Postman, Refused, Sent
from infrastructure.mail.catcher import mail_catcher, smtp_server
from tests.infrastructure.mail.letters import THREAD, a_letter, an_acknowledgement
from tests.infrastructure.mail.mail_servers import AT, CLOCK, Dropping, Refusing, deliver, postman, scripted
from tests.travel_clock import TravelClock


@pytest.fixture(autouse=True)
def _nothing_is_left_open() -> Iterator[None]:
    """What a delivery forgot to close warns when it is collected, and warnings are errors."""
    yield
    gc.collect()


def test_a_letter_is_sent_when_the_server_has_accepted_the_message() -> None:
    with mail_catcher(clock=CLOCK) as catcher:
        carrier: Postman = postman(catcher.port)
        sent = deliver(carrier, a_letter())
        (caught,) = catcher.messages()
    assert sent == Sent(caught.raw.decode(), "250 2.0.0 OK: caught as 1")
    assert (caught.envelope_from, caught.recipients) == (THREAD.bounces_to, ("jo.field@agency.example",))
    assert (caught.message_id, caught.subject) == (
        "<019abc@desk.example>",
        f"[{THREAD.token}] Resolved: Printer is dead",
    )
    assert caught.parsed["Date"].datetime == AT
    assert "Replaced the fuser." in caught.text
    assert "Replaced the fuser." in caught.html


def test_nothing_comes_back_of_an_acknowledgement() -> None:
    with mail_catcher(clock=CLOCK) as catcher:
        deliver(postman(catcher.port), an_acknowledgement())
        (caught,) = catcher.messages()
    assert caught.envelope_from == "<>", "RFC 3834, 3.3"


def test_a_letter_sent_again_has_the_same_message_id() -> None:
    clock = TravelClock(AT)
    with mail_catcher() as catcher:
        deliver(postman(catcher.port, clock=clock), a_letter())
        clock.travel(timedelta(minutes=5))
        deliver(postman(catcher.port, clock=clock), a_letter())
        first, second = catcher.messages()
    assert first.message_id == second.message_id
    assert first.raw != second.raw


def test_lines_that_begin_with_a_dot_arrive_with_it() -> None:
    with mail_catcher() as catcher:
        deliver(postman(catcher.port), a_letter(solution=".\n..\n" + "." * 300))
        assert f"    .\n    ..\n    {'.' * 300}\n" in catcher.messages()[0].text


@pytest.mark.parametrize(
    "answers",
    [
        {"RCPT": "450 4.2.1 mailbox busy"},
        {"RCPT": "421 4.3.2 shutting down"},
        {"RCPT": "530 5.7.0 authentication required"},
        {"DATA": "451 4.3.0 no space"},
        {"MAIL": "550 5.7.1 not from you"},
        {"MAIL": "451 4.7.1 later"},
    ],
)
def test_what_may_pass_defers_the_letter(answers: dict[str, str]) -> None:
    (said,) = answers.values()
    with smtp_server(Refusing(**answers)) as port, pytest.raises(Deferred, match=said):
        deliver(postman(port), a_letter())


@pytest.mark.parametrize(
    "answers",
    [
        {"RCPT": "550 5.1.1 no such user"},
        {"RCPT": "553 5.1.3 what an address"},
        {"DATA": "554 5.7.1 not wanted"},
        {"MAIL": "552 5.3.4 too large"},
    ],
)
def test_what_will_be_the_same_tomorrow_refuses_it(answers: dict[str, str]) -> None:
    (said,) = answers.values()
    server = Refusing(**answers)
    with smtp_server(server) as port, pytest.raises(Refused, match=said):
        deliver(postman(port), a_letter())
    assert server.messages() == []


def test_what_a_server_says_is_kept_without_the_address_on_one_line() -> None:
    said = "550-5.1.1 <Jo.Field@agency.example>:\r\n550 \x07nobody \xff" + "x" * 1_000
    with smtp_server(Refusing(RCPT=said)) as port, pytest.raises(Refused) as refused:
        deliver(postman(port), a_letter())
    assert str(refused.value).startswith(f"127.0.0.1:{port}: 550 5.1.1 <(recipient)>: nobody ÿxxx")
    assert len(str(refused.value)) == 500


def test_nobody_listening_defers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Deferred, match="connect"):
        deliver(postman(port), a_letter())


def test_a_server_nobody_can_find_defers() -> None:
    with pytest.raises(Deferred, match=r"no\.\.such\.host"):
        deliver(postman(25, host="no..such.host"), a_letter())


@pytest.mark.parametrize(
    "answers",
    [
        [],
        [b"554 5.3.2 no service here\r\n"],
        [b"\x00\xff?\r\n"],
        [b"220 here\r\n"],
        [b"220 here\r\n", b"502 5.5.1 what is EHLO\r\n"],
        [b"220 here\r\n", b"250 here\r\n", b"250 ok\r\n"],
        [b"220 here\r\n", b"250 here\r\n", b"250 ok\r\n", b"252 perhaps\r\n"],
        [b"220 here\r\n", b"250 here\r\n", b"250 ok\r\n", b"250 ok\r\n", b"250 no 354\r\n"],
    ],
)
def test_a_server_that_breaks_off_defers(answers: list[bytes]) -> None:
    with scripted(*answers) as port, pytest.raises(Deferred):
        deliver(postman(port), a_letter())


def test_a_server_that_falls_silent_defers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Deferred, match=r"[Tt]imed out"):
        deliver(postman(silent.getsockname()[1], timeout=0.05), a_letter())


def test_a_server_that_falls_silent_over_the_message_defers() -> None:
    dialogue = (b"220 here\r\n", b"250 here\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n")
    with scripted(*dialogue, silent=True) as port, pytest.raises(Deferred, match=r"[Tt]imed out"):
        deliver(postman(port, acceptance_timeout=0.05), a_letter())


def test_a_server_gone_before_its_last_answer_defers_though_it_may_have_the_message() -> None:
    server = Dropping()
    with smtp_server(server) as port, pytest.raises(Deferred):
        deliver(postman(port), a_letter())
    assert [caught.message_id for caught in server.messages()] == ["<019abc@desk.example>"]


def test_an_accepted_letter_stays_sent_when_the_goodbye_fails() -> None:
    with smtp_server(Refusing(QUIT="421 4.3.2 no time")) as port:
        assert deliver(postman(port), a_letter()).reply.startswith("250")


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("x@" + "é" * 200 + "!", id="one that a careless pattern reads in 2^200 ways"),
        "",
        "jo",
        "@agency.example",
        "jo@",
        "jo field@agency.example",
        "jo@agency.example\r\nRCPT TO:<all@agency.example>",
        "jo@agency.example> SIZE=1",
        "Jo <jo@agency.example>",
        "jo@agency.example,al@agency.example",
        "jo..field@agency.example",
        "jo@agency..example",
        "jo@-agency.example",
        '"jo field"@agency.example',
        "jo@[127.0.0.1]",
        "jo\x00@agency.example",
        "jo\u00a0@agency.example",
        "jo\u2028@agency.example",
        "jo\ud800@agency.example",
        f"{'j' * 65}@agency.example",
        f"jo@{'agency.' * 40}example",
    ],
)
def test_an_address_that_cannot_stand_on_an_envelope_is_refused_without_asking_the_server(address: str) -> None:
    with pytest.raises(Refused, match="envelope"):
        deliver(postman(1), a_letter(recipient=address))


@pytest.mark.parametrize("address", ["o'hara+tag=1@agency.example", "root@localhost", "a_b@mail-1.agency.example"])
def test_unusual_addresses_are_served(address: str) -> None:
    with mail_catcher() as catcher:
        deliver(postman(catcher.port), a_letter(recipient=address))
        assert catcher.messages()[0].recipients == (address,)


def test_an_international_address_is_served_where_the_server_knows_them() -> None:
    with mail_catcher() as catcher:
        sent = deliver(postman(catcher.port), a_letter(recipient="jürgen@bücher.example", name="Jürgen"))
        (caught,) = catcher.messages()
    assert caught.recipients == ("jürgen@bücher.example",)
    assert "To: Jürgen <jürgen@bücher.example>\r\n" in sent.raw
    assert sent.raw.encode() == caught.raw


def test_an_international_address_is_refused_in_clear_words_elsewhere() -> None:
    handler = Refusing()
    with smtp_server(handler, enable_SMTPUTF8=False) as port, pytest.raises(Refused, match="SMTPUTF8"):
        deliver(postman(port), a_letter(recipient="jürgen@bücher.example"))
    assert handler.messages() == []


@pytest.mark.parametrize("wrong", [{"sender": "desk"}, {"sender": "désk@desk.example"}, {"domain": "desk example"}])
def test_a_sender_that_no_server_would_take_is_said_at_once(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="no address that mail can be sent from"):
        postman(25, **wrong)
