"""R-5.2e, R-5.4c: what the clock finds of a case's targets, in a stream of its own.

Only what changes a case is in the case's stream (requirements.md, States and commands). So a warning, a breach and its
escalation stand beside it, and never move the version that a person acts on. Each is recorded once for a due time. A target
that was moved before it fell due falls due at its new time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self
from uuid import UUID, uuid5

from domain.aggregate import AnyTime, Root, register
from domain.case.state import CaseState
from domain.case.targets import TargetKind, WatchedTarget, watched
from domain.policy import Policy
from domain.values import Provenance


def target_watch_id(case: UUID) -> UUID:
    """The stream of a case's targets."""
    return uuid5(case, "caseledger:targets")


@dataclass(frozen=True)
class Finding:
    """A target that is due for a warning, or breached."""

    target: WatchedTarget
    breached: bool


class TargetWatch(Root):
    """What was recorded about the targets of one case. Writers compete for it, so nothing is recorded twice."""

    TOPIC: ClassVar[str] = "target"

    case: str

    def begin(self) -> None:
        """Start with nothing found."""
        self.warned: dict[TargetKind, tuple[datetime, ...]] = {}
        """The due times that were warned of."""
        self.breached: dict[TargetKind, tuple[datetime, ...]] = {}
        """The due times that were breached."""

    @classmethod
    def found(
        cls, watch: Self | None, case: CaseState, stream: UUID, finding: Finding, policy: Policy, provenance: Provenance
    ) -> Self:
        """Record a finding on the watch of a case, which begins with the first one."""
        event = TargetBreached if finding.breached else TargetWarned
        ended = {"ended_at": finding.target.ended_at} if finding.breached else {}
        fields = {**_about(case, finding.target, policy), **ended}
        if watch is None:
            return cls.open(event, stream, provenance, **fields)
        watch.record(event, provenance, **fields)
        return watch

    def escalate(
        self, case: CaseState, target: WatchedTarget, informed: Sequence[str], policy: Policy, provenance: Provenance
    ) -> None:
        """Record to which roles the policy escalates a breach, and who of them was mailed."""
        told = {"roles": policy.escalates_to, "informed": tuple(informed)}
        self.record(TargetEscalated, provenance, **_about(case, target, policy), **told)


def findings(watch: TargetWatch | None, case: CaseState, policy: Policy, at: datetime) -> Iterator[Finding]:
    """What is due of the targets of a case and not recorded yet. Nothing while the clock stands still."""
    for target in watched(case):
        breached = watch.breached.get(target.kind, ()) if watch else ()
        warned = watch.warned.get(target.kind, ()) if watch else ()
        if target.waits in policy.pausing or target.due_at in breached:
            continue
        if target.due_at <= at:
            yield Finding(target, breached=True)
        elif target.warning_at is not None and target.warning_at <= at and target.due_at not in warned:
            yield Finding(target, breached=False)


def _about(case: CaseState, target: WatchedTarget, policy: Policy) -> dict[str, object]:
    held = {"priority": case.priority, "team": case.team, "service": case.service}
    return {"case": case.number, "kind": target.kind, "due_at": target.due_at, "policy": policy.version, **held}


class TargetEvent(AnyTime):
    """A finding about one target. The case is described as it was then."""

    case: str
    kind: TargetKind
    due_at: datetime
    policy: str
    priority: int | None = None
    team: str | None = None
    service: str | None = None

    def _fold(self, watch: TargetWatch) -> None:
        watch.number = watch.case = self.case


class TargetWarned(TargetEvent):
    """The share of a target's time has passed after which the policy warns."""

    TOPIC = "target.warned"

    def _fold(self, watch: TargetWatch) -> None:
        super()._fold(watch)
        watch.warned = {**watch.warned, self.kind: (*watch.warned.get(self.kind, ()), self.due_at)}


class TargetBreached(TargetEvent):
    """A target has passed, and the case had not met it."""

    TOPIC = "target.breached"
    ended_at: datetime | None = None
    """When the case met it after all, where that was before the breach was recorded."""

    def _fold(self, watch: TargetWatch) -> None:
        super()._fold(watch)
        watch.breached = {**watch.breached, self.kind: (*watch.breached.get(self.kind, ()), self.due_at)}


class TargetEscalated(TargetEvent):
    """A breach was escalated to the roles that the policy names."""

    TOPIC = "target.escalated"
    roles: tuple[str, ...] = ()
    informed: tuple[str, ...] = ()
    """Who holds such a role and was mailed, in the same transaction."""


EVENTS = register((TargetWarned, TargetBreached, TargetEscalated), TargetWatch)
