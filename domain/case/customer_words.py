"""Words count for what was done before they were received: one rule for confirmations, verifications and disputes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.values import Disclosure


@dataclass(frozen=True)
class Asked:
    """A question that was mailed to the customer, and the version that asked it: what that mail is about."""

    question: Disclosure
    version: int


def received_after(received_at: datetime, done_at: datetime) -> bool:
    """Whether words received then can be about what was done at ``done_at`` (R-5.5d, R-5.8a, R-5.9c).

    Both are times of the service's clock or stated against it, never of a mail's Date header. People and mail
    servers tell times to the second, so words of the same second count.
    """
    return received_at >= done_at.replace(microsecond=0)
