"""Pages of the console beside the API calls that they show: rows `page_*` (at most twice the call) and `page_queue_p95` (at most 60 ms).

The page of a case shows the answers of two calls, the case and its history: it is compared with both together. What pages
show beside that is not on the other side of the comparison: the counters of `GET /queues`, and forms with their options.

`rows` asks a desk that runs already. By itself the module starts one, as `caseledger serve` does.
"""

from __future__ import annotations

import http.client
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlencode, urlsplit

if not __package__:  # run as a file: else `http` of our own folder would hide the standard library's
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks.case_reads import Connection
from benchmarks.machine import scratch, served, technician_token, two_cores
from benchmarks.rows import Row, main

_SECONDS = 2.0
_GOAL = 2.0
_QUEUE_MS = 60.0
"""Milliseconds of server time for a page of 50 cases of a queue, at a million cases (issue 16)."""
_SHOWN = {
    "queue": ("/ui/queues/diagnosis", "/queues/diagnosis?limit=50"),
    "all_cases": ("/ui/cases", "/cases?sort=-updated&limit=50"),
    "search": ("/ui/search?q=printer", "/search?q=printer&limit=50"),
    "obligations": ("/ui/obligations", "/obligations?limit=50"),
    "problems": ("/ui/problems", "/problems?limit=100"),
    "report": ("/ui/reports/backlog", "/reports/backlog"),
    "case": ("/ui/cases/{number}", "/cases/{number}", "/cases/{number}/history"),
}
"""Each page, and the calls that it shows."""


def rows(desk_url: str, token: str, *, seconds: float = _SECONDS, note: str = "") -> Iterator[Row]:
    """The rows of a running desk, whose technician has the token. A page and its call are asked in turns."""
    cookie = _session(desk_url, token)
    with Connection(desk_url, token) as desk:
        listed = desk.ask("GET", "/cases?limit=1&sort=-number").decode()
        number = listed.partition('"number":"')[2].partition('"')[0]
        for name, paths in _SHOWN.items():
            shown, called = _in_turns(desk, [path.format(number=number) for path in paths], cookie, seconds)
            against = " + ".join(path.partition("?")[0] for path in paths[1:])
            yield Row(
                f"page_{name}_ms", median(shown), "ms", median(called), f"GET {against}", _GOAL,
                at_most=True, note=f"median, HTTP in turns{note}",
            )  # fmt: skip
            if name == "queue":
                p95 = quantiles(shown, n=20)[18] if len(shown) > 2 else max(shown)
                yield Row("page_queue_p95_ms", p95, "ms", goal=_QUEUE_MS, at_most=True, note=f"50 cases{note}")


def _in_turns(desk: Connection, paths: Sequence[str], cookie: str, seconds: float) -> tuple[list[float], list[float]]:
    """Milliseconds of the first path, and of all others together."""
    shown: list[float] = []
    called: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(shown) < 3:
        for asked, took in ((paths[:1], shown), (paths[1:], called)):
            began = time.perf_counter()
            for path in asked:
                desk.ask("GET", path, Cookie=cookie)
            took.append((time.perf_counter() - began) * 1_000)
    return shown, called


def _session(desk_url: str, token: str) -> str:
    """The cookie of somebody who has signed in to the console."""
    connection = http.client.HTTPConnection(urlsplit(desk_url).netloc)
    try:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/ui/sign-in", urlencode({"token": token}), form)
        return str(connection.getresponse().headers["set-cookie"]).partition(";")[0]
    finally:
        connection.close()


def measure() -> Iterator[Row]:
    """The rows of a small desk of its own."""
    with (
        two_cores(),
        scratch() as folder,
        served("api.cli", "serve", "--demo", "--port", "0", "--data-dir", folder) as port,
    ):
        yield from rows(f"http://127.0.0.1:{port}", technician_token(folder), note=", a dozen cases")


if __name__ == "__main__":
    main({"pages": measure}, __doc__)
