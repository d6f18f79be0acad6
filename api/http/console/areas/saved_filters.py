"""Saved filters of the list of cases: a person's own, and those that their team or the desk shares."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from api.http.case_filters import CaseQuery
from api.http.console.access import Form, Staff, Submitted
from api.http.console.route import area
from api.http.context import context_of
from api.http.problems import Problem, trace_id_of
from application.execution.requests import Request as Asked
from domain.values import CODE, Actor

router = area("/filters")
_ONLY_HERE = ("cursor", "as_of")
"""Parameters of a page that belong to no filter."""


@router.post("/save")
async def save(request: Request, actor: Staff, form: Submitted) -> Response:
    """Save the filter of the page under a name."""
    query = _query(form)
    await context_of(request).desk.filters.put(_name(form), query, _asked(request, actor), shared=_shared(form))
    return RedirectResponse(f"/ui/cases?{urlencode(query)}", 303)


@router.post("/remove")
async def remove(request: Request, actor: Staff, form: Submitted) -> Response:
    """Remove a saved filter."""
    await context_of(request).desk.filters.remove(_name(form), _asked(request, actor), shared=_shared(form))
    return RedirectResponse("/ui/cases", 303)


def _asked(request: Request, actor: Actor) -> Asked:
    return Asked(actor, "console", trace_id=trace_id_of(request))


def _shared(form: Form) -> bool:
    return form.get("shared", [""])[0] == "true"


def _name(form: Form) -> str:
    """The name of a filter. Raises Problem 422."""
    name = form.get("name", [""])[0].strip()
    if CODE.fullmatch(name) is None:
        raise Problem(
            "validation-failed", "A name has letters, digits, blanks and . _ - and begins with a letter or digit."
        )
    return name


def _query(form: Form) -> Mapping[str, str]:
    """The parameters of the page's address, checked as `GET /cases` checks them. Raises Problem 422."""
    query = {name: value for name, value in parse_qsl(form.get("query", [""])[0]) if name not in _ONLY_HERE}
    try:
        CaseQuery.model_validate(query)
    except ValidationError:
        raise Problem("validation-failed", "This is no filter of a list of cases.") from None
    return query
