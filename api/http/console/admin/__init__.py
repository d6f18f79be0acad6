"""What the administrator keeps: catalogue, teams, policy, grants, monitoring sources and webhooks (SOP 4.1, 7.1).

Every change is shown before it is made: what differs, before and after. It is then made by the services of the API. Beside
that, Operations says how the desk itself is doing.
"""

from __future__ import annotations

from fastapi import APIRouter

from api.http.console.admin import entries, grants, measures, operations, orders, overview, policy

router = APIRouter()
for _area in (operations, measures, overview, policy, grants, orders, entries):
    router.routes.extend(_area.router.routes)
