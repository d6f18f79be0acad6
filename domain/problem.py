"""SOP 5.8.1: a Problem Case, opened when the underlying cause of an incident is not corrected.

It keeps its incidents, work-around, known error and priority; it has no resolution target (R-5.8.1b).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Self
from uuid import UUID

from domain.aggregate import Opening, Recorded, Root, register
from domain.errors import Forbidden, Invalid, InvalidTransition
from domain.values import Actor, Disclosure, Provenance, Role


class ProblemStatus(StrEnum):
    OPEN = "open"
    INVESTIGATED = "investigated"
    """Somebody works on it."""
    KNOWN_ERROR = "known_error"
    """Its root cause, or a way around it, is published."""
    RESOLVED = "resolved"
    CLOSED = "closed"


_ALIVE = frozenset({ProblemStatus.OPEN, ProblemStatus.INVESTIGATED, ProblemStatus.KNOWN_ERROR})
_STAFF = frozenset({Role.TECHNICIAN, Role.TEAM_MEMBER})


@dataclass(frozen=True)
class Command:
    """One row of the table of commands on problems."""

    since: frozenset[ProblemStatus]
    who: frozenset[Role] = _STAFF


COMMANDS = {
    "open_problem": Command(frozenset()),
    "investigate": Command(_ALIVE),
    "find_root_cause": Command(_ALIVE),
    "publish_known_error": Command(_ALIVE),
    "prioritize_problem": Command(_ALIVE),
    "resolve_problem": Command(_ALIVE),
    "close_problem": Command(frozenset({ProblemStatus.RESOLVED})),
    "reopen_problem": Command(frozenset({ProblemStatus.RESOLVED})),
}


def authorise_problem(actor: Actor, command: str) -> None:
    """Refuse a role that may not give this command (R-6a). Raises Forbidden, naming the roles that may."""
    allowed = COMMANDS[command].who
    if actor.role not in allowed:
        raise Forbidden(
            f"{command.replace('_', ' ')} needs the role {' or '.join(sorted(allowed))}; you are {actor.role}"
        )


class Problem(Root):
    """The cause behind incidents."""

    TOPIC: ClassVar[str] = "problem"
    NUMBERED = True

    service: str | None

    def begin(self) -> None:
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
        id: UUID,  # noqa: A002 - the library's own name
        number: str,
        incident: str | None,
        service: str | None,
        workaround: Disclosure | None,
        provenance: Provenance,
        *,
        priority: int | None = None,
        words: Disclosure | None = None,
    ) -> Self:
        """Open a problem for the incident whose cause remains (R-5.8.1a), or before any incident."""
        return cls.open(
            ProblemOpened,
            id,
            provenance,
            number=number,
            incident=incident,
            service=service,
            workaround=workaround,
            priority=priority,
            words=words,
            opened_at=provenance.at,
        )

    @property
    def is_open(self) -> bool:
        """Whether incidents may still be linked to it."""
        return self.status in _ALIVE

    def link(self, incident: str, provenance: Provenance) -> None:
        """Add another incident of the same cause; linking one twice changes nothing. Raises InvalidTransition."""
        if not self.is_open:
            raise InvalidTransition("take incidents", self.status, "problem")
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
        """Publish what is known and the way around it; published again, it is a new wording of the same one."""
        self._allow("publish_known_error")
        self.record(KnownErrorPublished, provenance, known_error=self.known_error or number, article=article)

    def prioritize(self, priority: int, provenance: Provenance, *, reason: Disclosure | None = None) -> None:
        """Set its priority, 1 to 4. Raises InvalidTransition, Invalid."""
        self._allow("prioritize_problem")
        if priority not in range(1, 5):
            raise Invalid("a priority is 1 to 4", "/priority")
        self.record(ProblemPrioritized, provenance, priority=priority, reason=reason)

    def resolve(self, solution: Disclosure, provenance: Provenance) -> None:
        """The cause is corrected. Raises InvalidTransition without a root cause."""
        self._allow("resolve_problem")
        if self.root_cause is None:
            raise InvalidTransition("be resolved", "without a root cause", "problem")
        self.record(ProblemResolved, provenance, solution=solution, resolved_at=provenance.at)

    def reopen(self, reason: Disclosure, provenance: Provenance) -> None:
        """The cause is there again. Raises InvalidTransition."""
        self._allow("reopen_problem")
        self.record(ProblemReopened, provenance, reason=reason)

    def close(self, provenance: Provenance, *, reason: Disclosure | None = None) -> None:
        """Nothing more to do. Raises InvalidTransition unless resolved."""
        self._allow("close_problem")
        self.record(ProblemClosed, provenance, closed_at=provenance.at, reason=reason)

    def _allow(self, command: str) -> None:
        if self.status not in COMMANDS[command].since:
            raise InvalidTransition(command.removesuffix("_problem"), self.status, "problem")


class ProblemOpened(Opening):
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
    TOPIC = "problem.incident_linked"
    incident: str

    def _fold(self, problem: Problem) -> None:
        problem.incidents = (*problem.incidents, self.incident)


class Investigated(Recorded):
    TOPIC = "problem.investigated"
    findings: Disclosure

    def _fold(self, problem: Problem) -> None:
        if problem.status is ProblemStatus.OPEN:
            problem.status = ProblemStatus.INVESTIGATED


class RootCauseFound(Recorded):
    TOPIC = "problem.root_cause_found"
    cause: Disclosure

    def _fold(self, problem: Problem) -> None:
        problem.root_cause = self.cause
        if problem.status is ProblemStatus.OPEN:
            problem.status = ProblemStatus.INVESTIGATED


class KnownErrorPublished(Recorded):
    TOPIC = "problem.known_error_published"
    known_error: str
    article: Disclosure

    def _fold(self, problem: Problem) -> None:
        problem.status, problem.known_error, problem.article = (
            ProblemStatus.KNOWN_ERROR,
            self.known_error,
            self.article,
        )


class ProblemPrioritized(Recorded):
    TOPIC = "problem.prioritized"
    priority: int

    def _fold(self, problem: Problem) -> None:
        problem.priority = self.priority


class ProblemResolved(Recorded):
    TOPIC = "problem.resolved"
    solution: Disclosure
    resolved_at: datetime

    def _fold(self, problem: Problem) -> None:
        problem.status, problem.solution = ProblemStatus.RESOLVED, self.solution
        problem.resolved_at = self.resolved_at


class ProblemReopened(Recorded):
    TOPIC = "problem.reopened"

    def _fold(self, problem: Problem) -> None:
        problem.status, problem.resolved_at = ProblemStatus.INVESTIGATED, None


class ProblemClosed(Recorded):
    TOPIC = "problem.closed"
    closed_at: datetime

    def _fold(self, problem: Problem) -> None:
        problem.status, problem.closed_at = ProblemStatus.CLOSED, self.closed_at


_ALL: Iterable[type[Recorded]] = (
    ProblemOpened,
    IncidentLinked,
    Investigated,
    RootCauseFound,
    KnownErrorPublished,
    ProblemPrioritized,
    ProblemResolved,
    ProblemReopened,
    ProblemClosed,
)
EVENTS = register(_ALL, Problem)
