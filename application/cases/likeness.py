"""How alike two reports are (R-5.6a): the words they share, the service, the time between, the same fingerprint.

Trigrams would call printer 17 and printer 18 the same thing: words with a digit name one thing and not another, so they
weigh more than the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from application.views.similar import Report
from domain.values import Candidate

COMPARED = ("subject", "description", "symptoms", "asset")
"""What of a report's words is compared."""
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
"""Weight of a word that names one thing."""
_SERVICE, _TIME = 0.1, 0.1
_WORTH_SHOWING = 0.25
_OTHER_SERVICE = 0.6
"""What is left of the likeness when both name a service, and not the same; or both a fingerprint, and not the same.

Alerts of one rule are worded alike by its template: without this each would need a decision on every other (R-5.6b).
"""


@dataclass(frozen=True)
class Profile:
    """What a case is compared by."""

    number: str
    service: str | None
    received_at: datetime
    external_ref: str | None
    words: str


def stems(words: str) -> frozenset[str]:
    """The words that say something, without their endings."""
    return frozenset(_stem(word) for word in _WORD.findall(words.casefold()) if word not in _SMALL)


def _stem(word: str) -> str:
    ending = next((end for end in _ENDINGS if word.endswith(end) and len(word) - len(end) >= 3), "")
    return word[: len(word) - len(ending)]


def likeness(one: Profile, other: Report, horizon: timedelta) -> float:
    """From 0 to 1. The same fingerprint, such as an alert's, is certainty."""
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
    """The earlier reports that may be about the same, most alike first."""
    earlier = [o for o in others if (o.received_at, o.number) < (one.received_at, one.number)]
    found = [Candidate(other.number, likeness(one, other, horizon)) for other in earlier]
    return sorted((c for c in found if c.score >= _WORTH_SHOWING), key=lambda c: (-c.score, c.case))
