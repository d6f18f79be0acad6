"""Who looks at the pages of the administrator, and who changes something there: as the API has it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from api.http.console.access import SignedIn
from api.http.context import admit
from api.http.routes.administration.office import OFFICE_READERS, WEBHOOK_READERS
from domain.errors import Forbidden
from domain.values import Actor, Role


async def among(request: Request, session: SignedIn, roles: frozenset[Role]) -> Actor:
    """The person in one of some roles. Raises Forbidden, naming them."""
    actor = await admit(request, session.principal, roles)
    if actor.role not in roles:
        raise Forbidden(f"this needs the role {' or '.join(sorted(roles))}; you are {actor.role}")
    return actor


async def office(request: Request, session: SignedIn) -> Actor:
    """The person as one who reads catalogue, policy and grants. Raises Forbidden."""
    return await among(request, session, OFFICE_READERS)


async def receivers(request: Request, session: SignedIn) -> Actor:
    """The person as one who reads webhooks. Raises Forbidden."""
    return await among(request, session, WEBHOOK_READERS)


async def keeping(request: Request, session: SignedIn) -> Actor:
    """The person as an administrator. Raises Forbidden."""
    return await among(request, session, frozenset({Role.ADMIN}))


Office = Annotated[Actor, Depends(office)]
HookReader = Annotated[Actor, Depends(receivers)]
Keeper = Annotated[Actor, Depends(keeping)]
