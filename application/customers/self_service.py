"""SOP 5.1 by self service: customers report, with an identity or without."""

from __future__ import annotations

from dataclasses import replace

from application.cases.logging import Logging
from application.execution.attempt import Words
from application.execution.requests import Committed, Request
from domain.case.clauses.logging import IncidentReport


class SelfService:
    """What customers report themselves."""

    def __init__(self, logging: Logging) -> None:
        self._logging = logging

    async def report_unverified(
        self, report: IncidentReport, contact: Words, words: Words, request: Request
    ) -> Committed:
        """Log a report without an identity; ``request.actor`` is the customer that the address stands for.

        The case says that it is unverified. Its reporter learns the number only: the link that follows the case goes to
        the address they gave, so that only its owner gets on. Raises Invalid.
        """
        return await self._logging.log(replace(report, unverified=True), contact, words, {}, request)
