"""SOP 5.8.1: a Problem Case, opened when the underlying cause of an incident is not corrected.

It keeps its incidents, workaround, known error and priority, and has no resolution target (R-5.8.1b).
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Self
from uuid import UUID

from domain.access import CommandRule, require_role
from domain.aggregate import Opening, Recorded, Root, register
from domain.errors import Invalid, InvalidTransition
from domain.values import Actor, Disclosure, Provenance, Role


class ProblemStatus(StrEnum):
    """Where a problem stands."""

    OPEN = "open"
    INVESTIGATED = "investigated"
    """Somebody works on it."""
    KNOWN_ERROR = "known_error"
    """Its root cause or its workaround is published."""
    RESOLVED = "resolved"
    CLOSED = "closed"


_ALIVE = frozenset({ProblemStatus.OPEN, ProblemStatus.INVESTIGATED, ProblemStatus.KNOWN_ERROR})
_STAFF = frozenset({Role.TECHNICIAN, Role.TEAM_MEMBER})


COMMANDS = {
    "open_problem": CommandRule(frozenset(), _STAFF),
    "investigate": CommandRule(_ALIVE, _STAFF),
    "find_root_cause": CommandRule(_ALIVE, _STAFF),
    "publish_known_error": CommandRule(_ALIVE, _STAFF),
    "prioritize_problem": CommandRule(_ALIVE, _STAFF),
    "resolve_problem": CommandRule(_ALIVE, _STAFF),
    "close_problem": CommandRule(frozenset({ProblemStatus.RESOLVED}), _STAFF),
    "reopen_problem": CommandRule(frozenset({ProblemStatus.RESOLVED}), _STAFF),
}


def authorise_problem(actor: Actor, command: str) -> None:
    """Refuse a role that may not give this command (R-6a). Raises Forbidden, naming the roles that may."""
    require_role(actor, command, COMMANDS[command].who)


class Problem(Root):
    """The cause of one or more incidents."""

    TOPIC: ClassVar[str] = "problem"
    NUMBERED = True

    service: str | None

    def begin(self) -> None:
        """Set the state before the first event."""
        self.incidents: tuple[str, ...] = ()
        self.workaround: Disclosure | None = None
        self.status = ProblemStatus.OPEN
        self.priority: int | None = None
        self.words: Disclosure | None = None
        self.root_cause: Disclosure | None = None
        self.known_error: str | None = None
        self.article: Disclosure | None = None
        self.solution: Disclosure | None = None
        self.opened_at: datetime | None = None
        self.resolved_at: datetime | None = None
        self.closed_at: datetime | None = None

    @classmethod
    def open_for(
        cls,
        id: UUID,
        number: str,
        incident: str | None,
        service: str | None,
        workaround: Disclosure | None,
        provenance: Provenance,
        *,
        priority: int | None = None,
        words: Disclosure | None = None,
    ) -> Self:
        """Open a problem for an incident whose cause remains (R-5.8.1a), or before any incident."""
        about = {"incident": incident, "service": service, "workaround": workaround, "priority": priority}
        return cls.open(ProblemOpened, id, provenance, number=number, **about, words=words, opened_at=provenance.at)

    @property
    def is_open(self) -> bool:
        """Whether incidents can be linked with it."""
        return self.status in _ALIVE

    def link(self, incident: str, provenance: Provenance) -> None:
        """Link another incident of the same cause. Linking one twice changes nothing. Raises InvalidTransition."""
        if not self.is_open:
            raise InvalidTransition(f"A problem that is {self.status} takes no incidents.")
        if incident not in self.incidents:
            self.record(IncidentLinked, provenance, incident=incident)

    def investigate(self, findings: Disclosure, provenance: Provenance) -> None:
        """Record what an investigation found. Raises InvalidTransition."""
        self._allow("investigate")
        self.record(Investigated, provenance, findings=findings)

    def find_root_cause(self, cause: Disclosure, provenance: Provenance) -> None:
        """Record the root cause. Raises InvalidTransition."""
        self._allow("find_root_cause")
        self.record(RootCauseFound, provenance, cause=cause)

    def publish_known_error(self, number: str, article: Disclosure, provenance: Provenance) -> None:
        """Publish the known error and its workaround; again, for a new wording of the same one. Raises InvalidTransition."""
        self._allow("publish_known_error")
        self.record(KnownErrorPublished, provenance, known_error=self.known_error or number, article=article)

    def prioritize(self, priority: int, provenance: Provenance, *, reason: Disclosure | None = None) -> None:
        """Set its priority, 1 to 4. Raises InvalidTransition, Invalid."""
        self._allow("prioritize_problem")
        if priority not in range(1, 5):
            raise Invalid("A priority is 1 to 4.", "/priority")
        self.record(ProblemPrioritized, provenance, priority=priority, reason=reason)

    def resolve(self, solution: Disclosure, provenance: Provenance) -> None:
        """Record that the cause is corrected. Raises InvalidTransition, also without a root cause."""
        self._allow("resolve_problem")
        if self.root_cause is None:
            raise InvalidTransition("Find the root cause of this problem first.")
        self.record(ProblemResolved, provenance, solution=solution, resolved_at=provenance.at)

    def reopen(self, reason: Disclosure, provenance: Provenance) -> None:
        """Reopen the problem, since the cause is there again. Raises InvalidTransition."""
        self._allow("reopen_problem")
        self.record(ProblemReopened, provenance, reason=reason)

    def close(self, provenance: Provenance, *, reason: Disclosure | None = None) -> None:
        """Close a resolved problem. Raises InvalidTransition."""
        self._allow("close_problem")
        self.record(ProblemClosed, provenance, closed_at=provenance.at, reason=reason)

    def _allow(self, command: str) -> None:
        if self.status not in COMMANDS[command].since:
            raise InvalidTransition(f"This problem is {self.status}: {command.replace('_', ' ')} is not possible.")


class ProblemOpened(Opening):
    """A problem was opened."""

    TOPIC = "problem.opened"
    number: str
    incident: str | None = None
    service: str | None = None
    workaround: Disclosure | None = None
    priority: int | None = None
    words: Disclosure | None = None
    opened_at: datetime | None = None

    def _fold(self, problem: Problem) -> None:
        problem.number, problem.service = self.number, self.service
        problem.incidents = () if self.incident is None else (self.incident,)
        problem.workaround, problem.priority, problem.words = self.workaround, self.priority, self.words
        problem.opened_at = self.opened_at or self.timestamp


class IncidentLinked(Recorded):
    """Another incident has the same cause."""

    TOPIC = "problem.incident_linked"
    incident: str

    def _fold(self, problem: Problem) -> None:
        problem.incidents = (*problem.incidents, self.incident)


class Investigated(Recorded):
    """Somebody recorded findings."""

    TOPIC = "problem.investigated"
    findings: Disclosure

    def _fold(self, problem: Problem) -> None:
        if problem.status is ProblemStatus.OPEN:
            problem.status = ProblemStatus.INVESTIGATED


class RootCauseFound(Recorded):
    """The root cause is known."""

    TOPIC = "problem.root_cause_found"
    cause: Disclosure

    def _fold(self, problem: Problem) -> None:
        problem.root_cause = self.cause
        if problem.status is ProblemStatus.OPEN:
            problem.status = ProblemStatus.INVESTIGATED


class KnownErrorPublished(Recorded):
    """The known error and its workaround are published."""

    TOPIC = "problem.known_error_published"
    known_error: str
    article: Disclosure

    def _fold(self, problem: Problem) -> None:
        problem.status = ProblemStatus.KNOWN_ERROR
        problem.known_error, problem.article = self.known_error, self.article


class ProblemPrioritized(Recorded):
    """The problem has another priority."""

    TOPIC = "problem.prioritized"
    priority: int

    def _fold(self, problem: Problem) -> None:
        problem.priority = self.priority


class ProblemResolved(Recorded):
    """The cause is corrected."""

    TOPIC = "problem.resolved"
    solution: Disclosure
    resolved_at: datetime

    def _fold(self, problem: Problem) -> None:
        problem.status, problem.solution = ProblemStatus.RESOLVED, self.solution
        problem.resolved_at = self.resolved_at


class ProblemReopened(Recorded):
    """The cause is there again."""

    TOPIC = "problem.reopened"

    def _fold(self, problem: Problem) -> None:
        problem.status, problem.resolved_at = ProblemStatus.INVESTIGATED, None


class ProblemClosed(Recorded):
    """The problem is closed."""

    TOPIC = "problem.closed"
    closed_at: datetime

    def _fold(self, problem: Problem) -> None:
        problem.status, problem.closed_at = ProblemStatus.CLOSED, self.closed_at


_WORK = (IncidentLinked, Investigated, RootCauseFound, KnownErrorPublished, ProblemPrioritized)
EVENTS = register((ProblemOpened, *_WORK, ProblemResolved, ProblemReopened, ProblemClosed), Problem)
