"""The document of a case that its customer reads by link: no names of staff, and nothing of other cases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from application.cases.attachments import shown_to
from application.cases.documents import attachment_document
from application.cases.history import history_item
from application.ports import Entry
from domain.case import Case
from domain.case.clauses.annotations import MessageReceived
from domain.case.status import SETTLED, Status
from domain.case.terms import Attachment
from domain.values import Actor, Role

TOLD = {
    "case.logged": "received",
    "case.triaged": "taken on",
    "case.referred": "referred to another help desk",
    "case.prioritized": "assessed",
    "case.priority_imported": "assessed",
    "case.assigned": "with the team that works on it",
    "case.pended": "waits",
    "case.resumed": "goes on",
    "case.corrected": "corrected",
    "case.noted": "noted",
    "case.attached": "file added",
    "case.message_received": "mail received",
    "case.resolved": "resolved",
    "case.disputed": "disputed",
    "case.reopened": "reopened",
    "case.closed": "closed",
}
"""Events that the customer reads, each with its wording. All others stay internal."""
_WORDS = {"case.message_received": "words", "case.pended": "question"}
"""The field that holds an event's words. A note's words are in its note."""
_WHERE_MARKED = frozenset({"case.noted", "case.attached"})
"""Events that customers read only if marked visible to them."""


def followed_document(case: Case, first: Case, entries: Sequence[Entry]) -> dict[str, Any]:
    """Return a case as its customer reads it by link. ``first`` is its first case, or the case itself."""
    words = {name: case.words.text(name) if case.words else None for name in ("subject", "description")}
    for name in words:
        if name in case.corrections:
            words[name] = case.corrections[name].text(name)
    return {
        "number": case.number,
        "status": case.status,
        **words,
        "service": case.service_name or case.service,
        "received_at": case.received_at,
        "resolved_at": case.resolved_at,
        "closed_at": case.closed_at,
        "solution": case.solution.text("solution") if case.solution else None,
        "dispute_until": case.dispute_until,
        "question": case.question.question.text("question") if case.question else None,
        "history": [item for item in (_history_item(case, entry) for entry in entries) if item is not None],
        "attachments": [_file(case, each) for each in case.attachments if shown_to(each, Role.CUSTOMER)],
        "can": _can(case, first),
    }


def _can(case: Case, first: Case) -> list[str]:
    """Return the actions open to the customer. A duplicate is disputed and closed with its first case (R-5.6c)."""
    dispute = ["dispute"] if first.status in SETTLED else []
    accept = ["accept"] if case.status is Status.RESOLVED and not case.continued else []
    return ["notes", "attachments", *dispute, *accept]


def _history_item(case: Case, entry: Entry) -> dict[str, Any] | None:
    event, topic = entry.event, entry.event.TOPIC
    if topic not in TOLD or (topic in _WHERE_MARKED and not getattr(event, "visible_to_customer", False)):
        return None
    mail = event if isinstance(event, MessageReceived) else None
    if mail is not None and (mail.automatic or mail.sender != case.customer):
        return None
    item = history_item(entry, Role.CUSTOMER)
    by = "you" if mail is not None else _by(case, event.by)
    words = (item["data"].get(_WORDS.get(topic, "note")) or {}).get("value") or {}
    return {
        "at": item["occurred_at"],
        "what": TOLD[topic],
        "by": by,
        "text": words.get("text") or words.get("question") or (item["reason"] if by == "you" else None),
    }


def _by(case: Case, actor: Actor) -> str:
    """Name the actor for the customer. Other people who write about the case do so by mail."""
    if actor.role is not Role.CUSTOMER:
        return "the desk"
    return "you" if actor.subject == case.customer else "somebody else"


def _file(case: Case, attachment: Attachment) -> dict[str, Any]:
    document = attachment_document(attachment)
    return {
        **{name: document[name] for name in ("digest", "name", "type", "size", "attached_at", "erased")},
        "by": _by(case, attachment.by),
    }
