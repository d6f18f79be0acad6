"""What auditors look at: the signed checkpoints, a case with its proofs, and the desk as of any moment."""

from __future__ import annotations

import io
import json
import re
import zipfile
from functools import partial
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from api.http.console.access import Auditor, Staff
from api.http.console.frame import frame_of
from api.http.console.rendering import show
from api.http.console.route import area
from api.http.context import Context, context_of
from api.http.entrance.deadline import in_thread
from api.http.problems import Problem
from application.transparency_log import NotSealed
from domain.values import Role

router = area()
_CHECKPOINTS = 20
_EVENTS, _CHECKPOINT = "events.jsonl", "checkpoint"


@router.get("/audit")
async def audit(request: Request, actor: Staff, case: str = "") -> Response:
    """The checkpoints that were signed last, and the way to a case's proof."""
    if case.strip():
        return RedirectResponse(f"/ui/cases/{_number(case)}/proof", 303)
    context = context_of(request)
    checkpoints = await context.ask_log(context.log.checkpoints, None, _CHECKPOINTS)
    health = await context.ask(context.views.health.status())
    return show(
        await frame_of(request, actor),
        "audit",
        title="Audit",
        checkpoints=checkpoints,
        health=health,
        is_auditor=actor.role is Role.AUDITOR,
    )


@router.get("/cases/{number}/proof")
async def proof(request: Request, actor: Auditor, number: str) -> Response:
    """Each event of a case with its leaf and its proof. The browser checks them; without a script, the bundle does."""
    context = context_of(request)
    await context.desk.records.case(number, actor)
    return show(
        await frame_of(request, actor),
        "proof",
        title=f"Proof of {number}",
        number=number,
        proven=await _proven(context, number),
        demonstrated=await in_thread(context.demonstrated_keys),
    )


@router.get("/cases/{number}/proof.json")
async def proof_data(request: Request, actor: Auditor, number: str) -> Response:
    """The same for the script of the page: as the bundle has it, in base64."""
    context = context_of(request)
    await context.desk.records.case(number, actor)
    return JSONResponse(await _proven(context, number))


@router.get("/cases/{number}/bundle.zip")
async def bundle(request: Request, actor: Auditor, number: str, files: bool = False) -> Response:
    """The case's bundle, which `caseledger verify-bundle` checks offline."""
    context = context_of(request)
    await context.desk.records.case(number, actor)
    headers = {"Content-Disposition": f'attachment; filename="{_number(number)}.zip"'}
    return Response(await _bundle(context, number, files=files), headers=headers, media_type="application/zip")


async def _proven(context: Context, number: str) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(await _bundle(context, number))) as archive:
        return {
            "number": number,
            "checkpoint": archive.read(_CHECKPOINT).decode(),
            "events": [json.loads(line) for line in archive.read(_EVENTS).splitlines()],
        }


async def _bundle(context: Context, number: str, *, files: bool = False) -> bytes:
    try:
        return await in_thread(partial(context.log.bundle, number, files=files))  # it waits for the seal
    except NotSealed as error:
        raise Problem("unavailable", str(error)) from None


def _number(given: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]", "", given).upper()
