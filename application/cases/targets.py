"""SOP 5.2, 5.4: warnings before the targets of a case, breaches, and their escalation (R-5.2e, R-5.4c)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from application.cases.history import history_items
from application.execution.attempt import Attempt
from application.execution.requests import Committed, Request
from application.execution.runner import CommandRunner
from application.mail_out.escalations import Escalations
from application.ports import Entry
from domain.case import Case
from domain.case.status import SETTLED, authorise_reading
from domain.case.target_watch import (
    TargetBreached,
    TargetEscalated,
    TargetEvent,
    TargetWarned,
    TargetWatch,
    findings,
    target_watch_id,
)
from domain.case.targets import TargetKind, paused_since
from domain.errors import InvalidTransition
from domain.outgoing_mail import Message
from domain.policy import Policy
from domain.values import Actor


class Targets:
    """Looks at the targets of a case, for the timer that records what is due, and for readers."""

    def __init__(self, runner: CommandRunner, escalations: Escalations) -> None:
        self._runner, self._escalations = runner, escalations

    async def record_due(self, number: str, request: Request) -> Committed:
        """Record what is due of a case's targets, and queue the mails of its escalation, in one transaction.

        The case's own stream does not change; if it has changed meanwhile, the case is looked at again. Raises
        InvalidTransition where nothing is due.
        """

        async def attempt(on: Attempt) -> Committed:
            case = await self._runner.repository.get(Case, number)
            stream = target_watch_id(case.id)
            watch = await self._runner.repository.find(TargetWatch, stream)
            mails: Sequence[Message] | None = None  # one mail tells of both targets
            for finding in list(findings(watch, case, on.policy, on.at)):
                watch = TargetWatch.found(watch, case, stream, finding, on.policy, on.provenance)
                if finding.breached and finding.target.ended_at is None and on.policy.escalates_to:
                    mails = await self._escalations.mails(case, on) if mails is None else mails
                    informed = [mail.recipient.subject for mail in mails]
                    watch.escalate(case, finding.target, informed, on.policy, on.provenance)
            if watch is None or not watch.pending_events:
                raise InvalidTransition("No target of this case is due.")
            return await self._runner.commit(watch, on, mails, read=[case])

        return await self._runner.try_until_committed(number, request, attempt)

    async def document(self, number: str, actor: Actor) -> dict[str, Any]:
        """Return the targets of a case as it is now, and what was recorded about them. Raises Forbidden, NotFound."""
        authorise_reading(actor)
        case = await self._runner.repository.read(number, actor)
        policy = (await self._runner.references.current()).policy
        entries = await self._runner.store.history(target_watch_id(case.id))
        return {
            "case": case.number,
            "respond": _target(TargetKind.RESPOND, case, policy, entries),
            "resolve": _target(TargetKind.RESOLVE, case, policy, entries),
            "events": history_items(entries, actor.role),
        }


def _target(kind: TargetKind, case: Case, policy: Policy, entries: Sequence[Entry]) -> dict[str, Any] | None:
    """Return one target as a document; None for a case without one."""
    due_at, warning_at = {
        TargetKind.RESPOND: (case.respond_by, case.respond_warning_at),
        TargetKind.RESOLVE: (case.resolve_by, case.resolve_warning_at),
    }[kind]
    if due_at is None:
        return None
    events = [entry.event for entry in entries]
    found = [each for each in events if isinstance(each, TargetEvent) and (each.kind, each.due_at) == (kind, due_at)]
    escalated = next((each for each in found if isinstance(each, TargetEscalated)), None)
    resolved_at = case.resolved_at if case.status in SETTLED else None
    return {
        "due_at": due_at,
        "warning_at": warning_at,
        "met_at": case.responded_at if kind is TargetKind.RESPOND else resolved_at,
        "paused_since": paused_since(case, policy) if kind is TargetKind.RESOLVE else None,
        "warned_at": _at(found, TargetWarned),
        "breached_at": _at(found, TargetBreached),
        "escalated_to": escalated.roles if escalated else (),
        "informed": escalated.informed if escalated else (),
    }


def _at(found: Sequence[TargetEvent], kind: type[TargetEvent]) -> datetime | None:
    return next((each.timestamp for each in found if isinstance(each, kind)), None)
