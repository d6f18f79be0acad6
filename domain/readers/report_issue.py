"""Issues of scheduled reports: the figures of one period, recorded once with the mails that carry them.

A schedule's name and its period make the stream's id. So a period has one issue, whoever records it and however often it is tried.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import UUID

from domain.aggregate import Opening, Root, register
from domain.schedule import Form, Period, ScheduledReport
from domain.values import Provenance


class ReportIssue(Root):
    """The report of one schedule and one period."""

    TOPIC: ClassVar[str] = "report"

    schedule: str
    report: str
    period: str
    time_zone: str
    form: Form
    document: dict[str, Any]
    mails: tuple[UUID, ...]
    issued_at: datetime

    @classmethod
    def issue(
        cls,
        id: UUID,
        schedule: ScheduledReport,
        period: Period,
        document: dict[str, Any],
        policy: str,
        mails: tuple[UUID, ...],
        provenance: Provenance,
    ) -> Self:
        """Record the report of a period, and which mails carry it. ``document`` has its figures."""
        return cls.open(
            ReportIssued,
            id,
            provenance,
            schedule=schedule.name,
            report=schedule.report,
            period=period.label,
            since=period.since,
            until=period.until,
            time_zone=document["time_zone"],
            form=schedule.form,
            as_of_position=document["position"],
            document=document,
            policy=policy,
            mails=mails,
            issued_at=provenance.at,
        )


class ReportIssued(Opening):
    """The report of a period was issued: mailed to those whom its schedule names, and posted to webhooks."""

    TOPIC = "report.issued"
    schedule: str
    report: str
    period: str
    """Such as `2026-11`."""
    since: datetime
    until: datetime
    time_zone: str
    form: Form
    """What its mails carry."""
    as_of_position: int
    """The last position of the record that the figures count."""
    document: dict[str, Any]
    """The report as `GET /reports/{name}` answers it."""
    policy: str
    mails: tuple[UUID, ...]
    """The streams of its mails."""
    issued_at: datetime

    def _fold(self, issue: ReportIssue) -> None:
        issue.number = f"{self.schedule}/{self.period}"
        issue.schedule, issue.report, issue.period = self.schedule, self.report, self.period
        issue.time_zone, issue.form, issue.document = self.time_zone, self.form, self.document
        issue.mails, issue.issued_at = self.mails, self.issued_at


EVENTS = register((ReportIssued,), ReportIssue)
