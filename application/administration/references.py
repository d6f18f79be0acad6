"""References of catalogue entries: a named team, help desk, service or criticality must be listed (R-4.1a).

A monitoring source may name an unlisted service. Its alerts are then logged unclassified, so none is lost (R-5.1d).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from application.administration.entries import Entry
from domain.aggregate import TOPICS
from domain.catalogue import OURS, Script, Service
from domain.errors import UnknownReference
from domain.policy import Policy
from domain.readers.webhook import Webhook

Lists = Callable[[str, str], bool]
"""Whether an entry of a kind (`teams`) exists and is not retired."""


def missing(entry: Entry, listed: Lists, policy: Policy) -> Iterator[tuple[str, str]]:
    """Yield pointer and reason for each missing reference. A retired entry may keep dead references."""
    if entry.retired:
        return
    if isinstance(entry, Webhook):
        yield from _unknown_topics(entry)
    for kind, code, pointer in _mentions(entry):
        if not listed(kind, code):
            yield pointer, f"There is no {kind.removesuffix('s').replace('-', ' ')} {code}."
    if isinstance(entry, Service) and entry.criticality not in policy.criticalities:
        yield (
            "/criticality",
            f"A criticality is one of {', '.join(policy.criticalities)} (the policy's `criticalities`).",
        )


def _unknown_topics(webhook: Webhook) -> Iterator[tuple[str, str]]:
    """A misspelt topic would never be sent, and nobody would notice."""
    for place, topic in enumerate(webhook.topics):
        begins = topic.endswith("*") and any(known.startswith(topic[:-1]) for known in TOPICS)
        if not (begins or topic in TOPICS):
            yield f"/topics/{place}", f"There is no event {topic}."


def check_mentions(entry: Entry, listed: Lists, policy: Policy) -> None:
    """Check the references of an entry. Raises Invalid for the first missing one."""
    for pointer, why in missing(entry, listed, policy):
        raise UnknownReference(why, pointer)


def check_owner(entry: Entry, reads: Callable[[str], bool]) -> None:
    """Check that a webhook's owner may read events (R-7.1). Raises Invalid."""
    if isinstance(entry, Webhook) and not entry.retired and not reads(entry.owner):
        raise UnknownReference(f"{entry.owner} has no role that reads events.", "/owner")


def _mentions(entry: Entry) -> Iterator[tuple[str, str, str]]:
    if isinstance(entry, Service):
        yield "teams", entry.team, "/team"
        if entry.help_desk != OURS:
            yield "help-desks", entry.help_desk, "/help_desk"
    if isinstance(entry, Script) and entry.service is not None:
        yield "services", entry.service, "/service"
