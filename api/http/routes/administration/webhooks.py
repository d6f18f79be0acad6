"""Webhooks: their secrets, orders, and deliveries (http.md, Outgoing webhooks). The webhooks themselves: `catalogue.py`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel

from api.http.access import Caller
from api.http.bodies.administration.webhooks import (
    DisableWebhookBody,
    EnableWebhookBody,
    IssueSecretBody,
    PingWebhookBody,
    ReplayWebhookBody,
    RevokeSecretBody,
)
from api.http.bodies.base import Body
from api.http.context import context_of
from api.http.documents.webhooks import IssuedSecret, Webhook, WebhookAttemptPage
from api.http.openapi.areas import Area
from api.http.openapi.operations import Part, answers, needs, operation, refuses, takes, written
from api.http.parameters import Cursor, Limit
from api.http.requests import asked, parse
from api.http.responses import answer, page_of
from api.http.routes.administration.office import WEBHOOK_READERS, Raw, keeper, reader
from application.administration.webhooks import Webhooks
from application.execution.requests import Committed
from application.execution.requests import Request as Asked
from application.views.questions import Page
from domain.readers.webhook import DisabledBy
from domain.values import Role

router = APIRouter(tags=[Area.WEBHOOKS])
B = TypeVar("B", bound=Body)


def _ordered(body: type[BaseModel], told: str) -> Part:
    return operation(takes(body), written(Webhook, told=told), refuses("invalid-transition"), needs((Role.ADMIN,)))


async def _order(
    request: Request,
    caller: Caller,
    raw: bytes | None,
    code: str,
    command: str,
    model: type[B],
    do: Callable[[Webhooks, B, Asked], Awaitable[Committed]],
) -> Response:
    """Carry out an order of the administrator on a webhook."""
    context, actor = await keeper(request, caller, command)
    await context.desk.catalogue.entry("webhooks", code)
    body = parse(request, raw, model)
    wanted = asked(request, actor, raw, reason=getattr(body, "reason", None))
    return answer(await do(context.desk.webhooks, body, wanted), reader=actor)


@router.post(
    "/webhooks/{code}/secrets",
    response_class=Response,
    status_code=201,
    operation_id="issue_secret",
    openapi_extra=operation(
        takes(IssueSecretBody),
        written(IssuedSecret, told="The webhook, with its new secret.", status=201),
        refuses("invalid-transition"),
        needs((Role.ADMIN,)),
    ),
)
async def issue_secret(request: Request, caller: Caller, raw: Raw, code: str) -> Response:
    """Issue a secret of a webhook.

    The secret is in this answer and nowhere else. Messages are signed with the earlier ones too, for the policy's
    `webhook_overlap`.
    """
    context, actor = await keeper(request, caller, "issue_secret")
    await context.desk.catalogue.entry("webhooks", code)
    body = parse(request, raw, IssueSecretBody)
    issued = await context.desk.webhooks.issue_secret(code, asked(request, actor, raw, 201, reason=body.why))
    shown = context.webhook_secret(code, issued.id)
    made = answer(issued.committed, 201, reader=actor, location=f"/webhooks/{code}", secret=shown, secret_id=issued.id)
    made.headers["Cache-Control"] = "no-store"
    return made


@router.post(
    "/webhooks/{code}/secrets/{secret}/revoke",
    response_class=Response,
    operation_id="revoke_secret",
    openapi_extra=_ordered(RevokeSecretBody, "The webhook, without the secret."),
)
async def revoke_secret(request: Request, caller: Caller, raw: Raw, code: str, secret: str) -> Response:
    """Revoke a secret of a webhook.

    From the next message on nothing is signed with it.
    """
    return await _order(
        request,
        caller,
        raw,
        code,
        "revoke_secret",
        RevokeSecretBody,
        lambda webhooks, _, wanted: webhooks.revoke_secret(code, secret, wanted),
    )


@router.post(
    "/webhooks/{code}/disable",
    response_class=Response,
    operation_id="disable_webhook",
    openapi_extra=_ordered(DisableWebhookBody, "The webhook, disabled."),
)
async def disable_webhook(request: Request, caller: Caller, raw: Raw, code: str) -> Response:
    """Stop sending events to a webhook.

    Its place is kept. The desk does the same when the receiver answers 410, when it fails to take an event for too long, or
    when the owner may not read events any more.
    """
    return await _order(
        request,
        caller,
        raw,
        code,
        "disable_webhook",
        DisableWebhookBody,
        lambda webhooks, _, wanted: webhooks.disable(code, DisabledBy.ADMINISTRATOR, wanted),
    )


@router.post(
    "/webhooks/{code}/enable",
    response_class=Response,
    operation_id="enable_webhook",
    openapi_extra=_ordered(EnableWebhookBody, "The webhook, enabled."),
)
async def enable_webhook(request: Request, caller: Caller, raw: Raw, code: str) -> Response:
    """Go on sending events to a webhook.

    It is sent everything since its place: nothing is left out.
    """
    return await _order(
        request,
        caller,
        raw,
        code,
        "enable_webhook",
        EnableWebhookBody,
        lambda webhooks, _, wanted: webhooks.enable(code, wanted),
    )


@router.post(
    "/webhooks/{code}/ping",
    response_class=Response,
    operation_id="ping_webhook",
    openapi_extra=_ordered(
        PingWebhookBody, "The webhook. The answer's `Position` is that of the event that it is sent."
    ),
)
async def ping_webhook(request: Request, caller: Caller, raw: Raw, code: str) -> Response:
    """Send one event to a webhook, to try it.

    The event is that of the ping itself, `webhook.pinged`, whatever the topics are. It is tried once, and does not wait for
    other events. The deliveries show what became of it.
    """
    return await _order(
        request,
        caller,
        raw,
        code,
        "ping_webhook",
        PingWebhookBody,
        lambda webhooks, _, wanted: webhooks.ping(code, wanted),
    )


@router.post(
    "/webhooks/{code}/replay",
    response_class=Response,
    operation_id="replay_webhook",
    openapi_extra=_ordered(ReplayWebhookBody, "The webhook. The replay begins."),
)
async def replay_webhook(request: Request, caller: Caller, raw: Raw, code: str) -> Response:
    """Send a range of events to a webhook once more.

    The events of its topics, in order, under the ids that they had before. New events are sent at the same time.
    """
    return await _order(
        request,
        caller,
        raw,
        code,
        "replay_webhook",
        ReplayWebhookBody,
        lambda webhooks, body, wanted: webhooks.replay(code, body.first, body.last, wanted),
    )


@router.get(
    "/webhooks/{code}/deliveries",
    response_class=Response,
    operation_id="list_deliveries",
    openapi_extra=operation(
        answers(WebhookAttemptPage, told="A page of attempts.", headers=("Link",)), needs(WEBHOOK_READERS)
    ),
)
async def list_deliveries(
    request: Request, caller: Caller, code: str, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """List the attempts to deliver events to a webhook.

    Newest first, for as long as the operator keeps them.
    """
    await reader(request, caller, WEBHOOK_READERS)
    context, question = context_of(request), f"deliveries {code}"
    await context.desk.catalogue.entry("webhooks", code)
    after = context.cursors.read(question, cursor) if cursor is not None else None
    listing = await context.ask(context.views.webhooks.attempts(code, Page(after, limit)))
    return page_of(request, context, question, listing)
