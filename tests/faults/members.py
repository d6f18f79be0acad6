"""The processes of a desk, each started again when it ends, as an orchestrator does."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tests.acceptance.operating import ENVIRONMENT
from tests.infrastructure.postgres.proxy import Proxy

_PAUSE = 0.2
"""Seconds until a process is started again."""
_GOODBYE = 30.0
"""Seconds that a process may take to stop."""


class Clock:
    """The clock of a process, which libfaketime reads from a file."""

    BASE = 6 * 3600
    """Seconds ahead of the machine: tokens are then older than every step back."""

    def __init__(self, file: Path, library: Path | None) -> None:
        self._file, self._library = file, library
        self.step(0)

    def step(self, seconds: int) -> None:
        """Set the clock to so many seconds from where it was at first."""
        self.seconds = seconds
        self._file.write_text(f"+{self.BASE + seconds}\n", encoding="ascii")
        self._file.chmod(0o644)

    @property
    def variables(self) -> dict[str, str]:
        """What the process must be told."""
        if self._library is None:
            return {}
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_CACHE_DURATION": "1",
        }


class Member:
    """One process of the desk, behind a network of its own."""

    def __init__(
        self, name: str, command: tuple[str, ...], settings: Mapping[str, str], log: Path, network: Proxy, clock: Clock
    ) -> None:
        self.name, self.network, self.clock = name, network, clock
        self.ends = Counter[int]()
        """How often it ended, by exit code; below 0 for a signal."""
        self._command, self._log = [sys.executable, "-m", *command], log
        self._settings = {f"CASELEDGER_{key.upper()}": value for key, value in settings.items()}
        self._stopped = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper = threading.Thread(target=self._keep, name=name)

    def start(self) -> None:
        """Run it until `stop`."""
        self._keeper.start()

    def stop(self) -> None:
        """End it for good. One that does not stop in time is killed."""
        self._stopped.set()
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        self._keeper.join(_GOODBYE)
        if self._keeper.is_alive():
            self.send(signal.SIGKILL)
            self._keeper.join()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    def log(self) -> str:
        """What it wrote."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def _keep(self) -> None:
        environment = {**ENVIRONMENT, **self._settings, **self.clock.variables}
        with self._log.open("ab") as log:
            while not self._stopped.is_set():
                with subprocess.Popen(self._command, stdout=log, stderr=log, env=environment) as self._process:
                    code = self._process.wait()
                self.ends[code] += 1
                self._stopped.wait(_PAUSE)


def group_of(folder: Path) -> list[int]:
    """The process ids of a PostgreSQL server, its postmaster first."""
    cluster = folder / "cluster"
    lines = (cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    found = [int(lines[0])]
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int(entry.name) != found[0] and (entry / "cwd").readlink() == cluster.resolve():
                found.append(int(entry.name))
    return found
