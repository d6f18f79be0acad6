"""SOP 5.6: duplicates are resolved, reopened and closed with their first case, in one transaction (R-5.6c)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from application.execution.attempt import Attempt
from domain.aggregate import Recorded, Root
from domain.case import Case
from domain.case.clauses.closure import Closed
from domain.case.clauses.dispute import Reopened
from domain.case.clauses.resolution import Resolved
from domain.case.terms import LinkKind
from domain.values import Provenance

_MOVES = (Resolved, Reopened, Closed)


async def take_along(changed: Sequence[Root], load: Callable[[str], Awaitable[Case]], on: Attempt) -> list[Case]:
    """Let the duplicates of the changed cases follow. Returns the duplicates that ``changed`` did not contain."""
    cases = {root.number: root for root in changed if isinstance(root, Case)}
    taken: dict[str, Case] = {}
    for first in cases.values():
        moves = [event for event in first.pending_events if isinstance(event, _MOVES)]
        if not moves:
            continue
        for number in first.linked((LinkKind.DUPLICATE,)):
            duplicate = cases.get(number) or await load(number)
            before = duplicate.version
            duplicate.follow(first, on.policy, _with(moves[-1], on.random))
            if number not in cases and duplicate.version > before:
                taken[number] = duplicate
    return list(taken.values())


def _with(move: Recorded, random: Callable[[int], bytes]) -> Provenance:
    """Return the provenance of the first case's move. Its duplicates move with the same actor, channel and time."""
    return Provenance(
        by=move.by,
        via=move.via,
        at=move.timestamp,
        random=random,
        occurred_at=move.occurred_at,
        request_id=move.request_id,
        trace_id=move.trace_id,
        causation=move.causation,
    )
