"""SOP 5.1 by self service: customers report, with or without an identity."""

from __future__ import annotations

from dataclasses import replace

from application.cases.logging import Logging
from application.execution.attempt import Words
from application.execution.requests import Committed, Request
from domain.case.clauses.logging import IncidentReport


class SelfService:
    """Reports by customers themselves."""

    def __init__(self, logging: Logging) -> None:
        self._logging = logging

    async def report_unverified(
        self, report: IncidentReport, contact: Words, words: Words, request: Request
    ) -> Committed:
        """Log a report without an identity; ``request.actor`` is the customer that the address stands for.

        The case is marked unverified. The reporter learns only its number. The link that follows the case goes to the
        address they gave, so only its owner gets access. Raises Invalid.
        """
        return await self._logging.log(replace(report, unverified=True), contact, words, {}, request)
