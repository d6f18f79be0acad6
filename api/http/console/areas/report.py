"""`/report`: a customer's report without an account. The link that follows the case is mailed (R-5.2b)."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import ValidationError

from api.http.bodies.self_service import ReportBody
from api.http.console.access import Form, form_of
from api.http.console.choices import with_options
from api.http.console.fields import body_of, typed
from api.http.console.forms.others import REPORT
from api.http.console.rendering import open_page
from api.http.console.route import PageRoute
from api.http.context import context_of
from api.http.fields import pointer
from api.http.pages.rendering import page
from api.http.routes.self_service import count_report, reported

router = APIRouter(prefix="/report", route_class=PageRoute, include_in_schema=False)


@router.get("")
async def ask(request: Request) -> Response:
    """The empty form."""
    return await _asked(request, {}, {})


@router.post("")
async def report(request: Request, form: Annotated[Form, Depends(form_of)]) -> Response:
    """Log the report. The page tells its number; the link goes to the address in it."""
    context = context_of(request)
    count_report(request, context)
    given = body_of(REPORT.fields, form, "UTC")
    try:
        body = ReportBody.model_validate_json(json.dumps(given))
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        wrong = {pointer(each["loc"]).strip("/"): "Please look at this again." for each in found}
        return await _asked(request, typed(REPORT.fields, form), wrong, 422)
    committed = await reported(request, context, body, json.dumps(given, sort_keys=True).encode())
    told = f"Your report has the number {committed.case.number}. We have mailed you a link to follow it."
    return page("told", told=told, path=None)


async def _asked(request: Request, values: dict[str, str], wrong: dict[str, str], status: int = 200) -> Response:
    fields = await with_options(context_of(request), REPORT.fields, {})
    return open_page("report_form", status, title="Report an incident", fields=fields, typed=values, wrong=wrong)
