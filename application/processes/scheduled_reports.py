"""Scheduled reports: each is issued once for each period, when it is due, and made up when nobody was there then."""

from __future__ import annotations

from application.desk import Desk
from application.execution.requests import Request
from application.processes.retries import Nowhere, Tries
from application.views.questions import Views
from domain.values import Actor, Role

REQUEST = Request(Actor("system:reports", Role.SYSTEM), "process")


async def issue_due(desk: Desk, views: Views, tries: Tries | None = None) -> int:
    """Issue the reports that are due. Returns how many. Raises the errors in AWAY.

    Another worker may issue the same: the second finds it recorded. A report whose period the views have not folded waits,
    and later ones with it, so that the oldest is issued first.
    """
    tries = tries or Tries(Nowhere())
    due = {each.number: each for each in await desk.report_issues.due(desk.clock.now())}
    issued, folded = list[str](), True

    async def issue(number: str) -> None:
        nonlocal folded
        folded = folded and await desk.report_issues.issue(due[number], views.positions, views.reports, REQUEST)
        if folded:
            issued.append(number)

    await tries.each(list(due), len(due) + 1, issue)
    return len(issued)
