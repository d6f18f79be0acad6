"""What if: the recorded history under another policy. Nothing is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.http.access import DECIDERS, FreshDecider
from api.http.bodies.what_if import WhatIfBody
from api.http.context import Context, context_of, policy_of
from api.http.documents.what_if import WhatIfAnswer
from api.http.entrance.deadline import allow
from api.http.entrance.gate import Full, Gate
from api.http.openapi.areas import Area
from api.http.openapi.headers import WAIT_FOR_POSITION
from api.http.openapi.operations import answers, needs, operation, reads, takes
from api.http.problems import Problem
from api.http.requests import parse
from api.http.responses import json_response
from api.http.routes.administration.office import Raw
from application.administration.entries import change_policy
from application.reports.what_if.question import what_if

router = APIRouter(tags=[Area.POLICY])
_PATIENCE = 300.0
"""Seconds that an answer may take. A million cases take some two minutes."""
_ONE_AT_A_TIME = Gate(1)
"""Each question reads the whole record: one at a time in a process."""


@router.post(
    "/policy/what-if",
    response_class=Response,
    operation_id="ask_what_if",
    openapi_extra=operation(
        reads(WAIT_FOR_POSITION),
        takes(WhatIfBody),
        answers(WhatIfAnswer, told="What was, and what would have been."),
        needs(DECIDERS),
    ),
)
async def ask_what_if(
    request: Request,
    actor: FreshDecider,  # noqa: ARG001 - asked for its refusal
    raw: Raw,
) -> Response:
    """Ask what would have been under another policy.

    Give the fields that would change, as for `POST /policy`. Cases received in the period are compared with what they would
    have been: priorities, targets, duplicates, closures. Decisions that people took stay as they took them; `cannot_know`
    says what the record does not tell. Nothing is recorded. One question at a time: another is answered 503.
    """
    context, body = context_of(request), parse(request, raw, WhatIfBody)
    return json_response(await answered(context, body.changes, body.since, body.until))


async def answered(
    context: Context, changes: Mapping[str, Any], since: datetime | None, until: datetime | None
) -> dict[str, Any]:
    """What would have been. Raises Invalid for a policy that cannot be, Problem 503 while another question is answered."""
    policy = change_policy(await policy_of(context), changes)
    allow(_PATIENCE)
    try:
        with _ONE_AT_A_TIME.passed("what-if"):
            past, now = await context.desk.policy.past(), context.desk.clock.now()
            return await what_if(context.views.histories, policy, past, (since, until), now)
    except Full:
        raise Problem("unavailable", "another what-if is being answered", headers={"Retry-After": "30"}) from None
