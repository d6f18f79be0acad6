"""What an entry of the catalogue names must be there: its team, its help desk, its service, its criticality (R-4.1a).

A monitoring source may name a service that is not listed: its alerts are logged unclassified, and none is lost (R-5.1d).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from application.catalogue_entries import Entry
from domain.catalogue import OURS, Script, Service
from domain.errors import UnknownReference
from domain.policy import Policy

Lists = Callable[[str, str], bool]
"""Whether a kind of entry (`teams`) has one of this id that is not retired."""


def missing(entry: Entry, listed: Lists, policy: Policy) -> Iterator[tuple[str, str]]:
    """Pointer and reason for each thing an entry names that is not there. A retired entry may name what is gone."""
    if entry.retired:
        return
    for kind, code, pointer in _mentions(entry):
        if not listed(kind, code):
            yield pointer, f"there is no {kind.removesuffix('s').replace('-', ' ')} {code}"
    if isinstance(entry, Service) and entry.criticality not in policy.criticalities:
        yield (
            "/criticality",
            f"a criticality is one of {', '.join(policy.criticalities)} (the policy's `criticalities`)",
        )


def check_mentions(entry: Entry, listed: Lists, policy: Policy) -> None:
    """Refuse an entry that names what is not there. Raises Invalid for the first such field."""
    for pointer, why in missing(entry, listed, policy):
        raise UnknownReference(why, pointer)


def _mentions(entry: Entry) -> Iterator[tuple[str, str, str]]:
    if isinstance(entry, Service):
        yield "teams", entry.team, "/team"
        if entry.help_desk != OURS:
            yield "help-desks", entry.help_desk, "/help_desk"
    if isinstance(entry, Script) and entry.service is not None:
        yield "services", entry.service, "/service"
