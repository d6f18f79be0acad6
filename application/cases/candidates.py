"""SOP 5.6 at the telephone: whoever logs a case is shown at once what may be about the same (R-5.6a).

What he was shown is on the record with the case, so that the answer follows from the events alone (decision 6) and an auditor
sees it too. It is a hint: it must not hold up the logging, so it is left out when the search takes long, or has taken too
much of the time already. What decides is the search before assignment and resolution.
"""

from __future__ import annotations

from datetime import timedelta

from application.cases.likeness import COMPARED, Profile, candidates
from application.execution.reference import Reference
from application.execution.requests import Request
from application.execution.runner import Casework, Words
from domain.case.clauses.logging import IncidentReport
from domain.values import Candidate, Role

_PATIENCE = timedelta(milliseconds=250)
_LOOKED_AT, _SHOWN = 20, 5
_NEW = "~"
"""A case without a number yet comes after all that have one."""


class Hinting(Casework):
    """Looks for candidates while a case is logged."""

    def _hint(
        self, report: IncidentReport, words: Words, request: Request, reference: Reference
    ) -> tuple[Candidate, ...] | None:
        """The cases most like a report, for a technician; None for others, and when there is no time."""
        said = " ".join(str(words[name]) for name in COMPARED if words.get(name))
        if request.actor.role is not Role.TECHNICIAN or not said:
            return None
        with self.hints.allowed() as may:
            if not may:
                return None
            horizon = reference.policy.duplicate_horizon
            one = Profile(_NEW, report.service, report.received_at, report.external_ref, said)
            try:
                similar = self.finder.similar(
                    said, one.external_ref, one.received_at - horizon, one.received_at, _LOOKED_AT, patience=_PATIENCE
                )
            except TimeoutError:
                return None
        return tuple(candidates(one, similar, horizon)[:_SHOWN])
