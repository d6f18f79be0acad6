"""docs/conformance.svg: the directly-follows graph of a simulated desk, in black and white."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import hypot, sqrt

from application.demo.simulation.stretch import Plan, Simulation, Store
from domain.policy import first_policy

PLAN = Plan(1_000, 1, date(2026, 10, 30))
"""The desk that is drawn: one stretch."""
_RARE = 0.01
"""Arrows that fewer cases than this share go along are left out."""
_WIDTH, _HEIGHT = 760, 1020
_HALF, _TALL = 66, 20
"""Half the width and half the height of a box."""
_PLACES: Mapping[str, tuple[int, int]] = {
    "case.logged": (380, 50),
    "case.triaged": (380, 160),
    "case.referred": (120, 215),
    "case.prioritized": (380, 270),
    "case.diagnosed": (380, 380),
    "case.assigned": (380, 500),
    "case.pended": (650, 440),
    "case.resumed": (650, 560),
    "case.handed_back": (120, 440),
    "case.verified": (380, 620),
    "case.resolved": (380, 740),
    "case.reopened": (120, 620),
    "case.disputed": (120, 800),
    "case.notified": (380, 860),
    "case.closed": (380, 970),
}
"""Where each step stands: the SOP from top to bottom, what goes aside or back at the sides."""

_TIP = (
    '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9" markerHeight="9" '
    'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L10 5L0 10z"/></marker></defs>'
)

Edge = tuple[str, str]


@dataclass(frozen=True)
class Flow:
    """How often cases took each step, and went from one to the next."""

    steps: Mapping[str, int]
    edges: Mapping[Edge, int]


def flow() -> Flow:
    """The flow of the desk that is drawn."""
    return asyncio.run(_flow())


async def _flow() -> Flow:
    simulation = Simulation(PLAN, Store(bytes(32), "desk@caseledger.example", first_policy()))
    await simulation.prelude()
    cases: dict[str, list[str]] = {}
    for commit in await simulation.stretch(0):
        for event in commit.events:
            if event.TOPIC in _PLACES:
                cases.setdefault(str(event.originator_id), []).append(event.TOPIC)
    steps, edges = Counter[str](), Counter[Edge]()
    for topics in cases.values():
        steps.update(topics)
        edges.update(pairwise(topics))
    return Flow(steps, edges)


def picture() -> str:
    """The graph as SVG."""
    drawn = flow()
    least = _RARE * PLAN.cases
    edges = [_edge(edge, count) for edge, count in sorted(drawn.edges.items()) if count >= least]
    boxes = [_box(step, drawn.steps.get(step, 0)) for step in _PLACES]
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" font-family="sans-serif">',
            f"<title>The steps of {PLAN.cases} simulated cases, and how often a case goes from each to the next</title>",
            _TIP,
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
            *(path for path, _ in edges),
            *boxes,
            *(label for _, label in edges),
            "</svg>\n",
        )
    )


def _box(step: str, count: int) -> str:
    x, y = _PLACES[step]
    name = step.partition(".")[2].replace("_", " ")
    ends = 20 if step in ("case.logged", "case.closed") else 4
    return (
        f'<rect x="{x - _HALF}" y="{y - _TALL}" width="{2 * _HALF}" height="{2 * _TALL}" rx="{ends}" fill="white" stroke="black"/>'
        f'<text x="{x}" y="{y - 2}" text-anchor="middle" font-size="13" font-weight="bold">{name}</text>'
        f'<text x="{x}" y="{y + 13}" text-anchor="middle" font-size="11">{count}</text>'
    )


def _edge(edge: Edge, count: int) -> tuple[str, str]:
    """An arrow and its label."""
    width = 0.6 + sqrt(count) / 7
    if edge[0] == edge[1]:
        x, y = _PLACES[edge[0]]
        path = f"M{x + _HALF} {y - 8}C{x + _HALF + 34} {y - 26} {x + _HALF + 34} {y + 26} {x + _HALF} {y + 8}"
        return _arrow(path, width), _label(x + _HALF + 30, y, count)
    (x1, y1), (x2, y2) = _PLACES[edge[0]], _PLACES[edge[1]]
    bend = _bend(x1, y1, x2, y2)
    length = hypot(x2 - x1, y2 - y1)
    cx, cy = (x1 + x2) / 2 - bend * (y2 - y1) / length, (y1 + y2) / 2 + bend * (x2 - x1) / length
    start, end = _border(x1, y1, cx, cy), _border(x2, y2, cx, cy)
    path = f"M{start[0]:.0f} {start[1]:.0f}Q{cx:.0f} {cy:.0f} {end[0]:.0f} {end[1]:.0f}"
    middle = ((start[0] + 2 * cx + end[0]) / 4, (start[1] + 2 * cy + end[1]) / 4)
    return _arrow(path, width), _label(middle[0], middle[1] + 4, count)


def _bend(x1: int, y1: int, x2: int, y2: int) -> float:
    """How far an arrow bends to one side: so far that it passes boxes in its way."""
    if x1 != x2:
        return 70 if hypot(x2 - x1, y2 - y1) > 500 else 22
    passed = abs(y2 - y1) // 125
    return -(120 + 45 * passed) if passed else 14


def _border(x: int, y: int, to_x: float, to_y: float) -> tuple[float, float]:
    """Where the line from the middle of a box leaves it."""
    dx, dy = to_x - x, to_y - y
    scale = min(_HALF / abs(dx) if dx else 1e9, _TALL / abs(dy) if dy else 1e9)
    return x + dx * scale, y + dy * scale


def _arrow(path: str, width: float) -> str:
    return f'<path d="{path}" fill="none" stroke="black" stroke-width="{width:.1f}" marker-end="url(#tip)"/>'


def _label(x: float, y: float, count: int) -> str:
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="middle" font-size="11" stroke="white" stroke-width="4" '
        f'paint-order="stroke">{count}</text>'
    )
