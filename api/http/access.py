"""Who is calling, in which role, and whether the views have come as far as they ask: what routes depend on."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from api.http.context import Context, admit, authenticated, context_of, policy_of
from api.http.entrance.places import stepped_aside
from api.http.parameters import refuse_unknown
from api.http.problems import Problem
from application.execution.principals import Principal
from application.views.questions import Asked, Point
from domain.case.status import READERS, STAFF, authorise_reading
from domain.errors import Forbidden
from domain.values import Actor, Role

Caller = Annotated[Principal, Depends(authenticated)]
DECIDERS = frozenset({Role.ADMIN, Role.AUDITOR, Role.DUTY_MANAGER})
"""Who may ask what would have been under another policy."""
_LONGEST_POSITION = 18
"""Digits."""


async def reading(request: Request, caller: Caller) -> Actor:
    """The caller as one who reads cases; 403 before any parameter is looked at."""
    actor = await admit(request, caller, READERS)
    authorise_reading(actor)
    request.state.actor = actor
    refuse_unknown(request)
    return actor


async def staffing(request: Request, caller: Caller) -> Actor:
    """The caller as one who reads what is not one customer's. Raises Forbidden, naming the roles that may."""
    actor = await require_staff(request, caller)
    refuse_unknown(request)
    return actor


async def require_staff(request: Request, caller: Principal) -> Actor:
    """The caller as staff, by the grants in force. Raises Forbidden, naming the roles that may."""
    actor = await admit(request, caller, STAFF)
    if actor.role not in STAFF:
        raise Forbidden(f"this needs the role {' or '.join(sorted(STAFF))}; you are {actor.role}")
    return actor


async def keeping(request: Request, caller: Caller) -> Actor:
    """The caller as staff, or as the administrator, who erases what is due. Raises Forbidden."""
    keepers = (*STAFF, Role.ADMIN)
    actor = await admit(request, caller, keepers)
    if actor.role not in keepers:
        raise Forbidden(f"this needs the role {' or '.join(sorted(keepers))}; you are {actor.role}")
    refuse_unknown(request)
    return actor


Reader = Annotated[Actor, Depends(reading)]
Staff = Annotated[Actor, Depends(staffing)]
Keeper = Annotated[Actor, Depends(keeping)]


async def _wait_for_position(request: Request) -> None:
    given = request.headers.get("wait-for-position")
    if given is None:
        return
    if not given.isdecimal() or len(given) > _LONGEST_POSITION:
        raise Problem("malformed", "Wait-For-Position takes a position")
    context = context_of(request)
    async with stepped_aside():
        reached = await context.feed.wait_for_view(int(given), context.patience)
    if not reached:
        raise Problem("unavailable", f"the views have not reached position {given} yet")


async def fresh_reading(request: Request, actor: Reader) -> Actor:
    """A reader whose views have reached `Wait-For-Position`, waited for without a thread. Raises Problem 503, 400."""
    await _wait_for_position(request)
    return actor


async def fresh_staffing(request: Request, actor: Staff) -> Actor:
    """The same for staff."""
    await _wait_for_position(request)
    return actor


async def fresh_keeping(request: Request, actor: Keeper) -> Actor:
    """The same for staff and the administrator."""
    await _wait_for_position(request)
    return actor


async def deciding(request: Request, caller: Caller) -> Actor:
    """The caller as one who decides on the policy, or checks it, with fresh views. Raises Forbidden."""
    actor = await admit(request, caller, DECIDERS)
    if actor.role not in DECIDERS:
        raise Forbidden(f"this needs the role {' or '.join(sorted(DECIDERS))}; you are {actor.role}")
    refuse_unknown(request)
    await _wait_for_position(request)
    return actor


FreshDecider = Annotated[Actor, Depends(deciding)]
FreshKeeper = Annotated[Actor, Depends(fresh_keeping)]
FreshReader = Annotated[Actor, Depends(fresh_reading)]
FreshStaff = Annotated[Actor, Depends(fresh_staffing)]


async def point_of(
    context: Context, as_of: datetime | None, position: int | None, effective_at: datetime | None
) -> Point:
    """The point in the record that a question is about."""
    if as_of is not None:
        known = await context.ask(context.views.positions.at(as_of))
        position = known if position is None else min(known, position)
    return Point(position, effective_at)


async def asked_of(
    context: Context, actor: Actor, as_of: datetime | None, position: int | None, effective_at: datetime | None
) -> Asked:
    """When and by whom a list is asked for."""
    policy, now = await policy_of(context), as_of or context.desk.clock.now()
    point = await point_of(context, as_of, position, effective_at)
    return Asked(now, point, actor.subject, policy.unprioritized_alarm, policy.pausing)
