"""Catalogue and directory: read by staff, kept by the administrator (SOP 4.1)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.http.access import Caller
from api.http.bodies.administration.catalogue import ENTRIES
from api.http.bodies.administration.webhooks import WebhookBody
from api.http.context import note_read
from api.http.documents import catalogue as documents
from api.http.documents import webhooks
from api.http.documents.base import Document
from api.http.openapi.areas import Area
from api.http.openapi.headers import MAY_MATCH
from api.http.openapi.operations import (
    answers,
    needs,
    operation,
    reads,
    refuses,
    takes,
    written,
)
from api.http.parameters import AtVersion
from api.http.problems import Problem
from api.http.requests import asked, json_body
from api.http.responses import json_response, versioned
from api.http.routes.administration.office import OFFICE_READERS, WEBHOOK_READERS, Raw, keeper, reader, run
from application.administration.catalogue import KINDS
from application.administration.entries import read_entry
from application.audit.reads import What
from application.cases.documents import entry_document
from domain.values import Role

router = APIRouter(tags=[Area.CATALOGUE])


@dataclass(frozen=True)
class Kind:
    """How a kind of entry is called, and its documents."""

    one: str
    entry: type[Document]
    page: type[Document]
    example: str
    area: Area = Area.CATALOGUE
    readers: frozenset[Role] = OFFICE_READERS


KINDS_SHOWN = {
    "services": Kind("service", documents.Service, documents.ServicePage, "printing"),
    "teams": Kind("team", documents.Team, documents.TeamPage, "network"),
    "help-desks": Kind("help desk", documents.HelpDesk, documents.HelpDeskPage, "dhs"),
    "scripts": Kind("diagnostic script", documents.Script, documents.ScriptPage, "printing-basics"),
    "sources": Kind("monitoring source", documents.Source, documents.SourcePage, "prometheus", Area.SOURCES),
    "webhooks": Kind("webhook", webhooks.Webhook, webhooks.WebhookPage, "hub", Area.WEBHOOKS, WEBHOOK_READERS),
    "customers": Kind("customer", documents.DirectoryCustomer, documents.FoundCustomer, "f2d3009c"),
}
"""The kinds of entries, as the interface calls them."""

_BODIES = {**ENTRIES, "webhooks": WebhookBody}

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
    "webhooks": {
        "name": "Integration hub",
        "owner": "reports",
        "topics": ["case.*", "problem.opened"],
        "contact": {"url": "https://hub.example/events"},
    },
    "customers": {"agency": "dot", "contact": {"name": "Jo Field", "email": "jo.field@agency.example"}},
}


def _list_route(kind: str) -> None:
    known = KINDS_SHOWN[kind]

    @router.get(
        f"/{kind}",
        response_class=Response,
        operation_id=f"list_{kind}",
        tags=[known.area],
        description=f"List the {known.one}s.\n\nAll of them, by id, with those that are retired.",
        openapi_extra=operation(answers(known.page, told=f"The {known.one}s."), needs(known.readers)),
    )
    async def list_entries(request: Request, caller: Caller) -> Response:
        context, _ = await reader(request, caller, known.readers)
        reference = await context.desk.references.current()
        items = [entry_document(listed) for listed in reference.all(KINDS[kind])]
        return json_response({"items": items, "next_cursor": None, "as_of_position": reference.position})


def _entry_routes(kind: str) -> None:
    known = KINDS_SHOWN[kind]

    @router.get(
        f"/{kind}/{{code}}",
        response_class=Response,
        operation_id=f"read_{kind}",
        tags=[known.area],
        description=f"Read a {known.one}.\n\nAs it is, or as it was at a version.",
        openapi_extra=operation(
            answers(known.entry, told=f"The {known.one}.", headers=("ETag",)), needs(known.readers)
        ),
    )
    async def read(request: Request, caller: Caller, code: str, version: AtVersion = None) -> Response:
        context, actor = await reader(request, caller, known.readers)
        listed = await context.desk.catalogue.entry(kind, code, version=version)
        if kind == "customers":  # their contact data can be erased
            note_read(request, actor, What.CUSTOMER, code)
        return versioned(request, listed.version, lambda: entry_document(listed))

    @router.put(
        f"/{kind}/{{code}}",
        response_class=Response,
        operation_id=f"put_{kind}",
        tags=[known.area],
        description=f"Define a {known.one}, or replace it by a new version.\n\n`If-Match` is needed once it is there: "
        "`If-None-Match: *` says that it must not be. What it names must be listed.",
        openapi_extra=operation(
            takes(_BODIES[kind], example=_EXAMPLES[kind]),
            reads(MAY_MATCH),
            written(known.entry, told=f"The {known.one}."),
            refuses("precondition-required", "unknown-reference"),
            needs((Role.ADMIN,)),
        ),
    )
    async def put(request: Request, caller: Caller, raw: Raw, code: str) -> Response:
        context, actor = await keeper(request, caller, "list_entry")
        document = json.loads(json_body(request, raw))
        if not isinstance(document, dict):
            raise Problem("validation-failed", "an entry is an object")
        reason = document.pop("reason", None)
        entry, contact = read_entry(kind, code, document)
        exists = await context.desk.catalogue.has(kind, code)
        wanted = asked(request, actor, raw, reason=reason and str(reason))
        return await run(
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
    openapi_extra=operation(answers(documents.FoundCustomer, told="The customer."), needs(OFFICE_READERS)),
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
    context, actor = await reader(request, caller)
    if not (email or phone):
        raise Problem("validation-failed", "ask for an email or a phone")
    found = await context.desk.pseudonyms.of({"email": email, "phone": phone})
    catalogue = context.desk.catalogue
    listed = await catalogue.entry("customers", found) if await catalogue.has("customers", found) else None
    item = entry_document(listed) if listed else {"id": found, "version": 0}
    note_read(request, actor, What.CUSTOMER, found)
    position = (await context.desk.references.current()).position
    return json_response({"items": [item], "next_cursor": None, "as_of_position": position})
