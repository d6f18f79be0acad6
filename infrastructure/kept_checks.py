"""Keeps the last result of each check in the data directory, and runs a check as a process of its own."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from application.audit.checks import Check, CheckRunning, CheckState, KeptResult
from infrastructure.files import write_atomically

DEADLINE = 3_600.0
"""Seconds that a check may take."""
_LISTED = 500
"""Findings and deviations that are kept. The command itself prints all."""
_NICE = 10
_COULD_NOT_RUN = 2
_LONGEST_WHY = 2_000


class KeptChecks:
    """Implements `application.audit.checks.Checks`.

    The folder belongs to the data directory, which all processes of a desk share: one check of a kind runs at a time.
    """

    def __init__(self, folder: Path, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """``command`` and ``environment`` begin `caseledger`. The environment holds the database's URL: no argument does."""
        self._folder, self._command, self._environment = folder, command, environment
        self._processes = set[subprocess.Popen[bytes]]()
        self._watching: list[threading.Thread] = []

    def state(self, check: Check) -> CheckState:
        """How a check stands, by its files."""
        return CheckState(check, _running_since(self._lock(check)), read_kept(self._folder, check))

    def begin(self, check: Check, by: str, vkeys: Sequence[str] = (), held: Sequence[str] = ()) -> None:
        """Begin a check in a process that yields to all others. Raises CheckRunning, OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = self._lock(check).open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise CheckRunning(f"{check} is running already") from None
        started = datetime.now(UTC)
        lock.truncate(0)
        lock.write(started.isoformat())
        lock.flush()
        command = [*self._command, check.value, "--json", *(part for key in vkeys for part in ("--vkey", key))]
        for number, note in enumerate(held):
            path = self._folder / f"held-{number}"
            write_atomically(path, note, 0o600, durable=False)
            command += ["--held", str(path)]
        watching = threading.Thread(target=self._run, args=(check, by, started, command, lock), daemon=True)
        self._watching = [each for each in self._watching if each.is_alive()] + [watching]
        watching.start()

    def wait(self) -> None:
        """Wait until what was begun here has ended."""
        for watching in self._watching:
            watching.join()

    def close(self) -> None:
        """End what is running."""
        for process in list(self._processes):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)

    def _run(self, check: Check, by: str, started: datetime, command: list[str], lock: IO[str]) -> None:
        with lock:
            code, told, why = self._ended(command)
            keep_result(self._folder, check, by, started, told if code != _COULD_NOT_RUN else None, why)

    def _ended(self, command: list[str]) -> tuple[int, bytes | None, str]:
        process = subprocess.Popen(
            ["nice", "-n", str(_NICE), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **self._environment},
            start_new_session=True,
        )
        self._processes.add(process)
        try:
            told, wrong = process.communicate(timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return _COULD_NOT_RUN, None, f"it took longer than {DEADLINE / 60:.0f} minutes, and was stopped"
        finally:
            self._processes.discard(process)
        why = wrong.decode("utf-8", "replace").strip()[-_LONGEST_WHY:]
        return process.returncode, told if process.returncode in (0, 1) else None, why or f"exit {process.returncode}"

    def _lock(self, check: Check) -> Path:
        return self._folder / f"{check}.running"


def keep_result(folder: Path, check: Check, by: str, started: datetime, told: bytes | None, why: str) -> None:
    """Keep what a check printed, or why it could not run. Raises OSError."""
    result = None
    if told is not None:
        try:
            result = _shortened(json.loads(told))
        except ValueError:
            why = "its output cannot be read"
    kept = {
        "by": by,
        "started_at": started.isoformat(),
        "ended_at": datetime.now(UTC).isoformat(),
        "ok": None if result is None else _holds(check, result),
        "why": why if result is None else None,
        "result": result,
    }
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(folder / f"{check}.json", json.dumps(kept), 0o600, durable=False)


def read_kept(folder: Path, check: Check) -> KeptResult | None:
    """The last result of a check; None where there is none that can be read."""
    try:
        kept = json.loads((folder / f"{check}.json").read_text("utf-8"))
        times = (datetime.fromisoformat(kept["started_at"]), datetime.fromisoformat(kept["ended_at"]))
        return KeptResult(kept["by"], *times, kept["ok"], kept["why"], kept["result"])
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _holds(check: Check, result: Mapping[str, Any]) -> bool:
    return bool(result["ok"]) if check is Check.VERIFY else not result["by_clause"]


def _shortened(result: dict[str, Any]) -> dict[str, Any]:
    """The result with its first findings only."""
    for name in ("findings", "warnings", "deviations"):
        if len(listed := result.get(name) or []) > _LISTED:
            result |= {name: listed[:_LISTED], f"{name}_left_out": len(listed) - _LISTED}
    return result


def _running_since(lock: Path) -> datetime | None:
    """When the check began whose process holds the lock; None where none does."""
    try:
        with lock.open("r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return datetime.fromisoformat(file.read().strip())
            return None
    except (OSError, ValueError):
        return None
