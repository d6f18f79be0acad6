"""The view of what was said in a case: what it was reported by, and all that was said since.

Cases are compared by their reports (R-5.6a), and searched by everything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from domain.aggregate import Recorded
from domain.case.clauses.annotations import Attached, MessageReceived, Noted
from domain.case.clauses.closure import Closed
from domain.case.clauses.dispute import Disputed, Reopened
from domain.case.clauses.logging import Corrected, Logged
from domain.case.clauses.personal_data import PersonalDataErased
from domain.case.clauses.relations import Unlinked
from domain.case.clauses.resolution import Resolved

COMPARED = ("subject", "description", "symptoms", "asset")
"""The fields of a report that tell one incident from another."""
TOLD = ("subject", "text", "solution", "reason", "name")
"""What is searched of replies, notes, solutions, disputes and files; what a reply repeats is not."""
_SPEAKING = {
    Logged: ("words",),
    Corrected: ("words",),
    MessageReceived: ("words",),
    Noted: ("note",),
    Resolved: ("solution", "reason"),
    Disputed: ("reason",),
    Attached: ("attachments",),
}
"""The fields of events that hold words to search by."""
_PUNCTUATION = re.compile(r"[\W_]+")

LONGEST = 100_000
"""Characters kept of a case's words: an index of words has an end, and a case must not halt the projector."""


def speaks(event: Recorded) -> bool:
    """Whether an event may change what was said of a case, or what is left of it."""
    said = _SPEAKING.get(type(event), ())
    return isinstance(event, PersonalDataErased) or any(getattr(event, name) for name in said)


def moves(event: Recorded) -> bool:
    """Whether an event may change what is kept beside the words: whether the case is open, its service, and so on."""
    return isinstance(event, (Corrected, Closed, Reopened, Unlinked))


def words_of(values: Iterable[str]) -> str:
    """The words of a case: what was logged, as last corrected, from the disclosures' values in order of version."""
    said: dict[str, Any] = {}
    for value in values:
        said |= json.loads(value)
    return storable(" ".join(str(said[name]) for name in COMPARED if said.get(name)))[:LONGEST]


def more_of(values: Iterable[str], beside: str) -> str:
    """What was said since, the last first, from the disclosures' values in order of version.

    Together with the words ``beside`` it, it is as long as an index takes: of more, the oldest is left out.
    """
    said = [_told(json.loads(value)) for value in values]
    return storable(" ".join(filter(None, reversed(said))))[: LONGEST - len(beside)]


def _told(value: dict[str, Any]) -> str:
    texts = [str(value[name]) for name in TOLD if value.get(name)]
    if "name" in value:  # of a file: its parts are words, too
        texts.append(_PUNCTUATION.sub(" ", str(value["name"])))
    return " ".join(texts)


def storable(text: str) -> str:
    """Words as a database can hold them: what JSON can say and its text cannot is left out."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode()
