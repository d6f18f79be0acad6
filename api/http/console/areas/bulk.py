"""One command on many cases: each is carried out by itself, and each has its own result."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from api.http.console.access import SignedIn, Staff, Submitted
from api.http.console.before import told
from api.http.console.commands import Attempted, carried_out, verb_of
from api.http.console.forms.cases import BULK
from api.http.console.frame import frame_of
from api.http.console.rendering import show
from api.http.console.route import area
from api.http.context import context_of
from api.http.problems import Problem
from domain.errors import NotFound

router = area("/bulk")
_MOST = 50


@router.post("/{name}")
async def on_many(request: Request, session: SignedIn, actor: Staff, form: Submitted, name: str) -> Response:
    """Give a command on each chosen case. What happened to a case does not stop the others."""
    if name not in BULK:
        raise Problem("not-found", "there is no such command for many cases")
    numbers = list(dict.fromkeys(form.get("number", ())))[:_MOST]
    if not numbers:
        raise Problem("validation-failed", "choose at least one case: the box at the left of its row, or the key x")
    context, verb, results = context_of(request), verb_of("cases", name), list[tuple[str, str, bool]]()
    for number in numbers:
        try:
            outcome = await carried_out(request, context, session, verb, number, form, BULK[name].fields)
        except NotFound as error:
            results.append((number, str(error), False))
            continue
        if isinstance(outcome, Attempted):
            results.append((number, told(outcome.problem.slug, "", outcome.problem.detail).detail, False))
        else:
            results.append((number, BULK[name].done, True))
    return show(await frame_of(request, actor), "lists/results", title=BULK[name].title, results=results)
