"""Letters to test with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from application.mail_out.addresses import Addresses
from application.mail_out.letters import Letter, LetterKind, Thread

FOLLOW = "https://desk.example/self-service/cases/abc.def-1_2"
LINK = "https://desk.example/disputes/abc?a=1&b=2"
ADDRESSES = Addresses(b"k" * 32, "service-desk@desk.example")
THREAD = Thread(
    root=ADDRESSES.root_reference("INC-0000123"),
    token=ADDRESSES.subject_token("INC-0000123"),
    reply_to=ADDRESSES.reply_to("INC-0000123", "jo"),
    bounces_to=ADDRESSES.envelope_from(UUID(int=7)),
    desk=ADDRESSES.desk,
)
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
        "thread": THREAD,
        "recipient": "jo.field@agency.example",
        "name": "Jo Field",
        "subject": "Printer is dead",
        "solution": "Replaced the fuser.\nTested with two pages.",
        "workaround": False,
        "deadline": datetime(2026, 11, 27, 14, 3, 59, 999_999, tzinfo=UTC),
        "time_zone": "America/Chicago",
        "dispute_url": LINK,
        "follow_url": None,
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


def a_question(**changes: Any) -> Letter:
    given = {
        "kind": LetterKind.QUESTION,
        "deadline": None,
        "dispute_url": None,
        "solution": None,
        "follow_url": FOLLOW,
        "question": "Does the lamp blink?\nAnd how <often>?",
    }
    return a_letter(**given | changes)


def an_escalation(**changes: Any) -> Letter:
    due = (
        ("respond", datetime(2026, 11, 24, 14, 15, tzinfo=UTC)),
        ("resolve", datetime(2026, 11, 24, 16, 0, tzinfo=UTC)),
    )
    given = {"kind": LetterKind.ESCALATED, "deadline": None, "dispute_url": None, "solution": None, "breached": due}
    return a_letter(**given | changes)


def an_acknowledgement(*, answers: str | None = "<1@agency.example>", **changes: Any) -> Letter:
    thread = replace(THREAD, bounces_to=None, answers=answers)
    given = {
        "kind": LetterKind.ACKNOWLEDGED,
        "deadline": None,
        "dispute_url": None,
        "solution": None,
        "thread": thread,
        "follow_url": FOLLOW,
    }
    return a_letter(**given | changes)
