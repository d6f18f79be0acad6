"""Public holidays for a policy's calendar, from the `holidays` package."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

import holidays

_CODE = re.compile(r"([A-Z]{2})(?:-([A-Z0-9]{1,3}))?")
"""ISO 3166: a country, or a country and its subdivision. The package would also accept any of its class names."""


def holidays_of(code: str, years: Iterable[int]) -> tuple[date, ...]:
    """Return the holidays of a country or subdivision such as `US-OK`, with observed days, in order.

    Raises ValueError for an unknown code.
    """
    match = _CODE.fullmatch(code)
    if match is None:
        raise ValueError(f"a country or its part is written as US or US-OK, not {code}")
    try:
        found = holidays.country_holidays(match[1], subdiv=match[2], years=list(years))
    except NotImplementedError as error:
        raise ValueError(f"nobody knows the holidays of {code}") from error
    return tuple(sorted(found))
