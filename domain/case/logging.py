"""SOP 5.1-5.2: incidents arrive by phone, mail, self service and monitoring; the desk logs them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.aggregate import Opening, Recorded
from domain.case.state import CaseState
from domain.errors import Invalid
from domain.policy import Policy
from domain.values import CODE, Channel, Disclosure, Nature, Provenance, Role

CODED = frozenset({"service", "nature", "agency", "external_ref"})
"""What a correction may put in the event itself: codes, never words."""
SPOKEN = frozenset({"subject", "description", "symptoms", "location", "asset", "callback"})
REACHED = frozenset({"name", "email", "phone"})


@dataclass(frozen=True)
class Report:
    """What the contact said, as the log keeps it (R-5.2c). Words and contact data are disclosures."""

    channel: Channel
    received_at: datetime
    customer: str
    nature: Nature = Nature.ACTUAL
    agency: str | None = None
    reporter: str | None = None
    service: str | None = None
    external_ref: str | None = None
    symptomatic: bool = False
    contact: Disclosure | None = None
    words: Disclosure | None = None
    reported_by: Disclosure | None = None


class Logged(Opening):
    TOPIC = "case.logged"
    number: str
    channel: Channel
    received_at: datetime
    customer: str
    nature: Nature = Nature.ACTUAL
    agency: str | None = None
    reporter: str | None = None
    service: str | None = None
    external_ref: str | None = None
    symptomatic: bool = False
    contact: Disclosure | None = None
    words: Disclosure | None = None
    reported_by: Disclosure | None = None
    follow_up_of: str | None = None

    def apply(self, case: CaseState) -> None:
        case.number, case.follow_up_of = self.number, self.follow_up_of
        case.channel, case.nature, case.received_at = self.channel, self.nature, self.received_at
        case.customer, case.agency = self.customer, self.agency
        case.service, case.external_ref = self.service, self.external_ref
        case.symptomatic, case.contact, case.words = self.symptomatic, self.contact, self.words
        case.source_system = self.origin.system if self.origin else None


class Corrected(Recorded):
    TOPIC = "case.corrected"
    field: str
    value: str | None = None
    words: Disclosure | None = None

    def apply(self, case: CaseState) -> None:
        if self.field == "nature":
            case.nature = Nature(self.value or "")
        elif self.field in CODED:
            setattr(case, self.field, self.value)
        elif self.words is not None:
            case.corrections = {**case.corrections, self.field: self.words}
            case.symptomatic = case.symptomatic or self.field == "symptoms"


class Logging(CaseState):
    def correct(
        self,
        field: str,
        provenance: Provenance,
        *,
        value: str | None,
        words: Disclosure | None,
        reason: Disclosure | None,
    ) -> None:
        """Correct what was logged; the original stays readable (R-5.2d), the channel never changes (R-5.1a).

        Raises InvalidTransition once closed, Invalid for a field that may not be corrected.
        """
        self.allow("correct", provenance)
        if field not in CODED | SPOKEN | REACHED:
            raise Invalid(f"{field} cannot be corrected", "/field")
        if field in CODED and (value is None or not CODE.fullmatch(value)):
            raise Invalid(f"{field} takes a code", "/value")
        if field == "nature" and value not in tuple(Nature):
            raise Invalid("nature is actual or impending", "/value")
        self.record(Corrected, provenance, field=field, value=value, words=words, reason=reason)


def check_received(received_at: datetime, now: datetime, role: Role, policy: Policy, *, explained: bool) -> None:
    """`received_at` is never later than the recording, and by hand not long before it (R-5.2a). Raises Invalid."""
    behind = now - received_at
    if behind < -policy.clock_tolerance:
        raise Invalid("received_at lies in the future", "/received_at")
    if behind > policy.oldest_contact:
        raise Invalid(f"received_at lies more than {policy.oldest_contact} in the past", "/received_at")
    if role is Role.TECHNICIAN:
        if behind > policy.backdating_limit:
            raise Invalid(f"received_at lies more than {policy.backdating_limit} in the past", "/received_at")
        if behind > policy.backdating_unexplained and not explained:
            raise Invalid(f"a contact more than {policy.backdating_unexplained} old needs a reason", "/reason")


EVENTS = (Logged, Corrected)
