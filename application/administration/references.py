"""References of catalogue entries: a named team, help desk, service or criticality must be listed (R-4.1a).

A monitoring source may name an unlisted service. Its alerts are then logged unclassified, so none is lost (R-5.1d).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from application.administration.entries import Entry
from domain.catalogue import OURS, Script, Service
from domain.errors import UnknownReference
from domain.policy import Policy

Lists = Callable[[str, str], bool]
"""Whether an entry of a kind (`teams`) exists and is not retired."""


def missing(entry: Entry, listed: Lists, policy: Policy) -> Iterator[tuple[str, str]]:
    """Yield pointer and reason for each missing reference. A retired entry may keep dead references."""
    if entry.retired:
        return
    for kind, code, pointer in _mentions(entry):
        if not listed(kind, code):
            yield pointer, f"There is no {kind.removesuffix('s').replace('-', ' ')} {code}."
    if isinstance(entry, Service) and entry.criticality not in policy.criticalities:
        yield (
            "/criticality",
            f"A criticality is one of {', '.join(policy.criticalities)} (the policy's `criticalities`).",
        )


def check_mentions(entry: Entry, listed: Lists, policy: Policy) -> None:
    """Check the references of an entry. Raises Invalid for the first missing one."""
    for pointer, why in missing(entry, listed, policy):
        raise UnknownReference(why, pointer)


def _mentions(entry: Entry) -> Iterator[tuple[str, str, str]]:
    if isinstance(entry, Service):
        yield "teams", entry.team, "/team"
        if entry.help_desk != OURS:
            yield "help-desks", entry.help_desk, "/help_desk"
    if isinstance(entry, Script) and entry.service is not None:
        yield "services", entry.service, "/service"
