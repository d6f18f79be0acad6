"""The view of a case's words: its report, and all later words.

Comparison uses the reports (R-5.6a). Search uses all words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from application.views.open_reports import compared_of
from domain.aggregate import Recorded
from domain.case.clauses.annotations import Attached, MessageReceived, Noted
from domain.case.clauses.closure import Closed
from domain.case.clauses.dispute import Disputed, Reopened
from domain.case.clauses.logging import Corrected, Logged
from domain.case.clauses.personal_data import PersonalDataErased
from domain.case.clauses.relations import Unlinked
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


def moves(event: Recorded) -> bool:
    """Whether an event may change the other columns, such as status or service."""
    return isinstance(event, (Corrected, Closed, Reopened, Unlinked))


def words_of(values: Iterable[str]) -> str:
    """Return the report's words, as last corrected, from the disclosures' values in order of version."""
    return storable(compared_of(values))[:LONGEST]


def more_of(values: Iterable[str], beside: str) -> str:
    """Return the later words, newest first, from the disclosures' values in order of version.

    Together with the words ``beside`` they fit the index. The oldest words are dropped first.
    """
    said = [_told(json.loads(value)) for value in values]
    return storable(" ".join(filter(None, reversed(said))))[: LONGEST - len(beside)]


def _told(value: dict[str, Any]) -> str:
    texts = [str(value[name]) for name in TOLD if value.get(name)]
    if "name" in value:  # a file name: its parts are words, too
        texts.append(_PUNCTUATION.sub(" ", str(value["name"])))
    return " ".join(texts)


def storable(text: str) -> str:
    """Remove the characters that JSON can hold but the database's text type cannot."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode()
