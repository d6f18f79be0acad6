"""Files of a case: sent as they are, one a request, and given out so that no browser runs what is in them.

A file is the body itself; its name is `?name=`. There is no multipart form.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response, StreamingResponse

from api.http.access import Reader
from api.http.context import Context, admit, authenticated, context_of, note_read, policy_of
from api.http.documents.attachments import AttachmentPage
from api.http.documents.cases import Case
from api.http.openapi.areas import Area
from api.http.openapi.headers import MAY_MATCH
from api.http.openapi.operations import (
    BINARY,
    BYTES,
    answers,
    gives,
    needs,
    operation,
    reads,
    refuses,
    takes_bytes,
    written,
)
from api.http.parameters import Cursor, FileName, Limit, refuse_unknown
from api.http.problems import Problem
from api.http.requests import asked, with_precondition
from api.http.responses import answer, page_of, unchanged
from application.audit.reads import What
from application.cases.attachments import MAIL, TEXT, UNKNOWN, File
from application.cases.documents import attachment_document
from application.execution.requests import StaleVersion
from application.views.questions import Listing
from domain.case.status import READERS, authorise, roles_for
from domain.case.terms import Attachment
from domain.errors import Erased
from domain.values import Actor, Role

router = APIRouter()
_INERT = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/tiff", "application/pdf", TEXT, MAIL}
)
"""Types that are told as they are: even shown by mistake they run nothing of ours. All others are bytes."""
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
}
"""What a file is given out with."""
GIVEN_OUT = operation(
    gives(
        dict.fromkeys((*sorted(_INERT), UNKNOWN), BINARY),
        told="The file, to be saved and not shown.",
        headers=("ETag", "Content-Disposition"),
    ),
    refuses("gone"),
)
"""How a file is given out."""


async def largest(context: Context) -> int:
    """Bytes that an attachment may have, by the policy in force."""
    return (await policy_of(context)).attachment_size


async def attaching(request: Request, number: str) -> Actor:
    """The caller as one who may attach to this case: 401, 403 and 404 come before a byte of the body is read."""
    context = context_of(request)
    actor = await admit(request, await authenticated(request), roles_for("attach"))
    authorise(actor, "attach")
    if actor.role is Role.CUSTOMER:
        await context.desk.records.case(number, actor)
    else:
        await context.desk.runner.repository.identify(number)
    refuse_unknown(request)
    return actor


@router.post(
    "/cases/{number}/attachments",
    response_class=Response,
    status_code=201,
    operation_id="attach",
    tags=[Area.FILES],
    openapi_extra=operation(
        takes_bytes(BYTES, "*/*"),
        reads(MAY_MATCH),
        written(Case, told="The case. `Location` is where the file is.", status=201),
        refuses("attachments-full"),
        needs(roles_for("attach")),
    ),
)
async def post_attachment(
    request: Request,
    number: str,
    actor: Annotated[Actor, Depends(attaching)],
    name: FileName = "",
    visible_to_customer: Annotated[
        bool, Query(description="Whether the customer may see it.", examples=[False])
    ] = False,
) -> Response:
    """Attach a file to a case, in any status.

    The body is the file itself, at most 25 MiB; no form. Its type follows from its content. Programs are refused
    (the policy's `refused_types` and `refused_endings`).
    """
    context = context_of(request)
    refuse_forms(request)
    async with context.uploads.receive(request, await largest(context)) as upload:
        wanted = asked(request, actor, f"{name}\0{visible_to_customer}\0{upload.sha256}".encode(), 201)
        wanted = await with_precondition(request, context, wanted)
        try:
            async with context.uploads.whole(upload) as content:
                file = File(name, request.headers.get("content-type", ""), content)
                committed = await context.desk.attachments.attach(number, (file,), visible_to_customer, wanted)
        except StaleVersion as stale:
            headers = {"ETag": f'"v{stale.current}"'}
            raise Problem("stale-version", str(stale), headers=headers, current_version=stale.current) from stale
    digest = committed.case.attachments[-1].said.digest
    return answer(committed, 201, reader=actor, location=f"/cases/{number}/attachments/{digest}")


@router.get(
    "/cases/{number}/attachments",
    response_class=Response,
    operation_id="list_attachments",
    tags=[Area.FILES],
    openapi_extra=operation(answers(AttachmentPage, told="A page of files.", headers=("ETag", "Link")), needs(READERS)),
)
async def list_attachments(
    request: Request, actor: Reader, number: str, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """List the files of a case.

    Those that the caller may see, oldest first. Read from the events, so never behind.
    """
    context = context_of(request)
    case, shown = await context.desk.attachments.of_case(number, actor)
    question = f"attachments {number}"
    (after,) = context.cursors.read(question, cursor) if cursor is not None else (None,)
    if (same := unchanged(request, f"v{case.version}")) is not None:
        return same
    note_read(request, actor, What.CASE, number, case=case)
    start = next((place for place, each in enumerate(shown, 1) if each.said.digest == after), 0)
    items = shown[start : start + limit]
    more = (items[-1].said.digest,) if start + limit < len(shown) else None
    last = await context.desk.runner.store.history(case.id, after=case.version - 1, until=case.version)
    listing = Listing([attachment_document(each) for each in items], more, last[-1].position)
    answered = page_of(request, context, question, listing)
    answered.headers["ETag"] = f'"v{case.version}"'
    return answered


@router.get(
    "/cases/{number}/attachments/{digest}",
    response_class=Response,
    operation_id="read_attachment",
    tags=[Area.FILES],
    openapi_extra=operation(GIVEN_OUT, needs(READERS)),
)
async def read_attachment(request: Request, actor: Reader, number: str, digest: str) -> Response:
    """Download a file.

    It is to be saved and not shown. `gone` once it is erased.
    """
    found = await context_of(request).desk.attachments.open(number, digest, actor)
    note_read(request, actor, What.FILE, number)
    return await given_out(request, *found)


def refuse_forms(request: Request) -> None:
    """A form is an envelope, and nobody wants that kept in the place of the file. Raises Problem 415."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ("multipart/form-data", "application/x-www-form-urlencoded"):
        raise Problem("unsupported-media-type", f"{kind} is not understood; send the file itself, and its ?name=")


async def given_out(request: Request, attachment: Attachment, pieces: AsyncIterator[bytes]) -> Response:
    """A file as an answer. Raises Erased where it went in this very moment."""
    said = attachment.said
    if (same := unchanged(request, str(said.text("sha256")))) is not None:
        return same
    first = await anext(pieces, None)
    if first is None:
        raise Erased("This attachment is erased.")
    kind, name, size = str(said.text("type")), str(said.text("name")), int(said.text("size"))
    told = {TEXT: f"{TEXT}; charset=utf-8"}.get(kind, kind) if kind in _INERT else UNKNOWN
    headers = {
        **SAFE,
        "Content-Type": told,
        "Content-Length": str(size),
        "Content-Disposition": disposition(name),
        "ETag": f'"{said.text("sha256")}"',
    }
    return StreamingResponse(_chained(first, pieces), headers=headers)


async def _chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


def disposition(name: str) -> str:
    """RFC 6266: the name for those who read UTF-8, and for the others what is left of it."""
    plain = "".join(sign if " " <= sign <= "~" and sign not in '"\\%' else "_" for sign in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
