"""A desk on the cluster: two API processes, a projector and a sealer, and clients who know what was acknowledged."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg import sql

from domain.values import Role
from tests.acceptance.conftest import incident
from tests.acceptance.ha.machines import PASSWORD, Cluster, awaited, free_port

CASELEDGER = (sys.executable, "-m", "api.cli")
_ROLES = (
    "desk_api desk_projector desk_processes desk_mail desk_sealer desk_auditor desk_reporter desk_eraser desk_migrator"
)
CLIENTS = 12
_PAUSE = 0.2
"""Seconds before a client sends again what was not answered."""


@dataclass(frozen=True)
class Acknowledged:
    """A command that a client was told to be on the record."""

    verb: str
    number: str
    version: int
    position: int
    began: float
    """When the answered request was sent, by the monotonic clock."""
    ended: float


class Clients:
    """People who log and triage one case after the other, and send again what was not answered, under its own key."""

    def __init__(self, urls: tuple[str, ...], token: str) -> None:
        self._urls, self._token = urls, token
        self._stop = threading.Event()
        self._said = threading.Condition()
        self.acknowledged: list[Acknowledged] = []
        self.refused: list[str] = []
        """Answers that are neither a success nor "later": where the case itself was lost."""

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Let them work. At the end each one gets the answer that they wait for."""
        threads = [threading.Thread(target=self._work, args=(n,), name=f"client {n}") for n in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def wait_for(self, more: int, seconds: float = 120) -> None:
        """Wait until so many more commands are acknowledged."""
        with self._said:
            wanted = len(self.acknowledged) + more
            assert self._said.wait_for(lambda: len(self.acknowledged) >= wanted, seconds), "nothing is acknowledged"

    def first_after(self, moment: float, seconds: float) -> Acknowledged:
        """The first command that was sent after a moment and acknowledged."""

        def found() -> Acknowledged | None:
            late = (each for each in self.acknowledged if each.began > moment)
            return min(late, key=lambda each: each.ended, default=None)

        with self._said:
            assert self._said.wait_for(found, seconds), f"no write came back within {seconds:g} s"
            first = found()
            assert first is not None
            return first

    def read(self, url: str, path: str, position: int) -> Any:
        """What an API process shows once its views have reached a position."""
        headers = {"Authorization": f"Bearer {self._token}", "Wait-For-Position": str(position)}
        answer = httpx.get(f"{url}{path}", headers=headers, timeout=30)
        assert answer.is_success, answer.text
        return answer.json()

    def _work(self, n: int) -> None:
        url = self._urls[n % len(self._urls)]
        headers = {"Authorization": f"Bearer {self._token}", "If-Match": "*"}
        with httpx.Client(base_url=url, headers=headers, timeout=30, verify=False) as http:
            while not self._stop.is_set():
                logged = self._command(http, "log", "/cases", incident())
                if logged:
                    self._command(http, "triage", f"/cases/{logged}/triage", {"owner": "desk"})

    def _command(self, http: httpx.Client, verb: str, path: str, body: Mapping[str, Any]) -> str:
        """Send a command until it is answered; returns the number of its case."""
        headers = {"Idempotency-Key": f'"{secrets.token_hex(12)}"'}
        while True:
            began = time.monotonic()
            try:
                answer = http.post(path, json=dict(body), headers=headers)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.is_success:
                return self._acknowledge(verb, answer, began)
            if answer is not None and answer.status_code != 503 and "idempotency-in-progress" not in answer.text:
                self.refused.append(f"{verb} {path}: {answer.status_code} {answer.text}")
                return ""
            time.sleep(_PAUSE)

    def _acknowledge(self, verb: str, answer: httpx.Response, began: float) -> str:
        case = answer.json()
        made = Acknowledged(
            verb, case["number"], case["version"], int(answer.headers["Position"]), began, time.monotonic()
        )
        with self._said:
            self.acknowledged.append(made)
            self._said.notify_all()
        return made.number


class Desk:
    """The processes of a desk, and its command line."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.cluster, self.folder = cluster, folder
        self._running: list[subprocess.Popen[bytes]] = []
        self.urls: tuple[str, ...] = ()
        with psycopg.connect(cluster.conninfo("postgres"), autocommit=True) as superuser:
            superuser.execute("CREATE DATABASE caseledger")
            for role in _ROLES.split():
                superuser.execute(
                    sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(PASSWORD))
                )
        self.run("migrate", role="postgres")

    def url(self, role: str) -> str:
        """How a part finds the database: all three machines are named, and the one that takes writes is taken."""
        hosts = ",".join(machine.host for machine in self.cluster.machines)
        return f"{self.url_of(hosts, role)}&target_session_attrs=read-write"

    def url_of(self, hosts: str, role: str) -> str:
        """How a part finds certain machines, whatever their roles are."""
        return f"postgresql://{role}:{PASSWORD}@{hosts}/caseledger?port={self.cluster.ports.postgres}"

    def url_by_proxy(self, role: str, *, reading: bool = False) -> str:
        """How a part finds it through HAProxy: the leader, or one of its replicas."""
        port = self.cluster.ports.read if reading else self.cluster.ports.write
        return f"postgresql://{role}:{PASSWORD}@127.0.0.1:{port}/caseledger"

    def _environment(self, url: str, **variables: str) -> dict[str, str]:
        told = {"data_dir": str(self.folder), "database_url": url, **variables}
        clean = {name: value for name, value in os.environ.items() if not name.startswith("CASELEDGER_")}
        return clean | {f"CASELEDGER_{name.upper()}": value for name, value in told.items()}

    def run(self, *command: str, role: str, code: int | None = 0) -> str:
        """Run a command to its end; returns what it printed. Its exit code must be this one, or any where it is None."""
        told = subprocess.run(
            (*CASELEDGER, *command),
            env=self._environment(self.url(role)),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert code in {None, told.returncode}, (command, told.returncode, told.stdout, told.stderr)
        return told.stdout

    def told(self, *command: str, role: str, code: int | None = 0) -> Any:
        """The document that a command prints."""
        return json.loads(self.run(*command, "--json", role=role, code=code))

    def start(self) -> None:
        """Start the parts. One API process looks for the leader by itself, the other one leaves that to HAProxy."""
        ports = (free_port(), free_port())
        self.urls = tuple(f"http://127.0.0.1:{port}" for port in ports)
        url = self.url("desk_api")
        self._spawn("api-1", url, "api", "--port", str(ports[0]), read_database_url=self.reading_url)
        proxied = {"read_database_url": self.url_by_proxy("desk_api", reading=True)}
        self._spawn("api-2", self.url_by_proxy("desk_api"), "api", "--port", str(ports[1]), **proxied)
        self._spawn("projector", self.url("desk_projector"), "worker", "projector")
        self._spawn("sealer", self.url("desk_sealer"), "worker", "sealer")
        for each in self.urls:
            awaited(f"{each} is ready", partial(_is_ready, each))

    @property
    def reading_url(self) -> str:
        """How an API process finds a replica by itself."""
        return self.url("desk_api").replace("read-write", "prefer-standby")

    def _spawn(self, name: str, url: str, *command: str, **variables: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running.append(
                subprocess.Popen(
                    (*CASELEDGER, *command),
                    env=self._environment(url, **variables),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            )

    def token(self) -> str:
        """A technician's."""
        return self.run("token", "--role", Role.TECHNICIAN, "--subject", "a.ortiz", role="desk_api").strip()

    def record(self) -> dict[int, tuple[str, int, str]]:
        """The events of all cases by position: number, version and topic."""
        with psycopg.connect(self.cluster.conninfo("postgres", dbname="caseledger")) as superuser:
            rows = superuser.execute(
                "SELECT e.notification_id, n.number, e.originator_version, e.topic FROM ledger.stored_events e "
                "JOIN ledger.numbers n USING (originator_id) WHERE e.topic LIKE 'case.%'"
            )
            return {position: (number, version, topic) for position, number, version, topic in rows}

    def sealed(self) -> int:
        """How many leaves the sealer has signed last, by its own folder."""
        note = (self.folder / "sealer" / "last-checkpoint").read_text(encoding="utf-8")
        return int(note.splitlines()[1])

    def refusal(self) -> str | None:
        """Why the sealer does not sign."""
        why = self.folder / "sealer" / "refused"
        return why.read_text(encoding="utf-8") if why.exists() else None

    def stop(self) -> None:
        """Stop all parts."""
        for process in self._running:
            process.terminate()
        for process in self._running:
            process.wait(60)

    def logs(self) -> str:
        """The ends of all logs."""
        return "\n".join(
            f"== {log.name}\n{log.read_text(errors='replace')[-2000:]}" for log in sorted(self.folder.glob("*.log"))
        )


def _is_ready(url: str) -> bool | None:
    return httpx.get(f"{url}/readyz", timeout=5).is_success or None


@contextmanager
def running_desk(cluster: Cluster, folder: Path) -> Iterator[Desk]:
    """A desk at work on a cluster."""
    folder.mkdir(exist_ok=True)
    desk = Desk(cluster, folder)
    try:
        desk.start()
        yield desk
    except BaseException:
        sys.stdout.write(f"{desk.logs()}\n{cluster.logs()}")
        raise
    finally:
        desk.stop()
