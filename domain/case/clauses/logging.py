"""SOP 5.1-5.2: incidents arrive by phone, mail, self service and monitoring; the desk logs them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.aggregate import Opening, Recorded
from domain.case.state import CaseState
from domain.case.terms import CaseMessage
from domain.errors import Invalid, InvalidTransition
from domain.policy import Policy
from domain.values import CODE, Candidate, Channel, Disclosure, Nature, Provenance, Role

CODED = frozenset({"service", "nature", "agency", "external_ref"})
"""Fields whose correction stands in the event itself, as a code."""
SPOKEN = frozenset({"subject", "description", "symptoms", "location", "asset", "callback"})
"""Fields whose correction is free text, and so a disclosure."""
REACHED = frozenset({"name", "email", "phone"})
"""Fields that reach the customer, and so a disclosure too."""
INFORMATION = {
    "contact": ("email", "phone"),
    "agency": ("agency",),
    "service": ("service",),
    "symptoms": ("symptoms",),
    "location": ("location", "asset"),
    "callback": ("callback",),
}
"""All relevant information (R-5.2c), and the fields any one of which provides it."""


def missing_information(given: Collection[str]) -> tuple[str, ...]:
    """The information that a report lacks, from the names of the fields it gives."""
    return tuple(name for name, fields in INFORMATION.items() if not any(field in given for field in fields))


@dataclass(frozen=True)
class IncidentReport:
    """What the contact reported, as the log keeps it (R-5.2c). Text and contact data are disclosures."""

    channel: Channel
    received_at: datetime
    customer: str
    nature: Nature = Nature.ACTUAL
    agency: str | None = None
    reporter: str | None = None
    service: str | None = None
    service_version: int | None = None
    """Version and name in the catalogue at logging (R-4.1a)."""
    service_name: str | None = None
    external_ref: str | None = None
    symptomatic: bool = False
    impersonal: bool = False
    missing: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    contact: Disclosure | None = None
    words: Disclosure | None = None
    reported_by: Disclosure | None = None
    unverified: bool = False
    """Whether nobody has shown that the address is theirs (self service without an identity)."""
    candidates: tuple[Candidate, ...] | None = None
    """Duplicate candidates shown to the person who logged it (R-5.6a); None where nobody was to be shown any."""
    message: str | None = None
    """The receipt of the message that it is logged from."""
    written_to: Disclosure | None = None
    """The people in that message's To and Cc."""

    def of_customer(self, customer: str) -> IncidentReport:
        """The same report by another customer id. Its disclosures are about that customer, and erased with them."""
        spoken = (self.contact, self.words, self.written_to)
        contact, words, written_to = (said and said.about(customer) for said in spoken)
        return replace(self, customer=customer, contact=contact, words=words, written_to=written_to)


class Logged(Opening):
    """An incident was logged."""

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
    service_version: int | None = None
    service_name: str | None = None
    impersonal: bool = False
    missing: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    unverified: bool = False
    candidates: tuple[Candidate, ...] | None = None
    message: str | None = None
    written_to: Disclosure | None = None
    follows_own: bool = False
    """Whether the case that it follows up is the same customer's, so that they may read its number (R-2.1a)."""

    def _fold(self, case: CaseState) -> None:
        case.number, case.follow_up_of, case.follows_own = self.number, self.follow_up_of, self.follows_own
        case.channel, case.nature, case.received_at = self.channel, self.nature, self.received_at
        case.customer, case.agency = self.customer, self.agency
        case.service, case.external_ref = self.service, self.external_ref
        case.symptomatic, case.contact, case.words = self.symptomatic, self.contact, self.words
        case.service_version, case.service_name = self.service_version, self.service_name
        case.impersonal, case.missing, case.required = self.impersonal, self.missing, self.required
        case.reported_by, case.reporter = self.reported_by, self.reporter
        case.unverified, case.shown_candidates = self.unverified, self.candidates
        case.source_system = self.origin.system if self.origin else None
        if self.message is not None:
            mailed = CaseMessage(self.message, self.customer, self.received_at, False, self.contact, self.written_to)
            case.messages = (mailed,)


class Corrected(Recorded):
    """Somebody corrected what was logged. The original stays readable (R-5.2d)."""

    TOPIC = "case.corrected"
    field: str
    value: str | None = None
    words: Disclosure | None = None
    service_version: int | None = None
    service_name: str | None = None

    def _fold(self, case: CaseState) -> None:
        provides = {name for name, fields in INFORMATION.items() if self.field in fields}
        case.missing, case.required = _without(case.missing, provides), _without(case.required, provides)
        if self.field == "service":
            case.service_version, case.service_name = self.service_version, self.service_name
        if self.field == "nature":
            case.nature = Nature(self.value or "")
        elif self.field in CODED:
            setattr(case, self.field, self.value)
        elif self.words is not None:
            case.corrections = {**case.corrections, self.field: self.words}
            case.symptomatic = case.symptomatic or self.field == "symptoms"


class InformationWaived(Recorded):
    """Missing information is waived, with a reason (R-5.2c)."""

    TOPIC = "case.information_waived"
    fields: tuple[str, ...]

    def _fold(self, case: CaseState) -> None:
        case.required = _without(case.required, self.fields)


def _without(names: tuple[str, ...], gone: Collection[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in gone)


class Logging(CaseState):
    """What was logged, and its corrections. `Case.log` opens a case."""

    def waive(self, reason: Disclosure, provenance: Provenance) -> None:
        """Waive missing information with a reason (R-5.2c). Raises InvalidTransition, also where none is missing."""
        self.allow("waive", provenance)
        if not self.required:
            raise InvalidTransition("This case is not incomplete.")
        self.record(InformationWaived, provenance, fields=self.required, reason=reason)

    def correct(
        self,
        field: str,
        provenance: Provenance,
        *,
        value: str | None,
        words: Disclosure | None,
        reason: Disclosure | None,
        service: tuple[int, str] | None = None,
    ) -> None:
        """Correct what was logged (R-5.2d). The channel never changes (R-5.1a).

        ``service`` is the version and the name of the corrected service in the catalogue. Raises InvalidTransition for a
        closed case, and Invalid for a field or a value that cannot be.
        """
        self.allow("correct", provenance)
        if field not in CODED | SPOKEN | REACHED:
            raise Invalid(f"The field {field} cannot be corrected.", "/field")
        if field in CODED and (value is None or not CODE.fullmatch(value)):
            raise Invalid(f"The field {field} takes a code.", "/value")
        if field not in CODED and words is None:
            raise Invalid(f"The field {field} takes text.", "/value")
        if field == "nature" and value not in tuple(Nature):
            raise Invalid("The nature is actual or impending.", "/value")
        version, name = service or (None, None)
        told = {"value": value, "words": words, "service_version": version, "service_name": name}
        self.record(Corrected, provenance, field=field, **told, reason=reason)


def check_received(received_at: datetime, now: datetime, role: Role, policy: Policy, *, explained: bool) -> None:
    """Check `received_at`: never after the recording, and by hand not long before it (R-5.2a). Raises Invalid."""
    behind = now - received_at
    if behind < -policy.clock_tolerance:
        raise Invalid("`received_at` lies in the future.", "/received_at")
    if behind > policy.oldest_contact:
        raise Invalid(f"`received_at` lies more than {policy.oldest_contact.days} days in the past.", "/received_at")
    if role is Role.TECHNICIAN:
        if behind > policy.backdating_limit:
            raise Invalid(
                f"`received_at` lies more than {_hours(policy.backdating_limit)} in the past.", "/received_at"
            )
        if behind > policy.backdating_unexplained and not explained:
            raise Invalid(f"A contact more than {_hours(policy.backdating_unexplained)} old needs a reason.", "/reason")


def _hours(interval: timedelta) -> str:
    return f"{interval / timedelta(hours=1):g} h"


EVENTS = (Logged, Corrected, InformationWaived)
