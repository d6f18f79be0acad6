"""The mail server of demonstrations and tests."""

from __future__ import annotations

import smtplib
import socket
import threading
from datetime import UTC, datetime

import pytest

from infrastructure.mail.catcher import SIZE_LIMIT, Catcher, mail_catcher
from tests.travel_clock import TravelClock

AT = datetime(2026, 11, 24, 14, 3, tzinfo=UTC)
ALTERNATIVES = (
    b"Subject: =?utf-8?q?B=C3=BCcher?=\r\nMessage-ID: <1@desk.example>\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/alternative; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nB\xc3\xbccher\r\n"
    b"--b\r\nContent-Type: text/html; charset=klingon\r\n\r\n<p>books</p>\r\n--b--\r\n"
)


def send(catcher: Catcher, raw: bytes = b"Subject: hello\r\n\r\nhello\r\n") -> None:
    with smtplib.SMTP("127.0.0.1", catcher.port, timeout=10) as client:
        client.sendmail("desk@desk.example", ["jo@agency.example", "al@agency.example"], raw)


def test_it_keeps_what_it_was_sent() -> None:
    with mail_catcher(clock=TravelClock(AT)) as catcher:
        send(catcher, ALTERNATIVES)
        (caught,) = catcher.messages()
    assert (caught.id, caught.received_at, caught.envelope_from) == (1, AT, "desk@desk.example")
    assert caught.recipients == ("jo@agency.example", "al@agency.example")
    assert (caught.subject, caught.message_id, caught.raw) == ("Bücher", "<1@desk.example>", ALTERNATIVES)
    assert caught.text.strip() == "Bücher"
    assert caught.html.strip() == "<p>books</p>"


def test_a_part_that_is_not_there_is_empty() -> None:
    with mail_catcher() as catcher:
        send(catcher)
        (caught,) = catcher.messages()
    assert (caught.text, caught.html, caught.message_id) == ("hello\n", "", "")


def test_who_waits_is_told_of_what_came_before_and_of_what_comes() -> None:
    with mail_catcher() as catcher:
        send(catcher)
        assert catcher.wait_for(lambda caught: caught.subject == "hello", 10).id == 1
        later = threading.Thread(target=send, args=(catcher, b"Subject: later\r\n\r\n\r\n"))
        later.start()
        assert catcher.wait_for(lambda caught: caught.subject == "later", 10).id == 2
        later.join()
        with pytest.raises(TimeoutError):
            catcher.wait_for(lambda caught: caught.subject == "never", 0.01)


def test_it_keeps_the_last_500() -> None:
    with mail_catcher() as catcher, smtplib.SMTP("127.0.0.1", catcher.port, timeout=10) as client:
        for _ in range(502):
            client.sendmail("desk@desk.example", ["jo@agency.example"], b"Subject: x\r\n\r\n")
        assert [caught.id for caught in catcher.messages()] == list(range(3, 503))


def test_it_refuses_what_is_too_large() -> None:
    with mail_catcher() as catcher, smtplib.SMTP("127.0.0.1", catcher.port, timeout=10) as client:
        client.ehlo("desk.example")
        assert client.esmtp_features["size"] == str(SIZE_LIMIT)
        with pytest.raises(smtplib.SMTPResponseException, match="552"):
            client.sendmail("desk@desk.example", ["jo@agency.example"], b"x" * (SIZE_LIMIT + 1))
        assert catcher.messages() == []


def test_it_ends_whoever_is_still_connected() -> None:
    with mail_catcher() as catcher:
        guest = socket.create_connection(("127.0.0.1", catcher.port), timeout=10)
        assert guest.recv(4) == b"220 "
    with guest:
        while guest.recv(1_024):
            pass


def test_a_port_that_is_taken_is_said_at_once() -> None:
    with mail_catcher() as first, pytest.raises(OSError, match="in use"), mail_catcher(port=first.port):
        pass
