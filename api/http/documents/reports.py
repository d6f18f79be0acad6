"""Reports."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from api.http.documents.base import At, CustomerCode, Document, Position
from api.http.fields import such_as

_TOTALS = {"cases": 12, "events": 64, "by_status": {"resolved": 2}, "by_priority": {"3": 9}}


class ReportFigure(Document):
    """A figure of a report."""

    name: Annotated[str, such_as("first_contact_rate")]
    """Its name."""
    unit: Annotated[str, such_as("share")]
    """What it is counted in."""
    definition: Annotated[str, such_as("`first_contact` / `window_ended`")]
    """What it counts."""


class ReportDefinition(Document):
    """A report and what it counts."""

    report: Annotated[str, such_as("first_contact")]
    """Its name."""
    definitions_version: Annotated[str, such_as("first_contact/1")]
    """The version of its definitions."""
    definition: Annotated[str, such_as("Incidents that the desk resolved itself and nobody disputed.")]
    """What it counts, and why cases count."""
    period: Annotated[str, such_as("the last resolution of the case in the period")]
    """The moment that decides whether a case counts in a period, and in which month."""
    by: Annotated[list[str], such_as(["team", "service", "priority", "channel", "agency", "month"])]
    """What it can be broken down by."""
    case_as_of: Annotated[str, such_as("the report's moment")]
    """Which state of a case the breakdowns go by."""
    figures: list[ReportFigure]
    """Its figures."""


class ReportList(Document):
    """All reports."""

    items: list[ReportDefinition]
    """The reports, with the definitions of their figures."""


class Report(Document):
    """A report. `GET /reports` defines each figure."""

    report: Annotated[str, such_as("volume")]
    """Its name."""
    definitions_version: Annotated[str, such_as("volume/1")]
    """The version of its definitions."""
    position: Position
    """The position in the ledger that it is as of."""
    since: At | None = Field(alias="from")
    """The beginning of its period."""
    until: At | None = Field(alias="to")
    """The end of its period."""
    effective_at: At | None
    """Only what had happened by then counts."""
    time_zone: Annotated[str, such_as("America/Chicago")]
    """The time zone of its months and dates."""
    by: Annotated[str, such_as("team")] | None
    """What its rows are broken down by: one or two, with a comma between."""
    totals: Annotated[dict[str, Any], such_as(_TOTALS)]
    """The figures."""
    rows: Annotated[list[dict[str, Any]], such_as([{"team": "network", **_TOTALS}])]
    """The same figures for each value of `by`."""
    as_of: At | None
    """The moment that was asked for."""
    as_of_position: Position
    """The position in the ledger that it is as of."""


class LastIssue(Document):
    """The latest issue of a scheduled report."""

    period: Annotated[str, such_as("2026-10")]
    """Its period."""
    issued_at: At
    """When it was issued."""
    position: Position
    """The position in the ledger that its figures are as of."""
    mails: Annotated[dict[str, int], such_as({"accepted": 2})]
    """Its mails, by outcome: `queued`, `accepted`, `bounced` or `withdrawn`."""


class ScheduledReport(Document):
    """A scheduled report of the policy, and how far it is."""

    name: Annotated[str, such_as("monthly_targets")]
    """Which schedule it is."""
    report: Annotated[str, such_as("attainment")]
    """Which report it is."""
    every: Annotated[str, such_as("month")]
    """Its period: `day`, `week` or `month`."""
    at: Annotated[str, such_as("07:00")]
    """The local time at which it is due on the day after the period."""
    on_business_day: Annotated[bool, such_as(True)]
    """Whether it waits for a business day."""
    by: Annotated[str, such_as("team")] | None
    """What its figures are broken down by."""
    form: Annotated[str, such_as("csv")]
    """What its mails carry."""
    mail_to: Annotated[list[str], such_as(["d.manager"])]
    """Who is mailed, by their ids in the directory."""
    in_force_since: At
    """Since when the policy schedules it. No earlier period is issued."""
    next_period: Annotated[str, such_as("2026-11")]
    """The period that is issued next."""
    next_due_at: At
    """When that is due."""
    last: LastIssue | None
    """Its latest issue."""


class ScheduledReportList(Document):
    """All scheduled reports."""

    items: list[ScheduledReport]
    """The scheduled reports."""


class RetentionTotals(Document):
    """The figures of the retention report."""

    subjects: Annotated[int, such_as(11)]
    """People of whom something is kept."""
    subjects_due: Annotated[int, such_as(1)]
    """People whose retention period is over."""
    disclosures: Annotated[int, such_as(64)]
    """Texts that are kept."""
    by_kind: Annotated[dict[str, int], such_as({"contact": 22, "staff_words": 25})]
    """Texts that are kept, by kind."""
    cases_on_hold: Annotated[int, such_as(0)]
    """Cases on legal hold."""
    oldest_closed_at: At | None
    """When the oldest case that is due was closed."""
    retention_days: Annotated[int, such_as(1095)]
    """The retention period of the policy, in days."""


class RetentionDue(Document):
    """A person whose retention period is over."""

    subject: CustomerCode
    """Their customer id."""
    cases: Annotated[int, such_as(2)]
    """Their cases."""
    last_closed_at: At | None
    """When the last of them was closed."""
    disclosures: Annotated[int, such_as(9)]
    """Texts that are kept of them."""
    held: Annotated[bool, such_as(False)]
    """Whether a legal hold keeps them."""


class RetentionReport(Report):
    """Whose data are kept longer than the retention period."""

    totals: RetentionTotals  # type: ignore[assignment]
    """The figures."""
    rows: list[RetentionDue]  # type: ignore[assignment]
    """The people who are due, the oldest first."""
