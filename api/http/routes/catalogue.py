"""Catalogue, directory, policy and grants: read by staff, kept by the administrator (SOP 4.1, 7.1)."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from api.http.bodies.catalogue import ENTRIES, GrantBody, PolicyBody, RevokeBody
from api.http.context import Context, admit, authenticated, context_of, policy_of
from api.http.documents import catalogue as documents
from api.http.documents.access import Access as AccessDocument
from api.http.documents.access import AccessPage
from api.http.documents.base import Document
from api.http.openapi.areas import Area
from api.http.openapi.headers import IF_MATCH, MAY_MATCH
from api.http.openapi.operations import (
    answers,
    answers_policy,
    needs,
    operation,
    reads,
    refuses,
    takes,
    written,
    written_policy,
)
from api.http.parameters import AtVersion, refuse_unknown
from api.http.problems import Problem
from api.http.requests import answer, asked, json_body, parse, raw_body, with_precondition
from api.http.routes.cases import json_response, versioned
from application.administration.catalogue import KINDS, authorise_office
from application.administration.entries import change_policy, read_entry
from application.cases.documents import access_document, entry_document, policy_document
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
router = APIRouter(tags=[Area.CATALOGUE])


@dataclass(frozen=True)
class Kind:
    """How a kind of entry is called, and its documents."""

    one: str
    entry: type[Document]
    page: type[Document]
    example: str
    area: Area = Area.CATALOGUE


_KINDS = {
    "services": Kind("service", documents.Service, documents.ServicePage, "printing"),
    "teams": Kind("team", documents.Team, documents.TeamPage, "network"),
    "help-desks": Kind("help desk", documents.HelpDesk, documents.HelpDeskPage, "dhs"),
    "scripts": Kind("diagnostic script", documents.Script, documents.ScriptPage, "printing-basics"),
    "sources": Kind("monitoring source", documents.Source, documents.SourcePage, "prometheus", Area.SOURCES),
    "customers": Kind("customer", documents.DirectoryCustomer, documents.FoundCustomer, "f2d3009c"),
}


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
    known = _KINDS[kind]

    @router.get(
        f"/{kind}",
        response_class=Response,
        operation_id=f"list_{kind}",
        tags=[known.area],
        description=f"List the {known.one}s.\n\nAll of them, by id, with those that are retired.",
        openapi_extra=operation(answers(known.page, told=f"The {known.one}s."), needs(_READERS)),
    )
    async def list_entries(request: Request, caller: Caller) -> Response:
        context, _ = await _reader(request, caller)
        reference = await context.desk.references.current()
        items = [entry_document(listed) for listed in reference.all(KINDS[kind])]
        return json_response({"items": items, "next_cursor": None, "as_of_position": reference.position})


def _entry_routes(kind: str) -> None:
    known = _KINDS[kind]

    @router.get(
        f"/{kind}/{{code}}",
        response_class=Response,
        operation_id=f"read_{kind}",
        tags=[known.area],
        description=f"Read a {known.one}.\n\nAs it is, or as it was at a version.",
        openapi_extra=operation(answers(known.entry, told=f"The {known.one}.", headers=("ETag",)), needs(_READERS)),
    )
    async def read(request: Request, caller: Caller, code: str, version: AtVersion = None) -> Response:
        context, _ = await _reader(request, caller)
        listed = await context.desk.catalogue.entry(kind, code, version=version)
        return versioned(request, listed.version, lambda: entry_document(listed))

    @router.put(
        f"/{kind}/{{code}}",
        response_class=Response,
        operation_id=f"put_{kind}",
        tags=[known.area],
        description=f"Define a {known.one}, or replace it by a new version.\n\n`If-Match` is needed once it is there: "
        "`If-None-Match: *` says that it must not be. What it names must be listed.",
        openapi_extra=operation(
            takes(ENTRIES[kind], example=_EXAMPLES[kind]),
            reads(MAY_MATCH),
            written(known.entry, told=f"The {known.one}."),
            refuses("precondition-required", "unknown-reference"),
            needs((Role.ADMIN,)),
        ),
    )
    async def put(request: Request, caller: Caller, raw: Raw, code: str) -> Response:
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


@router.get(
    "/customers",
    response_class=Response,
    operation_id="find_customer",
    openapi_extra=operation(answers(documents.FoundCustomer, told="The customer."), needs(_READERS)),
)
async def find_customer(
    request: Request,
    caller: Caller,
    email: Annotated[str | None, Query(description="Their mail address.", examples=["jo.field@agency.example"])] = None,
    phone: Annotated[
        str | None,
        Query(description="Their telephone number, if they have no mail address.", examples=["405-555-0001"]),
    ] = None,
) -> Response:
    """Find the customer of an address.

    Their customer id, which follows from the address, and their entry in the directory, if there is one. One of `email` and
    `phone` is needed.
    """
    context, _ = await _reader(request, caller)
    if not (email or phone):
        raise Problem("validation-failed", "ask for an email or a phone")
    found = await context.desk.pseudonyms.of({"email": email, "phone": phone})
    catalogue = context.desk.catalogue
    listed = await catalogue.entry("customers", found) if await catalogue.has("customers", found) else None
    item = entry_document(listed) if listed else {"id": found, "version": 0}
    position = (await context.desk.references.current()).position
    return json_response({"items": [item], "next_cursor": None, "as_of_position": position})


@router.get(
    "/policy",
    response_class=Response,
    operation_id="read_policy",
    tags=[Area.POLICY],
    openapi_extra=operation(answers_policy("The policy."), needs(_READERS)),
)
async def read_policy(request: Request, caller: Caller, version: AtVersion = None) -> Response:
    """Read the policy.

    The one in force, or a version of it. `fields` says the unit and the meaning of each of its fields.
    """
    context, _ = await _reader(request, caller)
    book = await context.desk.policy.book(version)
    return versioned(request, book.version, lambda: policy_document(book))


@router.post(
    "/policy",
    response_class=Response,
    operation_id="change_policy",
    tags=[Area.POLICY],
    openapi_extra=operation(
        takes(PolicyBody), reads(IF_MATCH), written_policy("The policy in force now."), needs((Role.ADMIN,))
    ),
)
async def post_policy(request: Request, caller: Caller, raw: Raw) -> Response:
    """Change the policy.

    Give only the fields to change; of the business hours and the outage report, only the parts. Decisions that were made
    before keep the policy that they were made by.
    """
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


@router.get(
    "/grants",
    response_class=Response,
    operation_id="list_grants",
    tags=[Area.POLICY],
    openapi_extra=operation(answers(AccessPage, told="The grants."), needs(_READERS)),
)
async def list_grants(request: Request, caller: Caller) -> Response:
    """List the grants.

    Who may act in which role, of which team, since when, and who approved it (R-7.1).
    """
    context, _ = await _reader(request, caller)
    reference = await context.desk.references.current()
    found = [access_document(root) for root in reference.roots.values() if isinstance(root, Access)]
    items = sorted(found, key=lambda document: str(document["subject"]))
    return json_response({"items": items, "next_cursor": None, "as_of_position": reference.position})


@router.get(
    "/grants/{subject}",
    response_class=Response,
    operation_id="read_grants",
    tags=[Area.POLICY],
    openapi_extra=operation(answers(AccessDocument, told="The grants.", headers=("ETag",)), needs(_READERS)),
)
async def read_grants(request: Request, caller: Caller, subject: str) -> Response:
    """Read the grants of a person or a machine."""
    context, _ = await _reader(request, caller)
    access = await context.desk.grants.access(subject)
    return versioned(request, access.version, lambda: access_document(access))


@router.post(
    "/grants",
    response_class=Response,
    operation_id="grant",
    status_code=201,
    tags=[Area.POLICY],
    openapi_extra=operation(
        takes(GrantBody),
        written(AccessDocument, told="Their grants.", status=201),
        refuses("contradicts-record"),
        needs((Role.ADMIN,)),
    ),
)
async def post_grant(request: Request, caller: Caller, raw: Raw) -> Response:
    """Grant a role to a person or a machine.

    Nobody grants themselves anything, nor approves it. A grant of the same role replaces the one before (R-7.1).
    """
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
    tags=[Area.POLICY],
    openapi_extra=operation(
        takes(RevokeBody),
        written(AccessDocument, told="Their grants."),
        refuses("unknown-reference"),
        needs((Role.ADMIN,)),
    ),
)
async def post_revoke(request: Request, caller: Caller, raw: Raw, subject: str) -> Response:
    """Revoke a role of a person or a machine.

    From the next request on they may no longer act in it (R-7.1).
    """
    context, actor = await _keeper(request, caller, "revoke")
    await context.desk.grants.access(subject)
    body = parse(request, raw, RevokeBody)
    wanted = asked(request, actor, raw, reason=body.why)
    committed = await context.desk.grants.revoke(subject, body.role, body.team, wanted)
    return answer(committed, reader=actor)
