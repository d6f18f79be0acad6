"""Who looks at a page: the session in the cookie, and the role that the grants in force allow."""

from __future__ import annotations

import hmac
from typing import Annotated
from urllib.parse import parse_qs, urlencode

from fastapi import Depends, Request

from api.http.access import asked_of, require_staff
from api.http.context import Context, admit, context_of
from api.http.entrance.sessions import COOKIE, Session
from api.http.problems import Problem
from api.http.requests import LARGEST, raw_body
from application.transparency_log import authorise_auditing
from application.views.questions import Asked
from domain.case.status import READERS, authorise_reading
from domain.values import Actor, Role

_FORM = "application/x-www-form-urlencoded"
_FIELDS = 400
Form = dict[str, list[str]]


class SignInNeeded(Exception):
    """There is no session, or no longer."""


class Elsewhere(Exception):
    """The page is at another address."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


async def signed_in(request: Request) -> Session:
    """The session of the request. Raises SignInNeeded."""
    cookie = request.cookies.get(COOKIE)
    session = context_of(request).sessions.opened(cookie) if cookie else None
    if session is None:
        raise SignInNeeded
    request.state.session = session
    return session


SignedIn = Annotated[Session, Depends(signed_in)]


async def anybody(request: Request, session: SignedIn) -> Actor:
    """The person in their first granted role. Raises Forbidden."""
    return await admit(request, session.principal, frozenset(Role))


async def reading(request: Request, session: SignedIn) -> Actor:
    """The person as one who reads cases. Raises Forbidden."""
    actor = await admit(request, session.principal, READERS)
    authorise_reading(actor)
    return actor


async def staffing(request: Request, session: SignedIn) -> Actor:
    """The person as staff. Raises Forbidden, naming the roles that may."""
    return await require_staff(request, session.principal)


async def auditing(request: Request, session: SignedIn) -> Actor:
    """The person as an auditor. Raises Forbidden."""
    actor = await admit(request, session.principal, (Role.AUDITOR,))
    authorise_auditing(actor)
    return actor


Anybody = Annotated[Actor, Depends(anybody)]
Reader = Annotated[Actor, Depends(reading)]
Staff = Annotated[Actor, Depends(staffing)]
Auditor = Annotated[Actor, Depends(auditing)]


async def submitted(request: Request, session: SignedIn) -> Form:
    """The fields of a form of ours. Raises Problem 400, 403, 413, 415.

    A form carries the session's CSRF token, and comes from a page of this desk.
    """
    form = await form_of(request)
    require_own_page(request, session, form.pop("csrf", [""])[0])
    return form


def require_own_page(request: Request, session: Session, given: str = "") -> None:
    """Require the session's CSRF token, in a form or in `X-CSRF-Token`, and a page of this desk. Raises Problem 403."""
    refuse_other_sites(request)
    given = given or request.headers.get("x-csrf-token", "")
    if not hmac.compare_digest(given.encode(), context_of(request).sessions.csrf(session).encode()):
        raise Problem("forbidden", "this form is not of your session: open the page again")


async def form_of(request: Request) -> Form:
    """The fields of a form that a page of this desk sends. Raises Problem 400, 403, 413, 415."""
    refuse_other_sites(request)
    raw = await raw_body(request)
    if raw is None:
        raise Problem("content-too-large", f"a form may have {LARGEST} bytes")
    kind = request.headers.get("content-type", _FORM).partition(";")[0].strip().lower()
    if kind != _FORM:
        raise Problem("unsupported-media-type", f"{kind} is not understood; send the form")
    try:
        return parse_qs(raw.decode("utf-8", "replace").replace("%00", ""), max_num_fields=_FIELDS)
    except ValueError:
        raise Problem("malformed", "the form cannot be read") from None


def refuse_other_sites(request: Request) -> None:
    """Refuse what the page of another site makes a browser send (Fetch Metadata). Raises Problem 403."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Problem("forbidden", "the form was sent from another site")


async def only_given(request: Request) -> None:
    """A form of filters sends its empty fields as well: lead to the address without them. Raises Elsewhere."""
    given = [(name, value) for name, value in request.query_params.multi_items() if value]
    if len(given) != len(request.query_params.multi_items()):
        raise Elsewhere(f"{request.url.path}?{urlencode(given)}")


Submitted = Annotated[Form, Depends(submitted)]


async def asked_now(context: Context, actor: Actor) -> Asked:
    """A list as of now."""
    return await asked_of(context, actor, None, None, None)
