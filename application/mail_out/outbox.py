"""SOP 5.9: what becomes of a mail, and with it of the case it tells of: one transaction each (R-5.9a, R-5.9d)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from application.execution.reference import Reference
from application.execution.requests import Committed, Request
from application.execution.runner import Casework, Words
from application.mail_out.letters import Letter, LetterKind, Sent, Thread
from domain.case import Case
from domain.case.clauses.triage import Referred
from domain.outgoing_mail import Message
from domain.values import DisclosureKind, Provenance

_BACKOFF, _LONGEST = timedelta(seconds=30), timedelta(hours=4)
_GIVES_UP = timedelta(days=4)
"""After which a server that never answers has refused (RFC 5321, 4.5.4.1)."""
_CONTESTABLE = frozenset({LetterKind.RESOLVED, LetterKind.REFERRED})
"""Letters from which a window runs."""
NOT_WRITTEN = "not-written"
"""Why a mail counts as refused that we could not write ourselves."""
_CODE = re.compile(r"(?:^|(?<=: ))[245]\d\d\b(?:[ -][245]\.\d{1,3}\.\d{1,3})?")
"""What of a server's answer may stand in an event: its words may name the recipient. A port is no answer."""


class Links(Protocol):
    """Makes the addresses under which customers act: each of one case, for one customer and one purpose."""

    def dispute(self, case: str, resolution: int, customer: str, erasures: int) -> str:
        """Where the customer disputes one resolution. ``erasures`` is how often they have been erased so far."""
        ...

    def follow(self, case: str, customer: str, erasures: int) -> str:
        """Where the customer follows the case."""
        ...


class Mailing(Casework):
    """Reads what is to be sent, and records what became of it."""

    def letter(self, message: UUID, links: Links) -> Letter | None:
        """The mail as it is to be sent now; None when there is nothing to send any more."""
        waiting: Message = self.repository.get(message)
        if not waiting.is_waiting:
            return None
        # Count before the words are read: an erasure in between then takes the words, or voids the link.
        erasures = self.erasures_of(waiting.recipient.subject)
        queued: Message = self.repository.get(message)
        case = self._get(Case, queued.case)
        told = queued.recipient.texts
        if told is None or not _stands(queued, case):
            return None
        words = (case.words and case.words.texts) or {}
        correction = case.corrections.get("subject")
        kind = LetterKind(queued.kind)
        contestable = queued.resolution if kind in _CONTESTABLE else None
        return Letter(
            kind=kind,
            message_id=queued.message_id,
            case=case.number,
            thread=self._thread(queued, told),
            recipient=told["email"],
            name=told.get("name"),
            subject=correction.text("subject") if correction else words.get("subject"),
            solution=case.solution.text("solution") if case.solution and queued.resolution is not None else None,
            workaround=case.resolution is not None and case.resolution.workaround,
            deadline=None if contestable is None else self._deadline(case),
            time_zone=self.policy.business.time_zone,
            dispute_url=None
            if contestable is None
            else links.dispute(case.number, contestable, case.customer, erasures),
            follow_url=links.follow(case.number, case.customer, erasures) if _to_customer(kind, case) else None,
            help_desk=self._other_desk(case) if kind is LetterKind.REFERRED else None,
            continued_as=case.duplicate_of,
            question=case.question.question.text("question") if case.question else None,
            monitoring=case.impersonal,
        )

    def mail_accepted(self, message: UUID, sent: Sent, sent_at: datetime, request: Request) -> None:
        """A server took it: with that the window starts (R-5.9d). Of a mail already recorded nothing is changed."""

        def decide(queued: Message, case: Case, provenance: Provenance) -> None:
            kept = queued.recipient.texts is not None  # else he was erased while it was on its way
            words = {"raw": sent.raw, "reply": sent.reply} if kept else {}
            content = self._say(case.customer, DisclosureKind.MESSAGE, words)
            queued.accept(content, sent_at, provenance)
            if queued.resolution is not None and _stands(queued, case):
                case.notified(queued.message_id, queued.resolution, self.policy, provenance)

        self._on_message(message, request, decide)

    def mail_deferred(self, message: UUID, why: str, request: Request) -> None:
        """A server would not take it now: later again, ever less often, until it counts as refused."""

        def decide(queued: Message, case: Case, provenance: Provenance) -> None:
            if provenance.at - queued.created_on >= _GIVES_UP:
                self._bounce(queued, case, why, provenance)
                return
            wait = min(_BACKOFF * 2 ** min(queued.attempts, 16), _LONGEST)
            queued.defer(_code_of(why), provenance.at + wait, provenance)

        self._on_message(message, request, decide)

    def mail_refused(self, message: UUID, why: str, request: Request) -> None:
        """A server will not take it: the window has not started, and the customer is to be told (R-5.9g)."""
        self._on_message(message, request, lambda queued, case, provenance: self._bounce(queued, case, why, provenance))

    def withdraw_mail(self, message: UUID, request: Request) -> None:
        """What it tells of is no longer so; or whom it tells was erased, and the customer is not told (R-5.9g)."""

        def decide(queued: Message, case: Case, provenance: Provenance) -> None:
            queued.withdraw(provenance)
            if queued.recipient.texts is None:
                self._untold(queued, case, "erased", provenance)

        self._on_message(message, request, decide)

    def _bounce(self, queued: Message, case: Case, why: str, provenance: Provenance) -> None:
        queued.bounce(_code_of(why), provenance)
        self._untold(queued, case, "bounced", provenance)

    def _untold(self, queued: Message, case: Case, cause: str, provenance: Provenance) -> None:
        if not _stands(queued, case):
            return
        if queued.kind in _CONTESTABLE:
            case.not_notified(cause, self.policy, provenance, message=queued.message_id)
        elif queued.question is not None:
            case.question_failed(cause, queued.message_id, queued.question, self.policy, provenance)

    def _returned(self, message: Message, case: Case, cause: str, provenance: Provenance) -> None:
        """A mail that a server had taken came back for good: the customer knows nothing, so no window runs (R-5.9g).

        ``cause`` is a code such as `dsn-5.1.1`. Of a mail that came back before, or was never sent, nothing is recorded.
        """
        if message.outcome == "accepted":
            message.bounce(cause, provenance)
            if not _stands(message, case):
                return
            if message.kind in _CONTESTABLE:
                case.not_notified("bounced", self.policy, provenance, message=message.message_id, returned=True)
            elif message.question is not None:
                case.question_failed("bounced", message.message_id, message.question, self.policy, provenance)

    def _thread(self, queued: Message, told: Words) -> Thread:
        ours, answering = self.addresses, queued.kind == LetterKind.ACKNOWLEDGED
        return Thread(
            root=ours.root_reference(queued.case),
            token=ours.subject_token(queued.case),
            reply_to=ours.reply_to(queued.case, queued.recipient.subject),
            bounces_to=None if answering else ours.envelope_from(queued.id),
            desk=ours.desk,
            answers=told.get("answers"),
        )

    def _on_message(self, message: UUID, request: Request, decide: Callable[[Message, Case, Provenance], None]) -> None:
        def attempt(reference: Reference) -> Committed:
            queued: Message = self.repository.get(message)
            case = self._get(Case, queued.case)
            if queued.is_waiting:
                decide(queued, case, self._provenance(request))
            if case.pending_events:  # what became of the mail, and then what follows for the case
                return self._commit(case, (queued,), request, reference)
            return self._commit(queued, (), request, reference)

        self._decide(str(message), request, attempt)

    def _deadline(self, case: Case) -> datetime:
        return case.dispute_until or self.policy.window_from(self.clock.now())

    def _other_desk(self, case: Case) -> dict[str, Any]:
        """The other desk's entry, as the referral froze it."""
        for entry in reversed(self.register.history(case.id)):
            if isinstance(entry.event, Referred):
                return dict((entry.event.contact and entry.event.contact.texts) or {})
        return {}


def _stands(queued: Message, case: Case) -> bool:
    """Whether what a mail tells of is still so, or what it asks is still asked."""
    if queued.question is not None:
        asked = case.question
        return asked is not None and asked.version == queued.question and asked.question.value is not None
    if queued.resolution is None:
        return True
    return case.resolution is not None and case.resolution_version == queued.resolution


def _code_of(why: str) -> str:
    found = _CODE.search(why)
    if found:
        return f"smtp-{found[0].replace(' ', '-')}"
    return NOT_WRITTEN if why == NOT_WRITTEN else "not-reached"


def _to_customer(kind: LetterKind, case: Case) -> bool:
    """Whether a letter carries the link under which the customer follows the case: to their own address only."""
    return kind is LetterKind.ACKNOWLEDGED or (kind is LetterKind.QUESTION and not case.impersonal)
