"""The ledger as a feed: pages, and the same as server-sent events. Async: who waits holds no worker thread."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from api.http.context import Context, context_of
from api.http.problems import Problem
from api.http.reading import Staff

HEARTBEAT = 15.0
"""Seconds after which a silent stream says that it is still there (http.md, Feed)."""
router = APIRouter(tags=["feed"])


@router.get("/events", response_class=Response, operation_id="read_events")
async def read_events(
    request: Request,
    actor: Staff,  # noqa: ARG001 - asked for its refusal
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Events after a position, in order, none skipped; `Accept: text/event-stream` keeps them coming.

    States are as stored: codes, times and actors in clear, free text and contact data only as digests.
    """
    context = context_of(request)
    if "text/event-stream" in request.headers.get("accept", ""):
        resumed = request.headers.get("last-event-id")
        if resumed is not None and (not resumed.isdecimal() or len(resumed) > 18):
            raise Problem("malformed", "Last-Event-ID takes the id of an event of this stream")
        stream = _stream(context, int(resumed) if resumed else after)
        return StreamingResponse(stream, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
    items = await context.feed.page(after, limit)
    last = items[-1].position if items else after
    document = {
        "items": [item.document for item in items],
        "next_cursor": str(last) if len(items) == limit else None,
        "as_of_position": last,
    }
    headers = {"Link": f'</events?after={last}&limit={limit}>; rel="next"'} if len(items) == limit else {}
    return Response(msgspec.json.encode(document), headers=headers, media_type="application/json")


async def _stream(context: Context, after: int) -> AsyncIterator[bytes]:
    yield b": the ledger of caseledger\nretry: 1000\n\n"
    while True:
        items = await context.feed.page(after, 500)
        for item in items:
            data = msgspec.json.encode(item.document)
            yield b"id: %d\nevent: %s\ndata: %s\n\n" % (item.position, item.document["topic"].encode(), data)
        if items:
            after = items[-1].position
        elif not await context.feed.wait_for_event(after, HEARTBEAT):
            yield b": still here\n\n"
