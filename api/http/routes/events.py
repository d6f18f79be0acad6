"""The ledger as a feed: pages, and the same as server-sent events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from typing import Annotated

import msgspec
from eventsourcing.persistence import PersistenceError
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse
from psycopg import OperationalError
from psycopg_pool import PoolTimeout
from starlette.types import Receive, Scope, Send

from api.http.access import Staff, require_staff
from api.http.context import authenticated, context_of
from api.http.documents.auditing.history import EventPage
from api.http.entrance.gate import Full
from api.http.openapi.areas import Area
from api.http.openapi.headers import LAST_EVENT_ID
from api.http.openapi.operations import answers, gives, needs, operation, reads
from api.http.problems import Problem
from application.execution.principals import Unauthenticated, Undecided
from application.views.questions import FeedItem
from domain.case.status import STAFF
from domain.errors import Forbidden

HEARTBEAT = 15.0
"""Seconds after which a silent stream says that it is still there (http.md, Feed)."""
RECHECK = 2.0
"""Seconds after which a stream makes sure that its reader may still read."""
_PAGE = 200
"""Events sent at once: what a reader who is slow, or has lost access, may still be sent."""
_COME_AGAIN = "10"
router = APIRouter(tags=[Area.LEDGER])


class Followed(StreamingResponse):
    """A stream that holds its place while it is sent, however it ends."""

    def __init__(self, content: AsyncIterator[bytes], place: ExitStack) -> None:
        super().__init__(content, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
        self._place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._place:
            await super().__call__(scope, receive, send)


_STREAM = {
    "text/event-stream": {
        "schema": {"type": "string"},
        "example": 'id: 111\nevent: case.triaged\ndata: {"position": 111, "topic": "case.triaged"}\n\n',
    }
}


@router.get(
    "/events",
    response_class=Response,
    operation_id="read_events",
    openapi_extra=operation(
        reads(LAST_EVENT_ID),
        answers(EventPage, told="A page of events, or a stream.", headers=("Link",)),
        gives(_STREAM, told="A page of events, or a stream."),
        needs(STAFF),
    ),
)
async def read_events(
    request: Request,
    actor: Staff,  # noqa: ARG001 - asked for its refusal
    after: Annotated[int, Query(ge=0, le=2**62, description="Only events after this position.", examples=[0])] = 0,
    limit: Annotated[int, Query(ge=1, le=1000, description="The most events on the page.", examples=[100])] = 100,
) -> Response:
    """Read the ledger.

    Every event after a position, in order; none is skipped. With `Accept: text/event-stream` new events keep coming, with a
    comment every 15 seconds in between. Codes, times and actors are in clear; texts and contact data are digests.
    """
    context = context_of(request)
    if "text/event-stream" in request.headers.get("accept", ""):
        resumed = request.headers.get("last-event-id")
        if resumed is not None and (not resumed.isdecimal() or len(resumed) > 18):
            raise Problem("malformed", "Last-Event-ID takes the id of an event of this stream")
        place = ExitStack()
        try:
            place.enter_context(context.streams.passed("events"))
        except Full:
            raise Problem(
                "unavailable", "as many read the feed as may at once", headers={"Retry-After": _COME_AGAIN}
            ) from None
        return Followed(_stream(request, int(resumed) if resumed else after), place)
    items = await context.feed.page(after, limit)
    last = items[-1].position if items else after
    document = {
        "items": [item.document for item in items],
        "next_cursor": str(last) if len(items) == limit else None,
        "as_of_position": last,
    }
    body = await asyncio.to_thread(msgspec.json.encode, document)
    headers = {"Link": f'</events?after={last}&limit={limit}>; rel="next"'} if len(items) == limit else {}
    return Response(body, headers=headers, media_type="application/json")


async def _stream(request: Request, after: int) -> AsyncIterator[bytes]:
    feed = context_of(request).feed
    yield b": the ledger of caseledger\nretry: 1000\n\n"
    checked = said = time.monotonic()
    moved = True
    try:
        while True:
            if time.monotonic() - checked >= RECHECK:
                await _require_access(request)
                checked = time.monotonic()
            items = await feed.page(after, _PAGE) if moved else ()
            if items:
                yield await asyncio.to_thread(_messages, items)
                after, said = items[-1].position, time.monotonic()
            elif time.monotonic() - said >= HEARTBEAT:
                yield b": still here\n\n"
                said = time.monotonic()
            else:
                quiet = time.monotonic() - said
                moved = await feed.wait_for_event(after, max(0.0, min(RECHECK, HEARTBEAT - quiet)))
    except (Unauthenticated, Forbidden):
        yield b": access has ended\n\n"
    except Undecided:
        yield b": whether access has ended cannot be told\n\n"
    except (PersistenceError, OperationalError, PoolTimeout):
        yield b": the database cannot be reached\n\n"


async def _require_access(request: Request) -> None:
    """The token is still valid, and a grant still in force. Raises Unauthenticated, Forbidden."""
    await require_staff(request, await authenticated(request))


def _messages(items: Sequence[FeedItem]) -> bytes:
    """Events as server-sent events."""
    return b"".join(
        b"id: %d\nevent: %s\ndata: %s\n\n"
        % (item.position, item.document["topic"].encode(), msgspec.json.encode(item.document))
        for item in items
    )
