"""Who reads and who changes what the administrator maintains, and how a change is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import Response

from api.http.context import Context, admit, context_of
from api.http.parameters import refuse_unknown
from api.http.problems import Problem
from api.http.requests import raw_body, with_precondition
from api.http.responses import answer
from application.administration.catalogue import authorise_office
from application.execution.principals import Principal
from application.execution.requests import Committed, StaleVersion
from application.execution.requests import Request as Asked
from domain.case.status import STAFF
from domain.errors import Forbidden
from domain.values import Actor, Role

Raw = Annotated[bytes | None, Depends(raw_body)]
OFFICE_READERS = frozenset({*STAFF, Role.ADMIN})
WEBHOOK_READERS = frozenset({Role.ADMIN, Role.AUDITOR})
"""The address of a webhook often holds a token."""


async def reader(request: Request, caller: Principal, among: frozenset[Role] = OFFICE_READERS) -> tuple[Context, Actor]:
    context = context_of(request)
    actor = await admit(request, caller, among)
    if actor.role not in among:
        raise Forbidden(f"this needs the role {' or '.join(sorted(among))}; you are {actor.role}")
    refuse_unknown(request)
    return context, actor


async def keeper(request: Request, caller: Principal, command: str) -> tuple[Context, Actor]:
    context = context_of(request)
    actor = await admit(request, caller, (Role.ADMIN,))
    authorise_office(actor, command)
    refuse_unknown(request)
    return context, actor


async def run(
    request: Request, context: Context, wanted: Asked, *, exists: bool, do: Callable[[Asked], Awaitable[Committed]]
) -> Response:
    try:
        committed = await do(await with_precondition(request, context, wanted, required=exists))
    except StaleVersion as stale:
        headers = {"ETag": f'"v{stale.current}"'}
        raise Problem("stale-version", str(stale), headers=headers, current_version=stale.current) from stale
    return answer(committed, wanted.idempotency.status if wanted.idempotency else 200, reader=wanted.actor)
