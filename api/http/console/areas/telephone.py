"""Logging while the customer is on the telephone: one page, with similar cases and known errors while one types."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.http.console.access import SignedIn, Staff, Submitted
from api.http.console.before import told
from api.http.console.choices import with_options
from api.http.console.commands import Attempted, carried_out
from api.http.console.forms.others import TELEPHONE
from api.http.console.frame import frame_of
from api.http.console.rendering import Frame, part, show
from api.http.console.route import area
from api.http.context import context_of
from api.http.problems import TITLES
from api.http.routes.verbs import VERBS
from application.views.questions import Page
from domain.case.status import authorise
from domain.values import Actor

router = area("/cases/new")
_SHOWN, _LIKELY = 5, 0.2
"""Cases and known errors that are shown, and how like the words a known error is at least."""
_LOG = next(verb for verb in VERBS if verb.command == "log")
_FOLLOW_UP = next(verb for verb in VERBS if verb.command == "follow_up")


@router.get("")
async def ask(request: Request, actor: Staff, follow_up: str = "") -> Response:
    """The empty form."""
    authorise(actor, "log")
    return await _asked(request, actor, follow_up)


async def _asked(request: Request, actor: Actor, follow_up: str, attempted: Attempted | None = None) -> Response:
    context = context_of(request)
    return show(
        await frame_of(request, actor),
        "telephone",
        TITLES[attempted.problem.slug][0] if attempted else 200,
        title=f"Follow up {follow_up}" if follow_up else "Log a call",
        fields={each.name: each for each in await with_options(context, TELEPHONE.fields, {})},
        attempted=attempted,
        follow_up=follow_up,
        refused=attempted and told(attempted.problem.slug, TITLES[attempted.problem.slug][1], attempted.problem.detail),
    )


@router.post("")
async def log(request: Request, session: SignedIn, actor: Staff, form: Submitted) -> Response:
    """Log the case. Its number is shown large, to be read aloud."""
    follow_up = form.get("follow_up", [""])[0]
    verb = _FOLLOW_UP if follow_up else _LOG
    outcome = await carried_out(request, context_of(request), session, verb, follow_up, form, TELEPHONE.fields)
    if isinstance(outcome, Attempted):
        return await _asked(request, actor, follow_up, outcome)
    return RedirectResponse(f"/ui/cases/{outcome.case.number}?logged=true", 303)


@router.get("/alike")
async def alike(request: Request, actor: Staff) -> HTMLResponse:
    """Open cases and known errors like what was typed so far."""
    context = context_of(request)
    said = (request.query_params.get(name, "") for name in ("subject", "description", "symptoms"))
    words, service = " ".join(said).strip()[:1000], request.query_params.get("service") or None
    frame = Frame(actor, "", context.desk.clock.now(), "UTC", request.url.path)
    if len(words) < 4:
        return HTMLResponse(part(frame, "parts/alike", cases=(), known=(), asked=False))
    found = await context.ask(context.views.search.cases(words, Page(limit=_SHOWN * 2)))
    known = await context.ask(context.views.search.known_errors(words, service, Page(limit=_SHOWN)))
    still = [each for each in found.items if each["status"] != "closed"][:_SHOWN]
    return HTMLResponse(
        part(
            frame,
            "parts/alike",
            cases=still,
            known=[each for each in known.items if (each["score"] or 0) > _LIKELY],
            asked=True,
        )
    )
