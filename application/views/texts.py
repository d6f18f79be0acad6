"""The view of a case's words, for searching: its report, and all later words."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from application.views.open_reports import compared_of
from domain.aggregate import Recorded
from domain.case.clauses.annotations import Attached, MessageReceived, Noted
from domain.case.clauses.dispute import Disputed
from domain.case.clauses.logging import Corrected, Logged
from domain.case.clauses.personal_data import PersonalDataErased
from domain.case.clauses.resolution import Resolved

TOLD = ("subject", "text", "solution", "reason", "name")
"""Searchable fields of replies, notes, solutions, disputes and files, without quoted text."""
_SPEAKING = {
    Logged: ("words",),
    Corrected: ("words",),
    MessageReceived: ("words",),
    Noted: ("note",),
    Resolved: ("solution", "reason"),
    Disputed: ("reason",),
    Attached: ("attachments",),
}
"""Fields of events that hold searchable words."""
_PUNCTUATION = re.compile(r"[\W_]+")

LONGEST = 100_000
"""Most characters kept of a case's words: a text index is limited, and no case may halt the projector."""


def speaks(event: Recorded) -> bool:
    """Whether an event may add or erase words of a case."""
    said = _SPEAKING.get(type(event), ())
    return isinstance(event, PersonalDataErased) or any(getattr(event, name) for name in said)


def words_of(reported: Sequence[str] | None, told: Sequence[str] | None) -> str:
    """Return the words of a case from its disclosures' values in order of version: its report, then all later words.

    Of the later ones the newest come first. What does not fit the index is dropped, the oldest first.
    """
    words = compared_of(reported or ())
    later = [text for value in reversed(told or ()) if (text := _told(json.loads(value)))]
    return storable(" ".join((words[:LONGEST], *later))[:LONGEST])


def _told(value: dict[str, Any]) -> str:
    texts = [str(value[name]) for name in TOLD if value.get(name)]
    if "name" in value:  # a file name: its parts are words, too
        texts.append(_PUNCTUATION.sub(" ", str(value["name"])))
    return " ".join(texts)


def storable(text: str) -> str:
    """Remove the characters that JSON can hold but the database's text type cannot."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode()
