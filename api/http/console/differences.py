"""How the past differs from now: the fields of a case, the entries of a list, the figures of a report."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from api.http.console.figures import Shown, figures
from api.http.console.wording import OWED, STATUSES, spelled, titled
from api.http.context import Context
from application.views.questions import Asked, Listing, Page

COMPARED = 500
"""Entries of a list that are compared one by one."""
_NOT_COMPARED = frozenset(
    {"id", "version", "calendar", "customer", "unrelated", "candidates", "matrix", "service_version", "quoted"}
)
_NAMED = {"service_name": "Service's name", "pending": "Waits", "major": "Major incident", "links": "Links"}
_ROW = ("status", "priority", "team", "technician", "service", "subject", "resolve_by")
"""What of a row is compared."""
Listed = Callable[[Page, Asked], Awaitable[Listing]]


@dataclass(frozen=True)
class Change:
    """A field that has another value now."""

    name: str
    then: str
    now: str


@dataclass(frozen=True)
class ListDifference:
    """A list then and now."""

    left: Sequence[Mapping[str, Any]] = ()
    """Entries of then that are not in it now."""
    came: Sequence[Mapping[str, Any]] = ()
    """Entries of now that were not in it then."""
    changed: Sequence[tuple[str, Sequence[Change]]] = ()
    """Numbers that are in both, and what differs in them."""
    position: int = 0
    """The position of now."""
    too_long: bool = False
    """Whether either list is too long to be compared."""


@dataclass(frozen=True)
class FigureChange:
    """A figure of a report, then and now."""

    name: str
    then: str
    now: str


def case_changes(then: Mapping[str, Any], now: Mapping[str, Any], zone: str) -> list[Change]:
    """The fields of a case's document that differ."""
    names = [name for name in now if name not in _NOT_COMPARED]
    people = [
        (f"Customer's {part}", then["customer"].get(part), now["customer"].get(part))
        for part in ("name", "email", "phone", "agency")
    ]
    told = [(_NAMED.get(name, titled(name)), then.get(name), now.get(name)) for name in names]
    return _differing([*told, *people], zone)


async def list_difference(context: Context, listed: Listed, then: Asked, now: Asked, zone: str) -> ListDifference:
    """How a list as of the past differs from the same list now."""
    before, after = [await context.ask(listed(Page(limit=COMPARED), asked)) for asked in (then, now)]
    if before.next_key or after.next_key:
        return ListDifference(position=after.position, too_long=True)
    past, present = ({item["number"]: item for item in listing.items} for listing in (before, after))
    both = ((number, _differing(_parts(past[number], present[number]), zone)) for number in past if number in present)
    return ListDifference(
        [item for number, item in past.items() if number not in present],
        [item for number, item in present.items() if number not in past],
        [(number, changes) for number, changes in both if changes],
        after.position,
    )


def figure_changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[FigureChange]:
    """The single figures of a report that differ."""
    present = {each.name: each.value for each in figures(now)}
    return [
        FigureChange(each.name, each.value, present[each.name])
        for each in _known(figures(then), present)
        if each.value != present[each.name]
    ]


def _known(shown: Iterable[Shown], present: Mapping[str, str]) -> Iterable[Shown]:
    return (each for each in shown if each.name in present)


def _parts(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    return [(titled(name), then.get(name), now.get(name)) for name in _ROW]


def _differing(parts: Iterable[tuple[str, Any, Any]], zone: str) -> list[Change]:
    return [
        Change(name, *(f"P{each}" if name == "Priority" and each else _told(each, zone) for each in (then, now)))
        for name, then, now in parts
        if then != now
    ]


def _told(value: Any, zone: str) -> str:
    """A value in words."""
    if value in (None, "", [], (), {}):
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S %Z}"
    if isinstance(value, list | tuple):
        return "; ".join(_told(each, zone) for each in value)
    return _part(value, zone) if isinstance(value, Mapping) else STATUSES.get(value, str(value))


def _part(value: Mapping[str, Any], zone: str) -> str:
    """A part of a document in words: an obligation, a file, a mail, or whatever else has names."""
    match value:
        case {"key": _, "kind": str(kind)}:
            return OWED.get(kind, titled(kind))
        case {"digest": _, "size": _}:
            return str(value.get("name") or "an erased file")
        case {"raw": _, "received_at": received}:
            return f"of {_told(received, zone)}"
    return ", ".join(f"{spelled(name)} {_told(each, zone)}" for name, each in value.items() if each is not None)
