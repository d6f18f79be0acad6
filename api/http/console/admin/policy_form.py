"""The policy as a form: each of its fields in words, and the changes that somebody typed as the API takes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, get_args, get_type_hints

import msgspec

from api.http.console.access import Form
from api.http.console.admin.compared import interval, is_interval, leaves, length, named
from api.http.console.wording import titled
from api.http.problems import Problem
from application.administration.meanings import Meaning, meanings
from domain.policy import Policy

_GROUPS: Mapping[str, tuple[str, ...]] = {
    "Priorities and targets": (
        *("matrix", "targets", "target_warning", "escalates_to", "escalations_an_hour", "unprioritized_alarm"),
        *("goal_respond", "goal_resolve", "pausing"),
    ),
    "Hours": ("business",),
    "Logging and contacts": (
        *("required_information", "backdating_limit", "backdating_unexplained", "oldest_contact", "clock_tolerance"),
        *("contact_methods", "criticalities", "acknowledged", "acknowledgement_interval"),
        *("automatic_mails_an_hour", "cases_an_hour"),
    ),
    "Duplicates": ("duplicate_threshold", "duplicate_horizon", "consultation_answer"),
    "Major incidents": ("nomination_answer", "inform_management", "major_review", "outage_report"),
    "Resolution and dispute": (
        *("verification_attempts", "verification_days", "verification_methods", "notification_attempts"),
        *("inform_customer", "dispute_window", "roll_to_business_day", "decide_dispute", "read_answer"),
    ),
    "Files": ("attachment_size", "attachments_per_case", "attachments_total", "refused_types", "refused_endings"),
    "Sign-in at the identity provider": ("groups",),
    "Personal data and webhooks": ("retention", "reads_recorded", "reads_kept", "approval_answer", "webhook_overlap"),
    "Reports": ("scheduled_reports",),
}
_NAMED = ("version", "matrix.version", "outage_report.version", "business.name")
"""Names that the desk assigns."""
_OF_GROUPS = "groups"
_LONG = 60


class Shape(StrEnum):
    """How a field of the policy is typed."""

    CHECK = "check"
    NUMBER = "number"
    INTERVAL = "interval"
    LINE = "line"
    CODES = "codes"
    LINES = "lines"
    GROUPS = "groups"
    """One on a line: a group, and the role that it stands for."""
    JSON = "json"
    """A list of parts, as the API takes it."""


@dataclass(frozen=True)
class PolicyField:
    """One field without parts."""

    path: str
    label: str
    shape: Shape
    value: str
    meaning: str
    long: bool = False


def groups_of(policy: Policy) -> list[tuple[str, list[PolicyField]]]:
    """The fields by what they are about. A field that no group names stands in the last one."""
    known, fields = meanings(Policy), list(_fields(policy))
    placed = {name: title for title, names in _GROUPS.items() for name in names}
    titles = (*_GROUPS, "Others")
    of = {title: list[PolicyField]() for title in titles}
    for path, value in fields:
        name = path.partition(".")[0]
        of[placed.get(name, "Others")].append(_field(path, value, known))
    return [(title, of[title]) for title in titles if of[title]]


def label_of(path: str) -> str:
    """What a field of the policy is called on its page."""
    known = meanings(Policy)
    return _meaning(path, known)[1] if path.partition(".")[0] in known else named(path)


@cache
def _listed() -> frozenset[str]:
    """The fields that list as many parts as somebody wants. Each is one field of the form."""
    listed = {name: get_args(hint) for name, hint in get_type_hints(Policy).items()}
    return frozenset(name for name, of in listed.items() if of[1:] == (Ellipsis,) and is_dataclass(of[0]))


def plain(policy: Policy) -> dict[str, Any]:
    """The policy as a document."""
    document: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(policy))
    return document


def _fields(policy: Policy) -> Iterator[tuple[str, Any]]:
    for name, whole in plain(policy).items():
        for path, value in [(name, whole)] if name in _listed() else leaves({name: whole}):
            if path not in _NAMED:
                yield path, value


def _field(path: str, value: Any, known: Mapping[str, Meaning]) -> PolicyField:
    shape, text = _shape(path, value), text_of(path, value)
    meaning, label = _meaning(path, known)
    return PolicyField(path, label, shape, text, meaning, len(text) > _LONG)


def _meaning(path: str, known: Mapping[str, Meaning]) -> tuple[str, str]:
    """What a field means, and its label. Parts of lists are named by their place."""
    name, *rest = path.split(".")
    meaning, label = known[name], titled(name)
    for part in rest:
        if part.isdecimal():
            label += f" {int(part) + 1}"
        else:
            meaning = meaning.parts.get(part, meaning)
            label += f": {titled(part).lower()}"
    if name == "matrix" and rest[0] == "rows":
        label = f"Impact {int(rest[1]) + 1}: priority at severity 1, 2 and 3"
    elif name == "targets":
        label = label.replace("Targets", "P", 1).replace("P ", "P", 1)
    told = f"{meaning.unit}: {meaning.meaning[:1].lower()}{meaning.meaning[1:]}"
    if path in _listed() and path != _OF_GROUPS:
        told += f" A list as JSON; each has {', '.join(meaning.parts)}."
    return told, label


def _shape(path: str, value: Any) -> Shape:
    if path == _OF_GROUPS:
        return Shape.GROUPS
    if path in _listed():
        return Shape.JSON
    if isinstance(value, bool):
        return Shape.CHECK
    if isinstance(value, int | float):
        return Shape.NUMBER
    if isinstance(value, list | tuple):
        return Shape.LINES if any(" " in str(each) for each in value) else Shape.CODES
    return Shape.INTERVAL if is_interval(value) else Shape.LINE


def text_of(path: str, value: Any) -> str:
    """A value as its field shows it."""
    return _WRITTEN.get(_shape(path, value), str)(value)


_WRITTEN: Mapping[Shape, Callable[[Any], str]] = {
    Shape.CHECK: lambda value: "true" if value else "",
    Shape.INTERVAL: length,
    Shape.LINES: lambda value: "\n".join(map(str, value)),
    Shape.CODES: lambda value: " ".join(map(str, value)),
    Shape.JSON: lambda value: json.dumps(value, indent=1, ensure_ascii=False) if value else "",
    Shape.GROUPS: lambda value: "\n".join(
        f"{each['group']} = {each['role']} {each['team'] or ''}".strip() for each in value
    ),
}


def changes_typed(policy: Policy, form: Form) -> dict[str, Any]:
    """The fields that somebody changed, as `POST /policy` takes them. What was left as it is, is left out. Raises Problem."""
    whole = plain(policy)
    changed, wrong = deepcopy(whole), list[dict[str, str]]()
    for path, value in _fields(policy):
        typed = form.get(path, [""])[0].replace("\r\n", "\n").strip()
        if typed == text_of(path, value):
            continue
        try:
            _put(changed, path.split("."), _READ[_shape(path, value)](typed, value))
        except ValueError as error:
            wrong.append({"detail": str(error), "pointer": f"/changes/{path.replace('.', '/')}"})
    if wrong:
        raise Problem("validation-failed", "Some fields need another look.", errors=wrong)
    found = {name: value for name, value in changed.items() if value != whole[name]}
    if "matrix" in found:
        found["matrix"] = found["matrix"]["rows"]
    for name in ("business", "outage_report"):
        if name in found:
            found[name] = {part: value for part, value in found[name].items() if value != whole[name][part]}
    return found


def _interval(typed: str) -> str:
    if (read := interval(typed)) is None:
        raise ValueError("An interval reads like 72 h, 14 d or 1 h 30 min.")
    return read


def _lines(typed: str) -> list[str]:
    return [line.strip() for line in typed.splitlines() if line.strip()]


def _json(typed: str) -> Any:
    try:
        return json.loads(typed or "[]")
    except ValueError:
        raise ValueError("This is no JSON.") from None


def _group(line: str) -> dict[str, Any]:
    group, _, told = line.rpartition("=")
    match told.split():
        case [role] if group.strip():
            return {"group": group.strip(), "role": role, "team": None}
        case [role, team] if group.strip():
            return {"group": group.strip(), "role": role, "team": team}
    raise ValueError("A line reads like: desk-staff = technician, or: network-staff = team_member network.")


def _number(typed: str) -> int | float:
    try:
        return int(typed) if typed.lstrip("-").isdecimal() else float(typed)
    except ValueError:
        raise ValueError("A number is needed, such as 0.95.") from None


def _codes(typed: str, present: Sequence[Any]) -> list[Any]:
    found = typed.replace(",", " ").split()
    return [_number(each) for each in found] if present and isinstance(present[0], int) else found


_READ: Mapping[Shape, Callable[[str, Any], Any]] = {
    Shape.CHECK: lambda typed, _: typed == "true",
    Shape.NUMBER: lambda typed, _: _number(typed),
    Shape.INTERVAL: lambda typed, _: _interval(typed),
    Shape.LINE: lambda typed, _: typed,
    Shape.CODES: _codes,
    Shape.LINES: lambda typed, _: _lines(typed),
    Shape.JSON: lambda typed, _: _json(typed),
    Shape.GROUPS: lambda typed, _: [_group(line) for line in _lines(typed)],
}
"""What was typed, as a document has it; given what is there now. Each raises ValueError, which says what is wrong."""


def _put(document: Any, path: Sequence[str], value: Any) -> None:
    for part in path[:-1]:
        document = document[int(part)] if part.isdecimal() else document[part]
    document[int(path[-1]) if path[-1].isdecimal() else path[-1]] = value
