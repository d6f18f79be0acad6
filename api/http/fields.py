"""The types of the fields that callers send. Each states in its JSON schema what the server checks."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, Strict, StringConstraints

from domain.values import CODE

_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?([Zz]|[+-]\d{2}:?\d{2})?")
_NO_NUL = r"^[^\x00]*$"


def such_as(*examples: Any) -> Any:
    """Examples of a field, for the OpenAPI document."""
    return Field(examples=list(examples))


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


def _without_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("a text contains no NUL")
    return value


def _whole(value: Any) -> Any:
    # JSON Schema takes 3.0 for an integer, and some programs write integers so.
    return int(value) if isinstance(value, float) and value.is_integer() else value


_NUL = (AfterValidator(_without_nul), Field(json_schema_extra={"pattern": _NO_NUL}))

Moment = Annotated[
    AwareDatetime,
    Strict(strict=False),
    BeforeValidator(_is_text),
    AfterValidator(_in_utc),
    such_as("2026-11-23T14:00:00Z"),
]
"""RFC 3339 with an offset; kept in UTC. Not strict, as after a validator of ours pydantic no longer sees JSON."""
Code = Annotated[str, StringConstraints(pattern=CODE.pattern)]
"""An id of a service, a team, a person. Events and views hold it in clear, so it is no free text."""
ServiceId = Annotated[Code, such_as("printing")]
TeamId = Annotated[Code, such_as("network")]
PersonId = Annotated[Code, such_as("t.lee")]
AgencyId = Annotated[Code, such_as("dot")]
ContactMethod = Annotated[Code, such_as("phone")]
"""A method of contact that the policy lists. Lower case; `mail` and `E-Mail` are read as `email`."""
Line = Annotated[str, StringConstraints(min_length=1, max_length=500), *_NUL]
Text = Annotated[str, StringConstraints(min_length=1, max_length=100_000), *_NUL]
Email = Annotated[
    str,
    StringConstraints(pattern=r"^[^@\s\x00]{1,64}@[^@\s\x00]{1,255}$"),
    such_as("jo.field@agency.example"),
]
Phone = Annotated[str, StringConstraints(min_length=3, max_length=40), *_NUL, such_as("405-555-0001")]
PersonName = Annotated[Line, such_as("Jo Field")]
Why = Annotated[Text, such_as("the customer called again")]
CaseNumber = Annotated[str, StringConstraints(pattern=r"^INC-[0-9]{7,18}$"), such_as("INC-0000009")]
ProblemNumber = Annotated[str, StringConstraints(pattern=r"^PRB-[0-9]{7,12}$"), such_as("PRB-0000004")]
KnownErrorNumber = Annotated[Code, such_as("KE-0000001")]
LevelNumber = Annotated[int, Field(ge=1, le=3), BeforeValidator(_whole), such_as(2)]
"""An impact or a severity: 1 high, 2 medium, 3 low."""
PriorityNumber = Annotated[int, Field(ge=1, le=4), BeforeValidator(_whole), such_as(3)]
"""1 the most urgent, 4 the least."""
Minutes = Annotated[int, Field(ge=1, le=1440), BeforeValidator(_whole), such_as(30)]


def pointer(location: tuple[int | str, ...]) -> str:
    """The JSON pointer (RFC 6901) of a place in a body."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in location)


def read_json(raw: bytes) -> None:
    """Check that a body is JSON and names no member twice. Raises ValueError."""
    try:
        _NAMES_ONCE.decode(raw.decode(json.detect_encoding(raw), "surrogatepass"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


_NAMES_ONCE = json.JSONDecoder(object_pairs_hook=_once)
