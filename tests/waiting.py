"""Waiting for what another process or thread does in its own time, where nothing can be awaited."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

PATIENCE = 60.0
"""Seconds: a machine may be slow, and a test that passes waits as long as it must."""
_PAUSE = 0.02


def until(holds: Callable[[], object], otherwise: Callable[[], object] = lambda: "it did not come to be") -> None:
    """Ask until ``holds`` is true. Raises AssertionError, with what ``otherwise`` says, after `PATIENCE`."""
    end, pause = time.monotonic() + PATIENCE, threading.Event()
    while not holds():
        assert time.monotonic() < end, otherwise()
        pause.wait(_PAUSE)
