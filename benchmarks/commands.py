"""Full commands, made before any clock starts: the event of a logged case, its disclosure, its kept answer."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple

from application.execution.identifiers import uuid7
from application.ports import Answered
from domain.case import Case
from domain.case.clauses.logging import IncidentReport
from domain.policy import first_policy
from domain.values import Actor, Channel, Disclosure, DisclosureKind, Provenance, Role, Via
from infrastructure.postgres.mapper import StateMapper
from infrastructure.postgres.stored_event import LedgerEvent

_WORDS = {"subject": "Printer on floor 2", "description": "Since this morning nothing comes out; the queue is full."}


class Command(NamedTuple):
    """What one command gives the event store."""

    event: LedgerEvent
    answered: Answered


def commands(count: int) -> list[Command]:
    """As many commands, each on a case of its own; the ids sort by time, as the desk's do."""
    now, pattern = datetime.now(UTC), logged()
    return [_command(pattern, now) for _ in range(count)]


def _command(pattern: LedgerEvent, now: datetime) -> Command:
    stream = uuid7(now, os.urandom(10))
    event = LedgerEvent(stream, 1, pattern.topic, pattern.state, pattern.disclosures)
    return Command(event, Answered(os.urandom(32), os.urandom(32), 201, stream, 1))


@cache
def logged() -> LedgerEvent:
    """The first event of a case logged by telephone, as domain and mapper make it; one for all commands."""
    now = datetime.now(UTC)
    customer = os.urandom(16).hex()
    words = Disclosure.of(customer, DisclosureKind.CUSTOMER_WORDS, _WORDS, os.urandom)
    report = IncidentReport(Channel.PHONE, now, customer, agency="dot", service="printing", words=words)
    actor = Actor("a.ortiz", Role.TECHNICIAN)
    provenance = Provenance(
        actor, Via("http", Channel.PHONE), now, os.urandom, request_id="bench", trace_id=os.urandom(16).hex()
    )
    case = Case.log(uuid7(now, os.urandom(10)), "INC-0000001", report, first_policy(), provenance, reason=None)
    return StateMapper().to_stored_event(case.pending_events[0])
