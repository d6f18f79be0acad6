"""Documents of cases and other aggregates: plain data, the same for every interface.

A case's document follows from its events alone, so a repeated answer is the same answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields
from functools import cache
from typing import Any
from urllib.parse import urlencode

from application.administration.meanings import meanings
from application.cases.attachments import shown_to
from application.cases.visibility import (
    OF_ONE_CUSTOMER,
    case_shown,
)
from application.personal_data.approvals import approval_document
from domain.access import Access
from domain.aggregate import Root
from domain.approval import Approval
from domain.case import Case
from domain.case.status import STAFF, can
from domain.case.terms import Attachment, CaseMessage, MailedQuestion, PendingMark
from domain.catalogue import Listed
from domain.monitoring.alert import Alert
from domain.monitoring.source import ListedSource
from domain.policy import Policy
from domain.policy_book import PolicyBook
from domain.problem import Problem
from domain.readers.saved_filters import SavedFilters
from domain.readers.webhook import ListedWebhook
from domain.values import Actor, Candidate, Role

MESSAGES = 50
"""Messages that a case shows: the latest. Earlier ones are in its history."""


def case_document(case: Case, reader: Role = Role.AUDITOR) -> dict[str, Any]:
    """Return a case as a document (`design.md`, HTTP). Erased words are null, and `erased` says so.

    `visibility.py` limits what customers read: nothing of others' cases, and no obligations of the desk.
    """
    words, reached = ((each and each.texts) or {} for each in (case.words, case.contact))
    said = {name: words.get(name) for name in _WORDS}
    contact = {name: reached.get(name) for name in ("name", "email", "phone")}
    for name, correction in case.corrections.items():
        (contact if name in contact else said)[name] = correction.text(name)
    resolution = case.resolution
    attachments = [each for each in case.attachments if shown_to(each, reader)]
    messages = case.messages if reader is not Role.CUSTOMER else _messages_of(case.customer, case)
    disclosures = (case.words, case.contact, case.reported_by, case.solution, *case.corrections.values())
    own = reader is Role.CUSTOMER
    document = {
        "number": case.number,
        "id": case.id,
        "version": case.version,
        "status": case.status,
        "priority": case.priority,
        "impact": case.impact,
        "severity": case.severity,
        "matrix": case.matrix,
        "service": case.service,
        "service_version": case.service_version,
        "service_name": case.service_name,
        "team": case.team,
        "technician": case.technician,
        "channel": case.channel,
        "nature": case.nature,
        "customer": {"id": case.customer, **contact, "agency": case.agency},
        "reporter": case.reported_by.texts if case.reported_by else None,
        "on_behalf_of": case.customer if case.reporter not in (None, case.customer) else None,
        "unverified": case.unverified,
        **said,
        "quoted": words.get("quoted"),
        "received_at": case.received_at,
        "resolved_at": case.resolved_at,
        "closed_at": case.closed_at,
        "dispute_until": case.dispute_until,
        "dispute_candidate_since": case.suspected_at,
        "respond_by": case.respond_by,
        "resolve_by": case.resolve_by,
        "responded_at": case.responded_at,
        "calendar": case.calendar and _fields(case.calendar),
        "incomplete": case.incomplete,
        "missing": case.missing,
        "pending": case.pending and _pending(case.pending, case.question),
        "resolution": resolution
        and {
            "code": resolution.code,
            "workaround": resolution.workaround,
            "cause_corrected": resolution.cause_corrected,
            "solution": case.solution.text("solution") if case.solution else None,
        },
        "problem": resolution.problem if resolution else None,
        "links": [{"case": n, "kind": kind} for n, kind in case.links.items() if kind in OF_ONE_CUSTOMER or not own],
        "unrelated": sorted(case.unrelated),
        "duplicate_of": case.duplicate_of,
        "consultations": [_fields(asked) for asked in case.consultations.values()],
        "major": case.major and {"status": case.major, "owner": case.major_owner},
        "obligations": [{"key": owed.key, **_fields(owed)} for owed in case.obligations.values()],
        "assumed": case.assumed and _fields(case.assumed),
        "truncated": case.truncated,
        "recovered_at": case.recovered_at,
        "follow_up_of": case.follow_up_of if case.follows_own or not own else None,
        "external_ref": case.external_ref,
        "reopenings": case.reopenings,
        "hand_backs": case.hand_backs,
        "failed_fixes": case.failed_fixes,
        "failed_notifications": case.failed_notifications,
        "imported_from": case.source_system,
        "hold": case.hold and _fields(case.hold),
        "candidates": _candidates(case),
        "attachments": [attachment_document(each) for each in attachments],
        "messages": [message_document(case.number, each) for each in messages[-MESSAGES:]],
        "earlier_messages": max(0, len(messages) - MESSAGES),
        "erased": any(d is not None and d.value is None for d in (*disclosures, *(a.said for a in attachments))),
    }
    return case_shown(reader, document)


def _messages_of(sender: str, case: Case) -> tuple[CaseMessage, ...]:
    return tuple(each for each in case.messages if each.sender == sender)


def _pending(pending: PendingMark, question: MailedQuestion | None) -> dict[str, Any]:
    """Return the pending mark, with its question if one was mailed."""
    asked = {"question": question.question.text("question")} if question is not None else {}
    return {"reason": pending.reason, "since": pending.since, **asked}


def _fields(value: Any) -> dict[str, Any]:
    """Return a value with every field, including those that did not exist when it was stored."""
    return {field.name: getattr(value, field.name) for field in fields(value)}


def commands_of(root: Root, reader: Actor) -> dict[str, Any]:
    """Return the commands that staff may give on a case now (R-6a). Empty for other aggregates and readers."""
    if not isinstance(root, Case) or reader.role not in STAFF:
        return {}
    verbs = can(reader, root.status, root.team)
    follows = root.continued or root.goes_with is not None
    return {"can": [verb for verb in verbs if not (follows and verb in OF_THE_FIRST)]}


OF_THE_FIRST = frozenset({"resolve", "refer", "close", "reopen", "fan-out"})
"""Commands that a duplicate receives only with its first case (R-5.6c)."""


def _candidates(case: Case) -> list[Candidate] | None:
    """Return the candidates shown at logging (R-5.6a) that nobody has decided on since; None if none were shown."""
    decided = {*case.links, *case.unrelated}
    shown = case.shown_candidates
    return None if shown is None else [candidate for candidate in shown if candidate.case not in decided]


def attachment_document(attachment: Attachment) -> dict[str, Any]:
    """Return an attachment as a document. An erased one shows only that it existed."""
    said = attachment.said
    return {
        "digest": said.digest,
        **{name: said.text(name) for name in ("name", "type", "size", "sha256", "content_id")},
        "by": attachment.by,
        "attached_at": attachment.attached_at,
        "version": attachment.version,
        "visible_to_customer": attachment.visible_to_customer,
        "erased": said.value is None,
    }


def message_document(number: str, mailed: CaseMessage) -> dict[str, Any]:
    """Return a message of a case as a document: sender, recipients, and the link to its bytes."""
    texts = mailed.written_to.texts if mailed.written_to else {}
    return {
        "id": mailed.message,
        "received_at": mailed.received_at,
        "automatic": mailed.automatic,
        "from": {name: mailed.contact.text(name) if mailed.contact else None for name in ("name", "email")},
        **{name: None if texts is None else texts.get(name, []) for name in ("to", "cc")},
        "raw": f"/cases/{number}/messages/{mailed.message}/raw",
    }


def problem_document(problem: Problem) -> dict[str, Any]:
    """Return a Problem Case as a document (R-5.8.1b)."""
    texts = {
        name: said.text(key) if said else None
        for name, said, key in (
            ("title", problem.words, "title"),
            ("description", problem.words, "description"),
            ("workaround", problem.workaround, "solution"),
            ("root_cause", problem.root_cause, "cause"),
            ("solution", problem.solution, "solution"),
        )
    }
    return {
        "number": problem.number,
        "id": problem.id,
        "version": problem.version,
        "status": problem.status,
        "priority": problem.priority,
        "service": problem.service,
        "incidents": problem.incidents,
        **texts,
        "known_error": problem.known_error,
        "article": problem.article.texts if problem.article else None,
        "opened_at": problem.opened_at,
        "resolved_at": problem.resolved_at,
        "closed_at": problem.closed_at,
    }


def entry_document(listed: Listed[Any]) -> dict[str, Any]:
    """Return an entry of the catalogue or the directory as a document."""
    contact = {"contact": listed.contact.texts} if listed.contact else {}
    return {**asdict(listed.entry), **contact, **_keys(listed), "version": listed.version}


def _keys(listed: Listed[Any]) -> dict[str, Any]:
    """Return the keys of a source, or the secrets of a webhook, by id. The secrets themselves are not known here."""
    if isinstance(listed, ListedWebhook):
        secrets = [{"id": id_, **asdict(secret)} for id_, secret in listed.secrets.items()]
        return {"secrets": secrets, "disabled": listed.disabled}
    if not isinstance(listed, ListedSource):
        return {}
    keys = [{"id": id_, "issued_at": key.issued_at, "revoked_at": key.revoked_at} for id_, key in listed.keys.items()]
    return {"keys": keys}


def alert_document(alert: Alert) -> dict[str, Any]:
    """Return an alert as a document, with the case that it concerns now."""
    return {
        "fingerprint": alert.seen.fingerprint,
        "source": alert.source,
        "case": alert.case,
        "status": "firing" if alert.seen.firing else "resolved",
        "heartbeats": sum(episode.heartbeats for episode in alert.seen.episodes),
        "last_seen_at": alert.seen.episodes[-1].last_seen_at,
        "episodes": [
            {**_fields(each), "started_at": each.began_at, "ended_at": each.over_at} for each in alert.seen.episodes
        ],
        "episodes_forgotten": alert.seen.forgotten,
    }


def policy_document(book: PolicyBook) -> dict[str, Any]:
    """Return a policy as a document: intervals as ISO 8601 durations; `fields` gives each unit and meaning."""
    return {**_fields(book.policy), "book_version": book.version, "fields": _policy_fields()}


@cache
def _policy_fields() -> dict[str, Any]:
    return {name: meaning.document() for name, meaning in meanings(Policy).items()}


def access_document(access: Access) -> dict[str, Any]:
    """Return a person's grants as a document."""
    grants = [_fields(grant) for grant in access.grants.values()]
    return {"subject": access.subject, "version": access.version, "grants": grants}


def filters_document(saved: SavedFilters) -> dict[str, Any]:
    """Return an owner's saved filters as a document, each with the address of its list."""
    items = [
        {
            "name": name,
            "query": dict(each.query),
            "href": f"/cases?{urlencode(each.query)}" if each.query else "/cases",
            "saved_by": each.saved_by,
        }
        for name, each in sorted(saved.filters.items())
    ]
    return {"owner": saved.owner, "version": saved.version, "filters": items}


_DOCUMENTS: tuple[tuple[type[Root], Callable[[Any], dict[str, Any]]], ...] = (
    (Problem, problem_document),
    (Listed, entry_document),
    (PolicyBook, policy_document),
    (Access, access_document),
    (Approval, approval_document),
    (SavedFilters, filters_document),
)


def document_of(root: Root, reader: Role = Role.AUDITOR) -> dict[str, Any]:
    """Return the document of any aggregate. Raises TypeError for one that has none."""
    if isinstance(root, Case):
        return case_document(root, reader)
    for kind, document in _DOCUMENTS:
        if isinstance(root, kind):
            return document(root)
    raise TypeError(f"{type(root).__name__} has no document")


_WORDS = ("subject", "description", "symptoms", "location", "asset", "callback")
