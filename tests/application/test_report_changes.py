"""A percentile after some values have gone and others come, from the values that were kept around it."""

from __future__ import annotations

from contextlib import suppress
from math import ceil, floor
from random import Random
from typing import Any

import pytest

from application.reports.changes import TooNarrow, Window, changed


def percentile(values: list[float], fraction: float) -> float | None:
    """As PostgreSQL's percentile_cont."""
    if not values:
        return None
    values, place = sorted(values), fraction * (len(values) - 1)
    low, high = values[floor(place)], values[ceil(place)]
    return low + (place - floor(place)) * (high - low)


def window(values: list[float], fraction: float, reach: int) -> Window:
    """So many of these values on either side of their percentile."""
    place = floor(fraction * (len(values) - 1)) if values else 0
    low, high = max(0, place - reach - 2), place + reach + 3
    return Window(len(values), low + 1, sorted(values)[low:high])


def test_a_window_that_reaches_as_far_as_values_change_has_the_percentile() -> None:
    for seed in range(5_000):
        look_at_a_window(Random(seed))


def look_at_a_window(chance: Random) -> None:
    kinds = chance.choice((2, 3, 10, 1_000))  # many equal values, or hardly any
    values = [float(chance.randrange(kinds)) for _ in range(chance.randrange(40))]
    gone = sorted(chance.sample(values, chance.randrange(min(len(values), 6) + 1)))
    come = sorted(float(chance.randrange(chance.choice((kinds, 2_000)))) for _ in range(chance.randrange(6)))
    left = list(values)
    for value in gone:
        left.remove(value)
    fraction = chance.choice((0.0, 0.5, 0.9, 0.99))
    expected = percentile(left + come, fraction)
    assert window(values, fraction, len(gone) + len(come)).percentile(fraction, gone, come) == expected
    with suppress(TooNarrow):  # never another answer
        assert window(values, fraction, chance.randrange(4)).percentile(fraction, gone, come) == expected


def test_a_percentile_that_has_left_its_window_is_not_guessed() -> None:
    values = [float(each) for each in range(100)]
    with pytest.raises(TooNarrow):
        window(values, 0.5, 3).percentile(0.5, [], [100.0] * 20)
    with pytest.raises(TooNarrow):
        window(values, 0.5, 3).percentile(0.5, values[70:], [])
    with pytest.raises(TooNarrow):
        Window(100).percentile(0.5, [], [])


def test_counts_add_up_and_a_group_goes_with_its_last_case() -> None:
    rows: list[dict[str, Any]] = [
        {"k1": "network", "k2": None, "cases": 2, "met": 0},
        {"k1": "messaging", "k2": None, "cases": 1, "met": 1},
    ]
    gone: list[dict[str, Any]] = [{"k1": "messaging", "k2": None, "cases": 1, "met": 1}]
    come: list[dict[str, Any]] = [
        {"k1": "network", "k2": None, "cases": 1, "met": 0},
        {"k1": None, "k2": None, "cases": 3, "met": None},
    ]
    assert changed(rows, gone, come) == [
        {"k1": "network", "k2": None, "cases": 3, "met": 0},
        {"k1": None, "k2": None, "cases": 3, "met": 0},
    ]


def test_the_row_of_all_cases_stays_when_there_are_none() -> None:
    row: dict[str, Any] = {"k1": None, "k2": None, "every_key": True, "cases": 1, "hours": [5.0, 5.0]}
    window = Window(1, 1, [5.0])
    gone: list[dict[str, Any]] = [{**row, "hours": [5.0]}]
    key = (None, None, True, None, None, None, None)
    windows = {(key, "hours", 0.5): window, (key, "hours", 0.9): window}
    assert changed([row], gone, [], {"hours": (0.5, 0.9)}, windows) == [{**row, "cases": 0, "hours": None}]
