"""How fast lists and queues are read, now and as of the past, under several readers at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, get_args

from application.views.case_filters import NOT_SETTLED, Condition, Sort
from application.views.questions import Asked, Listing, Page, Point, Views
from benchmarks.rows import Row
from domain.case.status import Status

READERS = 4
"""Readers who ask at once."""
_PAST = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Past positions, as parts of the last one."""
_SAMPLED = ("team", "technician", "service", "customer", "channel", "agency", "external_ref", "priority", "impact")
_ABSENT = {"channel": "walk_in"}
"""A value that few or no cases have, where an arbitrary one is none."""

Ask = Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class Timed:
    """How long a question took, in milliseconds."""

    p50: float
    p95: float


async def timed(ask: Ask, times: int) -> Timed:
    """Ask so many times, by several readers at once."""
    taken: list[float] = []

    async def read() -> None:
        for _ in range(times):
            began = time.perf_counter()
            await ask()
            taken.append((time.perf_counter() - began) * 1000)

    await ask()  # the first reading fills the caches
    await asyncio.gather(*(read() for _ in range(READERS)))
    taken.sort()
    return Timed(taken[len(taken) // 2], taken[int(len(taken) * 0.95)])


async def queue_pages(views: Views, times: int = 25) -> dict[str, Timed]:
    """The first page of every queue, as it is now."""
    return {name: await timed(lambda n=name: _queue(views, n), times) for name in await _queues(views)}  # type: ignore[misc]


async def queue_pages_then(views: Views, times: int = 25) -> dict[tuple[str, int], Timed]:
    """The first page of every queue, as of several past positions."""
    last = await views.positions.last()
    return {
        (name, position): await timed(lambda n=name, p=position: _queue(views, n, Point(p)), times)  # type: ignore[misc]
        for name in await _queues(views)
        for position in (int(last * part) for part in _PAST)
    }


async def filtered_lists(views: Views, times: int = 5) -> dict[tuple[str, Sort], Timed]:
    """The first page of a list by each filter in each sort: common values, absent ones, and several together."""
    return {
        (name, sort): await timed(lambda c=conditions, s=sort: _cases(views, c, s), times)  # type: ignore[misc]
        for name, conditions in (await _filters(views)).items()
        for sort in get_args(Sort)
    }


async def rows(views: Views, times: int = 25) -> Sequence[Row]:
    """The figures of lists and queues."""
    now, then = await queue_pages(views, times), await queue_pages_then(views, times)
    lists = await filtered_lists(views, max(1, times // 5))
    slowest, (slow, at) = (
        max(now, key=lambda name: now[name].p95),
        max(then, key=lambda key: then[key].p50 / now[key[0]].p50),
    )
    worst = max(lists, key=lambda key: lists[key].p95)
    readers = f"{READERS} readers"
    return [
        Row("queue_page_p95_ms", now[slowest].p95, "ms", goal=20, at_most=True, note=f"{slowest}, {readers}"),
        Row(
            "queue_as_of_vs_now",
            then[slow, at].p50,
            "ms",
            now[slow].p50,
            "the same queue now",
            goal=2,
            at_most=True,
            note=f"{slow} as of position {at}, p50, {readers}",
        ),
        Row(
            "list_filtered_p95_ms",
            lists[worst].p95,
            "ms",
            goal=50,
            at_most=True,
            note=f"{worst[0]} by {worst[1]}, the worst of {len(lists)}, {readers}",
        ),
    ]


async def _queues(views: Views) -> list[str]:
    return [name for name in (await views.lists.queues(_asked())).queues if name not in ("obligations", "quarantine")]


def _asked(point: Point | None = None) -> Asked:
    return Asked(datetime.now(UTC), point or Point(), alarm=timedelta(minutes=30), pausing=("customer",))


def _queue(views: Views, name: str, point: Point | None = None) -> Awaitable[Listing]:
    return views.lists.queue(name, Page(), _asked(point))


def _cases(views: Views, conditions: Sequence[Condition], sort: Sort) -> Awaitable[Listing]:
    return views.lists.cases(conditions, sort, Page(), _asked())


async def _filters(views: Views) -> dict[str, tuple[Condition, ...]]:
    """Filters by name. Their values are those of the latest and the earliest cases."""
    latest, earliest = await _cases(views, (), "-updated"), await _cases(views, (), "number")
    values = _values([*latest.items, *earliest.items])
    found: dict[str, tuple[Condition, ...]] = {"none": (), "not settled": (NOT_SETTLED,)}
    found |= {f"status {status}": (Condition("status", "=", status.value),) for status in Status}
    for name, value in values.items():
        absent = 4 if isinstance(value, int) else _ABSENT.get(name, "nothing")
        found |= {name: (Condition(name, "=", value),), f"{name} absent": (Condition(name, "=", absent),)}
    found |= {
        "major": (Condition("major", "set", True),),
        "pending": (Condition("pending_reason", "=", "customer"),),
        "overdue": (Condition("resolve_by", "overdue", True),),
        "not overdue": (Condition("resolve_by", "overdue", False),),
        "closed and in a queue": (Condition("status", "=", "closed"), Condition("queue", "=", "triage")),
    }
    return {**found, **dict(_ranges([*latest.items, *earliest.items])), **dict(_pairs(values))}


def _values(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """For each column a value that a case has."""
    return {name: next((row[name] for row in items if row[name] is not None), "nothing") for name in _SAMPLED}


def _ranges(items: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, tuple[Condition, ...]]]:
    moments = sorted(row["received_at"] for row in items)
    first, last = (moments[0], moments[-1]) if moments else (datetime.now(UTC), datetime.now(UTC))
    middle = first + (last - first) / 2
    for column in ("received_at", "updated_at"):
        day = (Condition(column, ">=", middle), Condition(column, "<", middle + timedelta(days=1)))
        yield f"{column} on a day", day
        yield f"{column} before all", (Condition(column, "<", first - timedelta(days=9000)),)


def _pairs(values: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Condition, ...]]]:
    """Two filters that many cases meet each, and few or none both."""
    yield "priority 1 and impact 3", (Condition("priority", "=", 1), Condition("impact", "=", 3))
    names = list(values)
    for first, second in pairwise(names):
        conditions = (Condition(first, "=", values[first]), Condition(second, "=", values[second]))
        yield f"{first} and {second}", conditions
