"""The transparency log, for everybody (C2SP tlog-tiles); checkpoints and cases with their proofs, for auditors.

`/tlog` is the log that is sealed into now. After a restart that is another one, whose tiles lie where others lay: under
`/tlog/1`, `/tlog/2` ... each log stands for good.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi import Path as PathParameter
from fastapi.responses import Response

from api.http.access import Caller, Staff
from api.http.context import admit, context_of, note_read
from api.http.documents.operations import CheckpointPage
from api.http.entrance.deadline import in_thread
from api.http.openapi.areas import Area
from api.http.openapi.operations import BINARY, BYTES, OPEN, answers, gives, needs, operation, refuses
from api.http.parameters import Cursor, Limit, named_parameters, refuse_unknown
from api.http.problems import Problem
from api.http.responses import page_of
from application.audit.reads import What
from application.transparency_log import NotSealed, authorise_auditing
from application.views.questions import Listing
from domain.case.status import STAFF
from domain.errors import NotFound
from domain.values import Actor, Role

router = APIRouter(tags=[Area.LEDGER])
Number = Annotated[int, PathParameter(ge=1, le=2**31 - 1)]
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
_OPEN = [Depends(named_parameters)]
_NOTE = operation(
    OPEN,
    gives(
        {
            "text/plain": {
                "schema": {"type": "string"},
                "example": "desk.example/70ad7e45\n111\n6jdRu1zRGOExcZW8vypB9V9C763BTkzurptdDPieaj4=\n",
            }
        },
        told="The signed note.",
    ),
    refuses("not-found"),
)
_TILE = operation(OPEN, gives({BYTES: BINARY}, told="The tile."))
_NEVER = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}


async def auditing(request: Request, caller: Caller) -> Actor:
    """The caller as an auditor. Raises Forbidden, naming the role."""
    actor = await admit(request, caller, (Role.AUDITOR,))
    authorise_auditing(actor)
    refuse_unknown(request)
    return actor


@router.get(
    "/tlog/checkpoint",
    response_class=Response,
    operation_id="read_checkpoint",
    dependencies=_OPEN,
    openapi_extra=_NOTE,
)
async def read_checkpoint(request: Request) -> Response:
    """Read the newest checkpoint.

    A signed note (C2SP tlog-checkpoint) of the log into which events are sealed now.
    """
    return await _checkpoint(request, None)


@router.get(
    "/tlog/{log:int}/checkpoint",
    response_class=Response,
    operation_id="read_checkpoint_of_log",
    dependencies=_OPEN,
    openapi_extra=_NOTE,
)
async def read_checkpoint_of_log(request: Request, log: Number) -> Response:
    """Read the newest checkpoint of one log.

    The first log is 1. A restart of the log (`docs/auditing.md`) begins another.
    """
    return await _checkpoint(request, log)


@router.get(
    "/tlog/{log:int}/{path:path}",
    response_class=Response,
    operation_id="read_tile_of_log",
    dependencies=_OPEN,
    openapi_extra=_TILE,
)
async def read_tile_of_log(request: Request, log: Number, path: str) -> Response:
    """Read a tile of one log.

    A tile of hashes, or a bundle of entries (C2SP tlog-tiles). It never changes.
    """
    return await _tile(request, path, log)


@router.get(
    "/tlog/{path:path}",
    response_class=Response,
    operation_id="read_tile",
    dependencies=_OPEN,
    openapi_extra=_TILE,
)
async def read_tile(request: Request, path: str) -> Response:
    """Read a tile of the current log.

    A tile of hashes, or a bundle of entries (C2SP tlog-tiles). After a restart of the log, earlier tiles are at the address
    of their own log.
    """
    return await _tile(request, path, None)


async def _checkpoint(request: Request, log: int | None) -> Response:
    context = context_of(request)
    note = await context.ask_log(context.log.checkpoint, log)
    if note is None:
        raise NotFound("nothing is sealed yet")
    return Response(note.encode(), headers=_NEVER, media_type="text/plain; charset=utf-8")


async def _tile(request: Request, path: str, log: int | None) -> Response:
    context = context_of(request)
    found = await context.ask_log(context.log.tile, path, log)
    if found is None:
        raise NotFound("there is no such tile")
    number, content = found
    headers = _FOREVER if log is not None or number == 1 else _NEVER  # another log's tile was at this address
    return Response(content, headers=headers, media_type="application/octet-stream")


@router.get(
    "/audit/checkpoints",
    response_class=Response,
    operation_id="list_checkpoints",
    openapi_extra=operation(answers(CheckpointPage, told="A page of checkpoints.", headers=("Link",)), needs(STAFF)),
)
async def list_checkpoints(request: Request, actor: Staff, limit: Limit = 50, cursor: Cursor = None) -> Response:  # noqa: ARG001 - asked for its refusal
    """List the checkpoints.

    Every checkpoint that was ever signed, newest first.
    """
    context = context_of(request)
    after = context.cursors.read("checkpoints", cursor) if cursor is not None else None
    found = list(await context.ask_log(context.log.checkpoints, (after[0], after[1]) if after else None, limit + 1))
    more, kept = len(found) > limit, found[:limit]
    last = (kept[-1].log, kept[-1].size) if more else None
    listing = Listing([vars(each) for each in kept], last, kept[0].position if kept else 0)
    return page_of(request, context, "checkpoints", listing)


@router.get(
    "/audit/cases/{number}/bundle",
    response_class=Response,
    operation_id="read_bundle",
    openapi_extra=operation(
        gives({"application/zip": BINARY}, told="The bundle.", headers=("Content-Disposition",)), needs((Role.AUDITOR,))
    ),
)
async def read_bundle(
    request: Request,
    actor: Annotated[Actor, Depends(auditing)],
    number: str,
    files: Annotated[bool, Query(description="With the files of the case.", examples=[False])] = False,
) -> Response:
    """Download a case with the proofs of its events.

    A zip with its whole history and the inclusion proof of each event. `caseledger verify-bundle` checks it offline.
    """
    context = context_of(request)
    case = await context.desk.records.case(number, actor)
    try:
        content = await in_thread(partial(context.log.bundle, number, files=files))  # it waits for the seal
    except NotSealed as error:
        raise Problem("unavailable", str(error)) from None
    note_read(request, actor, What.BUNDLE, number, case=case)
    name = re.sub(r"[^A-Za-z0-9-]", "", number)
    headers = {**_NEVER, "Content-Disposition": f'attachment; filename="{name}.zip"'}
    return Response(content, headers=headers, media_type="application/zip")
