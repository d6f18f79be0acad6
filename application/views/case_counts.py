"""What cases are counted by, as they change: the values of their columns, and what they need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domain.case.status import SETTLED, Status
from domain.case.terms import Major, PendingReason

COUNTED = (
    *("status", "queue", "service", "team", "technician", "agency", "channel", "priority", "impact", "severity"),
    *("major", "pending_reason"),
)
"""The columns by whose values cases are counted as they change."""
PAIRS = (("priority", "impact"), ("priority", "severity"), ("impact", "severity"))
"""Columns whose values are counted together as well: few of their combinations occur (R-5.4a)."""


def counted_values(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a case with these columns counts for: each column with its value, and each pair of both."""
    for name in COUNTED:
        if values.get(name) is not None:
            yield name, str(values[name])
    for first, second in PAIRS:
        if values.get(first) is not None and values.get(second) is not None:
            yield f"{first} {second}", f"{values[first]} {values[second]}"


def needs_attention(values: Mapping[str, Any]) -> Iterator[str]:
    """The queues beside its own in which a case with these columns stands, whatever time it is.

    `targets` are cases whose clock runs towards a target, `targets:customer` those among them that wait for the customer.
    """
    settled = values["status"] in SETTLED
    if values["queue"] in ("triage", "prioritization") and values["priority"] is None:
        yield "unprioritized"
    if values["status"] == Status.ASSIGNED and values["technician"] is None:
        yield "unassigned"
    reopened = values["reopenings"] and not settled
    if reopened or (values["suspected_at"] is not None and values["status"] != Status.CLOSED):
        yield "disputes"
    if settled:
        return
    if values["technician"] is not None:
        yield f"mine:{values['technician']}"
    if values["pending_reason"] == PendingReason.CUSTOMER:
        yield "awaiting_customer"
    if values["major"] in (Major.NOMINATED, Major.DECLARED):
        yield "major"
    if values["resolve_by"] is not None:
        yield "targets"
        if values["pending_reason"] is not None:
            yield f"targets:{values['pending_reason']}"
