"""A customer: who they are, their cases, and what can be done about their data (R-5.2a)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response

from api.http.console.access import asked_now, only_given
from api.http.console.admin.access import Office
from api.http.console.frame import frame_of
from api.http.console.rendering import show
from api.http.console.route import area
from api.http.context import Context, context_of, note_read
from application.audit.reads import What
from application.cases.documents import case_document, entry_document
from application.views.case_filters import Condition
from application.views.questions import Listing, Page
from domain.case.status import STAFF
from domain.errors import NotFound
from domain.values import Actor, Role

router = area("/customers")
_LIMIT = 50
_LONGEST = 320
"""Characters of an address, at most (RFC 3696)."""


@router.get("", dependencies=[Depends(only_given)])
async def find(request: Request, actor: Office, email: str = "", phone: str = "") -> Response:
    """Ask for an address, and lead to its customer: the id follows from the address."""
    given = {"email": email.strip()[:_LONGEST] or None, "phone": phone.strip()[:_LONGEST] or None}
    if any(given.values()):
        subject = await context_of(request).desk.pseudonyms.of(given)
        return RedirectResponse(f"/ui/customers/{quote(subject, safe='')}", 303)
    return show(await frame_of(request, actor), "customers/find", title="Customers")


@router.get("/{subject:path}")
async def read_customer(request: Request, actor: Office, subject: str) -> Response:
    """A customer by their id. Only the staff reads cases."""
    if not subject.isprintable():
        raise NotFound("There is no such customer.")
    context = context_of(request)
    entry = await _entry(context, subject)
    cases = await _cases(context, actor, subject) if actor.role in STAFF else None
    note_read(request, actor, What.CUSTOMER, subject, position=cases.position if cases else None)
    contact = (entry or {}).get("contact") or await _as_in_their_last_case(context, actor, cases)
    return show(
        await frame_of(request, actor),
        "customers/customer",
        title=contact.get("name") or contact.get("email") or subject,
        subject=subject,
        entry=entry,
        contact=contact,
        cases=cases,
        may=actor.role is Role.ADMIN,
        is_auditor=actor.role is Role.AUDITOR,
    )


async def _entry(context: Context, subject: str) -> Mapping[str, Any] | None:
    """Their entry in the directory; None for somebody who is not in it."""
    catalogue = context.desk.catalogue
    if not await catalogue.has("customers", subject):
        return None
    return entry_document(await catalogue.entry("customers", subject))


async def _cases(context: Context, actor: Actor, subject: str) -> Listing:
    """Their newest cases."""
    listed = context.views.lists.cases(
        (Condition("customer", "=", subject),), "-number", Page(limit=_LIMIT), await asked_now(context, actor)
    )
    return await context.ask(listed)


async def _as_in_their_last_case(context: Context, actor: Actor, cases: Listing | None) -> Mapping[str, Any]:
    """How the newest case names somebody who is not in the directory; empty once it is erased."""
    if cases is None or not cases.items:
        return {}
    case = await context.desk.records.case(cases.items[0]["number"], actor)
    named: Mapping[str, Any] = case_document(case, actor.role)["customer"]
    return {name: value for name, value in named.items() if name != "id" and value}
