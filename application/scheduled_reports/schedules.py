"""Whether the reports that a policy schedules can be issued: report, breakdown, form and recipients."""

from __future__ import annotations

from importlib.util import find_spec

from application.execution.attempt import Attempt
from application.execution.repository import Repository
from application.mail_out.escalations import listed_recipient
from application.reports.definitions import REPORTS, breakdowns_of
from domain.errors import Invalid
from domain.policy import Policy
from domain.schedule import ScheduledReport


class ScheduleCheck:
    """Checks the schedules of a policy before it is in force."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    async def __call__(self, policy: Policy, on: Attempt) -> None:
        """Raises Invalid, which points to the field of the change."""
        for place, schedule in enumerate(policy.scheduled_reports):
            within = f"/changes/scheduled_reports/{place}"
            _check_report(schedule, within)
            for number, subject in enumerate(schedule.mail_to):
                if await listed_recipient(self._repository, subject, on) is None:
                    told = f"The directory has no mail address of {subject}. List it: PUT /customers/ID with a contact."
                    raise Invalid(told, f"{within}/mail_to/{number}")


def _check_report(schedule: ScheduledReport, within: str) -> None:
    if schedule.report not in REPORTS:
        known = ", ".join(sorted(REPORTS))
        raise Invalid(f"There is no report {schedule.report[:60]!r}; there are {known}.", f"{within}/report")
    try:
        breakdowns_of(schedule.by)
    except Invalid as invalid:
        raise Invalid(str(invalid), f"{within}/by") from None
    if schedule.form in ("svg", "png") and find_spec("matplotlib") is None:
        raise Invalid("Charts need the extra `charts`: pip install 'caseledger[charts]'.", f"{within}/form")
