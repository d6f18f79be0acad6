"""Letters to test with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from application.letters import Letter, LetterKind

LINK = "https://desk.example/disputes/abc?a=1&b=2"
OTHER_DESK = {
    "agency": "Tax Commission",
    "desk": "Tax help <desk>",
    "phone": "+1 405 555 0100",
    "email": "help@tax.example",
    "hours": "Mon-Fri 08:00-17:00",
    "portal": None,
}


def a_letter(**changes: Any) -> Letter:
    """A letter about a resolution, with what the test says otherwise."""
    said: dict[str, Any] = {
        "kind": LetterKind.RESOLVED,
        "message_id": "<019abc@desk.example>",
        "case": "INC-0000123",
        "recipient": "jo.field@agency.example",
        "name": "Jo Field",
        "subject": "Printer is dead",
        "solution": "Replaced the fuser.\nTested with two pages.",
        "workaround": False,
        "deadline": datetime(2026, 11, 27, 14, 3, 59, 999_999, tzinfo=UTC),
        "time_zone": "America/Chicago",
        "dispute_url": LINK,
        "help_desk": None,
        "continued_as": None,
    }
    return Letter(**(said | changes))


def a_referral(**changes: Any) -> Letter:
    return a_letter(kind=LetterKind.REFERRED, help_desk=OTHER_DESK, **changes)


def a_continuation(**changes: Any) -> Letter:
    return a_letter(
        kind=LetterKind.CONTINUED, deadline=None, dispute_url=None, continued_as="INC-0000007", solution=None, **changes
    )
