"""Answers how the desk itself is doing: positions, workers, and items set aside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infrastructure.postgres.setup.releases import why_too_old
from infrastructure.views.questions.view_reader import ViewReader, texts
from infrastructure.views.questions.webhooks import WebhookView

_SQL = texts("health")


class HealthView:
    """What operators and load balancers ask."""

    def __init__(self, reader: ViewReader) -> None:
        self._reader, self._webhooks = reader, WebhookView(reader)

    async def status(self) -> Mapping[str, Any]:
        """Positions, lags, counts of waiting work, and the state of each worker and webhook."""
        workers = {row.pop("worker"): row for row in await self._reader.rows(_SQL["workers"])}
        projecting = await self.is_projecting()  # asked first: a projector says why it halts before it goes
        (health,) = await self._reader.rows(_SQL["health"])
        webhooks = {row.pop("webhook"): row for row in await self._webhooks.standings()}
        left_behind = why_too_old(health.pop("needs"))
        told = {"projecting": projecting, "left_behind": left_behind, "workers": workers, "webhooks": webhooks}
        return {**health, **told}

    async def figures(self) -> Mapping[str, Mapping[str, Any]]:
        """What each worker has done since it started: `done` by kind, `cpu_seconds`, `resident_bytes`, `uncaught_errors`."""
        return {row["worker"]: row["figures"] for row in await self._reader.rows(_SQL["figures"])}

    async def is_projecting(self) -> bool:
        """Whether a projector is at work, so that recorded events will be folded."""
        return bool((await self._reader.rows(_SQL["projecting"]))[0]["working"])

    async def set_aside(self) -> list[dict[str, Any]]:
        """The items that workers have given up until their next start, oldest first; at most 100."""
        return await self._reader.rows(_SQL["set_aside"])
