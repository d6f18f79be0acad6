"""Random commands on linked cases: duplicates follow, and what is owed follows from the state (R-5.6b, R-5.6c; SOP 5.7)."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING, TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.application.model.linked_cases import COMMANDS, FIRST, MAJOR, NUMBERS, ONE, TWO, LinkedCases

if TYPE_CHECKING:
    from _typeshed import SupportsLenAndGetItem

T = TypeVar("T")
_OPENING = (
    *((command, number) for number in NUMBERS[:4] for command in ("triage", "prioritize", "diagnose", "assign")),
    ("declare_major", MAJOR),
)
_STEPS = 60


def begun() -> LinkedCases:
    """A first case with two duplicates; a major incident with two parts, the first case being one of them."""
    bench, chance = LinkedCases(), Random(0)
    for command, number in _OPENING:
        bench.run(command, number, chance)
    bench.run("duplicate", ONE, _Always(FIRST))
    bench.run("duplicate", TWO, _Always(FIRST))
    return bench


class _Always(Random):
    """Chooses one option, wherever it is offered."""

    def __init__(self, option: str) -> None:
        super().__init__(0)
        self._option = option

    def choice(self, seq: SupportsLenAndGetItem[T]) -> T:
        options = [seq[place] for place in range(len(seq))]
        return next((option for option in options if option == self._option), options[0])


def test_r_5_6c_r_5_7c_linked_cases_hold_together_after_every_command() -> None:
    done: Counter[str] = Counter()

    @settings(max_examples=100, derandomize=True, database=None, deadline=None)
    @given(st.randoms(use_true_random=True))
    def run(chance: Random) -> None:
        bench = begun()
        assert {bench.cases[number].duplicate_of for number in (ONE, TWO)} == {FIRST}
        for _ in range(_STEPS):
            number = chance.choice(NUMBERS)
            if bench.run(chance.choice(bench.possible(number)), number, chance):
                bench.check()
        bench.check_folds()
        done.update(bench.done)

    run()
    assert set(done) == set(COMMANDS)
    assert min(done.values()) > 5, done
