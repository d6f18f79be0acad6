"""A batch of appends as the parallel arrays that `ledger.append` takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from infrastructure.postgres.append import Append, is_large


def columns(batch: Sequence[Append]) -> tuple[list[Any], ...]:
    """One tuple of arrays, in the order of the function's parameters."""
    events = [(c, e) for c, append in enumerate(batch) for e in append.events]
    said = [(c, e, d) for c, e in events for d in e.disclosures if not is_large(d)]
    numbers = [(c, number, of) for c, append in enumerate(batch) for number, of in append.numbers]
    answers = [(c, append.answered) for c, append in enumerate(batch) if append.answered]
    return (
        [c for c, _ in events],
        [e.originator_id for _, e in events],
        [e.originator_version for _, e in events],
        [e.topic for _, e in events],
        [e.state for _, e in events],
        [c for c, _, _ in said],
        [e.originator_id for _, e, _ in said],
        [e.originator_version for _, e, _ in said],
        [bytes.fromhex(d.digest) for _, _, d in said],
        [d.salt for _, _, d in said],
        [d.kind.value for _, _, d in said],
        [d.subject for _, _, d in said],
        [d.value for _, _, d in said],
        [c for c, _, _ in numbers],
        [number for _, number, _ in numbers],
        [of for _, _, of in numbers],
        [c for c, _ in answers],
        [a.key for _, a in answers],
        [a.request for _, a in answers],
        [a.originator_id for _, a in answers],
        [a.version for _, a in answers],
        [a.status for _, a in answers],
        [c for c, append in enumerate(batch) if append.known is not None],
        [append.known for append in batch if append.known is not None],
        [c for c, append in enumerate(batch) for _ in append.closes],
        [number for append in batch for number in append.closes],
    )
