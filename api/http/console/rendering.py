"""Fills the console's templates, and knows how it writes times, roles and refusals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from secrets import token_hex
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup, escape

from api.http.console import marks
from api.http.console.before import told
from api.http.console.commands import Attempted, Choice
from api.http.console.fields import Field
from api.http.console.marks import Place
from api.http.console.times import absolute, ago, machine, short, span
from api.http.console.wording import ROLES, spelled
from api.http.pages.rendering import HERE, templates_of
from api.http.problems import TITLES, Problem, trace_of
from domain.values import Actor, Role


@dataclass(frozen=True)
class Frame:
    """What stands around every page: who looks, where they can go, and as of when."""

    actor: Actor
    csrf: str
    now: datetime
    zone: str
    path: str
    position: int | None = None
    """The position that the counters are as of."""
    places: Mapping[str, list[Place]] = field(default_factory=dict)
    teams: Mapping[str, str] = field(default_factory=dict)
    """The names of the teams by their ids."""
    services: Mapping[str, str] = field(default_factory=dict)
    """The names of the services by their ids."""

    @property
    def who(self) -> str:
        """The person's id. A customer's is a digest, which says nothing to them."""
        return "You" if self.actor.role is Role.CUSTOMER else self.actor.subject

    @property
    def role(self) -> str:
        """Their role, in words."""
        return ROLES.get(self.actor.role, spelled(self.actor.role))


def show(frame: Frame, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page of the console."""
    return HTMLResponse(part(frame, template, **values), status)


def part(frame: Frame, template: str, **values: Any) -> str:
    """A part of a page."""
    return _TEMPLATES.get_template(f"{template}.html.j2").render(frame=frame, **values)


def open_page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page for people who have not signed in."""
    return HTMLResponse(_TEMPLATES.get_template(f"{template}.html.j2").render(values), status)


def refusal_page(request: Request, problem: Problem) -> HTMLResponse:
    """A refusal as a page: what is wrong, and the way back."""
    status, title = TITLES[problem.slug]
    errors = [each["detail"] for each in problem.errors if each["detail"] != problem.detail]
    words = told(problem.slug, title, problem.detail)
    shown = {"title": words.title, "detail": words.detail, "errors": errors, "trace": trace_of(request)}
    answer = open_page("refusal", status, **shown)
    answer.headers.update(problem.headers)
    return answer


def size(count: int | None) -> str:
    """A number of bytes, as people read it."""
    given = float(count or 0)
    for unit in ("bytes", "KB", "MB"):
        if given < 1000:
            return f"{given:.0f} {unit}" if unit == "bytes" else f"{given:.1f} {unit}"
        given /= 1000
    return f"{given:.1f} GB"


_SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
LARGEST_SHOWN = 5_000_000
"""Bytes of an image that a page shows. A larger one is saved, and looked at elsewhere."""


def has_preview(file: Mapping[str, Any]) -> bool:
    """Whether a page shows a file: an image of pixels alone. An SVG is a document with scripts."""
    return file["type"] in _SHOWN and file["size"] <= LARGEST_SHOWN


def field_of(field: Field, value: str = "", wrong: str = "", form: str = "f", *, filter: bool = False) -> Markup:  # noqa: A002 - read in templates
    """A field of a form. An empty one is drawn once: the page of a case has fifty of them."""
    return _drawn(field, value, wrong, form, filter) if value or wrong else _empty(field, form, filter)


def _drawn(field: Field, value: str, wrong: str, form: str, filter: bool) -> Markup:  # noqa: A002
    return _macro("components", "field")(field, value, wrong, form, filter)


@lru_cache(2_048)
def _empty(field: Field, form: str, filter: bool) -> Markup:  # noqa: A002
    return _drawn(field, "", "", form, filter)


@lru_cache(512)
def fields_of(form: str, fields: tuple[Field, ...]) -> Markup:
    """The empty fields of a form, drawn once: the page of a case has the forms of some thirty commands."""
    return _macro("command", "fields")(form, fields, None)


def form_of(choice: Choice, action: str, csrf: str, version: int, attempted: Attempted | None) -> Markup:
    """The form of a command; after a refusal, as it was typed."""
    mine, to = attempted is not None and attempted.name == choice.name, escape(f"{action}/{choice.name}")
    fields = (
        _macro("command", "fields")(choice.name, choice.fields, attempted)
        if mine
        else fields_of(choice.name, choice.fields)
    )
    explained = f'<p class="explained">{escape(choice.explained)}</p>\n' if choice.explained else ""
    first = f'<p class="first">First: {_macro("command", "steps")(choice.before)}.</p>\n' if choice.before else ""
    kind = "primary" if choice.usual or mine or choice.name == "notes" else ""
    return Markup(  # noqa: S704 - what goes into it is escaped above
        f'<form method="post" action="{to}" data-draft="{to}">\n<input type="hidden" name="csrf" value="{escape(csrf)}">'
        f'<input type="hidden" name="version" value="{version}"><input type="hidden" name="once" value="{token_hex(8)}">\n'
        f'{explained}{first}{fields}<div class="row"><button class="button {kind}" type="submit">{escape(choice.form.button)}'
        '</button><span class="muted small" data-kept hidden>Draft kept</span></div>\n</form>\n'
    )


def _macro(file: str, name: str) -> Callable[..., Markup]:
    macro: Callable[..., Markup] = getattr(_TEMPLATES.get_template(f"parts/{file}.html.j2").module, name)
    return macro


_TEMPLATES = templates_of("api.http.console", HERE)
_TEMPLATES.filters |= {
    "ago": ago,
    "absolute": absolute,
    "short": short,
    "machine": machine,
    "spelled": spelled,
    "size": size,
}
_TEMPLATES.globals |= {"has_preview": has_preview} | {
    "marks": marks,
    "field_of": field_of,
    "fields_of": fields_of,
    "form_of": form_of,
    "span": span,
    "ROLES": ROLES,
}
