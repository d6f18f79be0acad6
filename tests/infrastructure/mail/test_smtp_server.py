"""What mail servers, and those who pretend to be one, are told by the gateway (RFC 5321, 2033)."""

from __future__ import annotations

import smtplib
import ssl

import pytest

from application.mail_in.envelope import Envelope
from domain.errors import Forbidden
from infrastructure.mail.smtp_server import Certificate
from tests.infrastructure.mail.letters import ADDRESSES
from tests.infrastructure.mail.mail_servers import a_certificate
from tests.infrastructure.mail.smtp_talk import DESK, Client, Taken, gateway


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


def test_what_is_no_command_is_answered(client: Client) -> None:
    assert client.say(b"\x00\xff\xfe").startswith("500")
    assert client.say(b"X" * 70_000).startswith("500")
    assert client.say(b"EHLO " + b"x" * 400).startswith("250")
    assert client.say(b"MAIL FROM:<\xff\xfe@x.example>")[:1] in "245"
    assert client.say(b"AUTH PLAIN AAAA")[:1] == "5"


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
