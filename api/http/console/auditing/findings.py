"""What `verify` and conformance found: their last results, beginning one, and one case held against the SOP."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from api.http.bodies.checks import CheckBody
from api.http.console.access import Auditor, Form, Submitted
from api.http.console.frame import frame_of
from api.http.console.rendering import show
from api.http.console.route import area
from api.http.context import Context, context_of
from api.http.entrance.deadline import in_thread
from api.http.problems import Problem
from api.http.routes.audit.checks import begin
from api.http.routes.audit.conformance import conformance_of
from application.audit.checks import Check, CheckState

router = area("/audit")
TITLES = {Check.VERIFY: "Is the record as it was sealed?", Check.CONFORMANCE: "Do the histories follow the SOP?"}
_MEANS = {
    "leaves": "the leaves with the hashes kept at every level",
    "rows": "each event with its leaf, to the byte",
    "checkpoints": "the tree with every checkpoint ever signed",
    "keys": "the keys that sign, with the events that introduce them",
    "timestamps": "stamps of authorities with the checkpoints",
    "sealer": "the log with the file that the sealer keeps outside the database",
    "held": "the log with the copies that you named",
    "streams": "the versions of each case and of whatever else has a history: no hole",
    "disclosures": "words with the digests in the events, and missing ones with the erasures",
    "outbox": "sent mails with the digests in the events",
    "contents": "files with their size and digest",
    "catalogue": "triggers, functions and grants of the database",
    "projections": "lists and reports with a replay of all events",
    "unsealed": "events of the last moments, not sealed yet",
}


@router.get("/verify")
async def verification(request: Request, actor: Auditor) -> Response:
    """What `verify` found last."""
    return await _page(request, actor, Check.VERIFY)


@router.get("/conformance")
async def conformance(request: Request, actor: Auditor, case: str = "") -> Response:
    """What contradicts the SOP: in all histories, as the last check found it, or in one case now."""
    context, number = context_of(request), case.strip().upper()
    one = await conformance_of(context, number) if number else None
    return await _page(request, actor, Check.CONFORMANCE, case=number, one=one)


@router.post("/verify")
async def verify(request: Request, actor: Auditor, form: Submitted) -> Response:
    """Begin `verify`, with the keys and checkpoints that the auditor kept."""
    context = context_of(request)
    try:
        body = CheckBody(vkeys=_lines(form, "vkeys"), held=[each for each in form.get("held", ()) if each.strip()])
    except ValidationError:
        problem = Problem("validation-failed", "A verifier key is a line such as name+1a2b3c4d+BA…")
        return await _page(request, actor, Check.VERIFY, problem=problem.detail, typed=_typed(form))
    return await _begun(context, Check.VERIFY, actor, body)


@router.post("/conformance")
async def check_conformance(request: Request, actor: Auditor, form: Submitted) -> Response:  # noqa: ARG001 - its token is checked
    """Begin a check of all histories."""
    return await _begun(context_of(request), Check.CONFORMANCE, actor, CheckBody())


async def state_of(context: Context, check: Check) -> CheckState:
    """How a check stands."""
    return await in_thread(partial(context.checks.state, check))


async def _begun(context: Context, check: Check, actor: Auditor, body: CheckBody) -> Response:
    if (await state_of(context, check)).running_since is None:
        await begin(context, check, actor, body)
    return RedirectResponse(f"/ui/audit/{check}", 303)


async def _page(request: Request, actor: Auditor, check: Check, **more: Any) -> Response:
    given = {"case": "", "one": None, "problem": "", "typed": {}, **more}
    return show(
        await frame_of(request, actor),
        f"audit/{check}",
        422 if given["problem"] else 200,
        title=TITLES[check],
        state=await state_of(context_of(request), check),
        means=_MEANS,
        **given,
    )


def _lines(form: Form, name: str) -> list[str]:
    return "".join(form.get(name, ())).split()


def _typed(form: Form) -> Mapping[str, str]:
    return {name: values[0] for name, values in form.items() if values}
