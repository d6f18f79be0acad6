"""What the stored events of each release fold to, and what a field means that an event does not say.

`folded/<release>.json` holds the state of every stream of a release: one line a stream. `defaults.json` holds the default
value of every field that a stored event may leave out. Both are pinned: a change of either changes what old records say.
`python -m tests.history.folding` writes what is missing.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterator
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, get_args, get_type_hints
from uuid import UUID

import msgspec

from domain.access import EVENTS as ACCESS_EVENTS
from domain.aggregate import Recorded
from domain.approval import EVENTS as APPROVAL_EVENTS
from domain.case import EVENTS as CASE_EVENTS
from domain.case.target_watch import EVENTS as TARGET_EVENTS
from domain.catalogue import EVENTS as CATALOGUE_EVENTS
from domain.data_subject import EVENTS as PRIVACY_EVENTS
from domain.monitoring.alert import EVENTS as ALERT_EVENTS
from domain.monitoring.source import EVENTS as SOURCE_EVENTS
from domain.outgoing_mail import EVENTS as MESSAGE_EVENTS
from domain.policy_book import EVENTS as POLICY_EVENTS
from domain.problem import EVENTS as PROBLEM_EVENTS
from domain.readers.report_issue import EVENTS as REPORT_EVENTS
from domain.readers.saved_filters import EVENTS as FILTER_EVENTS
from domain.readers.webhook import EVENTS as WEBHOOK_EVENTS
from domain.receipt import EVENTS as INTAKE_EVENTS
from domain.transparency_log import EVENTS as LOG_EVENTS
from domain.values import Disclosure
from infrastructure.postgres.mapper import StateMapper
from infrastructure.postgres.stored_event import LedgerEvent

FOLDER = Path(__file__).parent
RELEASES = sorted(FOLDER.glob("*.jsonl"))
DEFAULTS = FOLDER / "defaults.json"
EVENTS: dict[str, type[Recorded]] = {
    **CASE_EVENTS,
    **PROBLEM_EVENTS,
    **MESSAGE_EVENTS,
    **INTAKE_EVENTS,
    **CATALOGUE_EVENTS,
    **POLICY_EVENTS,
    **ACCESS_EVENTS,
    **FILTER_EVENTS,
    **REPORT_EVENTS,
    **PRIVACY_EVENTS,
    **APPROVAL_EVENTS,
    **LOG_EVENTS,
    **ALERT_EVENTS,
    **SOURCE_EVENTS,
    **WEBHOOK_EVENTS,
    **TARGET_EVENTS,
}
"""Every event by its topic."""


def stored(release: Path) -> Iterator[LedgerEvent]:
    """The rows of a release, in the order of the record."""
    for line in release.read_text(encoding="utf-8").splitlines():
        stream, version, topic, recorded_at, state = json.loads(line)
        yield LedgerEvent(UUID(stream), version, topic, state.encode(), recorded_at=datetime.fromisoformat(recorded_at))


def folded(release: Path) -> dict[UUID, Any]:
    """The aggregates that the rows of a release fold to."""
    mapper, roots = StateMapper(), dict[UUID, Any]()
    for row in stored(release):
        event: Recorded = mapper.to_domain_event(row)
        roots[row.originator_id] = event.mutate(roots.get(row.originator_id))  # type: ignore[index, arg-type]
    return roots


def states(release: Path) -> dict[str, Any]:
    """The whole state of every aggregate of a release as plain data, by stream."""
    return {
        str(stream): {
            "is": type(root).__name__,
            "version": root.version,
            **{name: _plain(value) for name, value in vars(root).items() if not name.startswith("_")},
        }
        for stream, root in folded(release).items()
    }


def pinned(release: Path) -> Path:
    """The file that holds the folded state of a release."""
    return FOLDER / "folded" / f"{release.stem}.json"


def defaults() -> dict[str, Any]:
    """The default of every field that a stored event, or a value inside one, may leave out: by topic and path."""
    shared = {field.name for field in fields(Recorded)}
    found = dict(_defaults(Recorded, "every event:", frozenset()))
    for topic, event in EVENTS.items():
        found |= _defaults(event, f"{topic}:", frozenset(), shared)
    return found


def _defaults(
    kind: type[Any], path: str, inside: frozenset[type[Any]], left_out: Container[str] = ()
) -> Iterator[tuple[str, Any]]:
    hints = get_type_hints(kind)
    for field in (each for each in fields(kind) if each.name not in left_out):
        if field.default is not MISSING:
            yield path + field.name, _plain(field.default)
        elif field.default_factory is not MISSING:
            yield path + field.name, _plain(field.default_factory())
        for part in _parts(hints[field.name]):
            if part not in inside and part is not kind:
                yield from _defaults(part, f"{path}{field.name}.", inside | {kind})


def _parts(hint: Any) -> set[type[Any]]:
    """The dataclasses that a type is made of."""
    if isinstance(hint, type) and is_dataclass(hint):
        return {hint}
    return {part for each in get_args(hint) for part in _parts(each)}


def _plain(value: Any) -> Any:
    """A value of the domain as JSON; what has no order of its own is sorted."""
    if isinstance(value, dict):
        value = {key if isinstance(key, str) else repr(_plain(key)): each for key, each in value.items()}
    return json.loads(msgspec.json.encode(value, enc_hook=_encode, order="sorted"))


def _encode(value: Any) -> Any:
    if isinstance(value, Disclosure):
        return {"digest": value.digest, "subject": value.subject, "kind": value.kind}
    raise NotImplementedError(f"{type(value).__name__} has no form here")


def main() -> None:
    """Write the defaults, and the states of releases that have none yet; remove a file of states to have it written anew."""
    for release in RELEASES:
        if pinned(release).exists():
            continue
        pinned(release).parent.mkdir(exist_ok=True)
        lines = (
            f"{json.dumps(stream)}: {json.dumps(state, sort_keys=True)}" for stream, state in states(release).items()
        )
        pinned(release).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    DEFAULTS.write_text(json.dumps(defaults(), indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
