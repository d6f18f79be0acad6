"""What the tests of attacks share: an event to attack, and the one finding that names it."""

from __future__ import annotations

from infrastructure.transparency.verification.findings import Finding
from tests.infrastructure.transparency.sealed import SealedDesk


def only(found: list[Finding], check: str) -> Finding:
    (one,) = [finding for finding in found if finding.check == check]
    return one


def a_note(record: SealedDesk) -> tuple[int, str]:
    """Position and case of the event that says somebody called again."""
    ((position, number),) = record.rows(
        "SELECT notification_id, number FROM ledger.stored_events JOIN ledger.numbers USING (originator_id)"
        " WHERE topic = 'case.noted'"
    )
    return position, number
