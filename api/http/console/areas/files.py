"""Files of a case: sent from its page, given out to be saved, and images shown so that no browser runs what is in them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import Response, StreamingResponse

from api.http.console.access import Reader, SignedIn, require_own_page
from api.http.console.rendering import has_preview
from api.http.console.route import area
from api.http.context import admit, context_of, note_read
from api.http.parameters import FileName
from api.http.problems import TITLES, trace_id_of, understood
from api.http.routes.attachments import SAFE, disposition, given_out, largest, refuse_forms
from application.audit.reads import What
from application.cases.attachments import File
from application.execution.requests import Request as Asked
from domain.case.status import authorise, roles_for
from domain.errors import Erased, NotFound
from domain.values import Actor

router = area()
_RASTER = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
}
"""How images begin that hold nothing but pixels."""


async def attaching(request: Request, session: SignedIn, number: str) -> Actor:
    """The person as one who attaches to this case. Raises Forbidden, NotFound, Problem 403."""
    require_own_page(request, session)
    actor = await admit(request, session.principal, roles_for("attach"))
    authorise(actor, "attach")
    await context_of(request).desk.records.head(number, actor)
    return actor


@router.post("/cases/{number}/files")
async def attach(
    request: Request,
    actor: Annotated[Actor, Depends(attaching)],
    number: str,
    name: FileName = "",
    visible_to_customer: bool = False,
) -> Response:
    """Attach a file. The body is the file itself, as the API takes it; a refusal is one line of text for the page."""
    context = context_of(request)
    try:
        refuse_forms(request)
        async with context.uploads.receive(request, await largest(context)) as upload:
            wanted = Asked(actor, "console", trace_id=trace_id_of(request))
            async with context.uploads.whole(upload) as content:
                file = File(name, request.headers.get("content-type", ""), content)
                await context.desk.attachments.attach(number, (file,), visible_to_customer, wanted)
    except Exception as error:
        problem = understood(error)
        if problem is None:
            raise
        return Response(problem.detail, TITLES[problem.slug][0], media_type="text/plain; charset=utf-8")
    return Response(status_code=201)


@router.get("/cases/{number}/files/{digest}")
async def read_file(request: Request, actor: Reader, number: str, digest: str) -> Response:
    """A file of a case, to be saved and not shown."""
    found = await context_of(request).desk.attachments.open(number, digest, actor)
    note_read(request, actor, What.FILE, number)
    return await given_out(request, *found)


@router.get("/cases/{number}/files/{digest}/image")
async def show_image(request: Request, actor: Reader, number: str, digest: str) -> Response:
    """An image of a case, to be shown on its page. Its first bytes say that it is one, not its name or its sender."""
    attachment, pieces = await context_of(request).desk.attachments.open(number, digest, actor)
    said = attachment.said
    kind, size = str(said.text("type")), int(said.text("size"))
    if not has_preview({"type": kind, "size": size}):
        raise NotFound("this file has no preview")
    first = await anext(pieces, None)
    if first is None:
        raise Erased("This attachment is erased.")
    if not is_raster(kind, first):
        raise NotFound("this file has no preview")
    note_read(request, actor, What.FILE, number)
    headers = {
        **SAFE,
        "Content-Type": kind,
        "Content-Length": str(size),
        "Content-Disposition": disposition(str(said.text("name"))).replace("attachment", "inline", 1),
    }
    return StreamingResponse(_chained(first, pieces), headers=headers)


def is_raster(kind: str, first: bytes) -> bool:
    """Whether bytes begin as an image of a kind does."""
    begins = first.startswith(_RASTER.get(kind, ()))
    return begins and (kind != "image/webp" or first[8:12] == b"WEBP")


async def _chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece
