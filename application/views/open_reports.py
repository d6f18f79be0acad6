"""The view of open reports: what a new report is compared with (R-5.6a).

A report is compared by its terms: its significant words without their endings, as numbers. The view holds no words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from typing import Any
from unicodedata import normalize
from zlib import crc32

from domain.aggregate import Recorded
from domain.case.clauses.closure import Closed
from domain.case.clauses.dispute import Reopened
from domain.case.clauses.logging import Corrected, Logged
from domain.case.clauses.personal_data import PersonalDataErased
from domain.case.clauses.relations import Unlinked

COMPARED = ("subject", "description", "symptoms", "asset")
"""Fields of a report that distinguish incidents."""
_WORD = re.compile(r"\w+")
_SMALL = frozenset(
    _WORD.findall(
        "a an and are as at be been but by can cannot does for from has have i in is it its my no not of on or our since"
        " that the there this to was we were when will with you your"
    )
)
_ENDINGS = ("ings", "ing", "ies", "ed", "es", "s", "e")
_NAMING, _PLAIN = (0, 1, 2), (3,)
"""The last two bits of a word's terms. One with a digit names one thing: it has three terms, and so three times the weight."""


def rewords(event: Recorded) -> bool:
    """Whether an event may change what an open report is compared by, or open a case again."""
    return isinstance(event, (Logged, Corrected, Reopened, Unlinked, PersonalDataErased))


def changes(event: Recorded) -> bool:
    """Whether an event may change an open report, or end it."""
    return rewords(event) or isinstance(event, Closed)


def compared(words: Mapping[str, Any]) -> str:
    """Return the words of a report that are compared."""
    return " ".join(str(words[name]) for name in COMPARED if words.get(name))


def compared_of(values: Iterable[str]) -> str:
    """Return the compared words, as last corrected, from the disclosures' values in order of version."""
    words: dict[str, Any] = {}
    for value in values:
        words |= json.loads(value)
    return compared(words)


def stems(words: str) -> frozenset[str]:
    """Return the significant words, without their endings."""
    return frozenset(map(_stem, _significant(words)))


def terms_of(words: str) -> frozenset[int]:
    """Return the terms of a report: natural numbers, one for a stem, or several for one that names a thing."""
    return frozenset(chain.from_iterable(map(_terms, _significant(words))))


def _significant(words: str) -> list[str]:
    return [word for word in _WORD.findall(normalize("NFKC", words).casefold()) if word not in _SMALL]


def _stem(word: str) -> str:
    ending = next((end for end in _ENDINGS if word.endswith(end) and len(word) - len(end) >= 3), "")
    return word[: len(word) - len(ending)]


@lru_cache(65_536)  # a few words make up most of what people write
def _terms(word: str) -> tuple[int, ...]:
    term = crc32(_stem(word).encode("utf-8", "replace")) & 0x7FFFFFFC
    return tuple(term | bits for bits in (_NAMING if any(map(str.isdigit, word)) else _PLAIN))


def day_term(moment: datetime) -> int:
    """Return the term that every report of a day (UTC) has. It is negative: later days come first."""
    return -moment.astimezone(UTC).toordinal()
