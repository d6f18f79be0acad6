"""The marks that pages show many times: statuses, priorities, targets, moments, seals and the rows of a list of cases.

A list draws hundreds of them, and a macro takes several times as long. Whatever a person wrote is escaped here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from markupsafe import Markup, escape

from api.http.console.times import absolute, ago, due_of, machine
from api.http.console.wording import OWED, PRIORITIES, STATUSES, spelled, titled

_TICK = '<path d="M5.200 8.200l2 2 3.600-4"/>'
_SHIELD = "M8 1.800l5 2v4c0 3.200-2.200 5.400-5 6.400-2.800-1-5-3.200-5-6.400v-4z"
_ICONS = {
    "logged": '<circle cx="8" cy="8" r="6" stroke-dasharray="2.4 2.3"/>',
    "triaged": '<circle cx="8" cy="8" r="6"/><path d="M8 8V2.5A5.5 5.5 0 0 1 13.5 8z" fill="currentColor" stroke="none"/>',
    "prioritized": '<circle cx="8" cy="8" r="6"/><path d="M8 2.5a5.5 5.5 0 0 1 0 11z" fill="currentColor" stroke="none"/>',
    "in_diagnosis": '<circle cx="7" cy="7" r="4.5"/><path d="M10.5 10.5L14 14"/>',
    "assigned": '<circle cx="8" cy="5.5" r="2.8"/><path d="M2.8 14c.5-3 2.600-4.300 5.200-4.300s4.700 1.300 5.200 4.300"/>',
    "resolved": f'<circle cx="8" cy="8" r="6"/>{_TICK}',
    "done": f'<circle cx="8" cy="8" r="6"/>{_TICK}',
    "closed": '<circle cx="8" cy="8" r="6.500" fill="currentColor" stroke="none"/><path d="M5.200 8.200l2 2 3.600-4" stroke="var(--page)"/>',
    "note": '<path d="M3 3h10v7l-3 3H3z M10 13v-3h3"/>',
    "mail": '<rect x="2" y="3.500" width="12" height="9" rx="1"/><path d="M2.500 4.500L8 9l5.500-4.500"/>',
    "hand": '<path d="M2.500 8h10 M9 4.500L12.500 8 9 11.500"/>',
    "back": '<path d="M13 11.500V9a3 3 0 0 0-3-3H3.500 M6.500 3L3.500 6l3 3"/>',
    "file": '<path d="M4 2h5l3 3v9H4z M9 2v3h3"/>',
    "wait": '<path d="M4 2.500h8 M4 13.500h8 M5 2.500c0 3.500 6 7.500 6 11 M11 2.500c0 3.500-6 7.500-6 11"/>',
    "bell": '<path d="M4 11V7.500a4 4 0 0 1 8 0V11l1 1H3z M7 14h2"/>',
    "seal": f'<path d="{_SHIELD} M5.600 7.800l1.800 1.800 3-3.400"/>',
    "open-seal": f'<path d="{_SHIELD}"/>',
}
_DOT = '<circle cx="8" cy="8" r="2.500" fill="currentColor" stroke="none"/>'
_NO_PRIORITY = '<span class="mark p0"><svg viewBox="0 0 14 14" aria-hidden="true"><path d="M2 7h10" stroke-dasharray="2 2"/></svg>none</span>'


def _safe(html: str) -> Markup:
    return Markup(html)  # noqa: S704 - what goes into it was escaped there


@lru_cache(64)
def icon(name: str) -> Markup:
    """A shape."""
    return _safe(
        f'<svg viewBox="0 0 16 16" width="14" height="14" stroke-width="1.5" aria-hidden="true">{_shape(name)}</svg>'
    )


def _shape(name: str) -> str:
    return _ICONS.get(name, _DOT)


@lru_cache(64)
def status(value: str) -> Markup:
    """The status of a case or a problem: shape and word. The stylesheet says how large: a list has fifty of them."""
    words = STATUSES.get(value) or spelled(value)
    svg = f'<svg viewBox="0 0 16 16" aria-hidden="true">{_shape(value)}</svg>'
    return _safe(f'<span class="mark st-{escape(value)}">{svg}{escape(words)}</span>')


@lru_cache(16)
def priority(value: int | None) -> Markup:
    """A priority: four bars, of which those that count are full, and its name."""
    if not value:
        return _safe(_NO_PRIORITY)
    bars = [f"M{step * 3.5:g} {10 - step * 3}h2.5V14h-2.5z" for step in range(4)]
    full, rest = "".join(bars[: 5 - value]), "".join(bars[5 - value :])
    return _safe(
        f'<span class="mark bars p{value}"><svg viewBox="0 0 14 14" aria-hidden="true"><path d="{full}"/>'
        f'<path d="{rest}"/></svg>{PRIORITIES[value]}</span>'
    )


def time(at: datetime | str, now: datetime, zone: str) -> Markup:
    """A moment: relative, the absolute one in its title."""
    return _safe(_time(at, now, zone))


def _time(at: datetime | str, now: datetime, zone: str) -> str:
    return (
        f'<time datetime="{machine(at)}" title="{absolute(at, zone)}" tabindex="-1" data-relative>{ago(at, now)}</time>'
    )


def due(by: datetime | str, since: datetime | str, now: datetime, zone: str) -> Markup:
    """A target: words, and a bar that empties."""
    return _safe(_due(by, since, now, zone))


def _due(by: datetime | str, since: datetime | str, now: datetime, zone: str) -> str:
    target = due_of(by, since, now)
    length = 40 if target.kind == "late" else target.left * 0.4
    return (
        f'<span class="due {target.kind}" title="{absolute(by, zone)}"><svg viewBox="0 0 40 4" aria-hidden="true">'
        f'<rect width="40" height="4"/><rect width="{length:g}" height="4"/></svg>{target.words}</span>'
    )


def seal(position: int, sealed: int, link: str | None = None) -> Markup:
    """An event: open shield while unsealed, ticked once it is in the signed log up to `sealed`."""
    kind, name, words = (
        ("sealed", "seal", "in the signed log") if position <= sealed else ("", "open-seal", "not sealed yet")
    )
    words, tag = f"Event {position} is {words}", "a" if link else "span"
    to = f' href="{escape(link)}"' if link else ""
    return _safe(
        f'<{tag}{to} class="seal {kind}" title="{words}">{icon(name)}<span class="visually-hidden">{words}</span>'
        f'<span aria-hidden="true">{position}</span></{tag}>'
    )


@dataclass(frozen=True)
class Place:
    """A place of the bar on the left."""

    name: str
    path: str
    count: int | None = None


def places(groups: Mapping[str, Sequence[Place]], here: str) -> Markup:
    """The places of the bar with their counters, and which of them is the page's own."""
    return _safe(
        "\n".join(
            f'<div class="places">{f"<h3>{escape(group)}</h3>" if group else ""}\n{"".join(_place(each, here) for each in of)}</div>'
            for group, of in groups.items()
            if of
        )
    )


def _place(place: Place, here: str) -> str:
    current = ' aria-current="page"' if place.path == here else ""
    count = f' <span class="count">{place.count}</span>' if place.count else ""
    return f'<a href="{escape(place.path)}"{current}>{escape(place.name)}{count}</a>\n'


def case_rows(
    items: Iterable[Mapping[str, Any]],
    now: datetime,
    zone: str,
    services: Mapping[str, str],
    teams: Mapping[str, str],
    *,
    pick: bool,
) -> Markup:
    """The rows of a list of cases; with ``pick`` each can be chosen."""
    return _safe("".join(_case_row(each, now, zone, services, teams, pick) for each in items))


def _case_row(
    item: Mapping[str, Any], now: datetime, zone: str, services: Mapping[str, str], teams: Mapping[str, str], pick: bool
) -> str:
    number = escape(item["number"])
    chosen = (
        f'<td class="pick"><input type="checkbox" name="number" value="{number}" form="bulk" aria-label="Choose {number}"></td>\n'
        if pick
        else ""
    )
    pending = item["pending"]
    tags = [
        f' <span class="tag bad">major {item["major"]}</span>' if item["major"] in ("nominated", "declared") else "",
        f' <span class="tag warn">waits: {escape(spelled(pending["reason"]))}</span>' if pending else "",
        ' <span class="tag">reopened</span>' if item["reopenings"] else "",
    ]
    by = item["resolve_by"]
    target = _due(by, item["received_at"], now, zone) if by and not item["resolved_at"] else ""
    service = escape(services.get(item["service"], item["service"]) or "")
    holder = escape(item["technician"] or teams.get(item["team"], item["team"]) or "desk")
    return (
        f'<tr data-number="{number}">\n{chosen}<td>{status(item["status"])}</td>\n<td class="muted">{number}</td>\n'
        f'<td class="subject"><span class="fit"><a href="/ui/cases/{number}">{escape(item["subject"] or "(erased)")}</a>'
        f"{''.join(tags)}</span></td>\n<td>{priority(item['priority'])}</td>\n<td>{target}</td>\n"
        f'<td class="named" title="{service}">{service}</td>\n<td class="named" title="{holder}">{holder}</td>\n'
        f'<td class="muted">{_time(item["updated_at"], now, zone)}</td>\n</tr>\n'
    )


def problem_rows(items: Iterable[Mapping[str, Any]], now: datetime, zone: str) -> Markup:
    """The rows of a list of Problem Cases."""
    return _safe("".join(_problem_row(each, now, zone) for each in items))


def _problem_row(item: Mapping[str, Any], now: datetime, zone: str) -> str:
    number = escape(item["number"])
    return (
        f'<tr><td><a href="/ui/problems/{number}">{number}</a></td><td>{escape(titled(item["status"]))}</td>'
        f"<td>{priority(item['priority'])}</td><td>{escape(item['service'] or '')}</td><td>{item['incidents']}</td>"
        f"<td>{escape(item['known_error'] or '')}</td>"
        f'<td class="muted">{_time(item["opened_at"], now, zone)}</td></tr>\n'
    )


def obligation_rows(items: Iterable[Mapping[str, Any]], now: datetime, zone: str) -> Markup:
    """The rows of what is owed."""
    return _safe("".join(_obligation_row(each, now, zone) for each in items))


def _obligation_row(item: Mapping[str, Any], now: datetime, zone: str) -> str:
    case, kind = escape(item["case"]), OWED.get(item["kind"]) or spelled(item["kind"])
    return (
        f'<tr data-number="{case}"><td class="subject"><a href="/ui/cases/{case}">{escape(kind)}</a></td>'
        f'<td class="muted">{case}</td><td>{escape(item["team"] or spelled(item["role"]))}</td>'
        f"<td>{_due(item['due_at'], item['since'], now, zone)}</td></tr>\n"
    )
