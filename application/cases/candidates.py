"""SOP 5.6: duplicate candidates, shown when a case is logged and searched again before it moves on.

The event records the candidates shown at logging, so the answer follows from the events alone (decision 6).
They are a hint and must not delay logging: the hint is omitted if the search is slow or the time budget is spent.
The search before assignment and resolution is the one that counts.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta

from application.cases.likeness import COMPARED, Profile, candidates
from application.execution.attempt import Attempt, Words
from application.execution.repository import Repository
from application.views.similar import Finder
from domain.case import Case
from domain.case.clauses.logging import IncidentReport
from domain.case.status import Status
from domain.policy import Policy
from domain.values import Candidate, Role

_MOST, _SHOWN = 20, 5
"""Similar cases examined, and candidates shown at logging."""
_PATIENCE = timedelta(milliseconds=250)
_NEW = "~"
"""A case that has no number yet sorts after all others."""


class Candidates:
    """The one search for duplicates (R-5.6a)."""

    def __init__(self, finder: Finder, repository: Repository) -> None:
        self._finder, self._repository = finder, repository
        self._budget = HintBudget()

    async def hint(self, report: IncidentReport, words: Words, on: Attempt) -> tuple[Candidate, ...] | None:
        """Return the cases most like a report, for a technician; None for others, or where time is short."""
        said = _compared(words)
        if on.request.actor.role is not Role.TECHNICIAN or not said:
            return None
        one = Profile(_NEW, report.service, report.received_at, report.external_ref, said)
        with self._budget.allowed() as may:
            if not may:
                return None
            try:
                return tuple((await self._similar(one, on.policy, _PATIENCE))[:_SHOWN])
            except TimeoutError:
                return None

    async def of(self, case: Case, policy: Policy) -> list[Candidate]:
        """Return the undecided candidates of a case, most alike first."""
        said = _compared(_words(case))
        if not said:
            return []
        found = await self._similar(
            Profile(case.number, case.service, case.received_at, case.external_ref, said), policy
        )
        undecided = [each for each in found if each.case not in case.links and each.case not in case.unrelated]
        return [each for each in undecided if await self._stands(each, case, policy)]

    async def require_decision(self, case: Case, on: Attempt, decided: Collection[str] = ()) -> None:
        """Search again before assignment and resolution. Raises DuplicateDecisionRequired.

        ``decided`` names cases that were decided on elsewhere.
        """
        found = [candidate for candidate in await self.of(case, on.policy) if candidate.case not in decided]
        case.require_decision(found, on.policy)

    async def _similar(self, one: Profile, policy: Policy, patience: timedelta | None = None) -> list[Candidate]:
        horizon = policy.duplicate_horizon
        since, until = one.received_at - horizon, one.received_at
        found = await self._finder.similar(one.words, one.external_ref, since, until, _MOST, patience=patience)
        return candidates(one, found, horizon)

    async def _stands(self, candidate: Candidate, case: Case, policy: Policy) -> bool:
        """Whether it still is a candidate: the view may lag, and the other case may hold the decision."""
        if candidate.score < policy.duplicate_threshold:
            return True  # shown, not decided on
        other = await self._repository.named(candidate.case)
        return other.status is not Status.CLOSED and case.number not in other.unrelated


def _compared(words: Words) -> str:
    return " ".join(str(words[name]) for name in COMPARED if words.get(name))


def _words(case: Case) -> Words:
    said = dict((case.words and case.words.texts) or {})
    return {**said, **{name: words.text(name) for name, words in case.corrections.items()}}


class HintBudget:
    """The time that one process spends on hints: a fiftieth of it, a quarter of a second in a row, one search at once.

    At 5 ms a search that is fifty in a row, and four a second for ever: more than people at telephones ask. A tenth, and
    three seconds in a row, cost a storm of reports a quarter of its rate.
    """

    def __init__(self, share: float = 0.02, most: float = 0.25, at_once: int = 1) -> None:
        self._share, self._most, self._left = share, most, most
        self._since, self._free = time.monotonic(), at_once

    @contextmanager
    def allowed(self) -> Iterator[bool]:
        """Whether there is time for one now; what it takes is counted."""
        started = time.monotonic()
        self._left = min(self._most, self._left + (started - self._since) * self._share)
        self._since = started
        may = self._left > 0 and self._free > 0
        self._free -= may
        try:
            yield may
        finally:
            self._free += may
            self._left -= (time.monotonic() - started) * may
