"""Fills the templates. Whatever a person wrote is escaped; a name that a template asks for and nobody gives is an error."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from api.http.pages.assets import address_of

HERE = "api.http.pages"


def wants_page(request: Request) -> bool:
    """Whether the caller is a person with a browser."""
    return "text/html" in request.headers.get("accept", "")


def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """The page of a template. `case`, `dispute`, `told` and `mails` show a sheet; `landing` is the front door."""
    return HTMLResponse(fragment(template, **values), status, _SAFE)


_SAFE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
"""A sheet runs nothing, and stands in no frame."""


def fragment(template: str, **values: Any) -> str:
    """A part of a page that somebody else wrote, as HTML."""
    return _TEMPLATES.get_template(f"{template}.html.j2").render(values)


def moment(at: datetime | str, zone: str) -> str:
    """A time as people read it, in a zone by its IANA name."""
    read = datetime.fromisoformat(at) if isinstance(at, str) else at
    return f"{read.astimezone(ZoneInfo(zone)):%A, %d %B %Y, %H:%M %Z}"


def templates_of(*packages: str) -> Environment:
    """The templates of packages; the first that has one gives it."""
    made = Environment(
        loader=ChoiceLoader([PackageLoader(package) for package in packages]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["moment"] = moment
    made.globals |= {"once": lambda: secrets.token_hex(8), "asset": address_of}
    return made


_TEMPLATES = templates_of(HERE)
