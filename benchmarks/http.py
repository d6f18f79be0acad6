"""Logging a case over HTTP against doing nothing over HTTP: row `http_log_vs_noop`.

Ours is the whole desk as `caseledger serve` runs it: API process, projector process, PostgreSQL with fsync on. The
no-op is the same server with a sync FastAPI endpoint that validates the same body. Both keep running; the client, 16
keep-alive connections with an idempotency key a request, asks the one and the other in turn, and each one's best
round counts. Before the no-op is asked, the projector has caught up: it then has both cores to itself.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

if not __package__:  # run as a file: else `http` of our own folder would hide the standard library's
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import httpx

from benchmarks.load import Load, client
from benchmarks.machine import ROOT, environment, fdatasync_per_s, scratch, served, two_cores
from benchmarks.rows import Row, main

CONNECTIONS = 16
ROUNDS = 6
SECONDS = 2.0


def measure() -> Iterator[Row]:
    """The row; takes about 45 seconds."""
    with two_cores(), scratch() as folder:
        desk = ("api.cli", "serve", "--demo", "--port", "0", "--data-dir", folder)
        with served(*desk) as ours, served("benchmarks.noop") as noop:
            token = _token(folder)
            rates: dict[int, list[float]] = {ours: [], noop: []}
            for number in range(ROUNDS + 1):  # the first warms both up
                for port, measured in rates.items():
                    load = Load(f"bench-{number}", port, "/cases", _body(), token, CONNECTIONS, SECONDS)
                    measured.append(load.rate(folder))
                    _settle(ours)
        yield _row(rates[ours][1:], rates[noop][1:], fdatasync_per_s(folder))


def _row(ours: Sequence[float], noop: Sequence[float], disk: float) -> Row:
    ratios = [one / other for one, other in zip(ours, noop, strict=True)]
    return Row(
        "http_log_vs_noop",
        max(ours),
        "requests/s",
        max(noop),
        "sync FastAPI POST of the same body",
        goal=0.20,
        note=f"{CONNECTIONS} connections by {client()}, projector running, rounds {min(ratios):.2f} to "
        f"{max(ratios):.2f}, {disk:,.0f} fdatasync/s",
    )


def _token(folder: Path) -> str:
    command = [sys.executable, "-m", "api.cli", "token", "--role", "technician", "--subject", "a.ortiz"]
    command += ["--data-dir", str(folder)]
    told = subprocess.run(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True, check=True)
    return told.stdout.strip()


def _body() -> str:
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
