"""Commands on one stream take turns once they have met; time is given, and none passes."""

from __future__ import annotations

import asyncio

import pytest

from application.execution.requests import Busy
from application.execution.turns import Turns


def test_a_command_alone_waits_for_nobody() -> None:
    async def alone() -> int:
        turns = Turns(patience=0)
        async with turns.on("INC-1"):
            pass
        return turns.streams

    assert asyncio.run(alone()) == 0


def test_commands_on_another_stream_do_not_wait() -> None:
    async def strangers() -> None:
        turns = Turns(patience=0)
        async with Turns(patience=1).on("INC-1") as turn:
            await turn.take()
            async with turns.on("INC-2"):
                pass

    asyncio.run(strangers())


def test_later_commands_queue_behind_a_turn_and_are_told_when_time_is_up() -> None:
    async def late() -> int:
        turns = Turns(patience=0.01)
        async with turns.on("INC-1") as turn:
            await turn.take()
            with pytest.raises(Busy, match="INC-1"):
                async with turns.on("INC-1"):
                    pass
        return turns.streams

    assert asyncio.run(late()) == 0


def test_a_turn_passes_on_when_its_holder_is_done() -> None:
    async def two() -> list[str]:
        turns, entered, order = Turns(), asyncio.Event(), list[str]()

        async def second() -> None:
            entered.set()
            async with turns.on("INC-1"):
                order.append("second")

        async with turns.on("INC-1") as turn:
            await turn.take()
            later = asyncio.create_task(second())
            await entered.wait()
            order.append("first")
        await later
        return order

    assert asyncio.run(two()) == ["first", "second"]


def test_a_command_that_never_fits_is_told_so_in_the_end() -> None:
    now = [0.0]

    async def never() -> None:
        async with Turns(patience=8, monotonic=lambda: now[0]).on("INC-1") as turn:
            await turn.take()
            now[0] = 7.9
            await turn.take()
            now[0] = 8.0
            with pytest.raises(Busy):
                await turn.take()

    asyncio.run(never())
