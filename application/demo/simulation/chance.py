"""Chance by a seed: the same seed gives the same choices."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Chance(Random):
    """A seeded generator that also knows skewed choices."""

    def happens(self, share: float) -> bool:
        """Whether something happens that happens in this share of cases."""
        return self.random() < share

    def by_rank(self, things: Sequence[T]) -> T:
        """Choose by Zipf's law: the second half as often as the first, the third a third as often."""
        steps = _ranks(len(things))
        return things[bisect(steps, self.random() * steps[-1])]

    def between(self, least: float, most: float) -> float:
        """A number between two, small ones more often."""
        return least + (most - least) * self.random() ** 2

    def weighted(self, weights: dict[T, float]) -> T:
        """Choose by weight."""
        left = self.random() * sum(weights.values())
        for thing, weight in weights.items():
            left -= weight
            if left < 0:
                return thing
        return next(iter(weights))


@lru_cache(256)
def _ranks(many: int) -> list[float]:
    return list(accumulate(1 / rank for rank in range(1, many + 1)))
