"""How the desk itself is doing: positions, lags, what waits, and each worker."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from api.http.console.access import Anybody, asked_now
from api.http.console.admin.entries import standings
from api.http.console.frame import frame_of
from api.http.console.rendering import show
from api.http.console.route import area
from api.http.context import Context, context_of
from api.http.routes.administration.office import OFFICE_READERS, WEBHOOK_READERS
from application.execution.reference import Reference
from application.health import readiness
from domain.access import Access
from domain.case.status import STAFF
from domain.monitoring.source import ListedSource
from domain.readers.webhook import Webhook
from domain.values import Actor

router = area()
_SOON = timedelta(days=14)
"""How long before a grant's end the page says so."""


@router.get("/operations")
async def operations(request: Request, actor: Anybody) -> Response:
    """The state of the desk, as `/readyz` answers it."""
    context = context_of(request)
    health = await context.ask(context.views.health.status())
    aside = await context.ask(context.views.health.set_aside())
    return show(
        await frame_of(request, actor),
        "operations",
        title="Operations",
        health=health,
        ready=readiness(health),
        set_aside=aside,
        connected=await _connected(context, actor) if actor.role in OFFICE_READERS else None,
    )


async def _connected(context: Context, actor: Actor) -> Mapping[str, Any]:
    """What the desk is connected with, and who may act: each as far as the person may read it."""
    reference, now = await context.desk.references.current(), context.desk.clock.now()
    people = [root for root in reference.roots.values() if isinstance(root, Access)]
    grants = [each for access in people for each in access.grants.values() if each.in_force(now)]
    return {
        "waiting": await _waiting(context, actor) if actor.role in STAFF else None,
        "sources": [
            (each.entry, sum(key.revoked_at is None for key in each.keys.values()))
            for each in reference.all(ListedSource)
        ],
        "webhooks": await _webhooks(context, reference) if actor.role in WEBHOOK_READERS else None,
        "grants": len(grants),
        "ending": sum(each.until is not None and each.until - now < _SOON for each in grants),
    }


async def _waiting(context: Context, actor: Actor) -> int:
    """Messages in quarantine."""
    counts = await context.ask(context.views.lists.queues(await asked_now(context, actor)))
    return counts.queues.get("quarantine", 0)


async def _webhooks(context: Context, reference: Reference) -> list[tuple[Webhook, str]]:
    told = await standings(context, reference.webhooks)
    return [(each.entry, told[each.entry.id]) for each in reference.webhooks if not each.entry.retired]
