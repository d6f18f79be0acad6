"""What every page shares: its headers, and that a refusal is a page as well."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.routing import APIRoute

from api.http.console.access import Elsewhere, SignInNeeded, signed_in
from api.http.console.rendering import refusal_page
from api.http.entrance.sessions import Session
from api.http.problems import understood
from domain.values import Actor

Page = Callable[..., Coroutine[Any, Any, Response]]
"""Answers a request with a page."""
Admission = Callable[[Request, Session], Awaitable[Actor]]
"""Finds who looks at a page. Raises Forbidden."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


class PageRoute(APIRoute):
    """A page of the console."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        return partial(_answered, handle)


def directly(read: Page, admitted: Admission, **given: Any) -> Page:
    """A page without FastAPI, for an address without a query: what its parameters then are is ``given``."""

    async def answer(request: Request, **segments: str) -> Response:
        async def handle(request: Request) -> Response:
            return await read(request, await admitted(request, await signed_in(request)), **segments, **given)

        return await _answered(handle, request)

    return answer


async def _answered(handle: Page, request: Request) -> Response:
    response = await _page(request, handle)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


async def _page(request: Request, handle: Page) -> Response:
    try:
        return await handle(request)
    except SignInNeeded:
        return to_sign_in(request)
    except Elsewhere as other:
        return RedirectResponse(other.path, 303)
    except Exception as error:
        problem = understood(error)
        if problem is None:
            raise
        if problem.slug == "unauthenticated":
            return to_sign_in(request)
        return refusal_page(request, problem)


def to_sign_in(request: Request) -> Response:
    """Ask who is there, and come back. A part of a page asks its browser to do so."""
    back = request.url.path if request.method == "GET" else "/ui"
    query = f"?{request.url.query}" if request.method == "GET" and request.url.query else ""
    where = f"/ui/sign-in?next={quote(back + query, safe='')}"
    if "hx-request" in request.headers:
        return Response(status_code=204, headers={"HX-Redirect": where})
    return RedirectResponse(where, 303)


def area(prefix: str = "") -> APIRouter:
    """The router of an area of the console."""
    return APIRouter(prefix=f"/ui{prefix}", route_class=PageRoute, include_in_schema=False)
