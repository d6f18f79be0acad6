"""Forms that give a command on a case or a problem. A refusal shows the page again, with what was typed."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from api.http.console.access import Reader, SignedIn, Staff, Submitted
from api.http.console.areas.cases import case_page
from api.http.console.areas.problems import problem_page
from api.http.console.choices import with_options
from api.http.console.commands import Attempted, carried_out, verb_of
from api.http.console.forms.cases import CASE_FORMS
from api.http.console.forms.others import PROBLEM_FORMS
from api.http.console.route import area
from api.http.context import context_of

router = area()


@router.post("/cases/{number}/{name}")
async def on_case(
    request: Request, session: SignedIn, actor: Reader, form: Submitted, number: str, name: str
) -> Response:
    """Give a command on a case."""
    context, verb = context_of(request), verb_of("cases", name)
    await context.desk.records.head(number, actor)
    outcome = await carried_out(request, context, session, verb, number, form, CASE_FORMS[name].fields, name)
    if isinstance(outcome, Attempted):
        return await case_page(request, actor, number, attempted=outcome)
    return RedirectResponse(f"/ui/cases/{number}?done={name}#v{outcome.case.version}", 303)


@router.post("/problems/{number}/{name}")
async def on_problem(
    request: Request, session: SignedIn, actor: Staff, form: Submitted, number: str, name: str
) -> Response:
    """Give a command on a Problem Case."""
    context, verb = context_of(request), verb_of("problems", name)
    fields = await with_options(context, PROBLEM_FORMS[name].fields, {})
    outcome = await carried_out(request, context, session, verb, number, form, fields, name)
    if isinstance(outcome, Attempted):
        return await problem_page(request, actor, number, attempted=outcome)
    return RedirectResponse(f"/ui/problems/{number}", 303)
