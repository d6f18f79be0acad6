"""The fields of forms: how each is shown, and how what was typed becomes the value that the API takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from api.http.console.access import Form
from api.http.problems import Problem


class Kind(StrEnum):
    """How a field is shown."""

    LINE = "line"
    TEXT = "text"
    CHOICE = "choice"
    RADIO = "radio"
    CHECK = "check"
    NUMBER = "number"
    MOMENT = "moment"
    CODES = "codes"
    """Codes with blanks between them: a list."""
    LINES = "lines"
    """One on a line: a list."""
    JSON = "json"
    """A part that has parts, as the API takes it."""
    HIDDEN = "hidden"


class Option(NamedTuple):
    """One value to choose."""

    value: str
    label: str


Options = tuple[Option, ...]


@dataclass(frozen=True)
class Field:
    """One field. Its name is the path of the API's field, with dots between the parts."""

    name: str
    label: str
    kind: Kind = Kind.LINE
    required: bool = True
    hint: str = ""
    options: Options = ()
    of: str = ""
    """The list that gives the options: `teams`, `services`, `methods` and so on (`choices.py`)."""
    number: bool = False
    """Whether the value is a number or, of a `yes` and a `no`, a truth."""
    value: str = ""
    """What stands in it at first."""
    of_staff: bool = False
    """Whether customers are not asked for it."""
    aside: bool = False
    """Whether it stands folded, below the fields that are asked as a rule."""

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.name, self.label, self.options, self.value))


def options(**labels: str) -> Options:
    """Options from codes and their labels."""
    return tuple(Option(value, label) for value, label in labels.items())


YES_NO = options(true="Yes", false="No")


def line(name: str, label: str, **more: Any) -> Field:
    """A field of one line."""
    return Field(name, label, Kind.LINE, **more)


def text(name: str, label: str, **more: Any) -> Field:
    """A field of several lines."""
    return Field(name, label, Kind.TEXT, **more)


def choice(name: str, label: str, of: str | Options, **more: Any) -> Field:
    """A field with a list to choose from."""
    known: dict[str, Any] = {"of": of} if isinstance(of, str) else {"options": of}
    return Field(name, label, Kind.CHOICE, **known, **more)


def yes_no(name: str, label: str, **more: Any) -> Field:
    """A question with two answers."""
    return Field(name, label, Kind.RADIO, options=YES_NO, **more)


def why(label: str = "Why", *, required: bool = False) -> Field:
    """The reason, kept with the event."""
    return text("reason", label, required=required, aside=not required)


def body_of(fields: Sequence[Field], form: Form, zone: str) -> dict[str, Any]:
    """The body that a form stands for. What was left empty is left out, and so is a part with nothing in it."""
    body: dict[str, Any] = {}
    for field in fields:
        value = _value(field, form, zone)
        if value is not None:
            _put(body, field.name.split("."), value)
    return body


def _value(field: Field, form: Form, zone: str) -> Any:
    given = form.get(field.name, [""])[0].replace("\r\n", "\n").replace("\0", "")
    if field.kind is Kind.CHECK:
        return given == "true"
    if not given.strip():
        return None
    if field.kind is Kind.JSON:
        return _json(field.name, given)
    return _READ.get(field.kind, _as_text)(given, zone) if not field.number else _number(given)


def _json(name: str, given: str) -> Any:
    try:
        return json.loads(given)
    except ValueError as error:
        wrong = [{"detail": f"This is no JSON: {error}.", "pointer": f"/{name.replace('.', '/')}"}]
        raise Problem("validation-failed", "Some fields need another look.", errors=wrong) from None


def _as_text(given: str, _: str) -> str:
    return given.strip()


def _number(given: str) -> Any:
    return {"true": True, "false": False}.get(given, int(given) if given.isdecimal() and len(given) < 10 else given)


def _moment(given: str, zone: str) -> str:
    """A time of a clock on the wall, in the desk's zone. Whatever else it is, the API's own check names it."""
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        return given
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).isoformat()


_READ: Mapping[Kind, Callable[[str, str], Any]] = {
    Kind.MOMENT: _moment,
    Kind.CODES: lambda given, _: given.replace(",", " ").split(),
    Kind.LINES: lambda given, _: [line.strip() for line in given.splitlines() if line.strip()],
    Kind.NUMBER: lambda given, _: _number(given.strip()),
}


def _put(body: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for part in path[:-1]:
        body = body.setdefault(part, {})
    body[path[-1]] = value


def typed(fields: Sequence[Field], form: Form) -> dict[str, str]:
    """What somebody typed, to be shown again."""
    return {field.name: form.get(field.name, [""])[0] for field in fields}


def values_of(fields: Sequence[Field], document: Mapping[str, Any]) -> dict[str, str]:
    """What a document says, as the fields of a form show it."""
    return {field.name: _shown(field, _found(document, field.name.split("."))) for field in fields}


def _found(document: Any, path: Sequence[str]) -> Any:
    for part in path:
        document = document.get(part) if isinstance(document, Mapping) else None
    return document


def _shown(field: Field, value: Any) -> str:
    if value is None or value in ([], ()):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if field.kind is Kind.JSON:
        return json.dumps(value, indent=1, ensure_ascii=False)
    if isinstance(value, list | tuple):
        return ("\n" if field.kind is Kind.LINES else " ").join(map(str, value))
    return str(value)
