"""Spans of cases by number, in three sizes. A lexeme of each case names its spans (migrations/0031), newest numbers last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

_BITS = (11, 15, 19)
"""Of 2,048, 32,768 and 524,288 numbers: 16 of each size make one of the next."""
SMALLEST = 1 << _BITS[0]


class Span(NamedTuple):
    """Numbers from ``low`` up to and without ``high``."""

    level: int
    place: int

    @property
    def size(self) -> int:
        return 1 << _BITS[self.level]

    @property
    def low(self) -> int:
        return self.place * self.size

    @property
    def high(self) -> int:
        return self.low + self.size

    @property
    def parts(self) -> list[Span]:
        """The spans of the next size below, from its end down."""
        return list(spans_of(self.low, self.high, self.level - 1))

    @property
    def lexeme(self) -> str:
        """The lexeme that every case of the span has, as a question writes it."""
        return f"'@{self.level}.{self.place}'"


def spans_of(low: int, high: int, largest: int = len(_BITS) - 1) -> Iterator[Span]:
    """The fewest spans from ``high`` down to ``low``, both multiples of the smallest size."""
    while high > low:
        sizes = (1 << bits for bits in _BITS[: largest + 1])
        level = max(each for each, size in enumerate(sizes) if high % size == 0 and high - size >= low)
        span = Span(level, (high >> _BITS[level]) - 1)
        yield span
        high = span.low


def above(number: int) -> int:
    """The end of the smallest span that a number lies in."""
    return (number // SMALLEST + 1) * SMALLEST


def question(spans: Sequence[Span]) -> str:
    """A text search question for the cases of spans."""
    return "(" + " | ".join(span.lexeme for span in spans) + ")"
