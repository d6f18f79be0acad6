"""SOP 5.8.1: a Problem Case, opened when the underlying cause of an incident is not corrected.

The least that an incident's resolution needs; investigation, known errors and closing come with their own clause.
"""

from __future__ import annotations

from typing import ClassVar, Self
from uuid import UUID

from domain.aggregate import Opening, Recorded, Root, register
from domain.values import Disclosure, Provenance


class Problem(Root):
    """The cause behind incidents; it has no resolution target (R-5.8.1b)."""

    TOPIC: ClassVar[str] = "problem"

    service: str | None

    def begin(self) -> None:
        self.incidents: tuple[str, ...] = ()
        self.workaround: Disclosure | None = None

    @classmethod
    def open_for(
        cls,
        id: UUID,  # noqa: A002 - the library's own name
        number: str,
        incident: str,
        service: str | None,
        workaround: Disclosure | None,
        provenance: Provenance,
    ) -> Self:
        """Open a problem for the incident whose cause remains (R-5.8.1a)."""
        return cls.open(
            ProblemOpened, id, provenance, number=number, incident=incident, service=service, workaround=workaround
        )

    def link(self, incident: str, provenance: Provenance) -> None:
        """Add another incident of the same cause; linking one twice changes nothing."""
        if incident not in self.incidents:
            self.record(IncidentLinked, provenance, incident=incident)


class ProblemOpened(Opening):
    TOPIC = "problem.opened"
    number: str
    incident: str
    service: str | None = None
    workaround: Disclosure | None = None

    def apply(self, problem: Problem) -> None:
        problem.number, problem.service = self.number, self.service
        problem.incidents, problem.workaround = (self.incident,), self.workaround


class IncidentLinked(Recorded):
    TOPIC = "problem.incident_linked"
    incident: str

    def apply(self, problem: Problem) -> None:
        problem.incidents = (*problem.incidents, self.incident)


EVENTS = register((ProblemOpened, IncidentLinked), Problem)
