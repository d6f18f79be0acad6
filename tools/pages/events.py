"""docs/events.md: every event by its topic, from the classes of the domain, the command tables and the table of visibility."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from functools import cache
from typing import Any, get_type_hints

from application.administration.meanings import field_docstrings
from application.cases.visibility import ENVELOPE, Shown
from application.cases.visibility import EVENTS as VISIBLE
from domain.aggregate import Recorded
from tests.history.folding import EVENTS, RELEASES, stored
from tools.pages.causes import cause
from tools.pages.kinds import Kinds, docstring, plain
from tools.pages.markdown import GENERATED, code, prose, table

_HEAD = f"""# The events

{GENERATED}

Every event that the record may hold. A topic is a storage format: it is never renamed, and what an older release stored is read for
ever. `GET /events` follows them, `GET /cases/{{number}}/history` reads those of one case, and the table `ledger.stored_events` holds them.
*Since* is the first release whose record holds the topic. *Read by the customer* says what a customer gets to see of the events of their own
cases (`application/cases/visibility.py`); staff, auditors and reporting jobs read everything. A field of the type
[`Disclosure`](#values-in-events) is words: the event holds their digest, the vault the words, and an erasure removes them there.

## Following the feed

`GET /events?after=N` answers the events after position N, in pages. With `Accept: text/event-stream` new ones keep coming: the `id` of each is its position, and a reader that comes back with
`Last-Event-ID` goes on behind it. A program that must lose nothing and do nothing twice keeps three rules:

1. **The position is the place.** Positions ascend in the order of the commits. Events are written under one lock, so none appears later below a position that anybody has seen.
   Numbers may be missing where a transaction was rolled back; no event ever fills them.
2. **Store the place in the transaction of the effect.** After a crash both are there, or neither. A program whose effect cannot share a transaction remembers the positions that it has handled.
3. **Apply events in order, and store the place after each or after each batch.** What was received but not stored comes again.

After a restore of an older backup positions are used anew: begin anew, or compare with the [transparency log](record.md). [consumer.py](examples/consumer.py) is a whole program that follows these rules, with SQLite. A
test kills it again and again while events are written.

Programs that would rather be called take [webhooks](webhooks.md). Both show the same events to the same roles.

"""
_AREAS = {
    "case": "Cases",
    "target": "Targets of cases",
    "problem": "Problem Cases",
    "message": "Mails that go out",
    "intake": "Messages that come in",
    "alert": "Alerts",
    "watch": "Monitoring systems that are watched",
    "source": "Monitoring sources",
    "webhook": "Webhooks",
    **dict.fromkeys(("service", "team", "help_desk", "script", "customer"), "Catalogue and directory"),
    "policy": "The policy",
    "report": "Scheduled reports",
    "access": "Grants",
    "filters": "Saved filters",
    "approval": "Approvals",
    "subject": "Personal data",
    "log": "The transparency log",
}
"""The heading of each first part of a topic, in the order of the page."""
_READ = {
    Shown.ALL: "yes",
    Shown.TOLD: "yes",
    Shown.MARKED: "where the event is marked as visible to the customer",
    Shown.OWN_CASE: "where it is a case of theirs",
    Shown.STAFF: "",
}
_COLUMNS = frozenset({"originator_id", "originator_version", "timestamp"})
"""What the row holds beside the state."""


def page() -> str:
    """The page."""
    kinds, since = Kinds(), first_releases()
    areas = dict.fromkeys(_AREAS.values(), "")
    common = {field.name for field in fields(Recorded)} | _COLUMNS
    for topic, event in EVENTS.items():
        own = [field for field in fields(event) if field.name not in common]
        areas[_AREAS[topic.partition(".")[0]]] += (
            f"### {topic}\n\n{_told(event)}*Since* {since.get(topic, 'the next release')}. "
            f"*Appended by* {cause(topic)}.{_customers(topic)}\n\n{_fields(topic, event, own, kinds)}\n"
        )
    whole = [field for field in fields(Recorded) if field.name not in _COLUMNS]
    every = f"## What every event holds\n\n{_fields('', Recorded, whole, kinds)}\n"
    return _HEAD + every + "".join(f"## {heading}\n\n{text}" for heading, text in areas.items()) + kinds.section()


@cache
def first_releases() -> dict[str, str]:
    """The release that stored each topic first."""
    versions = sorted(RELEASES, key=lambda path: [int(part) for part in path.stem.split(".")])
    return {row.topic: path.stem for path in reversed(versions) for row in stored(path)}


def _told(event: type[Recorded]) -> str:
    text = prose(docstring(event))
    return f"{text} " if text else ""


def _customers(topic: str) -> str:
    shown = any(shown is not Shown.STAFF for shown in VISIBLE.get(topic, {}).values())
    return "" if shown else " *Customers* are not told of it."


def _read(topic: str, field: str, hint: Any) -> str:
    table_of = VISIBLE.get(topic, {}) if topic else dict.fromkeys(ENVELOPE, Shown.ALL)
    shown = table_of.get(field, Shown.STAFF)
    words = shown is Shown.ALL and "Disclosure" in str(hint)
    return _READ[shown] + (", unless they are staff's words" if words else "")


def _default(field: Field[Any]) -> str:
    """What a field means that a stored event leaves out; nothing for one that is optional, or always stated."""
    return "" if field.default is MISSING or field.default is None else f" (`{plain(field.default)}` if not stated)"


def _fields(topic: str, event: type[Any], own: list[Field[Any]], kinds: Kinds) -> str:
    hints, said = get_type_hints(event), field_docstrings(event)
    rows = (
        (
            code(field.name),
            kinds.name(hints[field.name]) + _default(field),
            _read(topic, field.name, hints[field.name]),
            prose(said.get(field.name, "")),
        )
        for field in own
    )
    return table(("field", "type", "read by the customer", "meaning"), rows) if own else "No fields of its own.\n"
