"""Likeness of two reports (R-5.6a), by shared words, service, time between them, and fingerprint.

Trigrams would not tell printer 17 from printer 18. A word with a digit identifies one thing, so it weighs more.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from application.views.similar import Match, Profile
from domain.values import Candidate

_SERVICE, _TIME = 0.1, 0.1
_WORTH_SHOWING = 0.25
OTHER_SERVICE = 0.6
"""Factor on the likeness when the reports name different services, or carry different fingerprints.

One rule words all its alerts alike. Without this, each alert would need a decision on every other (R-5.6b).
"""


def likeness(one: Profile, other: Match, horizon: timedelta) -> float:
    """Return the likeness from 0 to 1. An equal fingerprint, such as an alert's, gives 1."""
    if one.external_ref is not None and one.external_ref == other.external_ref:
        return 1.0
    known = one.service is not None and other.service is not None
    both = one.external_ref is not None and other.external_ref is not None
    if both or (known and one.service != other.service):
        return round(other.shared * OTHER_SERVICE, 3)
    apart = abs(one.received_at - other.received_at) / horizon if horizon else 1.0
    rest = _SERVICE * known + _TIME * max(0.0, 1 - apart)
    return round(min(1.0, other.shared * (1 - _SERVICE * known - _TIME) + rest * min(1.0, 2 * other.shared)), 3)


def least_shared(score: float) -> float:
    """Return the share of terms without which no likeness reaches a score, as rounded."""
    rest, exact = _SERVICE + _TIME, score - 0.0005
    return max(0.0, (exact - rest) / (1 - rest) if exact >= 0.5 * (1 + rest) else exact / (1 + rest))


def candidates(one: Profile, others: Iterable[Match], horizon: timedelta) -> list[Candidate]:
    """Return the earlier reports that may be duplicates, most alike first."""
    earlier = [o for o in others if (o.received_at, o.number) < (one.received_at, one.number)]
    found = [Candidate(other.number, likeness(one, other, horizon)) for other in earlier]
    return sorted((c for c in found if c.score >= _WORTH_SHOWING), key=lambda c: (-c.score, c.case))
