"""Visibility: which fields of a case and its events each role reads (R-2.1a).

Staff, auditors and reporting jobs read everything. Customers read the fields listed here. An event without listed
fields is hidden whole, so a new event shows customers nothing by default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Any

from domain.aggregate import Recorded
from domain.case.terms import LinkKind
from domain.values import Disclosure, DisclosureKind, Role


class Shown(Enum):
    """How much of a field the customer reads."""

    ALL = auto()
    """The field without staff's words."""
    TOLD = auto()
    """The whole field: staff wrote its words for the customer."""
    MARKED = auto()
    """The field; staff's words and files in it only if the event is marked visible to the customer."""
    OWN_CASE = auto()
    """The number of the other case, if it belongs to the same customer (R-5.6c)."""
    STAFF = auto()
    """Nothing."""


OF_ONE_CUSTOMER = (LinkKind.DUPLICATE, LinkKind.DUPLICATE_OF)
"""Links between cases of one customer. All other links name cases of other customers (R-5.6c)."""

_A, _T, _M, _O, _S = Shown.ALL, Shown.TOLD, Shown.MARKED, Shown.OWN_CASE, Shown.STAFF


def _row(shown: str = "", staff: str = "", **others: Shown) -> Mapping[str, Shown]:
    return {**dict.fromkeys(shown.split(), _A), **dict.fromkeys(staff.split(), _S), **others}


EVENTS: Mapping[str, Mapping[str, Shown]] = {
    "case.logged": _row(
        "number channel received_at customer nature agency reporter service external_ref symptomatic contact words "
        "reported_by service_version service_name impersonal missing required unverified message written_to",
        "candidates follows_own",
        follow_up_of=_O,
    ),
    "case.corrected": _row("field value words service_version service_name"),
    "case.information_waived": _row("fields"),
    "case.triaged": _row("owner"),
    "case.referred": _row("help_desk help_desk_version contact"),
    "case.prioritized": _row(
        "impact severity priority matrix computed policy respond_by resolve_by calendar",
        "respond_warning_at resolve_warning_at",
    ),
    "case.diagnosed": _row("words script steps script_version"),
    "case.known_errors_searched": _row("", "query shown chosen applied"),
    "case.linked": _row("kind", "technician asked_at words", case=_O),
    "case.unlinked": _row("kind status settled_since resolve_by", "owed resolve_warning_at", case=_O),
    "case.found_unrelated": _row("", "case technician asked_at words"),
    "case.consultation_requested": _row("", "case asked_at due_at technician team"),
    "case.consultation_answered": _row("", "case words"),
    "case.assigned": _row("team technician words", "owed"),
    "case.accepted": _row("technician"),
    "case.handed_back": _row("team", "owed"),
    "case.major_nominated": _row("", "due_at team role rests"),
    "case.major_declared": _row(
        "owner communication_every communicate_by team", "management inform_by review_by outage_report"
    ),
    "case.major_rejected": _row(),
    "case.discharged": _row("", "obligation method at next_due team role words"),
    "case.fanned_out": _row("", "cases refused"),
    "case.pended": _row("reason_code since note paused_since paused", question=Shown.TOLD),
    "case.resumed": _row("paused_since paused resolve_by answer", "owed resolve_warning_at"),
    "case.question_failed": _row("", "cause message asked owed"),
    "case.verified": _row("satisfactory able_to_work method at outcome verifier overtaken"),
    "case.resolved": _row(
        "code workaround cause_corrected resolved_at problem verifier first_contact paused resolve_by",
        "resolve_warning_at",
        solution=Shown.TOLD,
    ),
    "case.notified": _row("message resolution accepted_at policy dispute_until settled"),
    "case.notification_failed": _row("resolution cause failures due_at message decides stops_window"),
    "case.informed": _row("method at informed policy failures due_at decides dispute_until"),
    "case.disputed": _row("received_at channel"),
    "case.reopened": _row("status disputed settled_since resolve_by with_first", "owed resolve_warning_at"),
    "case.closed": _row("closed_at policy confirmation words with_first", "ended"),
    "case.dispute_suspected": _row("received_at due_at channel words"),
    "case.dispute_dismissed": _row("dispute_until"),
    "case.message_received": _row("message sender received_at channel automatic words contact", "written_to owed"),
    "case.alerted": _row("source alerts receipt assumed truncated words"),
    "case.recovery_observed": _row("source recovered_at receipt"),
    "case.noted": _row(note=_M, visible_to_customer=_M),
    "case.attached": _row(attachments=_M, attached_at=_M, visible_to_customer=_M),
    "case.hold_placed": _row("", "approved_by since"),
    "case.hold_released": _row("", "approved_by"),
    "case.personal_data_erased": _row("subject scope"),
    "case.imported": _row(),
    "case.priority_imported": _row("impact severity priority"),
}
"""Fields of a case's events that its customer reads, by topic."""

ENVELOPE = ("position", "version", "topic", "recorded_at", "occurred_at", "by", "via", "reason", "data")
"""Fields of the envelope that a customer reads. Staff's reasons are withheld."""

CASE = frozenset(
    [
        "number",
        "id",
        "version",
        "status",
        "priority",
        "impact",
        "severity",
        "matrix",
        "service",
        "service_version",
        "service_name",
        "team",
        "technician",
        "channel",
        "nature",
        "customer",
        "reporter",
        "on_behalf_of",
        "unverified",
        "subject",
        "description",
        "symptoms",
        "location",
        "asset",
        "callback",
        "quoted",
        "received_at",
        "resolved_at",
        "closed_at",
        "dispute_until",
        "dispute_candidate_since",
        "respond_by",
        "resolve_by",
        "responded_at",
        "calendar",
        "incomplete",
        "missing",
        "pending",
        "resolution",
        "problem",
        "links",
        "duplicate_of",
        "major",
        "truncated",
        "recovered_at",
        "follow_up_of",
        "external_ref",
        "reopenings",
        "hand_backs",
        "failed_fixes",
        "failed_notifications",
        "imported_from",
        "attachments",
        "messages",
        "earlier_messages",
        "erased",
    ]
)
"""Fields of a case that its customer reads."""


def shows(reader: Role, event: Recorded) -> bool:
    """Whether a reader of the case sees this event at all."""
    return reader is not Role.CUSTOMER or any(_shown(event, name) for name in EVENTS.get(event.TOPIC, {}))


def fields_shown(reader: Role, event: Recorded, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an event that a reader sees."""
    if reader is not Role.CUSTOMER:
        return dict(data)
    return {name: value for name, value in data.items() if _shown(event, name)}


def envelope_shown(reader: Role, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of the envelope that a reader sees."""
    return {name: value for name, value in document.items() if reader is not Role.CUSTOMER or name in ENVELOPE}


def words_shown(reader: Role, event: Recorded) -> Callable[[Disclosure], bool]:
    """Return a predicate: which disclosures of an event a reader sees."""
    if reader is not Role.CUSTOMER:
        return lambda _: True
    marked = getattr(event, "visible_to_customer", False)
    fields = (name for name, shown in EVENTS.get(event.TOPIC, {}).items() if shown is _T or (shown is _M and marked))
    told = [each for name in fields for each in _each(getattr(event, name))]
    return lambda said: said.kind not in _OF_STAFF or said in told


def case_shown(reader: Role, document: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a case that a reader sees."""
    if reader is not Role.CUSTOMER:
        return document
    return {name: value for name, value in document.items() if name in CASE}


_OF_STAFF = (DisclosureKind.STAFF_WORDS, DisclosureKind.ATTACHMENT)
"""Fields that customers read only if meant for them."""


def _each(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _shown(event: Recorded, name: str) -> bool:
    shown = EVENTS.get(event.TOPIC, {}).get(name, _S)
    if shown is _O:
        return getattr(event, "kind", None) in OF_ONE_CUSTOMER or getattr(event, "follows_own", False)
    return shown is not _S
