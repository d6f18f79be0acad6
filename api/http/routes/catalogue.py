"""Catalogue, directory, policy and grants: read by staff, kept by the administrator (SOP 4.1, 7.1)."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import ConfigDict

from api.http.bodies.base import Body, MaybeReasonBody, ReasonBody
from api.http.context import Context, admit, authenticated, context_of, policy_of
from api.http.fields import Code, Moment
from api.http.parameters import refuse_unknown
from api.http.problems import Problem
from api.http.requests import answer, asked, json_body, parse, raw_body, with_precondition
from api.http.routes.cases import json_response, versioned
from application.cases.documents import access_document, entry_document, policy_document
from application.catalogue import KINDS, authorise_office
from application.catalogue_entries import change_policy, read_entry
from application.execution.principals import Principal
from application.execution.requests import Committed, StaleVersion
from application.execution.requests import Request as Asked
from domain.access import Access, Grant
from domain.case.status import STAFF
from domain.errors import Forbidden
from domain.values import Actor, Role

Caller = Annotated[Principal, Depends(authenticated)]
Raw = Annotated[bytes | None, Depends(raw_body)]
_READERS = frozenset({*STAFF, Role.ADMIN})
router = APIRouter(tags=["catalogue"])


class PolicyBody(ReasonBody):
    """Put another policy in force."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"changes": {"dispute_window": "PT96H"}, "reason": "x"}]})
    changes: dict[str, Any]


class GrantBody(MaybeReasonBody):
    """Authorise somebody."""

    subject: Code
    role: Role
    team: Code | None = None
    approved_by: Code | None = None
    since: Moment | None = None
    until: Moment | None = None


class RevokeBody(MaybeReasonBody):
    """Take a grant back."""

    role: Role
    team: Code | None = None


async def _reader(request: Request, caller: Principal) -> tuple[Context, Actor]:
    context = context_of(request)
    actor = await admit(request, caller, _READERS)
    if actor.role not in _READERS:
        raise Forbidden(f"this needs the role {' or '.join(sorted(_READERS))}; you are {actor.role}")
    refuse_unknown(request)
    return context, actor


async def _keeper(request: Request, caller: Principal, command: str) -> tuple[Context, Actor]:
    context = context_of(request)
    actor = await admit(request, caller, (Role.ADMIN,))
    authorise_office(actor, command)
    refuse_unknown(request)
    return context, actor


async def _run(
    request: Request, context: Context, wanted: Asked, *, exists: bool, do: Callable[[Asked], Awaitable[Committed]]
) -> Response:
    try:
        committed = await do(await with_precondition(request, context, wanted, required=exists))
    except StaleVersion as stale:
        headers = {"ETag": f'"v{stale.current}"'}
        raise Problem("stale-version", str(stale), headers=headers, current_version=stale.current) from stale
    return answer(committed, wanted.idempotency.status if wanted.idempotency else 200, reader=wanted.actor)


def _inlined(body: type[Body]) -> dict[str, Any]:
    """A body's schema with the roles written out: it stands in a route, where it has no definitions to point to."""
    schema = body.model_json_schema()
    schema.pop("$defs", None)
    return {**schema, "properties": {**schema["properties"], "role": {"enum": sorted(Role)}}}


def _described(body: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": body}}}


_EXAMPLES: dict[str, dict[str, Any]] = {
    "services": {"name": "Printing", "team": "network", "owner": "t.lee", "contact": {"email": "t.lee@desk.example"}},
    "teams": {"name": "Network", "members": ["t.lee"], "calendar": "always"},
    "help-desks": {"agency": "Human Services", "name": "DHS Help Desk", "contact": {"phone": "405-555-0100"}},
    "scripts": {
        "name": "A printer does not print",
        "steps": [{"id": "power", "question": "Is it on?", "answers": [{"says": "no", "outcome": "switch it on"}]}],
    },
    "sources": {
        "name": "Prometheus",
        "kind": "alertmanager",
        "rules": [{"match": {"severity": "critical", "job": ["lpd", "cups*"]}, "service": "printing", "impact": 1}],
        "defaults": {"match": {}, "severity": 2},
        "contact": {"senders": "prometheus@desk.example"},
    },
    "customers": {"agency": "dot", "contact": {"name": "Jo Field", "email": "jo.field@agency.example"}},
}


def _list_route(kind: str) -> None:
    @router.get(f"/{kind}", response_class=Response, operation_id=f"list_{kind}", name=f"list {kind}")
    async def list_entries(request: Request, caller: Caller) -> Response:
        context, _ = await _reader(request, caller)
        reference = await context.desk.references.current()
        items = [entry_document(listed) for listed in reference.all(KINDS[kind])]
        return json_response({"items": items, "next_cursor": None, "as_of_position": reference.position})


def _entry_routes(kind: str) -> None:
    @router.get(f"/{kind}/{{code}}", response_class=Response, operation_id=f"read_{kind}", name=f"read {kind}")
    async def read(
        request: Request, caller: Caller, code: str, version: Annotated[int | None, Query(ge=1)] = None
    ) -> Response:
        context, _ = await _reader(request, caller)
        listed = await context.desk.catalogue.entry(kind, code, version=version)
        return versioned(request, listed.version, lambda: entry_document(listed))

    @router.put(
        f"/{kind}/{{code}}",
        response_class=Response,
        operation_id=f"put_{kind}",
        name=f"put {kind}",
        openapi_extra=_described({"schema": {"type": "object"}, "example": _EXAMPLES[kind]}),
    )
    async def put(request: Request, caller: Caller, raw: Raw, code: str) -> Response:
        """Define an entry, or put another version in its place; `If-Match` once it exists."""
        context, actor = await _keeper(request, caller, "list_entry")
        document = json.loads(json_body(request, raw))
        if not isinstance(document, dict):
            raise Problem("validation-failed", "an entry is an object")
        reason = document.pop("reason", None)
        entry, contact = read_entry(kind, code, document)
        exists = await context.desk.catalogue.has(kind, code)
        wanted = asked(request, actor, raw, reason=reason and str(reason))
        return await _run(
            request,
            context,
            wanted,
            exists=exists,
            do=lambda given: context.desk.catalogue.put(kind, entry, contact, given),
        )


for _kind in KINDS:
    if _kind != "customers":  # there may be very many of them: they are asked for one by one
        _list_route(_kind)
    _entry_routes(_kind)


@router.get("/customers", response_class=Response, operation_id="find_customer")
async def find_customer(
    request: Request, caller: Caller, email: str | None = None, phone: str | None = None
) -> Response:
    """Find the customer id for an address, with their entry if there is one."""
    context, _ = await _reader(request, caller)
    if not (email or phone):
        raise Problem("validation-failed", "ask for an email or a phone")
    found = await context.desk.pseudonyms.of({"email": email, "phone": phone})
    catalogue = context.desk.catalogue
    listed = await catalogue.entry("customers", found) if await catalogue.has("customers", found) else None
    item = entry_document(listed) if listed else {"id": found, "version": 0}
    position = (await context.desk.references.current()).position
    return json_response({"items": [item], "next_cursor": None, "as_of_position": position})


@router.get("/policy", response_class=Response, operation_id="read_policy")
async def read_policy(request: Request, caller: Caller, version: Annotated[int | None, Query(ge=1)] = None) -> Response:
    """The policy in force, or a version of it. `fields` says the unit and the meaning of each of its fields."""
    context, _ = await _reader(request, caller)
    book = await context.desk.policy.book(version)
    return versioned(request, book.version, lambda: policy_document(book))


@router.post(
    "/policy",
    response_class=Response,
    operation_id="change_policy",
    openapi_extra=_described({"schema": PolicyBody.model_json_schema()}),
)
async def post_policy(request: Request, caller: Caller, raw: Raw) -> Response:
    """Put another policy in force: only what it changes is given. Decisions made before keep theirs."""
    context, actor = await _keeper(request, caller, "change_policy")
    body = parse(request, raw, PolicyBody)
    change_policy(await policy_of(context), body.changes)  # wrong whatever the policy is by then
    change = partial(change_policy, changes=body.changes)
    return await _run(
        request,
        context,
        asked(request, actor, raw),
        exists=True,
        do=lambda given: context.desk.policy.change(change, body.reason, given),
    )


@router.get("/grants", response_class=Response, operation_id="list_grants")
async def list_grants(request: Request, caller: Caller) -> Response:
    """Who may act as what (R-7.1)."""
    context, _ = await _reader(request, caller)
    reference = await context.desk.references.current()
    found = [access_document(root) for root in reference.roots.values() if isinstance(root, Access)]
    items = sorted(found, key=lambda document: str(document["subject"]))
    return json_response({"items": items, "next_cursor": None, "as_of_position": reference.position})


@router.get("/grants/{subject}", response_class=Response, operation_id="read_grants")
async def read_grants(request: Request, caller: Caller, subject: str) -> Response:
    """What one person may act as."""
    context, _ = await _reader(request, caller)
    access = await context.desk.grants.access(subject)
    return versioned(request, access.version, lambda: access_document(access))


@router.post(
    "/grants",
    response_class=Response,
    operation_id="grant",
    status_code=201,
    openapi_extra=_described({"schema": _inlined(GrantBody)}),
)
async def post_grant(request: Request, caller: Caller, raw: Raw) -> Response:
    """Authorise somebody (R-7.1)."""
    context, actor = await _keeper(request, caller, "grant")
    body = parse(request, raw, GrantBody)
    since: datetime = body.since or context.desk.clock.now()
    grant = Grant(body.role, body.team, body.approved_by or actor.subject, since, body.until)
    wanted = asked(request, actor, raw, 201, reason=body.why)
    committed = await context.desk.grants.grant(body.subject, grant, wanted)
    return answer(committed, 201, reader=actor, location=f"/grants/{body.subject}")


@router.post(
    "/grants/{subject}/revoke",
    response_class=Response,
    operation_id="revoke",
    openapi_extra=_described({"schema": _inlined(RevokeBody)}),
)
async def post_revoke(request: Request, caller: Caller, raw: Raw, subject: str) -> Response:
    """Take a grant back; it counts from the next request on (R-7.1)."""
    context, actor = await _keeper(request, caller, "revoke")
    await context.desk.grants.access(subject)
    body = parse(request, raw, RevokeBody)
    wanted = asked(request, actor, raw, reason=body.why)
    committed = await context.desk.grants.revoke(subject, body.role, body.team, wanted)
    return answer(committed, reader=actor)
