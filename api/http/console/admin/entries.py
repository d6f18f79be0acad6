"""Entries of the catalogue and the directory, monitoring sources and webhooks: listed, added, changed, retired."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response

from api.http.console.access import Form, SignedIn, Submitted
from api.http.console.admin.access import Keeper, Office, among
from api.http.console.admin.compared import differences
from api.http.console.admin.forms import CODE, FORMS, PLACES, EntryForm
from api.http.console.admin.history import changes_of
from api.http.console.admin.proposals import Proposal, Refused, asked_by, confirmed, refusal_of
from api.http.console.choices import with_options
from api.http.console.fields import Field, Option, body_of, typed, values_of
from api.http.console.frame import frame_of
from api.http.console.rendering import show
from api.http.console.route import area
from api.http.context import Context, context_of, note_read
from api.http.routes.administration.catalogue import KINDS_SHOWN
from application.administration.catalogue import KINDS
from application.administration.entries import read_entry
from application.administration.references import check_mentions
from application.audit.reads import What
from application.cases.documents import entry_document
from application.cases.history import history_items
from application.execution.reference import Reference
from application.health import standing_in_words
from application.views.questions import Page
from domain.catalogue import Listed
from domain.errors import DomainError, NotFound
from domain.readers.webhook import ListedWebhook
from domain.values import Actor, Role

router = area("/admin")
_DELIVERIES = 20
_TEMPLATES = {"sources": "admin/source", "webhooks": "admin/webhook"}
"""Kinds whose entries have something beside them."""


async def reading(request: Request, session: SignedIn, kind: str) -> Actor:
    """The person as one who reads entries of this kind. Raises Forbidden, NotFound."""
    if kind not in FORMS:
        raise NotFound("there is no such page")
    return await among(request, session, KINDS_SHOWN[kind].readers)


EntryReader = Annotated[Actor, Depends(reading)]


def _list_page(place: str) -> None:
    title, kinds = PLACES[place]

    @router.get(f"/{place}")
    async def read_list(request: Request, actor: Office) -> Response:
        reference = await context_of(request).desk.references.current()
        lists = [(kind, FORMS[kind], listed(reference, kind)) for kind in kinds]
        return show(await frame_of(request, actor), "admin/list", title=title, lists=lists, position=reference.position)


for _place in PLACES:
    if _place not in ("webhooks", "customers"):  # fewer people may read the ones; the others are found by an address
        _list_page(_place)


def listed(reference: Reference, kind: str) -> list[Mapping[str, Any]]:
    """The entries of a kind by id, the retired ones last."""
    found = [root for root in reference.roots.values() if isinstance(root, KINDS[kind])]
    return sorted(map(entry_document, found), key=lambda each: (each["retired"], each["id"]))


@router.get("/new/{kind}")
async def ask(request: Request, actor: Keeper, kind: str, id: str = "") -> Response:  # noqa: A002 - its name in the address
    """The empty form of a new entry; with the id of a customer who is known from their cases."""
    _form_of(kind)
    return await entry_page(request, actor, kind, None, {"id": id} if id else None)


@router.post("/new/{kind}")
async def define(request: Request, actor: Keeper, form: Submitted, kind: str) -> Response:
    """Show what a new entry would be, or list it."""
    _form_of(kind)
    return await _changed(request, actor, kind, None, form)


@router.get("/{kind}/{code:path}")
async def read_entry_page(request: Request, actor: EntryReader, kind: str, code: str, done: bool = False) -> Response:
    """An entry: what it says, who changed it, and for the administrator its form."""
    return await entry_page(request, actor, kind, await context_of(request).desk.catalogue.entry(kind, code), done=done)


@router.post("/{kind}/{code:path}")
async def change(request: Request, actor: Keeper, form: Submitted, kind: str, code: str) -> Response:
    """Show what a change would change, or make it."""
    _form_of(kind)
    return await _changed(request, actor, kind, await context_of(request).desk.catalogue.entry(kind, code), form)


def _form_of(kind: str) -> EntryForm:
    if kind not in FORMS:
        raise NotFound("there is no such page")
    return FORMS[kind]


async def _changed(request: Request, actor: Actor, kind: str, known: Listed[Any] | None, form: Form) -> Response:
    context, fields = context_of(request), (CODE, *FORMS[kind].fields)
    code = known.entry.id if known else ""
    values: Mapping[str, str] | None = None
    given: Mapping[str, Any] | None = None
    try:
        given = confirmed(form)
        if given is None:
            values = typed(fields, form)
            given = body_of(fields, form, "UTC")
            return await entry_page(request, actor, kind, known, values, await _proposed(context, kind, known, given))
        values = values_of(fields, given)
        code = code or str(given.get("id", ""))
        entry, contact = read_entry(kind, code, given)
        wanted = asked_by(request, actor, form, given)
        await context.desk.catalogue.put(kind, entry, contact, wanted)
    except Exception as error:
        refused = refusal_of(error)
        if refused is None:
            raise
        if refused.status == 412:
            known = await context.desk.catalogue.entry(kind, code)
        proposal = await _again(context, kind, known, given)
        return await entry_page(request, actor, kind, known, values, proposal, refused)
    return RedirectResponse(f"/ui/admin/{kind}/{quote(code, safe='')}?done=yes", 303)


async def _proposed(context: Context, kind: str, known: Listed[Any] | None, given: Mapping[str, Any]) -> Proposal:
    """What a change would change. Raises Invalid for one that would be refused."""
    reference = await context.desk.references.current()
    code = known.entry.id if known else str(given.get("id", ""))
    entry, contact = read_entry(kind, code, given)
    check_mentions(entry, lambda of, code: reference.lists(KINDS[of], code), reference.policy)
    before = _said(known.entry, known.contact.texts if known.contact else None) if known else {}
    return Proposal(given, differences(before, _said(entry, contact)), known.version if known else 0)


async def _again(
    context: Context, kind: str, known: Listed[Any] | None, given: Mapping[str, Any] | None
) -> Proposal | None:
    """The preview of what was confirmed and refused, as of now; None for what is wrong in itself."""
    try:
        return await _proposed(context, kind, known, given) if given is not None else None
    except DomainError:
        return None


def _said(entry: Any, contact: Mapping[str, Any] | None) -> dict[str, Any]:
    return {**asdict(entry), "contact": dict(contact or {})}


async def entry_page(
    request: Request,
    actor: Actor,
    kind: str,
    known: Listed[Any] | None,
    values: Mapping[str, str] | None = None,
    proposal: Proposal | None = None,
    refused: Refused | None = None,
    *,
    done: bool = False,
    secret: str | None = None,
) -> Response:
    """The page of an entry, or of a new one: with a preview of a change, after a refusal, or with a new key or secret."""
    context, form = context_of(request), FORMS[kind]
    document = entry_document(known) if known else {}
    shown = values or values_of(form.fields, document)
    fields = form.fields if known else (CODE, *form.fields)
    offered = [_with_present(each, shown) for each in await with_options(context, fields, {})]
    told = await context.desk.changes.of_entry(kind, known.entry.id) if known else []
    if known and kind == "customers":  # their contact data can be erased
        note_read(request, actor, What.CUSTOMER, known.entry.id)
    return show(
        await frame_of(request, actor),
        _TEMPLATES.get(kind, "admin/entry"),
        refused.status if refused else 200,
        title=_title_of(known, document) if known else f"New {form.one}",
        kind=kind,
        form=form,
        place=(PLACES[form.place][0], f"/ui/{'' if kind == 'customers' else 'admin/'}{form.place}"),
        entry=document,
        fields=offered,
        values=shown,
        proposal=proposal,
        refused=refused,
        history=changes_of(history_items(told, actor.role)),
        may=actor.role is Role.ADMIN,
        done=done,
        secret=secret,
        **(await _sending(context, known) if isinstance(known, ListedWebhook) else {}),
    )


def _title_of(known: Listed[Any], document: Mapping[str, Any]) -> str:
    """The name of an entry. A customer's is a part of their contact, and can be erased."""
    contact = document.get("contact") or {}
    return str(getattr(known.entry, "name", None) or contact.get("name") or known.entry.id)


async def _sending(context: Context, webhook: ListedWebhook) -> dict[str, Any]:
    """How far a webhook is, and what became of the last deliveries."""
    attempts = await context.ask(context.views.webhooks.attempts(webhook.entry.id, Page(limit=_DELIVERIES)))
    return {"standing": (await standings(context, [webhook]))[webhook.entry.id], "deliveries": attempts.items}


async def standings(context: Context, webhooks: Iterable[ListedWebhook]) -> dict[str, str]:
    """Why nothing is sent to each webhook, or else how far it is."""
    known = {each["id"]: standing_in_words(each) for each in await context.ask(context.views.webhooks.standings())}
    now = context.desk.clock.now()
    return {each.entry.id: each.pause(now) or known.get(each.entry.id, "not sent yet") for each in webhooks}


def _with_present(field: Field, values: Mapping[str, str]) -> Field:
    """The field with what it holds among its options, though that may be retired by now."""
    present = values.get(field.name, "")
    if not field.options or not present or any(each.value == present for each in field.options):
        return field
    return replace(field, options=(*field.options, Option(present, f"{present} (retired)")))
