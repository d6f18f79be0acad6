"""No thread of ours ends unseen: its error is in the log, and counted."""

from __future__ import annotations

import threading
from typing import NoReturn

import pytest

from application.faults import FAULTS, Faults, watch_threads


def test_an_error_is_counted_by_where_it_was_met() -> None:
    faults = Faults()
    for where in ("http", "http", "publisher"):
        faults.add(where, RuntimeError("x"))
    assert faults.counts() == {"http": 2, "publisher": 1}


def test_a_thread_that_ends_by_an_error_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    watch_threads()

    def fail() -> NoReturn:
        raise RuntimeError("nobody thought of this")

    before = FAULTS.counts().get("thread doomed", 0)
    thread = threading.Thread(target=fail, name="doomed")
    thread.start()
    thread.join(30)
    assert FAULTS.counts()["thread doomed"] == before + 1
