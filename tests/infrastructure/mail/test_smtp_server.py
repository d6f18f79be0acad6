"""What mail servers, and those who pretend to be one, are told by the gateway (RFC 5321, 2033)."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import pytest
from anyio.from_thread import start_blocking_portal

from application.mail_in.envelope import Envelope
from domain.errors import Forbidden
from infrastructure.mail.gateway import Gateway
from infrastructure.mail.limits import SmtpLimits
from infrastructure.mail.smtp_server import Certificate, listening
from tests.infrastructure.mail.letters import ADDRESSES
from tests.infrastructure.mail.mail_servers import a_certificate

DESK = "service-desk@desk.example"
SMALL = SmtpLimits(size=200_000, recipients=3, conversations=3, unfinished=300_000, idle=5, whole=5)


class Taken:
    """Takes messages in, until it is told otherwise."""

    def __init__(self) -> None:
        self.messages: list[tuple[bytes, Envelope]] = []
        self.fault: Exception | None = None
        self.before, self.begun = threading.Event(), threading.Event()
        self.before.set()

    async def __call__(self, raw: bytes, envelope: Envelope) -> str:
        self.begun.set()
        assert await asyncio.to_thread(self.before.wait, 30)
        if self.fault is not None:
            raise self.fault
        self.messages.append((raw, envelope))
        return "opened 1"


@contextmanager
def gateway(taken: Taken, limits: SmtpLimits = SMALL, **options: Any) -> Iterator[int]:
    made = Gateway("desk.example", ADDRESSES.takes, taken, limits)
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(listening(made, "127.0.0.1", 0, **options)) as port,
    ):
        try:
            yield port
        finally:
            taken.before.set()


class Client:
    """A client that says exactly what it is told to."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 20)
        self._lines = self._socket.makefile("rb")
        self.greeting = self.answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._socket.close()

    def answer(self) -> str:
        """The last line of the next answer; nothing when the other side has hung up."""
        while line := self._lines.readline():
            if line[3:4] != b"-":
                return line.decode().rstrip("\r\n")
        return ""

    def say(self, *lines: bytes) -> str:
        """Send lines, and the last of their answers."""
        told = ""
        for line in lines:
            self.send(line + b"\r\n")
            told = self.answer()
        return told

    def send(self, raw: bytes) -> None:
        self._socket.sendall(raw)

    def until_data(self, *recipients: bytes) -> None:
        to = recipients or (DESK.encode(),)
        told = self.say(b"EHLO x.example", b"MAIL FROM:<jo@x.example>", *(b"RCPT TO:<%s>" % each for each in to))
        assert told.startswith("250"), told
        assert self.say(b"DATA").startswith("354")


@pytest.fixture
def taken() -> Taken:
    return Taken()


@pytest.fixture
def port(taken: Taken) -> Iterator[int]:
    with gateway(taken) as listening_on:
        yield listening_on


@pytest.fixture
def client(port: int) -> Iterator[Client]:
    with Client(port) as made:
        yield made


def test_what_it_offers(port: int) -> None:
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.ehlo("x.example")
        assert client.esmtp_features.keys() == {"size", "8bitmime", "smtputf8", "pipelining", "help"}
        assert client.esmtp_features["size"] == "200000"


def test_a_message_is_answered_250_once_it_is_taken_in_with_its_outcome(client: Client, taken: Taken) -> None:
    taken.before.clear()
    client.until_data()
    client.send(b"Subject: x\r\n\r\n..dot\r\n.\r\n")
    taken.before.set()
    assert client.answer() == "250 2.0.0 opened 1"
    assert taken.messages == [(b"Subject: x\r\n\r\n.dot\r\n", Envelope("jo@x.example", (DESK,)))]


def test_a_null_sender_is_nobody(client: Client, taken: Taken) -> None:
    client.say(
        b"EHLO x", b"MAIL FROM:<>", b"RCPT TO:<" + ADDRESSES.reply_to("INC-0000001", "jo").upper().encode() + b">"
    )
    assert client.say(b"DATA").startswith("354")
    assert client.say(b"\r\nhi\r\n.").startswith("250")
    ((_, envelope),) = taken.messages
    assert envelope.from_nobody
    assert ADDRESSES.read_reply(envelope.recipients[0]) == ("INC-0000001", ADDRESSES.digest_of("jo"))


@pytest.mark.parametrize(
    "raw", [b"", b"x\r\n", b".x\r\n", b"\r\n", b"." * 70_000 + b"\r\n", b"a\r\n" * 30_000, b"\r" * 9 + b"\r\n"]
)
def test_any_message_arrives_as_it_was_sent(client: Client, taken: Taken, raw: bytes) -> None:
    client.until_data()
    stuffed = (b"\r\n" + raw).replace(b"\r\n.", b"\r\n..")[2:]
    for at in range(0, len(stuffed), 50_001):
        client.send(stuffed[at : at + 50_001])
    client.send(b".\r\n")
    assert client.answer().startswith("250")
    assert [got for got, _ in taken.messages] == [raw]


@pytest.mark.parametrize(
    "address", [b"jo@x.example", b"service-desks@desk.example", b"service-desk@x.example", b"root", b"a@b@desk.example"]
)
def test_it_relays_nothing(client: Client, address: bytes) -> None:
    assert client.say(b"EHLO x", b"MAIL FROM:<jo@x.example>", b"RCPT TO:<%s>" % address)[:3] in ("550", "553")
    assert client.say(b"DATA").startswith("503")


@pytest.mark.parametrize("address", [b"postmaster", b"Postmaster@desk.example"])
def test_the_postmaster_is_there_as_rfc_5321_demands(client: Client, taken: Taken, address: bytes) -> None:
    client.say(b"EHLO x", b"MAIL FROM:<jo@x.example>")
    assert client.say(b"RCPT TO:<%s>" % address).startswith("250")


def test_what_cannot_be_recorded_is_sent_again_later(client: Client, taken: Taken) -> None:
    for fault in (OSError("the database has gone"), Forbidden("revoked"), KeyError("a fault of ours")):
        taken.fault = fault
        client.until_data()
        assert client.say(b"hi\r\n.").startswith("451 4."), fault
    assert taken.messages == []
    taken.fault = None
    client.until_data()
    assert client.say(b"hi\r\n.").startswith("250")


# attacks


@pytest.mark.parametrize("hidden", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r\n\n", b"\n\r\n", b"x\ny"], ids=repr)
def test_smuggling_what_is_no_end_of_a_message_to_us_hides_no_second_one(
    client: Client, taken: Taken, hidden: bytes
) -> None:
    """CVE-2023-51764: a bare LF ends a line, as many clients have it, and never a message."""
    client.until_data()
    client.send(
        b"one" + hidden + b"MAIL FROM:<root@agency.example>\r\nRCPT TO:<" + DESK.encode() + b">\r\nDATA\r\ntwo\r\n.\r\n"
    )
    assert client.answer().startswith("250")
    assert client.say(b"NOOP").startswith("250"), "that was one message, and no commands"
    [(raw, envelope)] = taken.messages
    assert b"MAIL FROM:<root@agency.example>" in raw
    assert envelope.sender == "jo@x.example"


def test_lines_that_end_with_lf_alone_are_lines(client: Client, taken: Taken) -> None:
    """As `smtplib` hands over a file's bytes: it doubles dots behind them."""
    client.until_data()
    client.send(b"Subject: x\n\none\n..two\n...\r\n.\r\n")
    assert client.answer().startswith("250")
    assert taken.messages[0][0] == b"Subject: x\n\none\n.two\n..\r\n"


def test_a_bare_cr_ends_nothing(client: Client, taken: Taken) -> None:
    client.until_data()
    client.send(b"one\r.\rDATA\r.\r\r\n.\r\n")
    assert client.answer().startswith("250")
    assert taken.messages[0][0] == b"one\r.\rDATA\r.\r\r\n"


def test_a_client_that_does_not_wait_for_354_is_shown_the_door(client: Client, taken: Taken) -> None:
    client.say(b"EHLO x", b"MAIL FROM:<jo@x.example>", b"RCPT TO:<" + DESK.encode() + b">")
    client.send(b"DATA\r\nhi\r\n.\r\n")
    assert client.answer() == "554 5.5.0 DATA is the last of a group: wait for 354"
    assert client.answer() == ""
    assert taken.messages == []


def test_commands_may_come_in_a_group(client: Client, taken: Taken) -> None:
    client.say(b"EHLO x")
    client.send(b"MAIL FROM:<jo@x.example>\r\nRCPT TO:<%s>\r\nRCPT TO:<root>\r\nDATA\r\n" % DESK.encode())
    assert [client.answer()[:3] for _ in range(4)] == ["250", "250", "550", "354"]
    client.send(b"one\r\n.\r\nMAIL FROM:<jo@x.example>\r\nRCPT TO:<%s>\r\nDATA\r\n" % DESK.encode())
    assert [client.answer()[:3] for _ in range(4)] == ["250", "250", "250", "354"]
    assert client.say(b"two\r\n.").startswith("250")
    assert [raw for raw, _ in taken.messages] == [b"one\r\n", b"two\r\n"]


def test_a_message_that_is_too_large_is_refused_when_announced_and_when_it_comes(client: Client, taken: Taken) -> None:
    assert client.say(b"EHLO x", b"MAIL FROM:<jo@x.example> SIZE=200001").startswith("552")
    client.until_data()
    client.send(b"x" * 200_000 + b"\r\n.\r\n")
    assert client.answer() == "552 5.3.4 too large a message"
    client.until_data()
    client.send(b"x" * 199_998 + b"\r\n.\r\n")
    assert client.answer().startswith("250"), "to the byte"
    assert len(taken.messages) == 1


def test_a_message_without_end_is_cut_off(client: Client, taken: Taken) -> None:
    client.until_data()
    with pytest.raises(OSError):  # noqa: PT012, PT011 - whichever way it learns of it
        while True:
            client.send(b"\r\n" * 50_000)
    assert taken.messages == []


def test_more_at_once_than_there_is_room_for_is_sent_again_later(port: int, taken: Taken) -> None:
    with Client(port) as one, Client(port) as two:
        taken.before.clear()
        one.until_data()
        one.send(b"x" * 190_000 + b"\r\n.\r\n")
        two.until_data()
        two.send(b"y" * 190_000 + b"\r\n.\r\n")
        first, second = two, one
        if (told := first.answer()).startswith("452"):
            taken.before.set()
            assert second.answer().startswith("250")
        assert told == "452 4.3.1 too many messages at once, try again later"
        two.until_data()
        two.send(b"y" * 190_000 + b"\r\n.\r\n")
        assert two.answer().startswith("250"), "the room is given back"


@pytest.mark.parametrize(("size", "other", "at_once"), [(2**20, 2**20 - 1, 1), (2**20 - 1, 2**20, 4)])
def test_so_many_messages_of_a_size_are_recorded_at_a_time_and_hold_none_of_another_back(
    size: int, other: int, at_once: int
) -> None:
    """A large one takes many times its size while it is read."""
    envelope = Envelope("jo@x.example", (DESK,))

    async def most_at_once() -> int:
        free, running, most = asyncio.Event(), 0, 0

        async def deliver(raw: bytes, _: Envelope) -> str:
            nonlocal running, most
            if len(raw) == size:
                running += 1
                most = max(most, running)
                await free.wait()
                await asyncio.sleep(0)
                running -= 1
            return "opened 1"

        made = Gateway("desk.example", ADDRESSES.takes, deliver)
        waiting = [asyncio.create_task(made.take(bytes(size), envelope)) for _ in range(9)]
        assert (await made.take(bytes(other), envelope)).startswith("250")
        free.set()
        assert all(answer.startswith("250") for answer in await asyncio.gather(*waiting))
        return most

    assert asyncio.run(most_at_once()) == at_once


def test_a_message_is_recorded_to_the_end_when_its_client_leaves_meanwhile(taken: Taken) -> None:
    with gateway(taken) as port:
        taken.before.clear()
        with Client(port) as client:
            client.until_data()
            client.send(b"whole\r\n.\r\n")
            assert taken.begun.wait(30)
        with Client(port) as other:
            other.until_data()
            other.send(b"another\r\n.\r\n")
            taken.before.set()
            assert other.answer().startswith("250")
    assert sorted(raw for raw, _ in taken.messages) == [b"another\r\n", b"whole\r\n"]


def test_a_gateway_that_closes_hangs_up_and_records_what_it_has_taken(taken: Taken) -> None:
    with gateway(taken) as port:
        idle, sending = Client(port), Client(port)
        taken.before.clear()
        sending.until_data()
        sending.send(b"whole\r\n.\r\n")
        assert taken.begun.wait(30)
    with idle, sending, pytest.raises(OSError):  # noqa: PT012, PT011 - whichever way they learn of it
        while idle.answer() or sending.answer():
            pass
        raise ConnectionResetError
    assert [raw for raw, _ in taken.messages] == [b"whole\r\n"]


def test_a_million_recipients_are_refused_one_by_one_and_then_the_client(client: Client) -> None:
    client.say(b"EHLO x", b"MAIL FROM:<jo@x.example>")
    told = [client.say(b"RCPT TO:<%s>" % DESK.encode()) for _ in range(5)]
    assert [each[:3] for each in told] == ["250"] * 3 + ["452"] * 2
    told = []
    while answer := client.say(b"RCPT TO:<%s>" % DESK.encode()):
        told.append(answer[:3])
        if answer.startswith("421"):
            break
    assert told[-1] == "421"
    assert len(told) < 1_001


def test_a_client_too_many_is_sent_away(port: int) -> None:
    with Client(port), Client(port), Client(port) as third:
        with Client(port) as fourth:
            assert fourth.greeting == "421 4.3.2 too many connections, try again later"
        assert third.say(b"NOOP").startswith("250")


@pytest.mark.parametrize("said", [b"", b"EHLO x\r\n", b"EHLO x\r\nMAIL FROM:<jo@x.example>\r\n"])
def test_a_client_that_falls_silent_is_hung_up_on(taken: Taken, said: bytes) -> None:
    with gateway(taken, SmtpLimits(idle=0.2)) as port, Client(port) as client:
        client.send(said)
        answers = []
        while answer := client.answer():
            answers.append(answer)
        assert answers[-1] == "421 4.4.2 too slow, goodbye"


@pytest.mark.parametrize("limits", [SmtpLimits(idle=0.2), SmtpLimits(whole=0.2)], ids=["stops", "drips"])
def test_a_message_that_does_not_come_is_not_waited_for(taken: Taken, limits: SmtpLimits) -> None:
    with gateway(taken, limits) as port, Client(port) as client:
        client.until_data()
        client.send(b"Subject: x\r\n")
        assert client.answer() == "421 4.4.2 too slow, goodbye"
        assert client.answer() == ""
    assert taken.messages == []


def test_a_client_that_leaves_in_the_middle_leaves_nothing(port: int, taken: Taken) -> None:
    with Client(port) as client:
        client.until_data()
        client.send(b"Subject: half\r\n")
    with Client(port) as client:
        client.until_data()
        assert client.say(b"whole\r\n.").startswith("250")
    assert [raw for raw, _ in taken.messages] == [b"whole\r\n"]


def test_what_is_no_command_is_answered(client: Client) -> None:
    assert client.say(b"\x00\xff\xfe").startswith("500")
    assert client.say(b"X" * 70_000).startswith("500")
    assert client.say(b"EHLO " + b"x" * 400).startswith("250")
    assert client.say(b"MAIL FROM:<\xff\xfe@x.example>")[:1] in "245"
    assert client.say(b"AUTH PLAIN AAAA")[:1] == "5"


# LMTP and TLS


def test_lmtp_answers_for_each_recipient(taken: Taken) -> None:
    with gateway(taken, lmtp=True) as port, smtplib.LMTP("127.0.0.1", port) as client:
        client.ehlo("x.example")
        client.mail("jo@x.example")
        assert [client.rcpt(to)[0] for to in (DESK, "root", "service-desk+x@desk.example")] == [250, 550, 250]
        client.putcmd("DATA")
        assert client.getreply()[0] == 354
        client.send(b"hi\r\n.\r\n")
        assert [client.getreply()[0] for _ in range(2)] == [250, 250]
        assert client.noop()[0] == 250
    assert [envelope.recipients for _, envelope in taken.messages] == [(DESK, "service-desk+x@desk.example")]


def test_starttls_where_there_is_a_certificate(taken: Taken, certificate: Certificate) -> None:
    with gateway(taken, certificate=certificate) as port, smtplib.SMTP("127.0.0.1", port) as client:
        client.starttls(context=ssl.create_default_context(cafile=certificate.chain))
        client.ehlo("x.example")
        assert "auth" not in client.esmtp_features
        client.sendmail("jo@x.example", DESK, b"Subject: secret\r\n\r\nhi\r\n")
    assert taken.messages[0][0].startswith(b"Subject: secret")


def test_commands_sent_before_the_handshake_are_forgotten(taken: Taken, certificate: Certificate) -> None:
    """CVE-2024-34083: what is said in the clear must not be taken for what is said under TLS."""
    with gateway(taken, certificate=certificate) as port, Client(port) as client:
        client.say(b"EHLO x")
        client.send(b"STARTTLS\r\nMAIL FROM:<root@agency.example>\r\n")
        assert client.answer().startswith("220")
        context = ssl.create_default_context(cafile=certificate.chain)
        client._lines.close()
        with context.wrap_socket(client._socket, server_hostname="127.0.0.1") as secured:
            secured.sendall(b"EHLO x\r\nRCPT TO:<%s>\r\n" % DESK.encode())
            lines = secured.makefile("rb")
            told = [line.decode() for line in iter(lines.readline, b"250 HELP\r\n")]
            assert lines.readline().startswith(b"503"), told
            lines.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(a_certificate(tmp_path_factory.mktemp("tls")))
