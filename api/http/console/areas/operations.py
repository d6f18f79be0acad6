"""How the desk itself is doing: positions, lags, what waits, and each worker."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from api.http.console.access import Anybody
from api.http.console.frame import frame_of
from api.http.console.rendering import show
from api.http.console.route import area
from api.http.context import context_of
from application.health import readiness

router = area()


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
    )
