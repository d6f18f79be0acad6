"""Grants: who may act in which role, by whose approval; granted and revoked with a preview and a reason (R-7.1)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from api.http.bodies.administration.catalogue import GrantBody, RevokeBody
from api.http.console.access import Submitted, only_given
from api.http.console.admin.access import Keeper, Office
from api.http.console.admin.compared import Difference
from api.http.console.admin.history import changes_of
from api.http.console.admin.proposals import Proposal, Refused, asked_by, confirmed, refusal_of
from api.http.console.choices import with_options
from api.http.console.fields import Field, Kind, Option, body_of, choice, line, typed, values_of
from api.http.console.frame import frame_of
from api.http.console.rendering import show
from api.http.console.route import area
from api.http.console.wording import ROLES
from api.http.context import Context, context_of
from api.http.fields import pointer
from api.http.problems import Problem
from application.cases.history import history_items
from domain.access import NOT_GRANTED, Access, Grant
from domain.values import Actor, Role

router = area("/admin/grants")
_ROLES = tuple(
    Option(role, name) for role, name in ROLES.items() if role not in NOT_GRANTED and role is not Role.CUSTOMER
)
_SUBJECT = line("subject", "Their id", hint="The sub of their tokens, such as b.chen.")
_GRANT = (
    choice("role", "Role", _ROLES),
    choice("team", "Team", "teams", required=False, hint="Of a team member, and of nobody else."),
    line("approved_by", "Approved by", required=False, hint="You, unless given. Never they themselves."),
    Field("since", "From", Kind.MOMENT, required=False, hint="Now, unless given."),
    Field("until", "Until", Kind.MOMENT, required=False, hint="Without end, unless given."),
)


@router.get("", dependencies=[Depends(only_given)])
async def list_grants(request: Request, actor: Office, role: str = "", subject: str = "") -> Response:
    """Everybody's grants, those in force first."""
    return await _list_page(request, actor, role=role, subject=subject)


@router.post("")
async def grant(request: Request, actor: Keeper, form: Submitted) -> Response:
    """Show what a grant would change, or grant it."""
    context, fields = context_of(request), (_SUBJECT, *_GRANT)
    zone = (await context.desk.references.current()).policy.business.time_zone
    given: Mapping[str, Any] | None = None
    try:
        confirms = confirmed(form)
        given = body_of(fields, form, zone) if confirms is None else confirms
        proposal = await _proposed(context, actor, given)
        if confirms is None:
            return await _list_page(request, actor, values=typed(fields, form), proposal=proposal)
        body, wanted = _body(given), asked_by(request, actor, form, given, 201)
        await context.desk.grants.grant(body.subject, _granted(body, actor, context.desk.clock.now()), wanted)
    except Exception as error:
        if (refused := refusal_of(error)) is None:
            raise
        values = values_of(fields, given) if "document" in form and given else typed(fields, form)
        return await _list_page(request, actor, values=values, refused=refused)
    return RedirectResponse(f"/ui/admin/grants/{quote(body.subject, safe='')}?done=yes", 303)


@router.get("/{subject:path}")
async def read_grants(request: Request, actor: Office, subject: str, done: bool = False) -> Response:
    """What one person may act as, and who granted and revoked what."""
    return await _person_page(request, actor, await context_of(request).desk.grants.access(subject), done=done)


@router.post("/{subject:path}")
async def revoke(request: Request, actor: Keeper, form: Submitted, subject: str) -> Response:
    """Revoke a grant."""
    context = context_of(request)
    access = await context.desk.grants.access(subject)
    given = {name: form[name][0] for name in ("role", "team") if form.get(name, [""])[0]}
    try:
        body = RevokeBody.model_validate_json(json.dumps(given))
        wanted = asked_by(request, actor, form, given)
        await context.desk.grants.revoke(subject, body.role, body.team, wanted)
    except ValidationError as error:
        return await _person_page(request, actor, access, refused=Refused(error.errors()[0]["msg"]))
    except Exception as error:
        if (refused := refusal_of(error)) is None:
            raise
        return await _person_page(request, actor, access, refused=refused)
    return RedirectResponse(f"/ui/admin/grants/{quote(subject, safe='')}?done=yes", 303)


def _body(given: Mapping[str, Any]) -> GrantBody:
    """The body of the API. Raises Problem 422."""
    try:
        return GrantBody.model_validate_json(json.dumps(given))
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        wrong = [{"detail": each["msg"], "pointer": pointer(each["loc"])} for each in found]
        raise Problem("validation-failed", "Some fields need another look.", errors=wrong) from None


def _granted(body: GrantBody, actor: Actor, now: datetime) -> Grant:
    return Grant(body.role, body.team, body.approved_by or actor.subject, body.since or now, body.until)


async def _proposed(context: Context, actor: Actor, given: Mapping[str, Any]) -> Proposal:
    """What a grant would change. A grant of the same role and team takes the place of the one before."""
    body, now = _body(given), context.desk.clock.now()
    wanted = _granted(body, actor, now)
    reference = await context.desk.references.current()
    access = next(
        (each for each in reference.roots.values() if isinstance(each, Access) and each.subject == body.subject), None
    )
    known = access.grants.get((body.role, body.team)) if access else None
    name = f"{body.subject}: {ROLES[body.role].lower()}" + (f" of {body.team}" if body.team else "")
    told = Difference("grant", name, _told(known, now) if known else "—", _told(wanted, now))
    return Proposal(given, [told], access.version if access else 0)


def _told(grant: Grant, now: datetime) -> str:
    since = "from now on" if grant.since >= now else f"since {grant.since:%Y-%m-%d %H:%M} UTC"
    if grant.since > now:
        since = f"from {grant.since:%Y-%m-%d %H:%M} UTC"
    until = f" until {grant.until:%Y-%m-%d %H:%M} UTC" if grant.until else ", without end"
    return f"{since}{until}, approved by {grant.approved_by}"


async def _list_page(
    request: Request,
    actor: Actor,
    *,
    role: str = "",
    subject: str = "",
    values: Mapping[str, str] | None = None,
    proposal: Proposal | None = None,
    refused: Refused | None = None,
) -> Response:
    context = context_of(request)
    reference, now = await context.desk.references.current(), context.desk.clock.now()
    people = [root for root in reference.roots.values() if isinstance(root, Access)]
    rows = [
        (access.subject, each, each.in_force(now))
        for access in sorted(people, key=lambda access: access.subject)
        for each in access.grants.values()
        if role in ("", each.role) and subject.lower() in access.subject.lower()
    ]
    return show(
        await frame_of(request, actor),
        "admin/grants",
        refused.status if refused else 200,
        title="Grants",
        rows=sorted(rows, key=lambda row: not row[2]),
        roles=_ROLES,
        role=role,
        subject=subject,
        fields=await with_options(context, (_SUBJECT, *_GRANT), {}),
        values=values or {},
        proposal=proposal,
        refused=refused,
        may=actor.role is Role.ADMIN,
        position=reference.position,
    )


async def _person_page(
    request: Request, actor: Actor, access: Access, *, refused: Refused | None = None, done: bool = False
) -> Response:
    context = context_of(request)
    told = await context.desk.changes.of_access(access.subject)
    now = context.desk.clock.now()
    return show(
        await frame_of(request, actor),
        "admin/person",
        refused.status if refused else 200,
        title=access.subject,
        access=access,
        grants=[(each, each.in_force(now), _told(each, now)) for each in access.grants.values()],
        history=changes_of(history_items(told, actor.role)),
        refused=refused,
        may=actor.role is Role.ADMIN,
        done=done,
    )
