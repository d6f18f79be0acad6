"""Documents of catalogue and directory entries, the same for HTTP and for files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from typing import Any

import msgspec

from domain.catalogue import Customer, HelpDesk, Script, Service, Team, check_entry
from domain.errors import Invalid
from domain.monitoring.source import MonitoringSource
from domain.policy import Policy
from domain.policy_book import check_policy
from domain.readers.webhook import Webhook, check_address
from domain.values import CODE

Entry = Service | Team | HelpDesk | Script | Customer | MonitoringSource | Webhook

TYPES: dict[str, type[Any]] = {
    "services": Service,
    "teams": Team,
    "help-desks": HelpDesk,
    "scripts": Script,
    "customers": Customer,
    "sources": MonitoringSource,
    "webhooks": Webhook,
}
CONTACTS = {
    "services": ("name", "email", "phone"),
    "help-desks": ("phone", "email", "hours", "portal"),
    "customers": ("name", "email", "phone"),
    "sources": ("senders",),
    "webhooks": ("url",),
}
"""Contact fields of entries. The vault stores them."""
_UNSAID: Mapping[str, Mapping[str, Any]] = {"services": {"calendar": None}, "teams": {"calendar": None}}
"""Defaults for omitted fields of an entry. In an older release's event an omission may mean something else."""
_CODED = ("team", "help_desk", "owner", "service", "agency")
_PATH = re.compile(r" - at `\$([^`]*)`")
_LONGEST = 500


def read_entry(kind: str, code: str, document: Mapping[str, Any]) -> tuple[Entry, dict[str, Any]]:
    """Parse an entry and its contact. Raises Invalid, which points to the field."""
    known = {field.name for field in fields(TYPES[kind])} | ({"contact"} if kind in CONTACTS else set())
    if strange := sorted(set(document) - known):
        raise Invalid(f"{kind} have no field {strange[0]}.", f"/{strange[0]}")
    if document.get("id", code) != code:
        raise Invalid("The id must equal the one in the address.", "/id")
    given = {name: value for name, value in document.items() if name != "contact"}
    try:
        entry: Entry = msgspec.convert({**_UNSAID.get(kind, {}), **given, "id": code}, TYPES[kind])
    except msgspec.ValidationError as error:
        raise _invalid(error) from None
    if (place := _strange(given, msgspec.to_builtins(entry))) is not None:
        raise Invalid("There is no such field.", place)
    _check_codes(kind, entry)
    check_entry(entry)
    contact = _contact(kind, document.get("contact"))
    if kind == "webhooks":
        check_address(contact.get("url"))
    return entry, contact


def change_policy(policy: Policy, changes: Mapping[str, Any]) -> Policy:
    """Return the policy with these fields changed. Raises Invalid."""
    present: dict[str, Any] = msgspec.to_builtins(policy)
    given = {name: _merged(present.get(name), value) for name, value in changes.items()}
    if strange := sorted(set(changes) - set(present) | {"version"} & set(changes)):
        raise Invalid(f"Unknown or read-only policy field {strange[0]}.", f"/changes/{strange[0]}")
    try:
        changed: Policy = msgspec.convert({**present, **_versioned(given, present)}, Policy)
    except msgspec.ValidationError as error:
        raise _invalid(error, "/changes") from None
    except ValueError as error:  # a calendar that contradicts itself
        raise Invalid(str(error), "/changes") from None
    if (place := _strange(dict(changes), {**msgspec.to_builtins(changed), **_rows(changes)})) is not None:
        raise Invalid("There is no such field.", f"/changes{place}")
    if negative := [
        name for name, value in vars(changed).items() if isinstance(value, timedelta) and value < timedelta()
    ]:
        raise Invalid("An interval cannot be negative.", f"/changes/{negative[0]}")
    try:
        check_policy(changed)
    except Invalid as error:
        raise Invalid(str(error), f"/changes{error.pointer}") from None
    return changed


def _strange(given: Any, read: Any) -> str | None:
    """Find a given field that was not read, at any depth: a misspelt field must not vanish."""
    if isinstance(given, Mapping) and isinstance(read, Mapping):
        members = [(str(name), value, read.get(name)) for name, value in given.items()]
        if lost := [name for name, _, _ in members if name not in read]:
            return f"/{lost[0]}"
    elif isinstance(given, list | tuple) and isinstance(read, list | tuple):
        members = [(str(place), *pair) for place, pair in enumerate(zip(given, read, strict=True))]
    else:
        return None
    found = ((name, _strange(mine, theirs)) for name, mine, theirs in members)
    return next((f"/{name}{deeper}" for name, deeper in found if deeper is not None), None)


def _merged(present: Any, value: Any) -> Any:
    """Merge a part of the policy: change only the given fields. New hours keep the holidays."""
    return {**present, **value} if isinstance(present, dict) and isinstance(value, Mapping) else value


def _rows(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Replace matrices by their rows, to compare them as given."""
    return {"matrix": changes["matrix"]} if isinstance(changes.get("matrix"), list) else {}


def _versioned(changes: Mapping[str, Any], present: dict[str, Any]) -> dict[str, Any]:
    """Give a version to a matrix submitted as rows only."""
    rows = changes.get("matrix")
    return {**changes, "matrix": {**present["matrix"], "rows": rows}} if isinstance(rows, list) else dict(changes)


def _check_codes(kind: str, entry: Entry) -> None:
    coded = {"id": entry.id, **{name: getattr(entry, name, None) for name in _CODED}}
    coded |= {f"members/{place}": member for place, member in enumerate(getattr(entry, "members", ()))}
    coded |= {f"steps/{place}/id": step.id for place, step in enumerate(getattr(entry, "steps", ()))}
    for name, value in coded.items():
        if value is not None and not CODE.fullmatch(value):
            raise Invalid("A code consists of letters, digits and . _ : / @ + -, without spaces around it.", f"/{name}")
    named = getattr(entry, "name", "-")
    if not named.strip() or len(named) > _LONGEST or "\0" in named:
        raise Invalid(f"An entry of {kind} needs a name of 1 to {_LONGEST} characters.", "/name")


def _contact(kind: str, contact: Any) -> dict[str, Any]:
    if contact is None:
        return {}
    if not isinstance(contact, Mapping):
        raise Invalid(f"A contact has the fields {', '.join(CONTACTS[kind])}.", "/contact")
    for name, value in contact.items():
        if name not in CONTACTS[kind]:
            raise Invalid(f"A contact of this kind has no field {name}.", f"/contact/{name}")
        if value is not None and not (isinstance(value, str) and 0 < len(value) <= _LONGEST and "\0" not in value):
            raise Invalid(f"Give a text of 1 to {_LONGEST} characters.", f"/contact/{name}")
    return dict(contact)


def _invalid(error: msgspec.ValidationError, under: str = "") -> Invalid:
    place = _PATH.search(str(error))
    pointer = re.sub(r"\[(\d+|\.\.\.)\]", r"/\1", place[1]).replace(".", "/") if place else ""
    return Invalid(_PATH.sub("", str(error)), under + pointer)
