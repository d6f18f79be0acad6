"""A mailbox read by IMAP, on a real server: nothing is skipped, nothing marked before it is on the record (R-5.1d)."""

from __future__ import annotations

import imaplib
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from application.mail_in.envelope import NO_ENVELOPE, Envelope
from infrastructure.mail.imap_client import Mailbox, Place, read_new
from tests.infrastructure.mail.imap_server import DOVECOT, PASSWORD, USER, ImapServer, imap_server
from tests.infrastructure.mail.mail_servers import a_certificate

pytestmark = pytest.mark.skipif(DOVECOT is None, reason="no Dovecot is installed here (Debian: dovecot-imapd)")
GOES_ON = threading.Event()


def mail(number: int) -> bytes:
    return b"Subject: %d\r\n\r\n%d\r\n" % (number, number)


class Taken:
    """What was taken in; the message named by `fails` is not."""

    def __init__(self, fails: bytes | None = None) -> None:
        self.messages: list[bytes] = []
        self.fails = fails

    def __call__(self, raw: bytes, envelope: Envelope) -> None:
        assert replace(envelope, arrived_at=None) == NO_ENVELOPE
        assert envelope.arrived_at is not None
        assert abs(envelope.arrived_at - datetime.now(UTC)) < timedelta(minutes=5), "what the server says"
        if raw == self.fails:
            raise OSError("the database has gone")
        self.messages.append(raw)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def shared(certificate: Path) -> Iterator[ImapServer]:
    with imap_server(certificate) as running:
        yield running


@pytest.fixture
def server(shared: ImapServer) -> ImapServer:
    """The server, with an empty mailbox."""
    with shared.client() as client:
        client.uid("STORE", "1:*", "+FLAGS.SILENT", r"(\Deleted)")
        client.expunge()
    return shared


@pytest.fixture
def mailbox(server: ImapServer) -> Mailbox:
    return Mailbox("127.0.0.1", server.port, USER, PASSWORD, tls="none")


@pytest.fixture
def place(tmp_path: Path, mailbox: Mailbox) -> Place:
    return Place(tmp_path / "mailbox.json", mailbox.name)


def test_what_is_new_is_read_in_order_and_marked_as_read(server: ImapServer, mailbox: Mailbox, place: Place) -> None:
    server.append(mail(1), mail(2))
    taken = Taken()
    assert read_new(mailbox, place, taken, GOES_ON) == 2
    assert read_new(mailbox, place, taken, GOES_ON) == 0
    server.append(mail(3))
    assert read_new(mailbox, place, taken, GOES_ON) == 1
    assert taken.messages == [mail(1), mail(2), mail(3)]
    assert server.flags() == [b"\\Seen"] * 3


def test_what_cannot_be_recorded_stays_unread_and_comes_again(
    server: ImapServer, mailbox: Mailbox, place: Place
) -> None:
    server.append(mail(1), mail(2), mail(3))
    taken = Taken(fails=mail(2))
    with pytest.raises(OSError, match="database"):
        read_new(mailbox, place, taken, GOES_ON)
    assert server.flags() == [b"\\Seen", b"", b""]
    taken.fails = None
    assert read_new(mailbox, place, taken, GOES_ON) == 2
    assert taken.messages == [mail(1), mail(2), mail(3)]


def test_what_somebody_else_has_read_is_read_all_the_same(server: ImapServer, mailbox: Mailbox, place: Place) -> None:
    server.append(mail(1))
    with server.client() as somebody:
        somebody.fetch("1", "(RFC822)")
    assert server.flags() == [b"\\Seen"]
    taken = Taken()
    read_new(mailbox, place, taken, GOES_ON)
    assert taken.messages == [mail(1)]


def test_where_the_server_counts_anew_all_is_read_again(server: ImapServer, mailbox: Mailbox, place: Place) -> None:
    with server.client() as client:
        client.create("Anew")
    anew = replace(mailbox, folder="Anew")
    server.append(mail(1), mail(2), folder="Anew")
    taken = Taken()
    read_new(anew, place, taken, GOES_ON)
    with server.client() as client:
        client.delete("Anew")
        client.create("Anew")
    server.append(mail(3), folder="Anew")
    read_new(anew, place, taken, GOES_ON)
    assert taken.messages == [mail(1), mail(2), mail(3)]


@pytest.mark.parametrize("kept", ["", "{}", "[]", '{"mailbox": "another", "validity": 1, "uid": 9}', '{"uid": null}'])
def test_when_the_place_is_lost_all_is_read_again(
    server: ImapServer, mailbox: Mailbox, place: Place, tmp_path: Path, kept: str
) -> None:
    server.append(mail(1))
    taken = Taken()
    read_new(mailbox, place, taken, GOES_ON)
    assert json.loads((tmp_path / "mailbox.json").read_text())["mailbox"] == mailbox.name
    (tmp_path / "mailbox.json").write_text(kept)
    read_new(mailbox, place, taken, GOES_ON)
    assert taken.messages == [mail(1), mail(1)], "whoever takes it in knows it"


def test_messages_are_moved_where_they_are_to_be(server: ImapServer, mailbox: Mailbox, place: Place) -> None:
    with server.client() as client:
        client.create("Done")
    server.append(mail(1), mail(2))
    read_new(replace(mailbox, moved_to="Done"), place, Taken(), GOES_ON)
    assert server.flags() == []
    assert len(server.flags("Done")) == 2


def test_one_that_is_too_large_is_left_for_a_person(server: ImapServer, mailbox: Mailbox, place: Place) -> None:
    server.append(mail(1), b"Subject: large\r\n\r\n" + b"x" * 1_000 + b"\r\n", mail(2))
    taken = Taken()
    read_new(replace(mailbox, size=1_000), place, taken, GOES_ON)
    assert taken.messages == [mail(1), mail(2)]
    assert server.flags() == [b"\\Seen", b"\\Flagged", b"\\Seen"]


def test_told_to_stop_it_stops_between_two_messages(server: ImapServer, mailbox: Mailbox, place: Place) -> None:
    server.append(mail(1), mail(2))
    stop, taken = threading.Event(), Taken()

    def take(raw: bytes, envelope: Envelope) -> None:
        taken(raw, envelope)
        stop.set()

    assert read_new(mailbox, place, take, stop) == 1
    assert read_new(mailbox, place, taken, GOES_ON) == 1
    assert taken.messages == [mail(1), mail(2)]


@pytest.mark.parametrize("tls", ["tls", "starttls"])
def test_over_tls(server: ImapServer, mailbox: Mailbox, place: Place, certificate: Path, tls: str) -> None:
    server.append(mail(1))
    port = server.tls_port if tls == "tls" else server.port
    taken = Taken()
    read_new(replace(mailbox, tls=tls, port=port, ca_file=certificate), place, taken, GOES_ON)  # type: ignore[arg-type]
    assert taken.messages == [mail(1)]
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        read_new(replace(mailbox, tls=tls, port=port), place, taken, GOES_ON)  # type: ignore[arg-type]


def test_a_wrong_password_or_folder_is_told(mailbox: Mailbox, place: Place) -> None:
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        read_new(replace(mailbox, password="wrong"), place, Taken(), GOES_ON)
    with pytest.raises(Exception, match="select"):
        read_new(replace(mailbox, folder="Nowhere"), place, Taken(), GOES_ON)
    with pytest.raises(ValueError, match="folder"):
        replace(mailbox, folder='a" b')
    assert "secret" not in repr(mailbox)


def test_a_message_that_fails_by_its_own_fault_holds_up_no_other_and_comes_again(
    server: ImapServer, mailbox: Mailbox, place: Place
) -> None:
    server.append(mail(1), mail(2), mail(3))

    class Choosy(Taken):
        def __call__(self, raw: bytes, envelope: Envelope) -> None:
            if raw == mail(2) and self.fails is not None:
                raise ZeroDivisionError
            super().__call__(raw, envelope)

    taken = Choosy(fails=b"")
    with pytest.raises(ZeroDivisionError):
        read_new(mailbox, place, taken, GOES_ON)
    assert taken.messages == [mail(1), mail(3)]
    taken.fails = None
    read_new(mailbox, place, taken, GOES_ON)
    assert taken.messages == [mail(1), mail(3), mail(2), mail(3)], "what is known changes nothing"
