"""What auditors look at: the signed checkpoints, a case with its proofs, and the desk as of any moment."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from api.http.console.access import Auditor, Staff
from api.http.console.auditing.findings import TITLES, state_of
from api.http.console.frame import frame_of
from api.http.console.rendering import Frame, show
from api.http.console.route import area
from api.http.console.wording import titled
from api.http.context import Context, context_of, note_read, policy_of
from api.http.entrance.deadline import in_thread
from api.http.problems import Problem
from application.audit.checks import Check
from application.audit.reads import What
from application.reports.definitions import REPORTS
from application.transparency_log import NotSealed
from domain.errors import Invalid
from domain.values import Role

router = area()
_CHECKPOINTS = 20
_EVENTS, _CHECKPOINT = "events.jsonl", "checkpoint"


@router.get("/audit")
async def audit(request: Request, actor: Staff, case: str = "", list: str = "", at: str = "") -> Response:  # noqa: A002 - a field of its form
    """The checkpoints that were signed last, the way to a case's proof, and to a list as of a moment."""
    if case.strip():
        return RedirectResponse(f"/ui/cases/{_number(case)}/proof", 303)
    context, frame = context_of(request), await frame_of(request, actor)
    moments = _moments(frame)
    if list in {path for places in moments.values() for path, _ in places}:
        return RedirectResponse(f"{list}?as_of={quote(_instant(at, frame.zone))}", 303)
    checkpoints = await context.ask_log(context.log.checkpoints, None, _CHECKPOINTS)
    health = await context.ask(context.views.health.status())
    return show(
        frame,
        "audit/overview",
        title="Audit",
        checkpoints=checkpoints,
        health=health,
        moments=moments,
        here=f"{frame.now.astimezone(ZoneInfo(frame.zone)):%Y-%m-%dT%H:%M:%S}",
        is_auditor=actor.role is Role.AUDITOR,
        titles=TITLES,
        reads_recorded=(await policy_of(context)).reads_recorded,
        checks=[await state_of(context, check) for check in Check] if actor.role is Role.AUDITOR else (),
    )


def _moments(frame: Frame) -> Mapping[str, Sequence[tuple[str, str]]]:
    """What can be read as of a moment: the lists of the bar, and the reports."""
    lists = [each for group in ("Desk", "Teams", "Needs attention") for each in frame.places.get(group, ())]
    return {
        "Queues": [(each.path, each.name) for each in lists if not each.path.endswith("/mine")],
        "Lists": [("/ui/cases", "All cases")],
        "Reports": [(f"/ui/reports/{name}", titled(name)) for name in REPORTS],
    }


def _instant(at: str, zone: str) -> str:
    """A time of a clock on the wall in the desk's zone, as RFC 3339. Raises Invalid."""
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise Invalid(f"{at} is no moment", "/at") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).isoformat()


@router.get("/cases/{number}/proof")
async def proof(request: Request, actor: Auditor, number: str) -> Response:
    """Each event of a case with its leaf and its proof. The browser checks them; without a script, the bundle does."""
    context = context_of(request)
    note_read(request, actor, What.BUNDLE, number, case=await context.desk.records.case(number, actor))
    return show(
        await frame_of(request, actor),
        "audit/proof",
        title=f"Proof of {number}",
        number=number,
        proven=await _proven(context, number),
        demonstrated=await in_thread(context.demonstrated_keys),
    )


@router.get("/cases/{number}/proof.json")
async def proof_data(request: Request, actor: Auditor, number: str) -> Response:
    """The same for the script of the page: as the bundle has it, in base64."""
    context = context_of(request)
    note_read(request, actor, What.BUNDLE, number, case=await context.desk.records.case(number, actor))
    return JSONResponse(await _proven(context, number))


@router.get("/cases/{number}/bundle.zip")
async def bundle(request: Request, actor: Auditor, number: str, files: bool = False) -> Response:
    """The case's bundle, which `caseledger verify-bundle` checks offline."""
    context = context_of(request)
    note_read(request, actor, What.BUNDLE, number, case=await context.desk.records.case(number, actor))
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
