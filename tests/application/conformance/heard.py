"""Histories as a test hears of them: event by event, from the record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from application.reports.conformance.check import Deviation, check
from application.reports.conformance.history import TOPICS, Event, History
from application.reports.conformance.model_file import sop
from application.reports.conformance.rules import Kind
from domain.case.case import EVENTS as CASE
from domain.policy import first_policy

SOP = sop(first_policy().business)


@dataclass
class Heard:
    """The histories of all cases so far."""

    events: dict[str, list[Event]] = field(default_factory=dict)
    numbers: dict[UUID, str] = field(default_factory=dict)

    def hear(self, rows: Iterable[tuple[StoredEvent, int, datetime]]) -> set[str]:
        """Add events with their positions and times. Returns the cases that have gained any."""
        changed = set()
        for row, position, at in rows:
            if row.topic in TOPICS:
                event = Event(row.topic, row.originator_version, position, at, row.state)
                changed.add(self._keep(UUID(str(row.originator_id)), event))
        return changed - {""}

    def _keep(self, id_: UUID, event: Event) -> str:
        if event.topic in ("case.logged", "problem.opened"):
            self.numbers[id_] = event.value("number")
        if event.topic == "problem.incident_linked":
            event.tell(number=self.numbers[id_])
        case = self.numbers[id_] if event.topic in CASE else event.value("case") or event.value("incident") or ""
        self.events.setdefault(case, []).append(event)
        return str(case)

    def deviations(self, cases: Iterable[str], until: datetime | None = None) -> list[Deviation]:
        """What contradicts the SOP's model in these cases, but for what the record itself states."""
        verdicts = (check(History(case, self.events[case], until), SOP) for case in sorted(cases))
        return [each for verdict in verdicts for each in verdict.deviations if each.kind is not Kind.STATED]
