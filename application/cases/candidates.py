"""SOP 5.6: duplicate candidates, shown when a case is logged and searched again before it moves on.

The event records the candidates shown at logging, so the answer follows from the events alone (decision 6). One search
serves the hint, the reading of candidates, and the check before assignment and resolution. Its work is bounded
(decision 31).
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from application.cases.likeness import candidates, least_shared
from application.execution.attempt import Attempt, Words
from application.execution.repository import Repository
from application.views.open_reports import compared, terms_of
from application.views.similar import Finder, Profile
from domain.case import Case
from domain.case.clauses.logging import IncidentReport
from domain.case.status import Status
from domain.policy import Policy
from domain.values import Candidate, Role

_MOST, _ASKED, _SHOWN = 40, 10, 5
"""Similar cases examined; candidates that a person decides on at a time; candidates shown at logging."""
_NEW = "~"
"""A case that has no number yet sorts after all others."""


class Candidates:
    """The one search for duplicates (R-5.6a)."""

    def __init__(self, finder: Finder, repository: Repository) -> None:
        self._finder, self._repository = finder, repository
        self._budget = HintBudget()

    async def hint(self, report: IncidentReport, words: Words, on: Attempt) -> tuple[Candidate, ...] | None:
        """Return the cases most like a report, for a technician; None for others, and when the budget is spent."""
        if on.request.actor.role is not Role.TECHNICIAN or not (terms := terms_of(compared(words))):
            return None
        one = Profile(_NEW, report.service, report.received_at, report.external_ref, terms)
        with self._budget.allowed() as may:
            return tuple((await self._similar(one, on.policy))[:_SHOWN]) if may else None

    async def of(self, case: Case, policy: Policy, decided: Collection[str] = ()) -> list[Candidate]:
        """Return the undecided candidates of a case, most alike first. ``decided`` names cases decided on elsewhere."""
        if not (terms := terms_of(compared(_words(case)))):
            return []
        one = Profile(case.number, case.service, case.received_at, case.external_ref, terms)
        found = await self._similar(one, policy, {*case.links, *case.unrelated, *decided})
        above = [each for each in found if each.score >= policy.duplicate_threshold]
        standing: list[Candidate] = []
        for each in above:
            if len(standing) < _ASKED and await self._stands(each, case):
                standing.append(each)
        return [*standing, *found[len(above) :]]

    async def require_decision(self, case: Case, on: Attempt, decided: Collection[str] = ()) -> None:
        """Search again before assignment and resolution. Raises DuplicateDecisionRequired.

        ``decided`` names cases that were decided on elsewhere.
        """
        case.require_decision(await self.of(case, on.policy, decided), on.policy)

    async def _similar(self, one: Profile, policy: Policy, decided: Collection[str] = ()) -> list[Candidate]:
        horizon, certain = policy.duplicate_horizon, least_shared(policy.duplicate_threshold)
        since = one.received_at - horizon
        found = await self._finder.similar(one, since, _MOST, certain=certain, decided=decided)
        return candidates(one, found, horizon)

    async def _stands(self, candidate: Candidate, case: Case) -> bool:
        """Whether it still is a candidate: the view may lag, and the other case may hold the decision."""
        other = await self._repository.named(candidate.case)
        return other.status is not Status.CLOSED and case.number not in other.unrelated


def _words(case: Case) -> Words:
    said = dict((case.words and case.words.texts) or {})
    return {**said, **{name: words.text(name) for name, words in case.corrections.items()}}


class HintBudget:
    """The time that one process spends on hints: a twentieth of it, a second in a row, four searches at once.

    At 2 ms a search that is 500 in a row, and 25 a second for ever: more than people at telephones ask. A machine that logs
    as a technician gets none beyond that, and keeps its rate.
    """

    def __init__(self, share: float = 0.05, most: float = 1.0, at_once: int = 4) -> None:
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
