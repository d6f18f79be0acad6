"""The major incidents that are open: who leads them, what is owed by when, and what was told to whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from api.http.console.access import Staff, asked_now
from api.http.console.frame import frame_of, sealed_up_to
from api.http.console.rendering import show
from api.http.console.route import area
from api.http.console.timeline import timeline
from api.http.console.wording import OWED
from api.http.context import Context, context_of, note_read
from application.audit.reads import What
from application.cases.documents import case_document
from application.cases.history import history_items
from application.views.questions import Page
from domain.values import Actor

router = area("/major")
_MOST = 20
_TOLD = ("case.major_nominated", "case.major_declared", "case.major_rejected", "case.discharged", "case.fanned_out")


@router.get("")
async def major(request: Request, actor: Staff) -> Response:
    """The nominated and declared major incidents, each with its schedule of communication (R-5.7c)."""
    context = context_of(request)
    listing = await context.ask(context.views.lists.queue("major", Page(limit=_MOST), await asked_now(context, actor)))
    for each in listing.items:
        note_read(request, actor, What.CASE, each["number"], position=listing.position)
    incidents = [await _incident(context, each["number"], actor) for each in listing.items]
    return show(
        await frame_of(request, actor),
        "major",
        title="Major incidents",
        incidents=incidents,
        position=listing.position,
        owed=OWED,
        sealed=await sealed_up_to(context),
    )


async def _incident(context: Context, number: str, actor: Actor) -> Mapping[str, Any]:
    case = await context.desk.records.case(number, actor)
    items = history_items(await context.desk.records.history(number, actor), actor.role)
    told = timeline(item for item in items if item["topic"] in _TOLD)
    return {"case": case_document(case, actor.role), "told": told}
