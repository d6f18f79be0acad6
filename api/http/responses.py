"""How routes answer: one document, a version of one, a page of many, or what a command changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec
from fastapi import Request
from fastapi.responses import Response

from api.http.context import Context
from application.cases.documents import commands_of, document_of
from application.execution.requests import Committed
from application.views.questions import Listing
from domain.values import Actor


def json_response(document: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A document as JSON: times as RFC 3339 in UTC."""
    return Response(msgspec.json.encode(document), status, headers, media_type="application/json")


def versioned(request: Request, version: int, document: Callable[[], Any]) -> Response:
    """What has one version, with that as its ETag; 304 when the caller has it already."""
    same = unchanged(request, f"v{version}")
    return same if same is not None else json_response(document(), headers={"ETag": f'"v{version}"'})


def unchanged(request: Request, tag: str) -> Response | None:
    """304 when the caller has what the tag stands for already (weak comparison, RFC 9110, 13.1.2)."""
    etag = f'"{tag}"'
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    return Response(status_code=304, headers={"ETag": etag}) if etag in known or "*" in known else None


def page_of(
    request: Request,
    context: Context,
    question: str,
    listing: Listing,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    """A page with its cursor and its link to the next (RFC 8288); ``more`` goes beside its items."""
    cursor = context.cursors.make(question, listing.next_key) if listing.next_key else None
    document: dict[str, Any] = {
        "items": listing.items, **more, "next_cursor": cursor, "as_of_position": listing.position
    }  # fmt: skip
    if listing.total is not None:
        document["total"] = vars(listing.total)
    if cursor is None:
        return json_response(document, headers=headers)
    link = request.url.include_query_params(cursor=cursor)
    return json_response(document, headers={**(headers or {}), "Link": f'<{link.path}?{link.query}>; rel="next"'})


def answer(
    committed: Committed,
    status: int = 200,
    *,
    reader: Actor,
    location: str | None = None,
    only: Collection[str] | None = None,
    **more: Any,
) -> Response:
    """The document of what was changed, with its version and the position of its last event; ``more`` goes beside it.

    ``only`` names the fields that the reader may see, where they may not see all.
    """
    root = committed.root
    headers = {"ETag": f'"v{root.version}"', "Position": str(committed.position)}
    if location is not None:
        headers["Location"] = location
    if committed.replayed:
        headers["Idempotency-Replayed"] = "true"
    document = document_of(root, reader.role) | commands_of(root, reader) | more
    if only is not None:
        document = {name: value for name, value in document.items() if name in only}
    return json_response(document, status, headers)
