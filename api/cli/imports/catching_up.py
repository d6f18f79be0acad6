"""Waits until the views and the seal have reached what a command has appended."""

from __future__ import annotations

import asyncio
import time

from api.cli.console import could_not_run
from api.cli.processes.sealer import seals_here
from api.cli.processes.supervisor import SEALER
from application.views.questions import Views
from infrastructure.settings import Settings
from infrastructure.transparency.sealer_folder import SealerFolder

_PATIENCE = 60.0
"""Seconds without progress after which no projector, or no sealer, seems to be at work."""


def workers_of(settings: Settings) -> tuple[str, ...]:
    """The workers that an import brings where none are at work."""
    return ("projector", SEALER) if seals_here(settings) else ("projector",)


async def wait_until_caught_up(views: Views, position: int, folder: SealerFolder) -> None:
    """Wait until projector and sealer, ours or others', have reached the last imported event. Exit 2 when one stands still."""
    known, moved = (-1, -1), time.monotonic()
    while True:
        health = await views.health.status()
        now = (health["position"], health["sealed_position"])
        if min(now) >= position:
            return
        if health["halted_at"] is not None:
            could_not_run(f"the projector halted before position {health['halted_at']}: {health['halted_by']}")
        if (why := folder.refusal()) is not None:
            could_not_run(f"imported, but not sealed: {why}")
        if now != known:
            known, moved = now, time.monotonic()
        elif time.monotonic() - moved > _PATIENCE:
            could_not_run(
                f"imported up to position {position}, but views have stopped at {now[0]}, the seal at {now[1]}"
            )
        await asyncio.sleep(0.02)
