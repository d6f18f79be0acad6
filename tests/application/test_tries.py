"""One item that always fails is set aside after some tries, and seen; the others go on."""

from __future__ import annotations

import pytest

from application.execution.requests import Busy
from application.mail_in.failures import Failures
from application.processes.retries import Tries


class Kept:
    """What would be seen by `caseledger status`."""

    def __init__(self) -> None:
        self.items: dict[str, tuple[int, bool]] = {"of an earlier worker": (5, True)}

    def begin_anew(self) -> None:
        self.items.clear()

    def keep(self, item: str, tries: int, error: Exception, *, given_up: bool) -> None:
        self.items[item] = (tries, given_up)

    def forget(self, item: str) -> None:
        del self.items[item]


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_fails_is_tried_again_ever_later_and_set_aside_after_so_many_tries() -> None:
    kept, time = Kept(), Time()
    tries = Tries(kept, 3, time)
    assert kept.items == {}
    assert not tries.failed("a", ValueError())
    assert tries.ready(["a", "b"], whole=True) == ["b"]
    time.now = 5.0
    assert tries.ready(["a", "b"], whole=True) == ["a", "b"]
    assert not tries.failed("a", ValueError())
    time.now = 10.0
    assert tries.ready(["a"], whole=True) == []
    time.now = 15.0
    assert tries.ready(["a"], whole=True) == ["a"]
    assert tries.failed("a", ValueError())
    time.now = 1e9
    assert tries.ready(["a", "b"], whole=True) == ["b"]
    assert kept.items == {"a": (3, True)}


def test_what_succeeds_or_is_due_no_longer_is_forgotten() -> None:
    kept = Kept()
    tries = Tries(kept, 3, Time())
    for item in "abc":
        tries.failed(item, ValueError())
    tries.succeeded("a")
    tries.ready(["b"], whole=False)
    assert set(kept.items) == {"b", "c"}
    tries.ready(["b"], whole=True)
    assert set(kept.items) == {"b"}


def test_r_5_1d_a_message_that_fails_again_and_again_is_taken_in_unread() -> None:
    failures = Failures(3)

    def fails() -> str:
        raise ZeroDivisionError

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            failures.guarded(b"x", fails, lambda: "unread")
        assert failures.guarded(b"another", lambda: "taken", lambda: "unread") == "taken"
    assert failures.guarded(b"x", fails, lambda: "unread") == "unread"


def test_r_5_1d_no_message_is_to_blame_for_a_store_that_is_away() -> None:
    failures = Failures(1)

    def fails() -> str:
        raise Busy("others are at it")

    with pytest.raises(Busy):
        failures.guarded(b"x", fails, lambda: "unread")
