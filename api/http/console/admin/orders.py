"""Orders beside an entry: keys of a monitoring source; secrets of a webhook, and whether, what and since when it is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from api.http.console.access import Form, Submitted
from api.http.console.admin.access import HookReader, Keeper
from api.http.console.admin.entries import entry_page, listed, standings
from api.http.console.admin.forms import FORMS, PLACES
from api.http.console.admin.proposals import asked_by, refusal_of
from api.http.console.frame import frame_of
from api.http.console.rendering import show
from api.http.console.route import area
from api.http.context import Context, context_of
from api.http.problems import Problem
from application.execution.requests import Request as Asked
from domain.readers.webhook import DisabledBy

router = area("/admin")
Told = Awaitable[str | None]


@dataclass(frozen=True)
class Order:
    """An order, and how it is carried out; a new key or secret is told once."""

    title: str
    run: Callable[[Context, str, Form, Asked], Told]


async def _issue_key(context: Context, code: str, form: Form, asked: Asked) -> str | None:  # noqa: ARG001 - as the others
    issued = await context.desk.monitoring_keys.issue(code, asked)
    return issued.key or "The key was shown when it was issued."


async def _revoke_key(context: Context, code: str, form: Form, asked: Asked) -> None:
    await context.desk.monitoring_keys.revoke(code, _named(form), asked)


async def _issue_secret(context: Context, code: str, form: Form, asked: Asked) -> str:  # noqa: ARG001 - as the others
    issued = await context.desk.webhooks.issue_secret(code, asked)
    return context.webhook_secret(code, issued.id)


async def _revoke_secret(context: Context, code: str, form: Form, asked: Asked) -> None:
    await context.desk.webhooks.revoke_secret(code, _named(form), asked)


async def _disable(context: Context, code: str, form: Form, asked: Asked) -> None:  # noqa: ARG001 - as the others
    await context.desk.webhooks.disable(code, DisabledBy.ADMINISTRATOR, asked)


async def _enable(context: Context, code: str, form: Form, asked: Asked) -> None:  # noqa: ARG001 - as the others
    await context.desk.webhooks.enable(code, asked)


async def _ping(context: Context, code: str, form: Form, asked: Asked) -> None:  # noqa: ARG001 - as the others
    await context.desk.webhooks.ping(code, asked)


async def _replay(context: Context, code: str, form: Form, asked: Asked) -> None:
    first, last = (form.get(name, [""])[0].strip() for name in ("first", "last"))
    if not (first.isdecimal() and last.isdecimal() and max(len(first), len(last)) <= 18):
        raise Problem("validation-failed", "Give the first and the last position to send again.")
    await context.desk.webhooks.replay(code, int(first), int(last), asked)


def _named(form: Form) -> str:
    return form.get("named", [""])[0]


_ORDERS: Mapping[str, Mapping[str, Order]] = {
    "sources": {"issue-key": Order("Issue a key", _issue_key), "revoke-key": Order("Revoke", _revoke_key)},
    "webhooks": {
        "issue-secret": Order("Issue a secret", _issue_secret),
        "revoke-secret": Order("Revoke", _revoke_secret),
        "disable": Order("Stop sending", _disable),
        "enable": Order("Go on sending", _enable),
        "ping": Order("Send a ping", _ping),
        "replay": Order("Send events again", _replay),
    },
}


@router.get("/webhooks")
async def list_webhooks(request: Request, actor: HookReader) -> Response:
    """The webhooks, each with how far it is and why nothing is sent."""
    context = context_of(request)
    reference = await context.desk.references.current()
    return show(
        await frame_of(request, actor),
        "admin/list",
        title=PLACES["webhooks"][0],
        lists=[("webhooks", FORMS["webhooks"], listed(reference, "webhooks"))],
        position=reference.position,
        standings=await standings(context, reference.webhooks),
    )


@router.post("/{kind}/{code:path}/orders/{name}")
async def order(request: Request, actor: Keeper, form: Submitted, kind: str, code: str, name: str) -> Response:
    """Carry an order out. A new key or secret stands on the page that answers, and nowhere else."""
    context, known = context_of(request), _ORDERS.get(kind, {}).get(name)
    if known is None:
        raise Problem("not-found", "there is no such order")
    entry = await context.desk.catalogue.entry(kind, code)
    given: dict[str, Any] = {each: form[each][0] for each in ("named", "first", "last") if each in form}
    try:
        secret = await known.run(context, code, form, asked_by(request, actor, form, given, seen=False))
    except Exception as error:
        if (refused := refusal_of(error)) is None:
            raise
        return await entry_page(request, actor, kind, entry, refused=refused)
    if secret is not None:
        return await entry_page(request, actor, kind, await context.desk.catalogue.entry(kind, code), secret=secret)
    return RedirectResponse(f"/ui/admin/{kind}/{quote(code, safe='')}?done=yes", 303)
