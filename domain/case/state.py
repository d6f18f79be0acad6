"""What the rules need to remember of a case, and nothing they do not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from domain.case.status import Status, allow
from domain.values import Channel, Disclosure, Level, Nature

if TYPE_CHECKING:
    from domain.aggregate import Recorded
    from domain.values import Provenance


class PendingReason(StrEnum):
    """What an open case waits for; by default only `customer` pauses the clock."""

    CUSTOMER = "customer"
    VENDOR = "vendor"
    PROBLEM = "problem"
    EVIDENCE = "evidence"


class ResolutionCode(StrEnum):
    """How a case was resolved (R-5.8e). `not_recorded` is for imported history only."""

    FIXED = "fixed"
    WORKAROUND = "workaround"
    AVERTED = "averted"
    RECLASSIFIED_REQUEST = "reclassified_request"
    NOT_REPRODUCIBLE = "not_reproducible"
    NOT_RECORDED = "not_recorded"


class CauseCorrected(StrEnum):
    """Whether the underlying cause was corrected (R-5.8.1a)."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    NOT_RECORDED = "not_recorded"


@dataclass(frozen=True)
class Pending:
    """The mark on a case that waits."""

    reason: PendingReason
    since: datetime


@dataclass(frozen=True)
class Resolution:
    """What resolved a case; the solution's words are a disclosure beside it."""

    code: ResolutionCode
    workaround: bool
    cause_corrected: CauseCorrected
    problem: str | None = None

    @property
    def needs_problem(self) -> bool:
        """`fixed` and `workaround` need a Problem Case unless the cause is corrected (R-5.8.1a)."""
        return self.code in (ResolutionCode.FIXED, ResolutionCode.WORKAROUND) and self.cause_corrected in (
            CauseCorrected.NO,
            CauseCorrected.UNKNOWN,
        )


class CaseState:
    """The state of a case between two events. Rooms read it, events' `apply` assign it."""

    if TYPE_CHECKING:
        version: int

        def record(self, event: type[Recorded], provenance: Provenance, **fields: Any) -> None: ...

    number: str
    channel: Channel
    nature: Nature
    received_at: datetime
    customer: str
    agency: str | None
    service: str | None

    def begin(self) -> None:
        """Set the state before the first event."""
        self.status = Status.LOGGED
        self.impact: Level | None = None
        self.severity: Level | None = None
        self.priority: int | None = None
        self.matrix: str | None = None
        self.team: str | None = None
        self.technician: str | None = None
        self.pending: Pending | None = None
        self.resolution: Resolution | None = None
        self.resolved_at: datetime | None = None
        self.resolved_from: Status | None = None
        self.closed_at: datetime | None = None
        self.dispute_until: datetime | None = None
        self.follow_up_of: str | None = None
        self.external_ref: str | None = None
        self.reopenings = 0
        self.hand_backs = 0
        self.failed_fixes = 0
        self.symptomatic = False
        self.last_work_at: datetime | None = None
        self.verified_at: datetime | None = None
        """When the customer last said that all is well; None once later work made that old news."""
        self.contact: Disclosure | None = None
        self.words: Disclosure | None = None
        self.solution: Disclosure | None = None
        self.corrections: dict[str, Disclosure] = {}
        self.source_system: str | None = None

    def worked(self, at: datetime) -> None:
        """Remember work on the case: an earlier verification no longer counts (R-5.8a)."""
        self.last_work_at = at if self.last_work_at is None else max(at, self.last_work_at)
        self.verified_at = None

    def allow(self, command: str, provenance: Provenance) -> None:
        """Refuse what the command table does not have for this status and role. Raises InvalidTransition."""
        allow(command, self.status, provenance.by.role)
