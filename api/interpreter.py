"""What every process of ours wants of Python's interpreter."""

from __future__ import annotations

import gc
import sys

SWITCH_INTERVAL = 0.001
"""Seconds between hand-overs of the interpreter's lock. A thread that parses a mail or hashes a file holds up the event
loop for so long at a time; Python's default is 5 ms."""

GARBAGE_THRESHOLD = 50_000
"""Objects between two collections of the youngest generation. We make few cycles and many events: at Python's default
of 700 an import spent a third of its time, the projector two fifths, looking for garbage that was not there."""


def begin_imports() -> None:
    """Look for no garbage while modules are imported: they make many objects, and hardly any is garbage."""
    gc.disable()


def tune_interpreter() -> None:
    """Set what every process of ours wants of the interpreter; once, after its imports."""
    sys.setswitchinterval(SWITCH_INTERVAL)
    gc.enable()
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD, 20, 50)
