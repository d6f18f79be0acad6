"""Asks what if: reads the recorded history, and adds it up under another policy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from application.reports.what_if.answer import WhatIf
from application.reports.what_if.comparison import Under
from application.reports.what_if.history import CaseHistory, Histories
from domain.policy import Policy


async def what_if(
    histories: Histories,
    policy: Policy,
    past: Sequence[tuple[int, Policy]],
    period: tuple[datetime | None, datetime | None],
    now: datetime,
) -> dict[str, Any]:
    """Compare the cases received in a period with what they would have been. Nothing is recorded.

    ``past`` has each policy with the position since which it was in force; the last one is in force now.
    """
    answer = WhatIf(Under(policy, past, now))

    def take(cases: Iterator[CaseHistory]) -> None:
        for case in cases:
            answer.add(case)

    position = await histories.each(*period, take)
    return {"from": period[0], "to": period[1], **answer.document(policy, past[-1][1], position, now)}
