"""Load on an HTTP server: as many keep-alive connections, each asking again when it has been answered.

By `wrk` where that is installed, else by a client of our own in a process of its own: one thread, raw sockets,
requests put together from ready-made bytes. It takes about 60 us of a core a request, a fifth of what the no-op server
takes, on the other core: the server is what is measured, and both clients find the same ratio.
"""

from __future__ import annotations

import json
import re
import selectors
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import count, repeat
from pathlib import Path

if not __package__:  # run as a file: else `http` of our own folder would hide the standard library's
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks.machine import ROOT

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)
_POST = """
local sent = 0
wrk.method, wrk.body = "POST", %(body)s
wrk.headers["Content-Type"], wrk.headers["Authorization"] = "application/json", "Bearer %(token)s"
request = function()
    sent = sent + 1
    wrk.headers["Idempotency-Key"] = '"%(name)s-' .. sent .. '"'
    return wrk.format()
end
"""
_GET = """
wrk.headers["Authorization"] = "Bearer %(token)s"
"""


@dataclass(frozen=True)
class Load:
    """POST the same body, each time under an idempotency key of its own that starts with the load's name; or GET."""

    name: str
    port: int
    path: str
    token: str
    connections: int
    seconds: float
    body: str | None = None
    """The body to POST; without it the path is read."""

    @property
    def status(self) -> int:
        """The status of every answer."""
        return 200 if self.body is None else 201

    def requests(self) -> Iterator[bytes]:
        """The requests as they go over the wire."""
        host = f"{self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self.token}\r\n"
        if self.body is None:
            return repeat(f"GET {host}\r\n".encode())
        body = self.body.encode()
        head = f"POST {host}Content-Type: application/json\r\nContent-Length: {len(body)}\r\nIdempotency-Key: ".encode()
        return (b'%b"%b-%d"\r\n\r\n%b' % (head, self.name.encode(), number, body) for number in count())

    def rate(self, folder: Path) -> float:
        """Answers a second, all of them with the status. Raises RuntimeError for any other."""
        return _wrk(self, folder) if shutil.which("wrk") else _own(self)


def client() -> str:
    """Which client it is."""
    return "wrk" if shutil.which("wrk") else "our own client"


def _wrk(load: Load, folder: Path) -> float:
    script = folder / "load.lua"
    lua = _GET if load.body is None else _POST
    script.write_text(lua % {**asdict(load), "body": json.dumps(load.body)}, encoding="utf-8")
    command = ["wrk", "-t1", f"-c{load.connections}", f"-d{load.seconds:.0f}s", "-s", str(script)]
    url = f"http://127.0.0.1:{load.port}{load.path}"
    told = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    rate = re.search(r"^Requests/sec:\s+([\d.]+)", told, re.MULTILINE)
    if rate is None or "Non-2xx" in told or "Socket errors" in told:
        raise RuntimeError(f"{load.name}: {told}")
    return float(rate[1])


def _own(load: Load) -> float:
    command = [sys.executable, "-m", "benchmarks.load"]
    given = json.dumps(asdict(load))
    told = subprocess.run(command, cwd=ROOT, input=given, stdout=subprocess.PIPE, text=True, check=True)
    return float(told.stdout)


class _Connection:
    """One keep-alive connection, one request at a time."""

    def __init__(self, load: Load) -> None:
        self.socket = socket.create_connection(("127.0.0.1", load.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answer, self._status = b"", f"HTTP/1.1 {load.status}".encode()

    def answered(self) -> bool:
        """Take in what has come. Returns whether the answer is complete. Raises RuntimeError for another status."""
        came = self.socket.recv(65_536)
        self._answer += came
        head = self._answer.find(b"\r\n\r\n")
        if head >= 0 and (length := _LENGTH.search(self._answer, 0, head + 2)):
            if len(self._answer) < head + 4 + int(length[1]):
                return False
            if not self._answer.startswith(self._status):
                raise RuntimeError(f"refused: {self._answer.decode(errors='replace')}")
            self._answer = b""
            return True
        if not came:
            raise RuntimeError(f"the server hung up: {self._answer.decode(errors='replace')}")
        return False


def _run(load: Load) -> float:
    """Answers a second. Only those that came before the end are counted. The others are waited for."""
    requests, connections = load.requests(), [_Connection(load) for _ in range(load.connections)]
    answers, waiting = 0, len(connections)
    with selectors.DefaultSelector() as selector:
        begin = time.perf_counter()
        for connection in connections:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.socket.sendall(next(requests))
        while waiting:
            if not (told := selector.select(30)):
                raise RuntimeError("no answer in 30 s")
            for key, _ in told:
                if not key.data.answered():
                    continue
                if time.perf_counter() - begin < load.seconds:
                    answers += 1
                    key.data.socket.sendall(next(requests))
                else:
                    waiting -= 1
    for connection in connections:
        connection.socket.close()
    return answers / load.seconds


if __name__ == "__main__":
    print(_run(Load(**json.load(sys.stdin))))
