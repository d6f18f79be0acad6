"""SOP 5.1, 5.9 by self service: customers report, follow their case by the link in a mail, and say what there is to say.

Whoever reports without an identity has shown nothing: his case says so, and he learns no more than its number. The link that
follows it goes to the address he gave, so that it is the address's owner who gets on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from application.cases.attachments import File, shown_to
from application.cases.documents import attachment_document
from application.cases.history import history_item
from application.customers.case_link import Contesting, Outcome
from application.execution.principals import DisputeLink, FollowLink
from application.execution.requests import Committed, Request
from application.execution.runner import Words
from application.ports import Entry
from domain.case import Case
from domain.case.clauses.annotations import MessageReceived
from domain.case.clauses.logging import IncidentReport
from domain.case.status import SETTLED, Status
from domain.case.terms import Attachment
from domain.values import Actor, Role

TOLD = {
    "case.logged": "received",
    "case.triaged": "taken on",
    "case.referred": "referred to another help desk",
    "case.prioritized": "assessed",
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
"""What is told of a case's history to the one it is about, and how; the rest is the desk's own business."""
_SAID = {"case.message_received": "words", "case.pended": "question"}
"""Where the words are of what is told; a note's are in its note."""
_WHEN_SHOWN = frozenset({"case.noted", "case.attached"})


class Following(Contesting):
    """What customers do by themselves."""

    def report_unverified(self, report: IncidentReport, contact: Words, words: Words, request: Request) -> Committed:
        """Log what somebody reports who has only said who he is; ``request.actor`` is whom the address stands for."""
        return self.log_case(report, contact, words, {}, None, request)

    def follow(self, link: FollowLink) -> Case:
        """The case behind a link. Raises NotFound, also once somebody has had himself erased since it was made."""
        return self._behind(link)

    def followed(self, link: FollowLink, committed: Committed | None = None) -> dict[str, Any]:
        """How a case reads for the one it is about; as it read when a command of his was carried out. Raises NotFound."""
        case = self.follow(link)
        if committed is not None and committed.case.id == case.id:
            case = committed.case
        return followed_document(case, self._first_of(case), self.register.history(case.id, until=case.version))

    def followed_file(self, link: FollowLink, digest: str) -> tuple[Attachment, Any]:
        """A file that he may see, and its content in pieces. Raises NotFound, Erased."""
        self.follow(link)
        return self.attachment(link.case, digest, _himself(link))

    def note_by_link(self, link: FollowLink, text: str, request: Request) -> Committed:
        """Add a note of his. Raises NotFound."""
        self.follow(link)
        return self.note(link.case, text, visible_to_customer=True, request=request)

    def attach_by_link(self, link: FollowLink, file: File, request: Request) -> Committed:
        """Add a file of his. Raises NotFound, and what `attach` raises."""
        self.follow(link)
        return self.attach(link.case, (file,), visible_to_customer=True, request=request)

    def dispute_by_link(self, link: FollowLink, reason: str, request: Request) -> Outcome:
        """Dispute (R-5.9c): nobody who says that it is not well is sent away. Raises NotFound."""
        resolution = self.follow(link).resolution_version or 0
        return self.contest(DisputeLink(link.case, resolution, link.customer, link.made), reason, request)

    def accept_by_link(self, link: FollowLink, request: Request) -> Committed:
        """Say that all is well: the case closes with his own word (R-5.9d). Raises NotFound, InvalidTransition."""
        self.follow(link)
        return self.close_case(link.case, None, None, None, request)


def followed_document(case: Case, first: Case, entries: Sequence[Entry]) -> dict[str, Any]:
    """A case as the one it is about reads it by his link: nothing of who works on it, and of no other case.

    ``first`` is the case that it goes with, or itself.
    """
    said = {name: case.words.text(name) if case.words else None for name in ("subject", "description")}
    for name in said:
        if name in case.corrections:
            said[name] = case.corrections[name].text(name)
    return {
        "number": case.number,
        "status": case.status,
        **said,
        "service": case.service_name or case.service,
        "received_at": case.received_at,
        "resolved_at": case.resolved_at,
        "closed_at": case.closed_at,
        "solution": case.solution.text("solution") if case.solution else None,
        "dispute_until": case.dispute_until,
        "question": case.question.question.text("question") if case.question else None,
        "history": [told for told in (_told(case, entry) for entry in entries) if told is not None],
        "attachments": [_file(case, each) for each in case.attachments if shown_to(each, Role.CUSTOMER)],
        "can": _can(case, first),
    }


def _can(case: Case, first: Case) -> list[str]:
    """What there is to do: a dispute of a duplicate is one of the first case, and it closes with that (R-5.6c)."""
    dispute = ["dispute"] if first.status in SETTLED else []
    accept = ["accept"] if case.status is Status.RESOLVED and not case.continued else []
    return ["notes", "attachments", *dispute, *accept]


def _told(case: Case, entry: Entry) -> dict[str, Any] | None:
    event, topic = entry.event, entry.event.TOPIC
    if topic not in TOLD or (topic in _WHEN_SHOWN and not getattr(event, "visible_to_customer", False)):
        return None
    mail = event if isinstance(event, MessageReceived) else None
    if mail is not None and (mail.automatic or mail.sender != case.customer):
        return None
    item = history_item(entry, Role.CUSTOMER)
    by = "you" if mail is not None else _by(case, event.by)
    said = (item["data"].get(_SAID.get(topic, "note")) or {}).get("value") or {}
    return {
        "at": item["occurred_at"],
        "what": TOLD[topic],
        "by": by,
        "text": said.get("text") or said.get("question") or (item["reason"] if by == "you" else None),
    }


def _by(case: Case, actor: Actor) -> str:
    """Who it was, for the customer; others who write about his case say it by mail."""
    if actor.role is not Role.CUSTOMER:
        return "the desk"
    return "you" if actor.subject == case.customer else "somebody else"


def _file(case: Case, attachment: Attachment) -> dict[str, Any]:
    document = attachment_document(attachment)
    return {
        **{name: document[name] for name in ("digest", "name", "type", "size", "attached_at", "erased")},
        "by": _by(case, attachment.by),
    }


def _himself(link: FollowLink) -> Actor:
    return Actor(link.customer, Role.CUSTOMER)
