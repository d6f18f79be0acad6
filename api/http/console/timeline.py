"""The timeline of a case: one entry for each event, with its words, and alerts in a row folded into one line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from api.http.console.wording import SHAPES, named, sentence, spelled, titled
from domain.values import Role

_QUIET = ("case.alerted", "case.recovery_observed", "case.imported", "case.known_errors_searched")
_SPOKEN = ("case.logged", "case.message_received", "case.noted", "case.disputed", "case.dispute_suspected")
_HIDDEN = frozenset({"number", "digest", "content_id", "sha256"})
_FILES, _CONTACT = "attachments", "contact"


@dataclass(frozen=True)
class Said:
    """A text of an event."""

    label: str
    text: str | None
    """None once erased."""
    fold: str = ""
    """Under which words it is folded: what repeats an earlier message, and how to reach a person."""


@dataclass(frozen=True)
class Line:
    """One event as the timeline shows it."""

    version: int
    position: int
    at: str
    occurred_at: str
    who: str
    role: str
    via: str
    what: str
    shape: str
    spoken: bool
    internal: bool
    """Whether only staff read its words."""
    reason: str | None
    said: Sequence[Said]
    files: Sequence[Mapping[str, Any]]
    imported: bool
    same: Sequence[Line] = ()
    """Further events of the same kind, folded."""


def timeline(items: Iterable[Mapping[str, Any]]) -> list[Line]:
    """The entries of a history, oldest first. Automatic events of one kind in a row become one."""
    lines: list[tuple[str, Line]] = []
    for item in items:
        line = _line(item)
        if lines and item["topic"] in _QUIET and lines[-1][0] == item["topic"]:
            first = lines[-1][1]
            lines[-1] = item["topic"], replace(first, same=(*first.same, line))
        else:
            lines.append((item["topic"], line))
    return [line for _, line in lines]


def _line(item: Mapping[str, Any]) -> Line:
    data, by, topic = item["data"], item["by"], item["topic"]
    via, channel = item["via"]["interface"], item["via"].get("channel")
    spoken = topic in _SPOKEN or by["role"] == Role.CUSTOMER
    internal = topic == "case.noted" and not data.get("visible_to_customer")
    return Line(
        version=item["version"],
        position=item["position"],
        at=item["recorded_at"],
        occurred_at=item["occurred_at"],
        who="the customer" if by["role"] == Role.CUSTOMER else named(by["subject"]),
        role=spelled(by["role"]) + (f", {by['team']}" if by.get("team") else ""),
        via=spelled(channel or via),
        what=sentence(topic, data),
        shape=SHAPES.get(topic, "dot"),
        spoken=spoken,
        internal=internal,
        reason=item["reason"],
        said=list(_said(data)),
        files=[_file(each) for each in data.get(_FILES) or () if isinstance(each, dict)],
        imported=item.get("origin") is not None,
    )


def _file(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """A file as its event says; without a name once it is erased."""
    return {**(given["value"] or {}), "digest": given["digest"]}


def _said(data: Mapping[str, Any]) -> Iterable[Said]:
    for name, value in sorted(data.items(), key=lambda item: item[0] == _CONTACT):
        if not (isinstance(value, dict) and "digest" in value and "erased" in value):
            continue
        if value["value"] is None:
            if value["erased"]:  # otherwise its words are for others
                yield Said(titled(name), None)
            continue
        texts = {label: text for label, text in value["value"].items() if text not in (None, "", [])}
        if name == _CONTACT:
            yield Said("Contact", _text(texts), "Contact as given")
            continue
        for label, text in texts.items():
            if label not in _HIDDEN:
                yield Said(_LABELS.get(label, titled(label)), _text(text), "Quoted text" if label == "quoted" else "")


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(_text(each) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_text(each)}" for name, each in value.items() if each not in (None, ""))
    return str(value)


_LABELS = {"text": "Text", "quoted": "Quoted", "reason": "Why"}
