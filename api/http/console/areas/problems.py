"""Problem Cases: the causes of incidents, and the known errors among them."""

from __future__ import annotations

import asyncio

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response

from api.http.console.access import SignedIn, Staff, Submitted, only_given
from api.http.console.before import told
from api.http.console.choices import with_options
from api.http.console.commands import Attempted, carried_out, problem_commands
from api.http.console.fields import choice, options
from api.http.console.forms.others import OPEN_PROBLEM
from api.http.console.frame import frame_of
from api.http.console.rendering import show
from api.http.console.route import area
from api.http.context import context_of, note_read
from api.http.problems import TITLES
from api.http.routes.verbs import VERBS
from application.audit.reads import What
from application.cases.documents import problem_document
from application.views.questions import Page
from domain.problem import COMMANDS
from domain.values import Actor

router = area("/problems")
_LIMIT = 100
_OPEN = next(verb for verb in VERBS if verb.command == "open_problem")
_FILTERS = (
    choice(
        "status",
        "Status",
        options(
            open="Open", investigated="Investigated", known_error="Known error", resolved="Resolved", closed="Closed"
        ),
        required=False,
    ),
    choice("service", "Service", "services", required=False),
)


@router.get("", dependencies=[Depends(only_given)])
async def list_problems(
    request: Request, actor: Staff, status: str = "", service: str = "", cursor: str | None = None
) -> Response:
    """Problem Cases by number."""
    return await _listed(request, actor, status, service, cursor)


async def _listed(
    request: Request,
    actor: Actor,
    status: str = "",
    service: str = "",
    cursor: str | None = None,
    attempted: Attempted | None = None,
) -> Response:
    context = context_of(request)
    filters = {name: value for name, value in (("status", status), ("service", service)) if value}
    question = f"ui problems {sorted(filters.items())}"
    after = context.cursors.read(question, cursor) if cursor else None
    listing, frame = await asyncio.gather(
        context.ask(context.views.lists.problems(filters, Page(after, _LIMIT))), frame_of(request, actor)
    )
    note_read(request, actor, What.LIST, "problems", position=listing.position)
    return show(
        frame,
        "problems",
        TITLES[attempted.problem.slug][0] if attempted else 200,
        title="Problems",
        listing=listing,
        filters=await with_options(context, _FILTERS, {}),
        given=filters,
        cursor=context.cursors.make(question, listing.next_key) if listing.next_key else None,
        form=OPEN_PROBLEM if actor.role in COMMANDS["open_problem"].who else None,
        fields=await with_options(context, OPEN_PROBLEM.fields, {}),
        attempted=attempted,
    )


@router.post("")
async def open_problem(request: Request, session: SignedIn, actor: Staff, form: Submitted) -> Response:
    """Open a Problem Case."""
    outcome = await carried_out(request, context_of(request), session, _OPEN, "", form, OPEN_PROBLEM.fields)
    if isinstance(outcome, Attempted):
        return await _listed(request, actor, attempted=outcome)
    return RedirectResponse(f"/ui/problems/{outcome.root.number}", 303)


@router.get("/{number}")
async def read_problem(request: Request, actor: Staff, number: str) -> Response:
    """A Problem Case with its incidents and what can be done."""
    return await problem_page(request, actor, number)


async def problem_page(request: Request, actor: Actor, number: str, *, attempted: Attempted | None = None) -> Response:
    """The page of a Problem Case; after a refusal, with the form as it was typed. Raises NotFound."""
    context = context_of(request)
    problem = await context.desk.problems.problem(number, actor)
    note_read(request, actor, What.PROBLEM, number)
    return show(
        await frame_of(request, actor),
        "problem",
        TITLES[attempted.problem.slug][0] if attempted else 200,
        problem=problem_document(problem),
        commands=await problem_commands(context, problem, actor, attempted),
        refused=attempted and told(attempted.problem.slug, TITLES[attempted.problem.slug][1], attempted.problem.detail),
    )
