"""An address of the console that leads nowhere."""

from __future__ import annotations

from fastapi.responses import Response

from api.http.console.route import area
from api.http.problems import Problem

router = area()


@router.get("/{path:path}")
async def unknown(path: str) -> Response:
    """Say so, on a page."""
    raise Problem("not-found", f"there is no page /ui/{path}")
