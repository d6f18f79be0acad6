"""The view of what customers said: the words that cases are searched and compared by (R-5.6a)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from domain.aggregate import Recorded
from domain.case.closure import Closed
from domain.case.dispute import Reopened
from domain.case.logging import Corrected, Logged
from domain.case.privacy import PersonalDataErased
from domain.case.relation import Unlinked

COMPARED = ("subject", "description", "symptoms", "asset")
"""The fields of a report that tell one incident from another."""

LONGEST = 100_000
"""Characters kept of a case's words: an index of words has an end, and a case must not halt the projector."""


def speaks(event: Recorded) -> bool:
    """Whether an event may change what was said of a case, or what is left of it."""
    return isinstance(event, PersonalDataErased) or (isinstance(event, (Logged, Corrected)) and event.words is not None)


def moves(event: Recorded) -> bool:
    """Whether an event may change what is kept beside the words: whether the case is open, its service, and so on."""
    return isinstance(event, (Corrected, Closed, Reopened, Unlinked))


def words_of(values: Iterable[str]) -> str:
    """The words of a case: what was logged, as last corrected, from the disclosures' values in order of version."""
    said: dict[str, Any] = {}
    for value in values:
        said |= json.loads(value)
    return storable(" ".join(str(said[name]) for name in COMPARED if said.get(name)))[:LONGEST]


def storable(text: str) -> str:
    """Words as a database can hold them: what JSON can say and its text cannot is left out."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode()
