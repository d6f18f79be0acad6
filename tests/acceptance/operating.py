"""`caseledger serve` and the other commands, run as an operator runs them."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.conftest import incident
from tests.conftest import TestDatabase

CASELEDGER = [sys.executable, "-m", "api.cli"]
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("CASELEDGER_")}


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [*CASELEDGER, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=ENVIRONMENT)


def feeding(module: str, database: TestDatabase, seed: int, kill: int, known: set[str]) -> subprocess.Popen[str]:
    """A process that hands in what is not ``known`` to be acknowledged, in an order of its own, and kills itself before it
    acknowledges the ``kill``th (0: never); it prints what it acknowledges."""
    command = [sys.executable, "-m", module, database.conninfo, database.name, str(seed), str(kill)]
    feeder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert feeder.stdin is not None
    feeder.stdin.write("\n".join(known))
    feeder.stdin.close()
    feeder.stdin = None
    return feeder


class Served:
    """A `caseledger serve` of our own."""

    def __init__(self, folder: Path, **variables: str) -> None:
        """With the demonstration, unless there are ``CASELEDGER_`` variables of another desk's own."""
        self.folder, self.logged = folder, 0
        demo = () if variables else ("--demo",)
        command = [*CASELEDGER, "serve", *demo, "--port", "0", "--data-dir", str(folder)]
        environment = {**ENVIRONMENT, **{f"CASELEDGER_{name.upper()}": value for name, value in variables.items()}}
        # Its log goes to a file. Nobody would read a pipe while the desk runs, and who writes into a full one waits.
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - open until the desk has ended
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._log, text=True, env=environment)
        assert self.process.stdout is not None
        self.lines = []
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if line.startswith("Ctrl-C"):
                break
        if not self.lines:
            self.process.wait()
            raise AssertionError(self._logged())
        ready = re.fullmatch(r"READY (http://127\.0\.0\.1:\d+)", self.lines[0])
        assert ready, self.lines
        self.url = ready[1]

    def token(self, role: str) -> str:
        """The one that a demonstration prints; elsewhere, one that the operator makes."""
        printed = [line.split()[-1] for line in self.lines if line.strip().startswith(f"{role} ")]
        if printed:
            return printed[0]
        told = run("token", "--role", role, "--subject", f"some.{role}", "--data-dir", self.folder)
        assert told.returncode == 0, told.stderr
        return told.stdout.strip()

    def client(self, role: str = "technician") -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {self.token(role)}"}, timeout=30)

    def log(self) -> tuple[str, str]:
        """Log a case; its number, and the position of its event."""
        with self.client() as http:
            answer = http.post("/cases", json=incident())
            assert answer.status_code == 201, answer.text
            self.logged += 1
            return answer.json()["number"], answer.headers["Position"]

    def worker(self) -> int:
        """The process id of the projector."""
        told = subprocess.run(
            ["pgrep", "-P", str(self.process.pid), "-f", "worker"], capture_output=True, text=True, check=True
        )
        return int(told.stdout.split()[0])

    def end(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        out, _ = self.process.communicate(timeout=60)
        self.said = "\n".join((*self.lines, out, self._logged()))
        """All that it and its workers wrote."""
        return self.process.returncode

    def _logged(self) -> str:
        with self._log as log:
            log.seek(0)
            return log.read()


@contextmanager
def data_directory() -> Iterator[Path]:
    """A data directory that an unprivileged server user can reach."""
    made = Path(tempfile.mkdtemp(prefix="cl-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@contextmanager
def demonstration() -> Iterator[Served]:
    """A desk with the demonstration."""
    with data_directory() as made:
        running = Served(made)
        yield running
        if running.process.poll() is None:
            running.end(signal.SIGTERM)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data directory of the test's own."""
    with data_directory() as made:
        yield made


@pytest.fixture
def served() -> Iterator[Served]:
    """A demonstration of the test's own."""
    with demonstration() as running:
        yield running


def event_of(http: httpx.Client, topic: str, kind: str | None = None) -> dict[str, Any]:
    """The first event of a topic, waited for."""
    with http.stream("GET", "/events", headers={"Accept": "text/event-stream"}, timeout=60) as said:
        seen = ""
        for line in said.iter_lines():
            if line.startswith("event:"):
                seen = line.removeprefix("event:").strip()
            elif line.startswith("data:") and seen == topic:
                event: dict[str, Any] = json.loads(line.removeprefix("data:"))
                if kind is None or event["data"].get("kind") == kind:
                    return event
    raise AssertionError(f"the feed ended before {topic}")
