"""Likeness of two reports (R-5.6a), by shared words, service, time between them, and fingerprint.

Trigrams would not tell printer 17 from printer 18. A word with a digit identifies one thing, so it weighs more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from application.views.similar import Report
from domain.values import Candidate

COMPARED = ("subject", "description", "symptoms", "asset")
"""The fields of a report that are compared."""
_WORD = re.compile(r"\w+")
_SMALL = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "been",
        "but",
        "by",
        "can",
        "cannot",
        "does",
        "for",
        "from",
        "has",
        "have",
        "i",
        "in",
        "is",
        "it",
        "its",
        "my",
        "no",
        "not",
        "of",
        "on",
        "or",
        "our",
        "since",
        "that",
        "the",
        "there",
        "this",
        "to",
        "was",
        "we",
        "were",
        "when",
        "will",
        "with",
        "you",
        "your",
    ]
)
_ENDINGS = ("ings", "ing", "ies", "ed", "es", "s", "e")
_NAMING = 3.0
"""Weight of a word that identifies one thing."""
_SERVICE, _TIME = 0.1, 0.1
_WORTH_SHOWING = 0.25
_OTHER_SERVICE = 0.6
"""Factor on the likeness when the reports name different services, or carry different fingerprints.

One rule words all its alerts alike. Without this, each alert would need a decision on every other (R-5.6b).
"""


@dataclass(frozen=True)
class Profile:
    """The features by which a case is compared."""

    number: str
    service: str | None
    received_at: datetime
    external_ref: str | None
    words: str


def stems(words: str) -> frozenset[str]:
    """Return the significant words, without their endings."""
    return frozenset(_stem(word) for word in _WORD.findall(words.casefold()) if word not in _SMALL)


def _stem(word: str) -> str:
    ending = next((end for end in _ENDINGS if word.endswith(end) and len(word) - len(end) >= 3), "")
    return word[: len(word) - len(ending)]


def likeness(one: Profile, other: Report, horizon: timedelta) -> float:
    """Return the likeness from 0 to 1. An equal fingerprint, such as an alert's, gives 1."""
    if one.external_ref is not None and one.external_ref == other.external_ref:
        return 1.0
    mine, theirs = stems(one.words), stems(other.words)
    if not mine or not theirs:
        return 0.0
    shared = _weight(mine & theirs) / _weight(mine | theirs)
    known = one.service is not None and other.service is not None
    both = one.external_ref is not None and other.external_ref is not None
    if both or (known and one.service != other.service):
        return round(shared * _OTHER_SERVICE, 3)
    apart = abs(one.received_at - other.received_at) / horizon if horizon else 1.0
    rest = _SERVICE * known + _TIME * max(0.0, 1 - apart)
    return round(min(1.0, shared * (1 - _SERVICE * known - _TIME) + rest * min(1.0, 2 * shared)), 3)


def _weight(words: Iterable[str]) -> float:
    return sum(_NAMING if any(map(str.isdigit, word)) else 1.0 for word in words)


def candidates(one: Profile, others: Iterable[Report], horizon: timedelta) -> list[Candidate]:
    """Return the earlier reports that may be duplicates, most alike first."""
    earlier = [o for o in others if (o.received_at, o.number) < (one.received_at, one.number)]
    found = [Candidate(other.number, likeness(one, other, horizon)) for other in earlier]
    return sorted((c for c in found if c.score >= _WORTH_SHOWING), key=lambda c: (-c.score, c.case))
