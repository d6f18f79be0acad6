"""Logging and reading a case over HTTP against doing nothing over HTTP: rows `http_log_vs_noop`, `http_read_vs_noop`.

Ours is the whole desk as `caseledger serve` runs it: API process, projector process, PostgreSQL with fsync on. The
no-op is the same server with sync FastAPI endpoints: one validates the body of a POST, one answers a GET. Both keep
running. The client, 16 keep-alive connections, asks the one and the other in turn, with an idempotency key for each
POST, and each one's best round counts. The projector catches up before each round, so that the server has both cores.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

if not __package__:  # run as a file: else `http` of our own folder would hide the standard library's
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import httpx

from benchmarks.load import Load, client
from benchmarks.machine import fdatasync_per_s, scratch, served, technician_token, two_cores
from benchmarks.rows import Row, main

CONNECTIONS = 16
ROUNDS = 6
SECONDS = 2.0
EVENTS = 8
"""Events of the case that is read."""
STEPS: Mapping[str, Mapping[str, object]] = {
    "triage": {"owner": "desk"},
    "prioritize": {"impact": 2, "severity": 2},
    "diagnose": {"symptoms": "queue full", "findings": "spooler"},
}


def measure() -> Iterator[Row]:
    """The rows; takes about 90 seconds."""
    with two_cores(), scratch() as folder:
        desk = ("api.cli", "serve", "--demo", "--port", "0", "--data-dir", folder)
        with served(*desk) as ours, served("benchmarks.noop") as noop:
            token = technician_token(folder)
            asked = {"log": ("/cases", incident()), "read": (f"/cases/{_case(ours, token)}", None)}
            rates: dict[tuple[str, int], list[float]] = {(what, port): [] for what in asked for port in (ours, noop)}
            for number in range(ROUNDS + 1):  # the first warms both up
                for (what, port), measured in rates.items():
                    path, body = asked[what]
                    load = Load(f"bench-{number}", port, path, token, CONNECTIONS, SECONDS, body)
                    measured.append(load.rate(folder))
                    _settle(ours)
        disk = fdatasync_per_s(folder)
        logged, read = ((rates[what, ours][1:], rates[what, noop][1:]) for what in asked)
        yield _row("http_log_vs_noop", *logged, "sync FastAPI POST of the same body", 0.50, f"{disk:,.0f} fdatasync/s")
        yield _row("http_read_vs_noop", *read, "sync FastAPI GET", 0.40, f"a case of {EVENTS} events")


def _row(what: str, ours: Sequence[float], noop: Sequence[float], baseline: str, goal: float, note: str) -> Row:
    ratios = [one / other for one, other in zip(ours, noop, strict=True)]
    return Row(
        what,
        max(ours),
        "requests/s",
        max(noop),
        baseline,
        goal=goal,
        note=f"{CONNECTIONS} connections by {client()}, projector running, rounds {min(ratios):.2f} to "
        f"{max(ratios):.2f}, {note}",
    )


def _case(port: int, token: str) -> str:
    """The number of a case with so many events: worked on up to its diagnosis, then noted on."""
    headers = {"Authorization": f"Bearer {token}", "If-Match": "*"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers) as desk:
        logged = desk.post("/cases", content=incident(), headers={"Content-Type": "application/json"})
        number: str = logged.raise_for_status().json()["number"]
        for verb, words in STEPS.items():
            desk.post(f"/cases/{number}/{verb}", json=words).raise_for_status()
        while (version := desk.get(f"/cases/{number}").raise_for_status().json()["version"]) < EVENTS:
            desk.post(f"/cases/{number}/notes", json={"text": "The queue is empty again."}).raise_for_status()
    if version != EVENTS:
        raise RuntimeError(f"the case has {version} events")
    return number


def incident() -> str:
    """An incident as a technician takes it by telephone."""
    incident = {
        "channel": "phone",
        "received_at": datetime.now(UTC).isoformat(),
        "customer": {"name": "Jo Field", "email": "jo.field@agency.example", "agency": "dot"},
        "service": "printing",
        "subject": "Printer on floor 2",
        "description": "Nothing comes out.",
        "nature": "actual",
    }
    return json.dumps(incident)


def _settle(port: int) -> None:
    """Wait until the views have caught up with the ledger."""
    end = time.monotonic() + 60
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as asking:
        while time.monotonic() < end:
            health = asking.get("/readyz").raise_for_status().json()
            if health["position"] >= health["ledger_position"]:
                return
            time.sleep(0.1)
    raise RuntimeError("the projector does not catch up")


if __name__ == "__main__":
    main({"http": measure}, __doc__)
