"""Signing in with a token, and out. The cookie holds who signed in, and no token (docs/console.md)."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from dataclasses import replace
from functools import partial
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response

from api.http.console.access import Anybody, Form, Submitted, form_of
from api.http.console.frame import home_of
from api.http.console.rendering import open_page
from api.http.console.route import area
from api.http.context import Context, context_of, policy_of, principal_of
from api.http.entrance.deadline import in_thread
from api.http.entrance.sessions import COOKIE, ERRAND, ERRAND_LASTS
from application.execution.principals import Principal, Unauthenticated, Undecided
from domain.errors import Forbidden, NotFound
from domain.values import Role

router = area()
_START = "/ui"
_PEOPLE = {
    Role.TECHNICIAN: "a.ortiz, at the desk",
    Role.TEAM_MEMBER: "t.lee, network and printing",
    Role.DUTY_MANAGER: "d.manager, major incidents",
    Role.AUDITOR: "r.audit, proofs and findings",
    Role.REPORTER: "figures only",
    Role.CUSTOMER: "Jo Field, their own cases",
    Role.ADMIN: "catalogue, policy, grants",
}
"""The people of the demonstration, in the order of their buttons."""


@router.get("")
async def start(actor: Anybody) -> Response:
    """Lead a person to where they begin."""
    return RedirectResponse(home_of(actor), 303)


@router.get("/sign-in")
async def ask(request: Request, next: str = _START, kept: str = "", again: str = "") -> Response:  # noqa: A002 - its name in the address
    """Ask who is there. ``kept`` says that a session has just begun, which the browser may have refused to keep."""
    session = context_of(request).sessions.opened(request.cookies.get(COOKIE, ""))
    if session is not None and not again:
        return RedirectResponse(_local(next), 303)
    return _asked(request, next, _NOT_KEPT if kept else "")


_NOT_KEPT = (
    "Your browser did not keep the session: it keeps one only over HTTPS, or from this machine itself. "
    "Open the desk under https://, or under http://localhost."
)


@router.post("/sign-in")
async def sign_in(request: Request, form: Annotated[Form, Depends(form_of)]) -> Response:
    """Begin a session for the holder of a token."""
    context, back = context_of(request), _local(form.get("next", [_START])[0])
    token = _token_of(context, form)
    try:
        principal = await _person_of(context, token)
    except (Unauthenticated, Undecided, Forbidden) as error:
        return _asked(request, back, str(error), 401)
    return _begun(context, principal, _end_of(token), back)


async def _person_of(context: Context, token: str) -> Principal:
    """The holder of a token, who has a grant in force; of their groups those that the policy knows. Raises Unauthenticated, Undecided, Forbidden."""
    principal = await principal_of(context, token)
    if principal.key is not None:
        raise Unauthenticated("this is the key of a monitoring source: people sign in with a token of theirs")
    await context.desk.admission.admit(principal, frozenset(Role))
    known = {each.group for each in (await policy_of(context)).groups}
    return replace(principal, groups=tuple(each for each in principal.groups if each in known))


@router.get("/sign-in/provider")
async def set_out(request: Request, next: str = _START) -> Response:  # noqa: A002 - its name in the address
    """Send somebody to the identity provider."""
    context = context_of(request)
    if context.provider is None:
        raise NotFound("people sign in here with a token")
    errand, cookie = context.sessions.set_out(_local(next))
    try:
        address = await in_thread(
            partial(context.provider.address, errand.state, errand.verifier), context.callers.threads
        )
    except Undecided as error:
        return _asked(request, errand.back, str(error), 401)
    answer = RedirectResponse(address, 303)
    answer.set_cookie(ERRAND, cookie, max_age=ERRAND_LASTS, secure=True, httponly=True, samesite="lax")
    return answer


@router.get("/sign-in/callback")
async def come_back(request: Request, state: str = "", code: str = "", error: str = "", iss: str = "") -> Response:
    """Begin a session for somebody whom the identity provider sends back (RFC 6749, 4.1.2; RFC 9207)."""
    context = context_of(request)
    errand = context.sessions.returned(request.cookies.get(ERRAND, ""), state)
    if context.provider is None or errand is None:
        return _asked(request, _START, "This sign-in was not begun in this browser, or too long ago. Try again.", 401)
    if error or not code or (iss and iss != context.provider.issuer):
        return _asked(request, errand.back, f"The identity provider refused the sign-in: {error or 'no code'}.", 401)
    try:
        token = await in_thread(partial(context.provider.token, code, errand.verifier), context.callers.threads)
        principal = await _person_of(context, token)
    except (Unauthenticated, Undecided, Forbidden) as refused:
        return _asked(request, errand.back, str(refused), 401)
    answer = _begun(context, principal, _end_of(token), errand.back)
    answer.delete_cookie(ERRAND, secure=True, httponly=True, samesite="lax")
    return answer


def _begun(context: Context, principal: Principal, ends: float | None, back: str) -> Response:
    session = context.sessions.begin(principal, ends)
    answer = RedirectResponse(f"/ui/sign-in?kept=yes&next={quote(back, safe='/')}", 303)
    answer.set_cookie(
        COOKIE, context.sessions.sealed(session), max_age=session.left, secure=True, httponly=True, samesite="lax"
    )
    return answer


@router.post("/sign-out")
async def sign_out(form: Submitted) -> Response:  # noqa: ARG001 - asked for its refusal
    """End the session in this browser."""
    answer = RedirectResponse("/ui/sign-in", 303)
    answer.delete_cookie(COOKIE, secure=True, httponly=True, samesite="lax")
    return answer


def _asked(request: Request, back: str, refused: str = "", status: int = 200) -> Response:
    known = {role for role, _ in context_of(request).demonstration}
    people = [(role, words) for role, words in _PEOPLE.items() if role in known]
    context = context_of(request)
    told = {"provider": context.provider is not None, "mails": context.caught is not None}
    return open_page("sign_in", status, people=people, next=_local(back), refused=refused, **told)


def _token_of(context: Context, form: Form) -> str:
    """The token that was pasted, or that of the button of a demonstration."""
    role = form.get("role", [""])[0]
    known = {str(role): token for role, token in context.demonstration}
    return known.get(role) or form.get("token", [""])[0].strip().removeprefix("Bearer ").strip()


def _end_of(token: str) -> float | None:
    """When a token that was verified ends, in seconds since 1970."""
    try:
        payload = token.split(".")[1]
        ends = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4))).get("exp")
    except (IndexError, ValueError, AttributeError):
        return None
    return float(ends) if isinstance(ends, int | float) else None


def _local(path: str) -> str:
    """A path of the console; never another site's."""
    return path if path.startswith("/ui") and "\\" not in path and "\n" not in path else _START
