"""Requests to parties outside end in time, whatever the other side does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from infrastructure.transparency.publication.http_client import Answer, HttpClient, NotHeld, web_address
from tests.infrastructure.transparency.outsiders import http_site


@contextmanager
def tcp(talk: Callable[[socket.socket], object]) -> Iterator[str]:
    """A server that does with its one connection what the test says. Gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                talk(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


def test_an_answer_comes_with_its_type_whatever_its_status() -> None:
    with http_site(lambda _: (409, {"Content-Type": "text/x.tlog.size; charset=utf-8"}, b"5\n")) as site:
        assert HttpClient().post(f"{site.url}/a/b?c=d", b"body", "text/plain") == Answer(
            409, "text/x.tlog.size", b"5\n"
        )
    (heard,) = site.heard
    assert (heard.path, heard.kind, heard.body) == ("/a/b?c=d", "text/plain", b"body")


def test_nobody_is_followed_to_another_place() -> None:
    with http_site(lambda _: (307, {"Location": "/elsewhere"}, b"")) as site:
        assert HttpClient().post(site.url, b"", "text/plain").status == 307
    assert [heard.path for heard in site.heard] == ["/"]


def test_an_answer_without_end_is_refused() -> None:
    with http_site(lambda _: (200, {}, b"x" * 65_537)) as site, pytest.raises(NotHeld, match="more than 65536 bytes"):
        HttpClient().post(site.url, b"", "text/plain")


def test_a_server_that_drips_is_left_when_the_time_is_up() -> None:
    """Each byte comes within the timeout; the answer as a whole does not."""
    left = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
        for _ in range(100):
            connection.sendall(b"x")
            if left.wait(0.05):
                return
        connection.sendall(b"x" * 59_900)

    with tcp(drip) as url:
        try:
            with pytest.raises(NotHeld, match="cut short"):
                HttpClient(timeout=0.3).post(url, b"", "text/plain")
        finally:
            left.set()


@pytest.mark.parametrize("said", [b"", b"SSH-2.0-hello\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000])
def test_what_does_not_speak_http_is_no_answer(said: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(said)

    with tcp(talk) as url, pytest.raises(NotHeld, match="127"):
        HttpClient(timeout=5).post(url, b"", "text/plain")


def test_nobody_there_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(NotHeld, match=f"127.0.0.1:{port}"):
        HttpClient().post(f"http://127.0.0.1:{port}", b"", "text/plain")


def test_hanging_up_ends_what_is_going_on_and_what_would_begin() -> None:
    courier, asked = HttpClient(timeout=60), threading.Event()

    def hear(connection: socket.socket) -> None:
        connection.recv(1000)
        asked.set()
        connection.settimeout(20)
        with suppress(TimeoutError):
            connection.recv(1000)  # until the other side has gone
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    def hang_up() -> None:
        asked.wait(30)
        courier.hang_up()

    with tcp(hear) as url:
        threading.Thread(target=hang_up).start()
        with pytest.raises(NotHeld):
            courier.post(url, b"", "text/plain")
    with tcp(lambda connection: connection.recv(1000)) as url, pytest.raises(NotHeld, match="stopping"):
        courier.post(url, b"", "text/plain")


@pytest.mark.parametrize(
    "url", ["", "desk.example", "file:///etc/passwd", "http://", "http://u:p@h", "http://h h", "http://h:0"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="http"):
        web_address(url)
