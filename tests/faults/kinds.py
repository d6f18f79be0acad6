"""The kinds of fault. Each happens to a stage for some seconds, and is over when its function returns."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event

from tests.faults.stage import Stage

Fault = Callable[[Stage, random.Random, float], str]
"""Happens for so many seconds at most; returns to whom."""
_BALLAST = "ballast"


def last(seconds: float) -> None:
    """Let a fault last."""
    Event().wait(seconds)


def kill_process(stage: Stage, chance: random.Random, _: float) -> str:
    """SIGKILL to one of our processes."""
    member = chance.choice(stage.members)
    member.send(signal.SIGKILL)
    return member.name


def stop_process(stage: Stage, chance: random.Random, seconds: float) -> str:
    """SIGSTOP to one of our processes, and SIGCONT."""
    member = chance.choice(stage.members)
    member.send(signal.SIGSTOP)
    last(seconds)
    member.send(signal.SIGCONT)
    return member.name


def kill_database(stage: Stage, chance: random.Random, _: float) -> str:
    """SIGKILL to PostgreSQL: its postmaster, or any of its processes."""
    postmaster, *others = stage.postgres()
    victim = postmaster if chance.random() < 0.5 or not others else chance.choice(others)
    _signal(victim, signal.SIGKILL)
    while (Path("/proc") / str(victim) / "cwd").exists():  # a zombie has none
        last(0.01)
    return "the postmaster" if victim == postmaster else "one of its processes"


def stop_database(stage: Stage, _: random.Random, seconds: float) -> str:
    """SIGSTOP to all of PostgreSQL, and SIGCONT."""
    stopped = stage.postgres()
    for each in stopped:
        _signal(each, signal.SIGSTOP)
    last(seconds)
    for each in stopped:
        _signal(each, signal.SIGCONT)
    return "PostgreSQL"


def fill_disk(stage: Stage, _: random.Random, seconds: float) -> str:
    """No byte is left on the file system of database, keys and sealer."""
    ballast = stage.data / _BALLAST
    with ballast.open("wb") as file, suppress(OSError):
        while free := os.statvfs(stage.data).f_bavail * os.statvfs(stage.data).f_bsize:
            os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), max(4096, free))
    last(seconds)
    ballast.unlink()
    return "database, keys and sealer"


def silence_network(stage: Stage, chance: random.Random, seconds: float) -> str:
    """Nothing passes between the database and one process, or all. What was held back passes later, or never."""
    members = [chance.choice(stage.members)] if chance.random() < 0.7 else stage.members
    for member in members:
        member.network.fall_silent()
    last(seconds)
    cut = chance.random() < 0.5
    for member in members:
        if cut:
            member.network.cut()
        member.network.talk()
    return members[0].name if len(members) == 1 else "all"


def step_clock(stage: Stage, chance: random.Random, seconds: float) -> str:
    """A clock is set, by up to an hour forwards or backwards, and stays so."""
    clocks = {member.name: member.clock for member in stage.members} | {"PostgreSQL": stage.database_clock}
    name, by = chance.choice(list(clocks)), chance.randint(-3600, 3600)
    clocks[name].step(by)
    last(seconds)
    return f"{name}, {by:+d} s"


def slow_disk(stage: Stage, _: random.Random, seconds: float) -> str:
    """Each commit waits a tenth of a second for the disk."""
    for setting in ("commit_delay = 100000", "commit_siblings = 0"):
        stage.rows(f"ALTER SYSTEM SET {setting}")
    stage.rows("SELECT pg_reload_conf()")
    last(seconds)
    for setting in ("commit_delay", "commit_siblings"):
        stage.rows(f"ALTER SYSTEM RESET {setting}")
    stage.rows("SELECT pg_reload_conf()")
    return "PostgreSQL"


KINDS: Mapping[str, Fault] = {
    "process killed": kill_process,
    "process stopped": stop_process,
    "database killed": kill_database,
    "database stopped": stop_database,
    "disk full": fill_disk,
    "network silent": silence_network,
    "clock": step_clock,
    "disk slow": slow_disk,
}


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        if "postgres" in Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace"):
            os.kill(pid, number)
