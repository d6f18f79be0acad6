"""Lists cases, queues, obligations, problems and the quarantine, in pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from application.views.case_filters import Condition, Sort
from application.views.questions import Asked, Listing, Page, Point, QueueCounts
from infrastructure.views.questions.case_lists import CaseLists
from infrastructure.views.questions.obligation_lists import ObligationLists
from infrastructure.views.questions.orders import order_of
from infrastructure.views.questions.queue_lists import QueueLists
from infrastructure.views.questions.view_reader import (
    ViewReader,
    filter_conditions,
    one_page,
    plain_item,
    texts,
)

_SQL = texts("lists")
_PROBLEM_FILTERS = {name: f"p.{name}" for name in ("status", "service", "known_error")}


class ListView:
    """Implements `application.views.questions.Lists`."""

    def __init__(self, reader: ViewReader) -> None:
        self._reader = reader
        self._cases = CaseLists(reader)
        self._queues = QueueLists(reader, self._cases)
        self._obligations = ObligationLists(reader)

    async def cases(self, conditions: Sequence[Condition], sort: Sort, page: Page, asked: Asked) -> Listing:
        """The cases that meet all conditions."""
        return await self._cases.cases(conditions, order_of(sort), page, asked)

    async def queues(self, asked: Asked) -> QueueCounts:
        """Every queue that holds something, and how much."""
        return await self._queues.queues(asked)

    async def queue(self, name: str, page: Page, asked: Asked) -> Listing:
        """A queue in the order in which it is worked."""
        return await self._queues.queue(name, page, asked)

    async def obligations(self, filters: Mapping[str, str], page: Page, asked: Asked) -> Listing:
        """Obligations by due time. Raises ValueError for an unknown filter."""
        return await self._obligations.obligations(filters, page, asked)

    async def unresolved_problems(self, service: str | None, limit: int) -> Sequence[Mapping[str, Any]]:
        """The newest problems that are not resolved."""
        return await self._reader.rows(_SQL["unresolved"], {"service": service, "limit": limit})

    async def problems(self, filters: Mapping[str, str], page: Page) -> Listing:
        """Problems by number. Raises ValueError for an unknown filter."""
        where, values = filter_conditions(filters, _PROBLEM_FILTERS)
        if page.after is not None:
            where.append("p.number > %(after)s")
            values["after"] = page.after[0]
        sql = f"{_SQL['problems']} WHERE {' AND '.join(where or ['true'])} ORDER BY p.number"
        rows = await self._reader.rows(one_page(sql, page), values)
        return await self._reader.listing(rows, page, Point(), lambda row: (row["number"],), plain_item)

    async def quarantine(self, page: Page, *, recorded: bool = False) -> Listing:
        """The messages that wait for a decision, or with ``recorded`` those that no person wrote (R-5.1d)."""
        values: dict[str, Any] = {"received_at": None, "id": None, "recorded": recorded, "limit": page.limit + 1}
        if page.after is not None:
            received_at, values["id"] = page.after
            values["received_at"] = datetime.fromisoformat(received_at)
        rows = await self._reader.rows(_SQL["waiting"], values)
        return await self._reader.listing(
            rows, page, Point(), lambda row: (row["received_at"].isoformat(), str(row["id"])), plain_item
        )
