"""Fills the console's templates, and knows how it writes times, roles and refusals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from api.http.console.before import told
from api.http.console.wording import PRIORITIES, ROLES, STATUSES, spelled
from api.http.pages.rendering import HERE, templates_of
from api.http.problems import TITLES, Problem, trace_of
from domain.values import Actor, Role

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


@dataclass(frozen=True)
class Place:
    """A place of the bar on the left."""

    name: str
    path: str
    count: int | None = None


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


def instant(at: datetime | str) -> datetime:
    """A time, however a document writes it."""
    return datetime.fromisoformat(at) if isinstance(at, str) else at


def span(length: timedelta) -> str:
    """A length of time in its two largest parts at most."""
    seconds = abs(int(length.total_seconds()))
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    if seconds < _DAY:
        hours, minutes = seconds // _HOUR, seconds % _HOUR // _MINUTE
        return f"{hours} h {minutes} min" if minutes and hours < 10 else f"{hours} h"
    days, hours = seconds // _DAY, seconds % _DAY // _HOUR
    return f"{days} d {hours} h" if hours and days < 10 else f"{days} d"


def ago(at: datetime | str, now: datetime) -> str:
    """A time relative to now."""
    length = now - instant(at)
    if abs(length) < timedelta(seconds=5):
        return "just now"
    return f"{span(length)} ago" if length > timedelta(0) else f"in {span(length)}"


def absolute(at: datetime | str, zone: str) -> str:
    """A time to the second, in a zone by its IANA name."""
    return f"{instant(at).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S %Z}"


def short(at: datetime | str, zone: str) -> str:
    """A time to the minute."""
    return f"{instant(at).astimezone(ZoneInfo(zone)):%d %b %H:%M}"


def machine(at: datetime | str) -> str:
    """A time for programs: RFC 3339 in UTC."""
    return instant(at).astimezone(UTC).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True)
class Due:
    """A target as it is shown: in words and as what is left of it."""

    words: str
    kind: str
    """`late`, `soon` or `fine`."""
    left: int
    """Percent of the time that is left."""


def due_of(by: datetime | str, since: datetime | str, now: datetime) -> Due:
    """How a target stands."""
    end, whole = instant(by), (instant(by) - instant(since)).total_seconds()
    left = (end - now).total_seconds()
    if left < 0:
        return Due(f"{span(now - end)} late", "late", 0)
    share = 0 if whole <= 0 else min(100, round(100 * left / whole))
    return Due(f"{span(end - now)} left", "soon" if share < 25 or left < 30 * _MINUTE else "fine", share)


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


@lru_cache(maxsize=64)
def mark_of(what: str, value: str | int | None) -> Markup:
    """The mark of a status or a priority, drawn once: a list shows a few of them a hundred times."""
    drawn: Markup = getattr(_TEMPLATES.get_template("parts/components.html.j2").module, what)(value)
    return drawn


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
    "due_of": due_of,
    "mark_of": mark_of,
    "span": span,
    "STATUSES": STATUSES,
    "PRIORITIES": PRIORITIES,
    "ROLES": ROLES,
}
