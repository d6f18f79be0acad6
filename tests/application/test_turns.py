"""Commands on one stream take turns once they have met; time is given, and none passes."""

from __future__ import annotations

import threading

import pytest

from application.execution.requests import Busy
from application.execution.turns import Turns


def test_who_is_alone_waits_for_nobody() -> None:
    turns = Turns(patience=0)
    with turns.on("INC-1"):
        pass
    assert turns.streams == 0


def test_strangers_to_a_turn_do_not_wait_for_it() -> None:
    turns = Turns(patience=0)
    with Turns(patience=1).on("INC-1") as turn:
        turn.take()
        with turns.on("INC-2"):
            pass


def test_later_comers_queue_behind_a_turn_and_are_told_when_time_is_up() -> None:
    turns = Turns(patience=0.01)
    with turns.on("INC-1") as turn:
        turn.take()
        with pytest.raises(Busy, match="INC-1"), turns.on("INC-1"):
            pass
    assert turns.streams == 0


def test_a_turn_passes_on_when_its_holder_is_done() -> None:
    turns, entered, order = Turns(), threading.Event(), list[str]()

    def second() -> None:
        entered.set()
        with turns.on("INC-1"):
            order.append("second")

    with turns.on("INC-1") as turn:
        turn.take()
        later = threading.Thread(target=second)
        later.start()
        assert entered.wait(30)
        order.append("first")
    later.join(30)
    assert order == ["first", "second"]


def test_who_never_fits_is_told_so_in_the_end() -> None:
    now = [0.0]
    with Turns(patience=8, monotonic=lambda: now[0]).on("INC-1") as turn:
        turn.take()
        now[0] = 7.9
        turn.take()
        now[0] = 8.0
        with pytest.raises(Busy):
            turn.take()
