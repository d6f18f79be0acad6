"""The policy: what the organisation has decided, its history, and another one, shown before it is put in force."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from api.http.console.access import Form, Submitted
from api.http.console.admin.access import Keeper, Office
from api.http.console.admin.compared import differences
from api.http.console.admin.history import changes_of
from api.http.console.admin.policy_form import changes_typed, groups_of, label_of, plain
from api.http.console.admin.proposals import Proposal, Refused, asked_by, confirmed, refusal_of
from api.http.console.frame import frame_of
from api.http.console.rendering import show
from api.http.console.route import area
from api.http.context import context_of
from api.http.routes.administration.what_if import answered
from application.administration.entries import change_policy
from application.cases.history import history_items
from application.execution.requests import Request as Asked
from domain.errors import DomainError
from domain.policy import Policy
from domain.policy_book import PolicyBook
from domain.values import Actor, Role

router = area("/admin/policy")
_PERIODS = ("30", "90", "365")
_SHOWN = 20
"""Changes of the history on the page, the newest ones."""


@router.get("")
async def read_policy(request: Request, actor: Office, version: int | None = None, done: bool = False) -> Response:
    """The policy in force, or a version of it."""
    book = await context_of(request).desk.policy.book(version)
    return await _page(request, actor, book, past=version is not None, done=done)


@router.post("")
async def change(request: Request, actor: Keeper, form: Submitted) -> Response:
    """Show what another policy would change, or put it in force."""
    context = context_of(request)
    book = await context.desk.policy.book()
    given: Mapping[str, Any] | None = None
    try:
        if (given := confirmed(form)) is None:
            return await _page(
                request, actor, book, form=form, proposal=proposed(book, changes_typed(book.policy, form))
            )
        await _put_in_force(request, given, asked_by(request, actor, form, given))
    except Exception as error:
        if (refused := refusal_of(error, "/changes")) is None:
            raise
        proposal = _again(book, given)
        return await _page(request, actor, book, form=form, proposal=proposal, refused=refused)
    return RedirectResponse("/ui/admin/policy?done=yes", 303)


def _again(book: PolicyBook, given: Mapping[str, Any] | None) -> Proposal | None:
    """The preview of what was confirmed and refused, as of now; None for what can be put in force no more."""
    try:
        return proposed(book, given) if given is not None else None
    except DomainError:
        return None


async def _put_in_force(request: Request, changes: Mapping[str, Any], wanted: Asked) -> None:
    def changed(policy: Policy) -> Policy:
        return change_policy(policy, changes)

    await context_of(request).desk.policy.change(changed, wanted.reason or "", wanted)


def proposed(book: PolicyBook, changes: Mapping[str, Any]) -> Proposal:
    """What another policy would change. Raises Invalid for one that would be refused."""
    other = change_policy(book.policy, changes)
    told = differences(plain(book.policy), plain(other), label_of)
    return Proposal(changes, told, book.version)


async def _page(
    request: Request,
    actor: Actor,
    book: PolicyBook,
    *,
    past: bool = False,
    done: bool = False,
    form: Form | None = None,
    proposal: Proposal | None = None,
    refused: Refused | None = None,
) -> Response:
    context = context_of(request)
    history = changes_of(history_items(await context.desk.changes.of_policy(), actor.role), label_of)
    typed = form if form is not None and "document" not in form else None
    return show(
        await frame_of(request, actor),
        "admin/policy",
        refused.status if refused else 200,
        title="Policy",
        book=book,
        past=past,
        groups=groups_of(book.policy),
        typed=typed,
        proposal=proposal,
        refused=refused,
        history=history[:_SHOWN],
        may=actor.role is Role.ADMIN and not past,
        done=done,
    )


@router.post("/what-if")
async def ask_what_if(request: Request, actor: Keeper, form: Submitted) -> Response:
    """What would have been under the policy of a preview. Nothing is recorded (docs/what-if.md)."""
    context = context_of(request)
    changes = confirmed(form) or {}
    days = form.get("days", ["30"])[0]
    since = context.desk.clock.now() - timedelta(days=int(days) if days in _PERIODS else 30)
    book = await context.desk.policy.book()
    answer = await answered(context, changes, since, None)
    return show(
        await frame_of(request, actor),
        "admin/what_if",
        title="What would have been",
        answer=answer,
        since=since,
        proposal=proposed(book, changes),
    )
