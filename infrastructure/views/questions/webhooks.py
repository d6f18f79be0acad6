"""Answers what became of deliveries to webhooks, and how far each webhook is."""

from __future__ import annotations

from application.views.questions import Listing, Page
from infrastructure.views.questions.view_reader import LATEST, Row, ViewReader, texts

_SQL = texts("webhooks")


class WebhookView:
    """What the administrator asks of webhooks."""

    def __init__(self, reader: ViewReader) -> None:
        self._reader = reader

    async def attempts(self, webhook: str, page: Page) -> Listing:
        """A page of the attempts to deliver to a webhook, newest first."""
        (before,) = page.after or (LATEST,)
        values = {"webhook": webhook, "before": before, "limit": page.limit + 1}
        rows = await self._reader.rows(_SQL["attempts"], values)
        more, rows = len(rows) > page.limit, rows[: page.limit]
        key = (rows[-1]["attempt_id"],) if more else None
        items = [{name: value for name, value in row.items() if name != "attempt_id"} for row in rows]
        return Listing(items, key, await self._reader.last())

    async def standings(self) -> list[Row]:
        """How far each webhook is that is not retired, and why nothing is sent."""
        return await self._reader.rows(_SQL["standings"])
