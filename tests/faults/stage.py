"""A desk of its own to put under faults: PostgreSQL, two API processes, all workers, a mail server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

import httpx
import psycopg
from psycopg.conninfo import make_conninfo

from api.cli.processes.supervisor import database_kept
from api.main import tokens_of
from application.administration.catalogue import OPERATOR
from domain.values import Role
from infrastructure.mail.catcher import smtp_server
from infrastructure.postgres.database import NAME, Database
from infrastructure.postgres.embedded.programs import copied, find_binaries
from infrastructure.postgres.embedded.server import embedded_server
from infrastructure.postgres.setup.migration import migrate
from infrastructure.settings import Settings
from tests.blocking import open_desk
from tests.conftest import grant_everybody
from tests.faults.members import Clock, Member, group_of
from tests.infrastructure.postgres.proxy import proxied

FAKETIME = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))), None)
"""Debian's libfaketime, where it is installed."""
AHEAD = "336"
"""Hours that the timers' clock runs ahead: every dispute window that begins is over for them."""
APART = (("projector",), ("processes",), ("mail",), ("smtp",), ("webhooks",))
TOGETHER = (("projector", "mail", "smtp"), ("processes",))
"""The workers, by process."""
T = TypeVar("T")
_TAKES = 240.0
"""Seconds that the desk may take until it works."""


class Mailbox:
    """A mail server that accepts everything, and remembers when each message came."""

    def __init__(self) -> None:
        self.came = defaultdict[str, list[float]](list)
        """Monotonic times, by Message-ID."""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.came[str(message_from_bytes(envelope.content)["Message-ID"])].append(monotonic())
        return "250 OK"


class Stage:
    """A running desk. ``skipped`` names the kinds of fault that this machine does not allow, with the reason."""

    def __init__(self, folder: Path, skipped: dict[str, str]) -> None:
        self.folder, self.skipped = folder, skipped
        self.data = folder / "data"
        self.mailbox, self.members = Mailbox(), list[Member]()
        self.apis, self.smtp_port = list[str](), 0
        self.tokens: dict[str, str] = {}
        self.database_clock = Clock(folder / "clocks" / "postgres", FAKETIME)
        self.conninfo = ""
        """Of a superuser, past every network."""

    @property
    def database(self) -> Database:
        """The database as a component reaches it, past every network."""
        return Database(self.conninfo, embedded=True)

    def rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query by the superuser, who waits for a database that recovers."""

        def ask() -> list[tuple[Any, ...]]:
            with psycopg.connect(self.conninfo, autocommit=True) as connection:
                cursor = connection.execute(query.encode(), values)
                return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

        return self.until("the database answers", ask, lambda _: True)

    def until(self, what: str, ask: Callable[[], T], holds: Callable[[T], bool] = bool, seconds: float = _TAKES) -> T:
        """Ask until the answer holds, and return it. Raises TimeoutError naming what is waited for."""
        pause, end = threading.Event(), monotonic() + seconds
        while True:
            with suppress(psycopg.OperationalError, httpx.HTTPError):
                if holds(answer := ask()):
                    return answer
            if monotonic() > end:
                raise TimeoutError(what)
            pause.wait(0.1)

    @property
    def clocks_disagree(self) -> bool:
        """Whether what one process records may be later than another's present."""
        clocks = (self.database_clock, *(each.clock for each in self.members if each.name.startswith("api")))
        return len({clock.seconds for clock in clocks}) > 1

    def is_ready(self) -> bool:
        """Whether every API process takes commands and answers from views."""
        return all(httpx.get(f"{api}/readyz", timeout=15).status_code == 200 for api in self.apis)

    def keep_logs(self) -> Path:
        """Copy what the processes and the database wrote to a folder that stays."""
        kept = Path(tempfile.mkdtemp(prefix="caseledger-faults-"))
        shutil.copytree(self.folder / "logs", kept, dirs_exist_ok=True)
        shutil.copy(self.data / "postgres.log", kept)
        return kept

    def postgres(self) -> list[int]:
        """The process ids of the database server, the postmaster first."""
        return group_of(self.data)


@contextmanager
def a_desk(workers: Sequence[Sequence[str]] = TOGETHER, room: str = "1g") -> Iterator[Stage]:
    """A desk of its own, on a small file system of its own where that can be mounted."""
    folder = Path(tempfile.mkdtemp(prefix="cl-faults-"))
    folder.chmod(0o755)
    for name in ("data", "logs", "clocks"):
        (folder / name).mkdir(mode=0o755)
    skipped = {} if FAKETIME else {"clock": "libfaketime is not installed (Debian: faketime)"}
    stage = Stage(folder, skipped)
    with ExitStack() as ending:
        ending.callback(shutil.rmtree, folder)
        if why := _mounted(stage.data, room):
            skipped["disk full"] = why
        else:
            ending.callback(subprocess.run, ["umount", "--lazy", str(stage.data)], check=True)
        settings = Settings(data_dir=stage.data, pg_bin=_programs(stage))
        server = ending.enter_context(embedded_server(stage.data, binaries=settings.pg_bin))
        ending.enter_context(database_kept(settings))
        stage.conninfo = make_conninfo(server, dbname=NAME)
        migrate(Database(server, embedded=True))
        with open_desk(Database(server, embedded=True)) as desk:
            desk.policy.adopt(OPERATOR)
            grant_everybody(desk)
        tokens = tokens_of(settings)
        for role, subject, team in ((Role.TECHNICIAN, "a.ortiz", None), (Role.TEAM_MEMBER, "t.lee", "network")):
            stage.tokens[subject] = tokens.issue(role, subject, team, timedelta(days=30))
        mail = ending.enter_context(smtp_server(stage.mailbox))
        for member in _members(stage, workers, mail, ending):
            stage.members.append(member)
            ending.callback(member.stop)
            member.start()
        stage.until("the desk is ready", stage.is_ready)
        yield stage


def _members(stage: Stage, workers: Sequence[Sequence[str]], mail: int, ending: ExitStack) -> Iterator[Member]:
    apis, stage.smtp_port = [_free_port(), _free_port()], _free_port()
    stage.apis = [f"http://127.0.0.1:{port}" for port in apis]
    commands: dict[str, tuple[str, ...]] = {
        f"api {number}": ("api.cli", "api", "--port", str(port)) for number, port in enumerate(apis, start=1)
    }
    commands |= {" ".join(names): ("api.cli", "worker", *names) for names in workers}
    commands["sealer"] = ("api.cli.processes.sealer",)
    for name, command in commands.items():
        network = ending.enter_context(proxied(stage.conninfo))
        short = name.replace(" ", "-")
        settings = {
            "database_url": network.conninfo,
            "data_dir": str(stage.data),
            "smtp_host": "127.0.0.1",
            "smtp_port": str(mail),
            "smtp_listen": f"127.0.0.1:{stage.smtp_port}",
        }
        if "processes" in command:
            settings["clock_ahead"] = AHEAD
        clock = Clock(stage.folder / "clocks" / short, FAKETIME)
        yield Member(name, command, settings, stage.folder / "logs" / f"{short}.log", network, clock)


def _mounted(folder: Path, room: str) -> str | None:
    """Mount a small file system. Returns why that is not possible."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return "only root mounts a small file system"
    command = ["mount", "-t", "tmpfs", "-o", f"size={room},mode=755", "tmpfs", str(folder)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    return told.stderr.strip() or "mount is not allowed" if told.returncode else None


def _programs(stage: Stage) -> Path | None:
    """A folder with the server's programs, under a clock of their own; None without libfaketime."""
    if FAKETIME is None:
        return None
    folder, real = stage.folder / "bin", copied(find_binaries(None), stage.folder)
    folder.mkdir(mode=0o755)
    for program in real.iterdir():
        (folder / program.name).symlink_to(program)
    variables = " ".join(f"{name}={value}" for name, value in stage.database_clock.variables.items())
    (folder / "postgres").unlink()
    (folder / "postgres").write_text(f'#!/bin/sh\nexec env {variables} {real}/postgres "$@"\n', encoding="utf-8")
    (folder / "postgres").chmod(0o755)
    return folder


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port
