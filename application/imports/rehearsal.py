"""A dry run: what an import would record, without a desk and without recording anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, cast

from application.imports.mapping import Mapping as LogMapping
from application.imports.replay import Replay
from application.imports.source import SourceRow
from domain.aggregate import Recorded
from domain.policy import Policy


@dataclass
class Rehearsed:
    """What an import of the whole file would record in a desk that knows none of it."""

    cases: int = 0
    rows: int = 0
    events: Counter[str] = field(default_factory=Counter)
    """Events by topic."""
    statuses: Counter[str] = field(default_factory=Counter)
    """Cases by the status that they end in."""
    deviations: Counter[str] = field(default_factory=Counter)
    """Deviations from the rules of this desk, by name."""


async def rehearse(
    mapping: LogMapping,
    cases: Iterable[tuple[str, list[SourceRow]]],
    policy: Policy,
    advance: Callable[[int], None],
) -> Rehearsed:
    """Replay the cases of a file under a policy, and count."""
    replay, done = Replay(mapping, "rehearsal", bytes, _nobody), Rehearsed()
    for number, rows in cases:
        case = await replay.case(replay.identity(number, rows[0]), number, None, rows, policy)
        done.cases += 1
        done.rows += len({row.row for row in rows})
        done.statuses[case.status] += 1
        for event in cast("Iterable[Recorded]", case.pending_events):
            done.events[event.TOPIC] += 1
            done.deviations.update(event.deviations)
        advance(len(rows))
    return done


async def _nobody(_: dict[str, Any]) -> str:
    return "somebody"
