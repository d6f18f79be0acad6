"""Documents of a history: one per event, the same for every interface, without what the reader may not see."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from application.cases.visibility import envelope_shown, fields_shown, shows, words_shown
from application.ports import Entry
from domain.values import Disclosure, Role

_PROVENANCE = frozenset(
    {"by", "via", "nonce", "reason", "request_id", "trace_id", "causation", "occurred_at", "origin", "deviations"}
)


def history_item(entry: Entry, reader: Role) -> dict[str, Any]:
    """Return one event as a document: actor, channel, time, reason, and its data with disclosures opened.

    Customers read what `visibility.py` lists: their own words, the solution, and the notes written for them.
    """
    event, may_read = entry.event, words_shown(reader, entry.event)
    disclosures = {said.digest: said for said in entry.disclosures if may_read(said)}
    reason = event.reason and disclosures.get(event.reason.digest)
    document = event_document(
        entry.position, event.originator_version, event.TOPIC, entry.recorded_at, entry.db_role, entry.state
    )
    document["reason"] = reason.text("reason") if reason else None
    data = fields_shown(reader, event, document["data"])
    document["data"] = {name: _opened(value, disclosures, entry) for name, value in data.items()}
    return envelope_shown(reader, document)


def history_items(entries: Iterable[Entry], reader: Role) -> list[dict[str, Any]]:
    """Return the events that a reader of the case may see."""
    return [history_item(entry, reader) for entry in entries if shows(reader, entry.event)]


def event_document(
    position: int, version: int, topic: str, recorded_at: datetime, db_role: str, stored: bytes
) -> dict[str, Any]:
    """Return one event as stored: codes, times and actors in clear, words only as digests."""
    state = json.loads(stored)
    return {
        "position": position,
        "version": version,
        "topic": topic,
        "recorded_at": recorded_at,
        "occurred_at": state.get("occurred_at", recorded_at),
        "by": {**state["by"], "team": state["by"].get("team")},
        "via": {**state["via"], "channel": state["via"].get("channel")},
        "reason": state.get("reason"),
        "data": {name: value for name, value in state.items() if name not in _PROVENANCE},
        **{name: state.get(name) for name in ("origin", "deviations", "request_id", "trace_id", "causation")},
        "db_role": db_role,
    }


def _opened(value: Any, disclosures: dict[str, Disclosure], entry: Entry) -> Any:
    if isinstance(value, list):
        return [_opened(each, disclosures, entry) for each in value]
    if not (isinstance(value, dict) and value.keys() == {"digest", "subject", "kind"}):
        return value
    known = disclosures.get(value["digest"])
    erased = all(disclosure.digest != value["digest"] for disclosure in entry.disclosures)
    return {**value, "erased": erased, "value": known.texts if known else None}
