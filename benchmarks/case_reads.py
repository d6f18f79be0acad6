"""Reads of one case, and commands on it, by the length of its stream: rows `case_read`, `history`, `long_*_vs_short`.

`rows` asks a desk that runs already. By itself the module starts one, as `caseledger serve` does.
"""

from __future__ import annotations

import http.client
import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import Self
from urllib.parse import urlsplit

if not __package__:  # run as a file: else `http` of our own folder would hide the standard library's
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks.machine import scratch, served, technician_token, two_cores
from benchmarks.rows import Row, main

READERS = 4
SHORT, LONG = 50, 5_000
"""Events of the two cases that are compared."""
_INCIDENT = {
    "channel": "phone",
    "customer": {"name": "Jo Field", "email": "jo.field@agency.example", "agency": "dot"},
    "subject": "Printer on floor 2",
    "description": "Nothing comes out.",
    "nature": "actual",
}


class Connection:
    """One keep-alive connection to the desk. Use it as a context manager."""

    def __init__(self, desk_url: str, token: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(desk_url).netloc)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(self, method: str, path: str, body: object = None, status: int = 200, **headers: str) -> bytes:
        """The body of the answer. Raises RuntimeError for another status."""
        raw = None if body is None else json.dumps(body)
        self._connection.request(method, path, raw, {**self._headers, **headers})
        answer = self._connection.getresponse()
        said = answer.read()
        if answer.status != status:
            raise RuntimeError(f"{method} {path}: {answer.status} {said.decode(errors='replace')}")
        return said

    def milliseconds(
        self, method: str, path: str, seconds: float, body: object = None, status: int = 200, **headers: str
    ) -> list[float]:
        """How long each answer takes, asking again and again."""
        took: list[float] = []
        end = time.perf_counter() + seconds
        while (began := time.perf_counter()) < end or len(took) < 2:
            self.ask(method, path, body, status, **headers)
            took.append((time.perf_counter() - began) * 1_000)
        return took


def rows(desk_url: str, token: str, *, events: int = LONG, seconds: float = 2.0, note: str = "") -> Iterator[Row]:
    """The rows of a running desk, whose technician has the token. It logs three cases and notes on them."""
    with Connection(desk_url, token) as desk:
        usual, short, long = (_case(desk, length) for length in (8, min(SHORT, events), events))
    seen = {"If-None-Match": '"v8"'}
    yield _p95("case_read", _read(desk_url, token, f"/cases/{usual}", seconds), f"8 events{note}")
    yield _p95("case_read_304", _read(desk_url, token, f"/cases/{usual}", seconds, 304, **seen), f"unchanged{note}")
    yield _p95("history", _read(desk_url, token, f"/cases/{usual}/history", seconds), f"8 events{note}")
    compared = f"a case of {events:,} events / of {min(SHORT, events)}{note}"
    for what, path in (("long_read_vs_short", ""), ("long_history_vs_short", "/history?limit=50")):
        times = {case: _read(desk_url, token, f"/cases/{case}{path}", seconds) for case in (short, long)}
        yield _compared(what, times[long], times[short], compared)
    with Connection(desk_url, token) as desk:
        times = {
            case: desk.milliseconds("POST", f"/cases/{case}/notes", seconds, {"text": "Called."})
            for case in (short, long)
        }
    yield _compared("long_command_vs_short", times[long], times[short], f"notes, {compared}")


def measure() -> Iterator[Row]:
    """The same on a desk of its own; takes about a minute."""
    desk = ("api.cli", "serve", "--demo", "--port", "0", "--data-dir")
    with two_cores(), scratch() as folder, served(*desk, folder) as port:
        yield from rows(f"http://127.0.0.1:{port}", technician_token(folder))


def _read(desk_url: str, token: str, path: str, seconds: float, status: int = 200, **headers: str) -> list[float]:
    """Milliseconds of each answer under so many readers."""

    def read(_: int) -> list[float]:
        with Connection(desk_url, token) as desk:
            return desk.milliseconds("GET", path, seconds, None, status, **headers)

    with ThreadPoolExecutor(READERS) as readers:
        return [took for each in readers.map(read, range(READERS)) for took in each]


def _case(desk: Connection, events: int) -> str:
    """The number of a new case with so many events: it is noted on."""
    logged = desk.ask("POST", "/cases", {**_INCIDENT, "received_at": datetime.now(UTC).isoformat()}, 201)
    number: str = json.loads(logged)["number"]
    for place in count(2):
        if place > events:
            return number
        desk.ask("POST", f"/cases/{number}/notes", {"text": f"Note {place}: the queue is empty again."})
    raise AssertionError


def _p95(what: str, took: list[float], note: str) -> Row:
    return Row(
        f"{what}_p95_ms", quantiles(took, n=20)[-1], "ms", note=f"p50 {median(took):.2f} ms, {READERS} readers, {note}"
    )


def _compared(what: str, long: list[float], short: list[float], note: str) -> Row:
    return Row(what, median(long), "ms, p50", median(short), "the short case", 2.0, at_most=True, note=note)


if __name__ == "__main__":
    main({"case_reads": measure}, __doc__)
