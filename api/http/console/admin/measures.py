"""Erasures and legal holds: one person requests them, an auditor approves (R-7.1; docs/personal-data.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from api.http.bodies.administration.personal_data import ErasureBody, HoldBody, RefuseBody
from api.http.bodies.base import Body
from api.http.console.access import Auditor, Form, SignedIn, Submitted
from api.http.console.admin.access import Keeper, among
from api.http.console.admin.proposals import Refused, asked_by, refusal_of
from api.http.console.fields import Field, choice, line, options, typed, why
from api.http.console.frame import frame_of
from api.http.console.rendering import show
from api.http.console.route import area
from api.http.context import Context, context_of, note_read
from api.http.entrance.deadline import LONG, allow
from api.http.fields import pointer
from api.http.problems import Problem
from application.audit.reads import What
from application.execution.requests import Committed
from application.execution.requests import Request as Asked
from application.personal_data.approvals import approval_document, authorise_approval
from domain.approval import OPEN, Approval, ApprovalState, Measure
from domain.errors import NotFound
from domain.values import Actor, ErasureScope, Role

router = area()
READERS = frozenset({Role.AUDITOR, Role.ADMIN})
_SCOPES = options(**{
    ErasureScope.CONTACT_AND_WORDS: "Contact and words: what staff wrote stays",
    ErasureScope.EVERYTHING: "Everything, also what staff wrote",
})  # fmt: skip
_ERASE = (
    line("subject", "Whose data", hint="Their e-mail address or customer id."),
    choice("scope", "How much", _SCOPES, value=ErasureScope.CONTACT_AND_WORDS),
    why(required=True),
)
_HOLD = (
    choice("measure", "What", options(hold="Place a legal hold", release="Release a legal hold"), value="hold"),
    line("case", "Case", hint="Its number, such as INC-0000001."),
    why(required=True),
)


@dataclass(frozen=True)
class _Kind:
    """A page of measures."""

    title: str
    measures: frozenset[Measure]
    fields: Sequence[Field]
    about: str


ERASURES, HOLDS = "erasures", "holds"
_KINDS: Mapping[str, _Kind] = {
    ERASURES: _Kind(
        "Erasures",
        frozenset({Measure.ERASE}),
        _ERASE,
        "A person's words and addresses are deleted; codes, times and proofs stay. An administrator requests it, an auditor "
        "approves it, and the operator carries it out, because only their database role deletes.",
    ),
    HOLDS: _Kind(
        "Legal holds",
        frozenset({Measure.HOLD, Measure.RELEASE_HOLD}),
        _HOLD,
        "Nothing in a case on hold is erased. An administrator requests a hold or its release; it is in force when an auditor "
        "has approved it.",
    ),
}


async def reading(request: Request, session: SignedIn) -> Actor:
    """The person as one who reads requests. Raises Forbidden."""
    return await among(request, session, READERS)


MeasureReader = Annotated[Actor, Depends(reading)]


@router.get("/erasures")
async def list_erasures(
    request: Request, actor: MeasureReader, subject: str = "", done: str = "", *, everything: bool = False
) -> Response:
    """The erasures that wait, or all; and the form to request one."""
    return await _page(request, actor, ERASURES, {"subject": subject}, done=done, everything=everything)


@router.get("/holds")
async def list_holds(
    request: Request, actor: MeasureReader, case: str = "", done: str = "", *, everything: bool = False
) -> Response:
    """The cases on hold, what waits, and the form to request a hold or its release."""
    return await _page(request, actor, HOLDS, {"case": case}, done=done, everything=everything)


@router.post("/erasures")
async def request_erasure(request: Request, actor: Keeper, form: Submitted) -> Response:
    """Request an erasure, for an auditor to approve."""

    async def run(context: Context) -> Committed:
        body = _body(ErasureBody, form, "subject", "scope", "reason")
        allow(LONG)
        wanted = asked_by(request, actor, form, {}, 202)
        return await context.desk.personal_data.request_erasure(body.subject, body.scope, body.reason, wanted)

    return await _carried_out(request, actor, ERASURES, form, run)


@router.post("/holds")
async def request_hold(request: Request, actor: Keeper, form: Submitted) -> Response:
    """Request a hold on a case, or the release of one."""

    async def run(context: Context) -> Committed:
        body, number = _body(HoldBody, form, "reason"), form.get("case", [""])[0].strip().upper()
        wanted = asked_by(request, actor, form, {}, 202)
        if not number:
            raise _wrong("case", "Name the case.")
        if form.get("measure") == ["release"]:
            return await context.desk.approvals.request_release(number, body.reason, wanted)
        return await context.desk.approvals.request_hold(number, body.reason, wanted)

    return await _carried_out(request, actor, HOLDS, form, run)


@router.post("/approvals/approve")
async def approve(request: Request, actor: Auditor, form: Submitted) -> Response:
    """Approve what somebody else requested."""
    wanted = asked_by(request, actor, form, {}, needs_reason=False)
    return await _answered(request, actor, form, "approve", wanted)


@router.post("/approvals/refuse")
async def refuse(request: Request, actor: Auditor, form: Submitted) -> Response:
    """Refuse a request, or take an approval back."""
    wanted = asked_by(request, actor, form, {}, needs_reason=False)
    return await _answered(request, actor, form, "refuse", wanted)


@router.post("/approvals/withdraw")
async def withdraw(request: Request, actor: Keeper, form: Submitted) -> Response:
    """Withdraw a request."""
    wanted = asked_by(request, actor, form, {}, needs_reason=False)
    return await _answered(request, actor, form, "withdraw", wanted)


async def _answered(request: Request, actor: Actor, form: Form, verb: str, wanted: Asked) -> Response:
    number = form.get("number", [""])[0]
    kind = ERASURES if number.startswith(f"{Measure.ERASE}:") else HOLDS

    async def run(context: Context) -> Committed:
        approvals = context.desk.approvals
        authorise_approval(actor, verb)
        if verb == "approve":
            return await approvals.approve(number, wanted)
        if verb == "refuse":
            return await approvals.refuse(number, _body(RefuseBody, form, "reason").reason, wanted)
        return await approvals.withdraw(number, wanted)

    return await _carried_out(request, actor, kind, form, run)


async def _carried_out(request: Request, actor: Actor, kind: str, form: Form, run: Any) -> Response:
    """Carry a form out and say what it did, or show the page with what was typed and why it was refused."""
    try:
        committed: Committed = await run(context_of(request))
    except NotFound as error:
        refused: Refused | None = Refused(str(error))
    except Exception as error:
        if (refused := refusal_of(error)) is None:
            raise
    else:
        approval = committed.root
        assert isinstance(approval, Approval)
        return RedirectResponse(f"/ui/{kind}?done={approval.standing}", 303)
    values = typed(_KINDS[kind].fields, form) if "number" not in form else {}
    return await _page(request, actor, kind, values, refused=refused)


def _body(body: type[Body], form: Form, *names: str) -> Any:
    """The body of the API. Raises Problem 422."""
    given = {name: value for name in names if (value := form.get(name, [""])[0].strip())}
    try:
        return body.model_validate_json(json.dumps(given))
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        wrong = [{"detail": "This needs another look.", "pointer": pointer(each["loc"])} for each in found]
        raise Problem("validation-failed", "Some fields need another look.", errors=wrong) from None


def _wrong(name: str, detail: str) -> Problem:
    return Problem("validation-failed", detail, errors=[{"detail": detail, "pointer": f"/{name}"}])


@dataclass(frozen=True)
class _Shown:
    """A request as the page shows it, and what this person can do about it."""

    document: Mapping[str, Any]
    verbs: Sequence[str]
    why_not: str = ""


def _shown(approval: Approval, actor: Actor, document: Mapping[str, Any]) -> _Shown:
    standing, own = document["status"], document["requested_by"] == actor.subject
    if actor.role is Role.ADMIN:
        return _Shown(document, ("withdraw",) if standing in OPEN else ())
    if standing == ApprovalState.REQUESTED and own:
        return _Shown(document, (), "You requested it: somebody else decides.")
    answers = {ApprovalState.REQUESTED: ("approve", "refuse"), ApprovalState.APPROVED: ("refuse",)}
    unused = standing != ApprovalState.APPROVED or approval.measure is Measure.ERASE
    return _Shown(document, answers.get(standing, ()) if unused else ())


def _held(approvals: Sequence[Approval]) -> list[Approval]:
    """The holds in force: those that were placed, and were not released since."""
    last = {(each.measure, each.target): each for each in approvals if each.standing is ApprovalState.DONE}
    placed = [each for (measure, _), each in last.items() if measure is Measure.HOLD]
    return [each for each in placed if not _later(last.get((Measure.RELEASE_HOLD, each.target)), each)]


def _later(release: Approval | None, hold: Approval) -> bool:
    return bool(release and release.wanted and hold.wanted and release.wanted.since > hold.wanted.since)


async def _page(
    request: Request,
    actor: Actor,
    kind: str,
    values: Mapping[str, str],
    *,
    refused: Refused | None = None,
    done: str = "",
    everything: bool = False,
) -> Response:
    context, known = context_of(request), _KINDS[kind]
    note_read(request, actor, What.LIST, "approvals")
    allow(LONG)
    every = await context.desk.approvals.all(everything=True)
    now, frame = context.desk.clock.now(), await frame_of(request, actor)
    of_kind = [each for each in every if each.measure in known.measures]
    told = [(each, approval_document(each, now)) for each in of_kind]
    return show(
        frame,
        "admin/measures",
        refused.status if refused else 200,
        title=known.title,
        about=known.about,
        kind=kind,
        requests=[_shown(each, actor, said) for each, said in told if everything or said["status"] in OPEN],
        everything=everything,
        held=[approval_document(each, now) for each in _held(of_kind)],
        fields=known.fields,
        values=values,
        refused=refused,
        may=actor.role is Role.ADMIN,
        done=done,
        position=(await context.desk.references.current()).position,
    )
