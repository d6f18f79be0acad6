"""Messages that wait for a person: shown with sender and subject; released, joined to a case, or discarded (R-5.1d)."""

from __future__ import annotations

from uuid import UUID

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from api.http.console.access import Form, SignedIn, Staff, Submitted
from api.http.console.frame import frame_of
from api.http.console.rendering import show
from api.http.console.route import area
from api.http.context import Context, admit, context_of, note_read
from api.http.entrance.deadline import LONG, allow
from api.http.problems import TITLES, Problem, trace_id_of, understood
from application.audit.reads import What
from application.execution.requests import Committed
from application.execution.requests import Request as Asked
from application.mail_in.documents import receipt_document
from application.views.questions import Page
from domain.errors import NotFound
from domain.fate import ReceiptState
from domain.receipt import COMMANDS, authorise_intake
from domain.values import Actor

router = area("/quarantine")
_LIMIT = 50
_ACTS = {"release": "release_message", "join": "join_message", "discard": "discard_message"}


@router.get("")
async def list_messages(request: Request, actor: Staff, recorded: bool = False, cursor: str | None = None) -> Response:
    """The messages that wait, oldest first; or those that a program seems to have written."""
    context, question = context_of(request), f"ui quarantine {recorded}"
    after = context.cursors.read(question, cursor) if cursor else None
    listing = await context.ask(context.views.lists.quarantine(Page(after, _LIMIT), recorded=recorded))
    note_read(request, actor, What.LIST, "quarantine", position=listing.position)
    messages = [(item, await _shown(context, item["id"], actor)) for item in listing.items]
    return show(
        await frame_of(request, actor),
        "mail/quarantine",
        title="Quarantine",
        messages=messages,
        position=listing.position,
        recorded=recorded,
        cursor=context.cursors.make(question, listing.next_key) if listing.next_key else None,
    )


@router.get("/{message}")
async def read_message(request: Request, actor: Staff, message: str) -> Response:
    """A message as it came, and what can be done with it."""
    return await _page(request, actor, _id(message))


async def _page(request: Request, actor: Actor, message: UUID, refused: Problem | None = None) -> Response:
    context = context_of(request)
    document = await _shown(context, message, actor)
    note_read(request, actor, What.MESSAGE, str(message))
    waits = document["state"] in (ReceiptState.QUARANTINED, ReceiptState.RECORDED)
    return show(
        await frame_of(request, actor),
        "mail/message",
        TITLES[refused.slug][0] if refused else 200,
        title=document["subject"] or "A message",
        message=document,
        acts=[act for act, command in _ACTS.items() if waits and actor.role in COMMANDS[command].who],
        refused=refused,
    )


@router.post("/{message}/{act}")
async def decide(
    request: Request, session: SignedIn, actor: Staff, form: Submitted, message: str, act: str
) -> Response:
    """Release, join or discard a message."""
    command, context, receipt = _ACTS.get(act), context_of(request), _id(message)
    if command is None:
        raise Problem("not-found", "there is no such decision")
    allow(LONG)
    try:
        decider = await admit(request, session.principal, COMMANDS[command].who)
        authorise_intake(decider, command)
        committed = await _carry_out(
            context, act, receipt, form, Asked(decider, "console", trace_id=trace_id_of(request))
        )
    except Exception as error:
        problem = understood(error)
        if problem is None or problem.slug in ("not-found", "unauthenticated"):
            raise
        return await _page(request, actor, receipt, problem)
    case = getattr(committed.root, "case", None)
    return RedirectResponse(f"/ui/cases/{case}" if case else "/ui/quarantine", 303)


async def _carry_out(context: Context, act: str, receipt: UUID, form: Form, asked: Asked) -> Committed:
    quarantine = context.desk.quarantine
    if act == "release":
        return await quarantine.release(receipt, asked)
    if act == "join":
        return await quarantine.join(receipt, form.get("case", [""])[0].strip() or None, asked)
    reason = form.get("reason", [""])[0].strip()
    if not reason:
        raise Problem("validation-failed", "Say why it is discarded.")
    return await quarantine.discard(receipt, reason, asked)


async def _shown(context: Context, message: UUID, actor: Actor) -> dict[str, object]:
    return await receipt_document(await context.desk.quarantine.receipt(message, actor), context.desk.addresses)


def _id(message: str) -> UUID:
    try:
        return UUID(message)
    except ValueError:
        raise NotFound(f"There is no message {message}.") from None
