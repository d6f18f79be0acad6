"""The types of what callers send: moments, codes, texts; each with the one way to be wrong that it has."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, Strict, StringConstraints

from domain.values import CODE

_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?([Zz]|[+-]\d{2}:?\d{2})?")


def _is_text(value: Any) -> Any:
    # A number would be taken for seconds since 1970, also inside a string.
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise ValueError("a time is written as in RFC 3339, such as 2026-11-23T08:00:00-06:00")
    return value


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("there is no such moment") from None


def _speakable(value: str) -> str:
    if "\0" in value:
        raise ValueError("a text holds no NUL")
    return value


Moment = Annotated[AwareDatetime, Strict(strict=False), BeforeValidator(_is_text), AfterValidator(_in_utc)]
"""RFC 3339 with an offset; kept in UTC. Not strict, as after a validator of ours pydantic no longer sees JSON."""
Code = Annotated[str, StringConstraints(pattern=CODE.pattern)]
"""A service, a team, a person's id: what stands in events and views, so no free text."""
Line = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_speakable)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=100_000), AfterValidator(_speakable)]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]{1,64}@[^@\s]{1,255}$"), AfterValidator(_speakable)]
Phone = Annotated[str, StringConstraints(min_length=3, max_length=40), AfterValidator(_speakable)]
CaseNumber = Annotated[str, StringConstraints(pattern=r"^INC-\d{7,18}$")]
ProblemNumber = Annotated[str, StringConstraints(pattern=r"^PRB-\d{7,12}$")]
LevelNumber = Annotated[int, Field(ge=1, le=3)]
PriorityNumber = Annotated[int, Field(ge=1, le=4)]


def pointer(location: tuple[int | str, ...]) -> str:
    """The JSON pointer (RFC 6901) of a place in a body."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in location)


def read_json(raw: bytes) -> None:
    """Raises ValueError for what is no JSON, or says a name twice: of two values nobody could say which was meant."""
    try:
        json.loads(raw, object_pairs_hook=_once)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found
