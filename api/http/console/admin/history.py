"""Who changed what the administrator keeps: one line for each event, with what differs from the one before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.http.console.admin.compared import Difference, differences, named
from api.http.console.wording import ROLES, spelled

_WHOLE = ("policy", "entry")
_NAMES = ("id", "version", "matrix.version")


@dataclass(frozen=True)
class Change:
    """One event of such a history."""

    version: int
    position: int
    who: str
    via: str
    at: str
    what: str
    reason: str | None
    differences: Sequence[Difference]


def changes_of(items: Iterable[Mapping[str, Any]], label: Callable[[str], str] = named) -> list[Change]:
    """The changes, newest first."""
    known, made = dict[str, Any](), list[Change]()
    for item in items:
        whole = _whole(item["data"])
        differs = differences(known, whole, label) if known and whole else []
        known = whole or known
        if item["topic"] != "access.opened":
            made.append(_change(item, [each for each in differs if each.path not in _NAMES]))
    return made[::-1]


def _whole(data: Mapping[str, Any]) -> dict[str, Any] | None:
    """What an event puts in the place of all that was there; None for one that says something beside it."""
    found = next((data[name] for name in _WHOLE if name in data), None)
    contact = (data.get("contact") or {}).get("value") or {}
    return None if found is None else {**found, "contact": contact}


def _change(item: Mapping[str, Any], differs: Sequence[Difference]) -> Change:
    return Change(
        version=item["version"],
        position=item["position"],
        who=item["by"]["subject"],
        via=spelled(item["via"]["interface"]),
        at=item["recorded_at"],
        what=_sentence(item["topic"], item["data"]),
        reason=item["reason"],
        differences=differs,
    )


def _sentence(topic: str, data: Mapping[str, Any]) -> str:
    if topic.startswith("access."):
        of = f" of {data['team']}" if data.get("team") else ""
        until = f", until {data['until'][:16].replace('T', ' ')} UTC" if data.get("until") else ""
        approved = f", approved by {data['approved_by']}" if data.get("approved_by") else ""
        return f"{spelled(topic.partition('.')[2])} {ROLES.get(data['role'], spelled(data['role'])).lower()}{of}{approved}{until}"
    if topic.startswith("policy."):
        return "adopted the first policy" if topic == "policy.adopted" else "changed the policy"
    if "entry" in data:
        return "changed it" if topic.endswith(".changed") else "added it"
    named = [str(data[name]) for name in ("key", "secret", "cause") if data.get(name)]
    return " ".join([spelled(topic.partition(".")[2]), *named])
