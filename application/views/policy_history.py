"""The policy in force at each position: the views tell the business time of what happened by its hours."""

from __future__ import annotations

from bisect import bisect_right

from domain.aggregate import Recorded
from domain.policy import Policy, first_policy
from domain.policy_book import PolicyBook


class PolicyHistory:
    """The versions of the policy, each with the position since which it is in force."""

    def __init__(self) -> None:
        self._book: PolicyBook | None = None
        self._positions, self._policies = [0], [first_policy()]

    @property
    def version(self) -> int:
        """The version of the policy's stream up to which it is known."""
        return 0 if self._book is None else self._book.version

    def fold(self, event: Recorded, position: int) -> None:
        """Apply an event of the policy, in order."""
        self._book = event.mutate(self._book)
        assert self._book is not None
        self._positions.append(position)
        self._policies.append(self._book.policy)

    def at(self, position: int) -> Policy:
        """The policy in force at a position; the first one before any was adopted."""
        return self._policies[bisect_right(self._positions, position) - 1]
