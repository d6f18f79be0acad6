"""One item that always fails is set aside after some tries, and seen; the others go on."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from application.execution.requests import Busy
from application.mail_in.failures import Failures
from application.processes.retries import Tries

run = asyncio.run


class Kept:
    """What would be seen by `caseledger status`."""

    def __init__(self) -> None:
        self.items: dict[str, tuple[int, bool]] = {"of an earlier worker": (5, True)}

    async def begin_anew(self) -> None:
        self.items.clear()

    async def keep(self, item: str, tries: int, error: Exception, *, given_up: bool) -> None:
        self.items[item] = (tries, given_up)

    async def forget(self, item: str) -> None:
        del self.items[item]


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_fails_is_tried_again_ever_later_and_set_aside_after_so_many_tries() -> None:
    kept, time = Kept(), Time()

    async def fails_three_times() -> None:
        tries = await Tries.begin(kept, 3, time)
        assert kept.items == {}
        assert not await tries.failed("a", ValueError())
        assert await tries.ready(["a", "b"], whole=True) == ["b"]
        time.now = 5.0
        assert await tries.ready(["a", "b"], whole=True) == ["a", "b"]
        assert not await tries.failed("a", ValueError())
        time.now = 10.0
        assert await tries.ready(["a"], whole=True) == []
        time.now = 15.0
        assert await tries.ready(["a"], whole=True) == ["a"]
        assert await tries.failed("a", ValueError())
        time.now = 1e9
        assert await tries.ready(["a", "b"], whole=True) == ["b"]

    run(fails_three_times())
    assert kept.items == {"a": (3, True)}


def test_what_succeeds_or_is_due_no_longer_is_forgotten() -> None:
    kept = Kept()

    async def forgotten() -> None:
        tries = await Tries.begin(kept, 3, Time())
        for item in "abc":
            await tries.failed(item, ValueError())
        await tries.succeeded("a")
        await tries.ready(["b"], whole=False)
        assert set(kept.items) == {"b", "c"}
        await tries.ready(["b"], whole=True)
        assert set(kept.items) == {"b"}

    run(forgotten())


async def answer(outcome: str | Exception) -> str:
    """What taking a message in comes to."""
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def guarded(failures: Failures, raw: bytes, outcome: str | Exception) -> str:
    return run(failures.guarded(raw, partial(answer, outcome), partial(answer, "unread")))


def test_r_5_1d_a_message_that_fails_again_and_again_is_taken_in_unread() -> None:
    failures, fault = Failures(3), ZeroDivisionError()
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            guarded(failures, b"x", fault)
        assert guarded(failures, b"another", "taken") == "taken"
    assert guarded(failures, b"x", fault) == "unread"


def test_r_5_1d_no_message_is_to_blame_for_a_store_that_is_away() -> None:
    with pytest.raises(Busy):
        guarded(Failures(1), b"x", Busy("others are at it"))
