"""The major incidents that are open: who leads them, what is owed by when, and what was told to whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from api.http.console.access import Staff, asked_now
from api.http.console.frame import frame_of, sealed_up_to
from api.http.console.rendering import show
from api.http.console.route import area
from api.http.console.timeline import timeline
from api.http.console.wording import OWED, spelled
from api.http.context import Context, context_of, note_read
from application.audit.reads import What
from application.cases.documents import case_document
from application.cases.history import history_items
from application.views.questions import Page
from domain.values import Actor

router = area("/major")
_MOST = 20
_COURSE = ("case.major_nominated", "case.major_declared", "case.major_rejected", "case.fanned_out")
_WHOM = {
    "inform_management": "The management",
    "communicate": "Those affected",
    "inform_customer": "The customer",
    "ask_customer": "The customer",
}
"""Whom the message reaches that discharges an obligation."""


@dataclass(frozen=True)
class Told:
    """Something that was told to somebody."""

    at: str
    whom: str
    method: str
    words: str | None
    """None once they are erased."""
    by: str
    version: int


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
        sealed=await sealed_up_to(
            context, max((line.position for each in incidents for line in each["course"]), default=0)
        ),
    )


async def _incident(context: Context, number: str, actor: Actor) -> Mapping[str, Any]:
    reading = await context.desk.records.reading(number, actor)
    case, items = reading.case, history_items(reading.last, actor.role)
    return {
        "case": case_document(case, actor.role),
        "course": timeline(item for item in items if item["topic"] in _COURSE),
        "told": [told for item in items if (told := told_of(item)) is not None],
        "every": case.communication_every,
        "management": _words(next((item["data"]["management"] for item in items if "management" in item["data"]), {})),
    }


def told_of(item: Mapping[str, Any]) -> Told | None:
    """What an event told to whom; None for one that told nobody anything."""
    topic, data = item["topic"], item["data"]
    if topic == "case.discharged" and (whom := _WHOM.get(data["obligation"].partition(":")[0])):
        return _told(item, data["at"], whom, spelled(data["method"]), _words(data.get("words") or {}))
    if topic == "case.informed":
        words = item["reason"] if data["informed"] else "Not reached."
        return _told(item, data["at"], "The customer", spelled(data["method"]), words)
    if topic == "case.noted" and data.get("visible_to_customer"):
        return _told(item, item["recorded_at"], "The customer", "note", _words(data["note"]))
    if topic == "case.notified":
        return _told(item, item["recorded_at"], "The customer", "email", "The resolution.")
    return None


def _told(item: Mapping[str, Any], at: str, whom: str, method: str, words: str | None) -> Told:
    return Told(at, whom, method, words, item["by"]["subject"], item["version"])


def _words(said: Mapping[str, Any]) -> str | None:
    """The words of a disclosure; None where there are none, or no longer."""
    return "\n".join(str(each) for each in (said.get("value") or {}).values() if each) or None
