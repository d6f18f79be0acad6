"""The page of a case: its timeline, the facts beside it, and what can be done."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from api.http.console.access import Reader, Staff
from api.http.console.before import told
from api.http.console.commands import Attempted, Commands, case_commands
from api.http.console.differences import case_changes
from api.http.console.forms.cases import CASE_FORMS
from api.http.console.frame import frame_of, sealed_up_to
from api.http.console.rendering import part, show
from api.http.console.route import area
from api.http.console.timeline import Line, timeline
from api.http.context import Context, context_of, note_read
from api.http.entrance.deadline import LONG, allow
from api.http.problems import TITLES
from application.audit.reads import What
from application.cases.documents import case_document
from application.cases.history import history_items
from application.views.questions import Page
from domain.case import Case
from domain.case.status import STAFF, Status, roles_for
from domain.values import Actor, Candidate

router = area()
_KNOWN, _LIKELY = 3, 0.2
"""Known errors beside a case, and how like its subject they are at least."""
_ENTRIES = 40
"""Entries that a long timeline shows."""
_READ = 80
"""Events that are read for them: alerts in a row become one entry."""
_SEARCHED = frozenset({Status.LOGGED, Status.TRIAGED, Status.PRIORITIZED, Status.IN_DIAGNOSIS, Status.ASSIGNED})
"""Statuses in which duplicates are still worth a search."""


@router.get("/cases/{number:str}")
async def read_case(
    request: Request,
    actor: Reader,
    number: str,
    version: int | None = None,
    done: str = "",
    logged: bool = False,
    whole: bool = False,
) -> Response:
    """A case, now or as it was at an earlier version; its timeline shortened in the middle, or whole."""
    return await case_page(request, actor, number, version=version, done=done, logged=logged, whole=whole)


async def case_page(
    request: Request,
    actor: Actor,
    number: str,
    *,
    version: int | None = None,
    done: str = "",
    logged: bool = False,
    whole: bool = False,
    attempted: Attempted | None = None,
) -> Response:
    """The page of a case; after a refusal, with the form as it was typed. Raises Forbidden, NotFound."""
    context = context_of(request)
    records = context.desk.records
    everything = whole or version is not None or attempted is not None
    reading, frame = await asyncio.gather(
        records.reading(number, actor, last=None if everything else _READ), frame_of(request, actor)
    )
    now, position = version in (None, reading.case.version), reading.last[-1].position
    case = reading.case if now else await records.case(number, actor, version=version)
    note_read(request, actor, What.CASE, number, case=case, position=position if now else None)
    status, problem = _refusal(attempted)
    document, items = case_document(case, actor.role), history_items(reading.last, actor.role)
    sealed, commands = await asyncio.gather(
        sealed_up_to(context, position),
        case_commands(context, case, document, actor, attempted) if now else _none(),
    )
    lines = timeline(item for item in items if item["version"] <= case.version)
    first = timeline(history_items(reading.first, actor.role))
    shown = lines if whole else _shortened(first, lines)
    return show(
        frame,
        "case",
        status,
        case=document,
        since=() if now else case_changes(document, case_document(reading.case, actor.role), frame.zone),
        lines=shown,
        left_out="More" if first else len(lines) - len(shown),
        versions=reading.case.version,
        is_past=not now,
        sealed=sealed,
        commands=commands,
        meanwhile=_meanwhile(attempted, items),
        problem=problem,
        is_staff=actor.role in STAFF,
        done=CASE_FORMS[done].done if done in CASE_FORMS else "",
        done_name=done,
        logged=logged,
        attaches=now and actor.role in roles_for("attach"),
    )


async def _none() -> Commands:
    return Commands()


def _shortened(first: Sequence[Line], lines: Sequence[Line]) -> Sequence[Line]:
    """A timeline with its first entry and the last ones: a page of a long case weighs no more than another.

    ``first`` is its first entry, where ``lines`` do not begin with it.
    """
    first = first or lines[:1]
    return lines if len(lines) <= _ENTRIES and first == lines[:1] else [*first, *lines[1 - _ENTRIES :]]


def _refusal(attempted: Attempted | None) -> tuple[int, Mapping[str, Any] | None]:
    if attempted is None:
        return 200, None
    status, title = TITLES[attempted.problem.slug]
    words = told(attempted.problem.slug, title, attempted.problem.detail)
    return status, {"title": words.title, "detail": words.detail, "steps": words.steps, **attempted.problem.members}


def _meanwhile(attempted: Attempted | None, items: Sequence[Mapping[str, Any]]) -> list[Line]:
    """What others did since the page was read, after a 412."""
    if attempted is None or attempted.problem.slug != "stale-version":
        return []
    return timeline(item for item in items if item["version"] > attempted.problem.members["seen"])


@router.get("/cases/{number}/alike")
async def alike(request: Request, actor: Staff, number: str) -> Response:
    """Cases that may be about the same, and known errors: searched when the page of the case is there already."""
    context = context_of(request)
    case = await context.desk.records.case(number, actor)
    candidates: Sequence[Candidate] = ()
    known: Sequence[Mapping[str, Any]] = ()
    if case.status in _SEARCHED:
        allow(LONG)
        candidates = await context.desk.relations.candidates(number, actor)
        known = await _known_errors(context, case)
    frame = await frame_of(request, actor)
    if known:
        note_read(request, actor, What.LIST, "known errors")
    return HTMLResponse(part(frame, "parts/case_alike", candidates=candidates, known=known))


async def _known_errors(context: Context, case: Case) -> list[Mapping[str, Any]]:
    words = case.words.text("subject") if case.words else None
    if not words:
        return []
    found = await context.ask(context.views.search.known_errors(words, case.service, Page(limit=_KNOWN)))
    return [each for each in found.items if (each["score"] or 0) > _LIKELY]
