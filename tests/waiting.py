"""Waiting for what another process or thread does in its own time, where nothing can be awaited."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress

PATIENCE = 60.0
"""Seconds: a machine may be slow, and a test that passes waits as long as it must."""
_PAUSE = 0.02


def until(holds: Callable[[], object], otherwise: Callable[[], object] = lambda: "it did not come to be") -> None:
    """Ask until ``holds`` is true. Raises AssertionError, with what ``otherwise`` says, after `PATIENCE`."""
    end, pause = time.monotonic() + PATIENCE, threading.Event()
    while not holds():
        assert time.monotonic() < end, otherwise()
        pause.wait(_PAUSE)


def until_listening(process: subprocess.Popen[bytes], port: int, otherwise: Callable[[], object]) -> None:
    """Wait until a process takes connections at a port. Raises AssertionError, with what ``otherwise`` says, if it ends."""

    def listens() -> bool:
        assert process.poll() is None, otherwise()
        with suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
            return True
        return False

    until(listens, otherwise)
