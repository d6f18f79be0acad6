"""Issues of scheduled reports: what is due, and its record with the mails that it owes, in one transaction.

Each missed period is made up, the oldest first. The stream of an issue is named for its schedule and period, so a second
worker, a worker that starts again and a clock that steps back find it recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, takewhile
from typing import Any
from uuid import UUID

import msgspec

from application.execution.attempt import Attempt
from application.execution.reference import Reference, entry_id
from application.execution.requests import Committed, Request
from application.execution.runner import CommandRunner
from application.mail_out.addresses import Addresses
from application.mail_out.escalations import listed_recipient
from application.mail_out.letters import LetterKind
from application.reports.report import Goals
from application.views.questions import Point, Positions, ReportQuestion, Reports
from domain.outgoing_mail import Message
from domain.policy import Policy
from domain.policy_book import PolicyAdopted, PolicyChanged
from domain.readers.report_issue import ReportIssue
from domain.schedule import Period, ScheduledReport, due_periods, next_period

MOST_MISSED = 31
"""Missed periods of a schedule that are made up; the latest ones."""
MOST_ROWS = 1_000
"""Rows of a report that an issue holds. It says how many it leaves out."""


@dataclass(frozen=True)
class DueReport:
    """A period whose report is to be issued."""

    schedule: ScheduledReport
    period: Period

    @property
    def number(self) -> str:
        """The number of its issue."""
        return f"{self.schedule.name}/{self.period.label}"

    @property
    def stream(self) -> UUID:
        """The stream of its issue."""
        return entry_id("report", self.number)


@dataclass(frozen=True)
class Standing:
    """How far a schedule is."""

    schedule: ScheduledReport
    in_force_since: datetime
    next: Period
    last: ReportIssue | None
    """Its latest issue."""
    mails: Mapping[str, int]
    """Mails of the latest issue, by outcome: `queued`, `accepted`, `bounced` or `withdrawn`."""

    @property
    def document(self) -> dict[str, Any]:
        """The schedule with its next and its latest report, as HTTP and the command line show it."""
        last = self.last and {
            "period": self.last.period,
            "issued_at": self.last.issued_at,
            "position": self.last.document["position"],
            "mails": dict(self.mails),
        }
        return {
            **msgspec.to_builtins(self.schedule),
            "in_force_since": self.in_force_since,
            "next_period": self.next.label,
            "next_due_at": self.next.due_at,
            "last": last,
        }


class ReportIssues:
    """Issues the reports that the policy schedules."""

    def __init__(self, runner: CommandRunner, addresses: Addresses) -> None:
        self._runner, self._addresses = runner, addresses
        self._repository = runner.repository
        self._issued: set[UUID] = set()
        """Issues that are known to be recorded."""
        self._since: tuple[int, Mapping[str, datetime]] = (-1, {})
        """Since when each schedule is in force, as of a position of the reference data."""

    async def due(self, now: datetime) -> list[DueReport]:
        """Return what is to be issued now, the oldest first."""
        await self._runner.references.refresh()  # a worker that records nothing does not hear of a new policy
        reference = await self._runner.references.current()
        policy = reference.policy
        if not policy.scheduled_reports:
            return []
        since = await self._in_force(reference)
        due = [
            DueReport(schedule, period)
            for schedule in policy.scheduled_reports
            for period in _due(schedule, policy, since[schedule.name], now)
        ]
        if unknown := [each for each in due if each.stream not in self._issued]:
            self._issued |= await self._runner.register.existing({each.stream for each in unknown})
        left = [each for each in unknown if each.stream not in self._issued]
        return sorted(left, key=lambda each: (each.period.due_at, each.number))

    async def issue(self, due: DueReport, positions: Positions, reports: Reports, request: Request) -> bool:
        """Issue a report; False where the views have not folded its period yet. Raises what the report raises."""
        position = await positions.at(due.period.until)
        if await positions.last() < position:
            return False
        policy = (await self._runner.references.current()).policy
        document = await _document(due, position, policy, reports)

        async def attempt(on: Attempt) -> Committed:
            known = await self._repository.find(ReportIssue, due.stream)
            if known is not None:
                return Committed(known, await self._runner.position_of(known), replayed=True)
            mails = await self._mails(due, on)
            sent = tuple(mail.id for mail in mails)
            of = (due.schedule, due.period, document, policy.version)
            issue = ReportIssue.issue(due.stream, *of, sent, on.provenance)
            return await self._runner.commit(issue, on, mails)

        await self._runner.try_until_committed(due.number, request, attempt)
        self._issued.add(due.stream)
        return True

    async def standings(self, now: datetime) -> list[Standing]:
        """Return how far each schedule is."""
        reference = await self._runner.references.current()
        since = await self._in_force(reference)
        return [
            await self._standing(each, reference.policy, since[each.name], now)
            for each in reference.policy.scheduled_reports
        ]

    async def _standing(self, schedule: ScheduledReport, policy: Policy, since: datetime, now: datetime) -> Standing:
        past = [DueReport(schedule, each) for each in islice(due_periods(schedule, policy.business, now), MOST_MISSED)]
        issued = await self._runner.register.existing({each.stream for each in past})
        latest = next((each.stream for each in past if each.stream in issued), None)
        last = None if latest is None else await self._repository.find(ReportIssue, latest)
        mails: dict[str, int] = {}
        for stream in last.mails if last else ():
            mail = await self._repository.find(Message, stream)
            assert mail is not None
            mails[mail.outcome] = mails.get(mail.outcome, 0) + 1
        return Standing(schedule, since, next_period(schedule, policy.business, now), last, mails)

    async def _in_force(self, reference: Reference) -> Mapping[str, datetime]:
        """Since when the policy has each schedule with its period. A period that was due before is not made up."""
        if self._since[0] != reference.position:
            since: dict[tuple[str, str], datetime] = {}
            for _, event in await self._runner.register.reference_events(0):
                if isinstance(event, PolicyAdopted | PolicyChanged):
                    listed = [(each.name, each.every) for each in event.policy.scheduled_reports]
                    since = {key: since.get(key, event.timestamp) for key in listed}
            self._since = (reference.position, {name: at for (name, _), at in since.items()})
        return self._since[1]

    async def _mails(self, due: DueReport, on: Attempt) -> list[Message]:
        """A mail to each recipient who has an address now."""
        mails = []
        for subject in due.schedule.mail_to:
            recipient = await listed_recipient(self._repository, subject, on)
            if recipient is not None:
                mail = on.new_id()
                about = (LetterKind.REPORT, "", None, f"<{mail}@{self._addresses.domain}>", recipient)
                mails.append(Message.queue(mail, *about, on.provenance, report=due.stream))
        return mails


def _due(schedule: ScheduledReport, policy: Policy, since: datetime, now: datetime) -> Iterable[Period]:
    """The periods that were due since the schedule is in force, at most the latest ones that are made up."""
    latest = islice(due_periods(schedule, policy.business, now), MOST_MISSED)
    return takewhile(lambda period: period.due_at > since, latest)


async def _document(due: DueReport, position: int, policy: Policy, reports: Reports) -> dict[str, Any]:
    """The report of a period as of its end, in plain JSON."""
    schedule, period = due.schedule, due.period
    goals = Goals(policy.goal_respond, policy.goal_resolve)
    point, zone = Point(position), policy.business.time_zone
    span = (period.since, period.until)
    question = ReportQuestion(schedule.report, *span, point, schedule.by, period.until, zone, goals)
    report = await reports.report(question)
    left_out = len(report["rows"]) - MOST_ROWS
    cut = {"rows": report["rows"][:MOST_ROWS], "rows_left_out": left_out} if left_out > 0 else {}
    document: dict[str, Any] = msgspec.to_builtins({**report, "as_of": period.until, **cut})
    return document
