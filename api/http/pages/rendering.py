"""Fills the templates. Whatever a person wrote is escaped; a name that a template asks for and nobody gives is an error."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined


def wants_page(request: Request) -> bool:
    """Whether the caller is a person with a browser."""
    return "text/html" in request.headers.get("accept", "")


def page(template: str, **values: Any) -> HTMLResponse:
    """The page of a template. `case`, `dispute`, `told` and `mails` show a sheet; `landing` is the front door."""
    return HTMLResponse(fragment(template, **values))


def fragment(template: str, **values: Any) -> str:
    """A part of a page that somebody else wrote, as HTML."""
    return _TEMPLATES.get_template(f"{template}.html.j2").render(values)


def _moment(moment: datetime | str, zone: str) -> str:
    """A time as people read it, in a zone by its IANA name."""
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return f"{at.astimezone(ZoneInfo(zone)):%A, %d %B %Y, %H:%M %Z}"


_TEMPLATES = Environment(
    loader=PackageLoader("api.http.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters["moment"] = _moment
_TEMPLATES.globals["once"] = lambda: secrets.token_hex(8)
