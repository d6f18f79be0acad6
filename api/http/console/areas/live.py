"""What moves on a page: the counters of the bar, and which cases have changed, as server-sent events."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import replace

import msgspec
from eventsourcing.persistence import PersistenceError
from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from psycopg import OperationalError
from psycopg_pool import PoolTimeout

from api.http.console.access import SignInNeeded, Staff, signed_in, staffing
from api.http.console.frame import frame_of
from api.http.console.rendering import part
from api.http.console.route import area
from api.http.console.wording import named, sentence
from api.http.context import context_of
from api.http.entrance.gate import Full
from api.http.problems import Problem
from api.http.routes.events import HEARTBEAT, RECHECK, Followed
from application.execution.principals import Unauthenticated, Undecided
from domain.errors import Forbidden

router = area()
_PAGE = 200
_PATIENCE = 2.0


@router.get("/places")
async def places(request: Request, actor: Staff, at: str = "") -> HTMLResponse:
    """The bar of places with its counters, for a page at an address."""
    return HTMLResponse(part(replace(await frame_of(request, actor), path=at), "parts/places"))


@router.get("/live")
async def live(request: Request, actor: Staff, after: int = 0) -> Response:  # noqa: ARG001 - asked for its refusal
    """Tell which cases have changed after a position, for as long as the page is open and its reader may read."""
    context, place = context_of(request), ExitStack()
    resumed = request.headers.get("last-event-id", "")
    try:
        place.enter_context(context.streams.passed("console"))
    except Full:
        raise Problem("unavailable", "as many follow the desk as may at once", headers={"Retry-After": "10"}) from None
    start = int(resumed) if resumed.isdecimal() and len(resumed) <= 18 else after
    return Followed(_changes(request, start), place)


async def _changes(request: Request, after: int) -> AsyncIterator[bytes]:
    feed = context_of(request).feed
    yield b"retry: 3000\n\n"
    moved, quiet = True, time.monotonic()
    try:
        while True:
            await staffing(request, await signed_in(request))
            items = await feed.page(after, _PAGE) if moved else ()
            if not items:
                moved = await feed.wait_for_event(after, RECHECK)
                if time.monotonic() - quiet >= HEARTBEAT:
                    yield b": still here\n\n"
                    quiet = time.monotonic()
                continue
            after, quiet = items[-1].position, time.monotonic()
            # The views first: the page asks them next.
            await feed.wait_for_view(after, _PATIENCE)
            told = [
                {
                    "number": number,
                    "by": named(item.document["by"]["subject"]),
                    "what": sentence(item.document["topic"], item.document["data"]),
                    "version": item.document["version"],
                }
                for item in items
                if (number := item.document.get("number"))
            ]
            yield b"id: %d\nevent: changed\ndata: %s\n\n" % (after, msgspec.json.encode(told))
    except (SignInNeeded, Unauthenticated, Forbidden, Undecided):
        yield b"event: ended\ndata: {}\n\n"
    except (PersistenceError, OperationalError, PoolTimeout):
        yield b": the database cannot be reached\n\n"
