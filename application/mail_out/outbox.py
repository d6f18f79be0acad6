"""SOP 5.9: mails to customers. One transaction records a mail's fate on the mail and its case (R-5.9a, R-5.9d)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from application.execution.attempt import Attempt, Words
from application.execution.requests import Committed, Request
from application.execution.runner import CommandRunner
from application.mail_out.addresses import Addresses
from application.mail_out.letters import EnclosedReport, Letter, LetterKind, Sent, Thread
from domain.case import Case
from domain.case.clauses.triage import Referred
from domain.case.targets import watched
from domain.errors import NotFound
from domain.outgoing_mail import Message
from domain.policy import Policy
from domain.readers.report_issue import ReportIssue
from domain.values import DisclosureKind

_BACKOFF, _LONGEST = timedelta(seconds=30), timedelta(hours=4)
_GIVES_UP = timedelta(days=4)
"""Time after which a mail that was only ever deferred counts as refused (RFC 5321, 4.5.4.1)."""
_CONTESTABLE = frozenset({LetterKind.RESOLVED, LetterKind.REFERRED})
"""Letters that start a dispute window."""
NOT_WRITTEN = "not-written"
"""The cause on record for a mail that we could not compose."""
_CODE = re.compile(r"(?:^|(?<=: ))[245]\d\d\b(?:[ -][245]\.\d{1,3}\.\d{1,3})?")
"""The part of a server's answer that an event may keep: its words may name the recipient. A port number is no code."""


class Links(Protocol):
    """Makes the links by which customers act, each for one case, customer and purpose."""

    def dispute(self, case: str, resolution: int, customer: str, erasures: int) -> str:
        """Make the link that disputes one resolution. ``erasures`` counts the customer's erasures so far."""
        ...

    def follow(self, case: str, customer: str, erasures: int) -> str:
        """Make the link that follows the case."""
        ...


class Outbox:
    """Reads the mails to send, and records the fate of each."""

    def __init__(self, runner: CommandRunner, addresses: Addresses) -> None:
        self._runner, self._repository, self._addresses = runner, runner.repository, addresses

    async def letter(self, message: UUID, links: Links) -> Letter | None:
        """Return the letter to send now, or None if there is nothing left to send."""
        waiting = await self._mail(message)
        if not waiting.is_waiting:
            return None
        if waiting.report is not None:
            return await self._report_letter(waiting, waiting.report)
        # Count before reading the words: an erasure in between then removes the words or voids the link.
        erasures = await self._repository.erasures_of(waiting.recipient.subject)
        queued = await self._mail(message)
        case = await self._repository.get(Case, queued.case)
        told = queued.recipient.texts
        if told is None or not _stands(queued, case):
            return None
        words = (case.words and case.words.texts) or {}
        correction = case.corrections.get("subject")
        kind = LetterKind(queued.kind)
        contestable = queued.resolution if kind in _CONTESTABLE else None
        policy = (await self._runner.references.current()).policy
        breached = _breached(case, policy, self._runner.clock.now()) if kind is LetterKind.ESCALATED else None
        if breached == []:
            return None  # met or moved since
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
            deadline=None
            if contestable is None
            else case.dispute_until or policy.window_from(self._runner.clock.now()),
            time_zone=policy.business.time_zone,
            dispute_url=None
            if contestable is None
            else links.dispute(case.number, contestable, case.customer, erasures),
            follow_url=links.follow(case.number, case.customer, erasures) if _to_customer(kind, case) else None,
            help_desk=await self._other_desk(case) if kind is LetterKind.REFERRED else None,
            continued_as=case.duplicate_of,
            question=case.question.question.text("question") if case.question else None,
            monitoring=case.impersonal and kind is not LetterKind.ESCALATED,
            breached=breached or (),
        )

    async def accepted(self, message: UUID, sent: Sent, sent_at: datetime, request: Request) -> None:
        """Record that a server accepted the mail. The window starts (R-5.9d). A recorded fate does not change."""

        def decide(queued: Message, case: Case | None, on: Attempt) -> None:
            kept = queued.recipient.texts is not None  # else the customer was erased in transit
            words = {"raw": sent.raw, "reply": sent.reply} if kept else {}
            about = queued.recipient.subject if case is None else case.customer
            queued.accept(on.say(about, DisclosureKind.MESSAGE, words), sent_at, on.provenance)
            if case is not None and queued.resolution is not None and _stands(queued, case):
                case.notified(queued.message_id, queued.resolution, on.policy, on.provenance)

        await self._on_message(message, request, decide)

    async def deferred(self, message: UUID, why: str, request: Request) -> None:
        """Record a temporary failure. Retries become rarer until the mail counts as refused."""

        def decide(queued: Message, case: Case | None, on: Attempt) -> None:
            if on.at - queued.created_on >= _GIVES_UP:
                _bounce(queued, case, why, on)
                return
            wait = min(_BACKOFF * 2 ** min(queued.attempts, 16), _LONGEST)
            queued.defer(_code_of(why), on.at + wait, on.provenance)

        await self._on_message(message, request, decide)

    async def refused(self, message: UUID, why: str, request: Request) -> None:
        """Record a permanent failure. No window starts, and the desk must inform the customer (R-5.9g)."""
        await self._on_message(message, request, lambda queued, case, on: _bounce(queued, case, why, on))

    async def withdraw(self, message: UUID, request: Request) -> None:
        """Withdraw a mail that is out of date, or whose recipient was erased and stays uninformed (R-5.9g)."""

        def decide(queued: Message, case: Case | None, on: Attempt) -> None:
            queued.withdraw(on.provenance)
            if queued.recipient.texts is None:
                _untold(queued, case, "erased", on)

        await self._on_message(message, request, decide)

    def _thread(self, queued: Message, told: Words) -> Thread:
        ours, answering = self._addresses, queued.kind == LetterKind.ACKNOWLEDGED
        return Thread(
            root=ours.root_reference(queued.case),
            token=ours.subject_token(queued.case),
            reply_to=ours.reply_to(queued.case, queued.recipient.subject),
            bounces_to=None if answering else ours.envelope_from(queued.id),
            desk=ours.desk,
            answers=told.get("answers"),
        )

    async def _on_message(
        self, message: UUID, request: Request, decide: Callable[[Message, Case | None, Attempt], None]
    ) -> None:
        async def attempt(on: Attempt) -> Committed:
            queued = await self._mail(message)
            case = None if queued.report is not None else await self._repository.get(Case, queued.case)
            if queued.is_waiting:
                decide(queued, case, on)
            if case is not None and case.pending_events:  # the mail's fate, and then its effect on the case
                return await self._runner.commit(case, on, (queued,))
            return await self._runner.commit(queued, on)

        await self._runner.try_until_committed(str(message), request, attempt)

    async def _report_letter(self, queued: Message, report: UUID) -> Letter | None:
        """Return the letter with an issue of a report; None where its recipient was erased."""
        told, issue = queued.recipient.texts, await self._repository.find(ReportIssue, report)
        if told is None or issue is None:
            return None
        ours = self._addresses
        return Letter(
            kind=LetterKind.REPORT,
            message_id=queued.message_id,
            case="",
            thread=Thread(None, "", ours.mailbox, ours.envelope_from(queued.id), ours.desk),
            recipient=told["email"],
            name=told.get("name"),
            subject=None,
            solution=None,
            workaround=False,
            deadline=None,
            time_zone=issue.time_zone,
            dispute_url=None,
            follow_url=None,
            help_desk=None,
            continued_as=None,
            report=EnclosedReport(issue.schedule, issue.period, issue.form, issue.document),
        )

    async def _mail(self, message: UUID) -> Message:
        found = await self._repository.find(Message, message)
        if found is None:
            raise NotFound(f"There is no mail {message}.")
        return found

    async def _other_desk(self, case: Case) -> dict[str, Any]:
        """Return the other desk's entry, as frozen by the referral."""
        for entry in reversed(await self._repository.store.history(case.id)):
            if isinstance(entry.event, Referred):
                return dict((entry.event.contact and entry.event.contact.texts) or {})
        return {}


def come_back(message: Message, case: Case | None, cause: str, on: Attempt) -> None:
    """Record a bounce: a mail came back for good. The customer is not informed, so no window runs (R-5.9g).

    ``cause`` is a code such as `dsn-5.1.1`. A mail that bounced before, or was withdrawn, does not change. One that
    still waits was sent all the same: a bounce may overtake the record of its acceptance, or the server's reply was lost.
    """
    if message.is_waiting or message.outcome == "accepted":
        message.bounce(cause, on.provenance)
        _untold(message, case, "bounced", on, returned=True)


def _bounce(queued: Message, case: Case | None, why: str, on: Attempt) -> None:
    queued.bounce(_code_of(why), on.provenance)
    _untold(queued, case, "bounced", on)


def _untold(queued: Message, case: Case | None, cause: str, on: Attempt, *, returned: bool = False) -> None:
    if case is None or not _stands(queued, case):
        return
    if queued.kind in _CONTESTABLE:
        case.not_notified(cause, on.policy, on.provenance, message=queued.message_id, returned=returned)
    elif queued.question is not None:
        case.question_failed(cause, queued.message_id, queued.question, on.policy, on.provenance)


def _stands(queued: Message, case: Case) -> bool:
    """Whether the mail is still up to date: its resolution and its link stand, or its question is open."""
    if queued.question is not None:
        asked = case.question
        return asked is not None and asked.version == queued.question and asked.question.value is not None
    if queued.resolution is None:
        return True
    if queued.kind == LetterKind.CONTINUED and case.duplicate_of is None:
        return False  # undone once the case was closed: it keeps its resolution
    return case.resolution is not None and case.resolution_version == queued.resolution


def _breached(case: Case, policy: Policy, at: datetime) -> list[tuple[str, datetime]]:
    """The targets that the case has missed and not met yet."""
    missed = (each for each in watched(case) if each.due_at <= at and each.ended_at is None)
    return [(each.kind, each.due_at) for each in missed if each.waits not in policy.pausing]


def _code_of(why: str) -> str:
    found = _CODE.search(why)
    if found:
        return f"smtp-{found[0].replace(' ', '-')}"
    return NOT_WRITTEN if why == NOT_WRITTEN else "not-reached"


def _to_customer(kind: LetterKind, case: Case) -> bool:
    """Whether a letter carries the link that follows the case. It goes only to the customer's own address."""
    return kind is LetterKind.ACKNOWLEDGED or (kind is LetterKind.QUESTION and not case.impersonal)
