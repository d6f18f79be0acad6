"""How a case and its history read: plain data, the same for every interface.

A case's document follows from its events alone, so that an answer given again is the same answer.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from application.ports import Entry
from domain.case import Case
from domain.case.notes import Noted
from domain.case.resolution import Resolved
from domain.values import Disclosure, DisclosureKind, Role

_PROVENANCE = frozenset(
    {"by", "via", "nonce", "reason", "request_id", "trace_id", "causation", "occurred_at", "origin", "deviations"}
)


def case_document(case: Case) -> dict[str, Any]:
    """A case as it reads (`design.md`, HTTP). Words that were erased read as null, and `erased` says so."""
    said = {name: case.words.text(name) if case.words else None for name in _WORDS}
    contact = {name: case.contact.text(name) if case.contact else None for name in ("name", "email", "phone")}
    for name, correction in case.corrections.items():
        (contact if name in contact else said)[name] = correction.text(name)
    resolution = case.resolution
    disclosures = (case.words, case.contact, case.solution, *case.corrections.values())
    return {
        "number": case.number,
        "id": case.id,
        "version": case.version,
        "status": case.status,
        "priority": case.priority,
        "impact": case.impact,
        "severity": case.severity,
        "matrix": case.matrix,
        "service": case.service,
        "team": case.team,
        "technician": case.technician,
        "channel": case.channel,
        "nature": case.nature,
        "customer": {"id": case.customer, **contact, "agency": case.agency},
        **said,
        "received_at": case.received_at,
        "resolved_at": case.resolved_at,
        "closed_at": case.closed_at,
        "dispute_until": case.dispute_until,
        "pending": case.pending and {"reason": case.pending.reason, "since": case.pending.since},
        "resolution": resolution
        and {
            "code": resolution.code,
            "workaround": resolution.workaround,
            "cause_corrected": resolution.cause_corrected,
            "solution": case.solution.text("solution") if case.solution else None,
        },
        "problem": resolution.problem if resolution else None,
        "links": [],
        "follow_up_of": case.follow_up_of,
        "external_ref": case.external_ref,
        "reopenings": case.reopenings,
        "hand_backs": case.hand_backs,
        "failed_fixes": case.failed_fixes,
        "imported_from": case.source_system,
        "erased": any(d is not None and d.value is None for d in disclosures),
    }


_WORDS = ("subject", "description", "symptoms", "location", "asset", "callback")


def history_item(entry: Entry, reader: Role) -> dict[str, Any]:
    """One event as auditors read it: who, how, when, why, and its data with disclosures opened.

    What staff say among themselves is withheld from a customer: he reads his own words, the solution, and the notes
    that were written for him.
    """
    disclosures = {d.digest: d for d in entry.disclosures if reader is not Role.CUSTOMER or _is_for_customers(entry, d)}
    reason = entry.event.reason and disclosures.get(entry.event.reason.digest)
    document = event_document(
        entry.position, entry.event.originator_version, entry.event.TOPIC, entry.recorded_at, entry.db_role, entry.state
    )
    document["reason"] = reason.text("reason") if reason else None
    document["data"] = {name: _opened(value, disclosures, entry) for name, value in document["data"].items()}
    return document


def _is_for_customers(entry: Entry, disclosure: Disclosure) -> bool:
    if disclosure.kind is not DisclosureKind.STAFF_WORDS:
        return True
    event = entry.event
    return (isinstance(event, Resolved) and disclosure == event.solution) or (
        isinstance(event, Noted) and event.visible_to_customer
    )


def event_document(
    position: int, version: int, topic: str, recorded_at: datetime, db_role: str, stored: bytes
) -> dict[str, Any]:
    """One event as stored: codes, times and actors in clear, what was said only as digests."""
    state = json.loads(stored)
    return {
        "position": position,
        "version": version,
        "topic": topic,
        "recorded_at": recorded_at,
        "occurred_at": state.get("occurred_at", recorded_at),
        "by": state["by"],
        "via": state["via"],
        "reason": state.get("reason"),
        "data": {name: value for name, value in state.items() if name not in _PROVENANCE},
        **{name: state.get(name) for name in ("origin", "deviations", "request_id", "trace_id", "causation")},
        "db_role": db_role,
    }


def _opened(value: Any, disclosures: dict[str, Disclosure], entry: Entry) -> Any:
    if not (isinstance(value, dict) and value.keys() == {"digest", "subject", "kind"}):
        return value
    known = disclosures.get(value["digest"])
    erased = all(disclosure.digest != value["digest"] for disclosure in entry.disclosures)
    return {**value, "erased": erased, "value": known.texts if known else None}
