"""A receiver of webhooks on a real socket: it keeps what it is sent, and answers what a test says."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATIENCE = 120.0
"""Seconds until what must happen has not happened."""


@dataclass(frozen=True)
class Received:
    """One message, as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.body)
        return event

    @property
    def position(self) -> int:
        return int(self.event["position"])


Answer = Callable[[Received], "int | tuple[int, dict[str, str]]"]


class Receiver:
    """What arrived, in order, and how the next is answered."""

    def __init__(self, server: ThreadingHTTPServer, scheme: str) -> None:
        self.url = f"{scheme}://127.0.0.1:{server.server_address[1]}/hook"
        self.received: list[Received] = []
        self.connections = 0
        self.answer: Answer = lambda _: 204
        self._changed = threading.Condition()

    def take(self, message: Received) -> tuple[int, dict[str, str]]:
        with self._changed:
            self.received.append(message)
            self._changed.notify_all()
        said = self.answer(message)
        return said if isinstance(said, tuple) else (said, {})

    def wait(self, holds: Callable[[list[Received]], Any]) -> list[Received]:
        """What has arrived, once it is as wanted."""
        with self._changed:
            assert self._changed.wait_for(lambda: holds(self.received), PATIENCE), self.received
            return list(self.received)

    def positions(self) -> list[int]:
        """The positions of what was taken, each once, in the order of their arrival."""
        with self._changed:
            return list(dict.fromkeys(each.position for each in self.received))


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver, by HTTPS where it has a certificate."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            receiver.connections += 1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if len(body) < int(self.headers["content-length"]):
                return  # the sender was killed in the middle of it
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, more = receiver.take(Received(self.path, headers, body))
            self.send_response(status)
            for name, value in {"Content-Length": "0", **more}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A sender that is killed hangs up."""

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    receiver = Receiver(server, "http" if tls is None else "https")
    serving = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    serving.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        serving.join()
