"""SOP 5.1: the monitoring systems that report to the desk, their keys, and the mapping of their labels.

A source is reference data like the catalogue. Its version is the version of its mapping. A revoked key admits nothing that
is decided after it. The mail addresses that a source writes from are a disclosure beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from domain.aggregate import Opening, Recorded, register
from domain.catalogue import EntryEvent, Listed, check_entry
from domain.errors import Invalid, InvalidTransition
from domain.values import CODE, Disclosure, Level, Nature, Provenance

MOST_RULES, MOST_KEYS = 500, 100
_LONGEST_LABEL = 200
KEY = re.compile(r"clk_([0-9a-z]{8})[0-9A-Za-z]{20}")
"""A key as its holder has it: 32 characters, as PagerDuty's are. The first 8 after the prefix are its id."""


class SourceKind(StrEnum):
    """The protocol of a source."""

    ALERTMANAGER = "alertmanager"
    PAGERDUTY = "pagerduty"
    CLOUDEVENTS = "cloudevents"
    MAIL = "mail"


@dataclass(frozen=True, kw_only=True)
class MappingRule:
    """A rule of a mapping. The first one that matches wins; the source's defaults fill what it leaves open.

    A label matches one value or one of several, which may end in `*`. A rule without labels matches everything.
    """

    match: Mapping[str, str | tuple[str, ...]]
    service: str | None = None
    impact: Level | None = None
    severity: Level | None = None
    nature: Nature | None = None
    nominate_major: bool | None = None
    """Whether monitoring nominates a major incident (R-5.7b)."""

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels of an alert match."""
        return all(name in labels and _fits(labels[name], wanted) for name, wanted in self.match.items())


def _fits(value: str, wanted: str | tuple[str, ...]) -> bool:
    patterns = (wanted,) if isinstance(wanted, str) else wanted
    return any(value.startswith(p[:-1]) if p.endswith("*") else value == p for p in patterns)


@dataclass(frozen=True)
class MonitoringSource:
    """A monitoring system."""

    id: str
    name: str
    kind: SourceKind
    rules: tuple[MappingRule, ...] = ()
    defaults: MappingRule | None = None
    retired: bool = False


@dataclass(frozen=True)
class SourceKey:
    """A key as the desk keeps it: its digest, never the key itself."""

    sha256: str
    issued_at: datetime
    revoked_at: datetime | None = None


@check_entry.register
def _check_mapping(source: MonitoringSource) -> None:
    if len(source.rules) > MOST_RULES:
        raise Invalid(f"A mapping has at most {MOST_RULES} rules.", "/rules")
    for place, rule in enumerate(source.rules):
        _check_rule(rule, f"/rules/{place}")
    if source.defaults is not None:
        if source.defaults.match:
            raise Invalid("The defaults match everything, and so name no labels.", "/defaults/match")
        _check_rule(source.defaults, "/defaults")


def _check_rule(rule: MappingRule, where: str) -> None:
    if rule.service is not None and not CODE.fullmatch(rule.service):
        raise Invalid("A rule names a service by its id.", f"{where}/service")
    for name, wanted in rule.match.items():
        texts = (name, *((wanted,) if isinstance(wanted, str) else wanted))
        if not all(0 < len(text) <= _LONGEST_LABEL and text.isprintable() for text in texts):
            raise Invalid(f"Labels and values have 1 to {_LONGEST_LABEL} printable characters.", f"{where}/match")


class ListedSource(Listed[MonitoringSource]):
    """A source from version to version, with its keys."""

    TOPIC: ClassVar[str] = "source"

    def begin(self) -> None:
        """Start without keys."""
        self.keys: dict[str, SourceKey] = {}

    def issue(self, key: str, sha256: str, provenance: Provenance, *, reason: Disclosure | None = None) -> None:
        """Issue a key. Raises InvalidTransition for a retired source, or one with too many keys."""
        if self.entry.retired or len(self.keys) >= MOST_KEYS:
            raise InvalidTransition(
                "A retired source gets no key." if self.entry.retired else "The source has too many keys."
            )
        self.record(KeyIssued, provenance, key=key, sha256=sha256, issued_at=provenance.at, reason=reason)

    def revoke(self, key: str, provenance: Provenance, *, reason: Disclosure | None = None) -> None:
        """Revoke a key from the next request on. Raises InvalidTransition."""
        if not self.opens(key):
            raise InvalidTransition(f"The source has no key {key}, or it is revoked already.")
        self.record(KeyRevoked, provenance, key=key, revoked_at=provenance.at, reason=reason)

    def opens(self, key: str) -> bool:
        """Whether a key was issued and is not revoked."""
        return key in self.keys and self.keys[key].revoked_at is None

    @property
    def serves(self) -> bool:
        """Whether its messages are taken: it is not retired, and has a valid key."""
        return not self.entry.retired and any(map(self.opens, self.keys))


class SourceRegistered(EntryEvent, Opening):
    """A monitoring source was registered."""

    TOPIC = "source.registered"
    entry: MonitoringSource


class SourceChanged(EntryEvent):
    """A monitoring source or its mapping was changed."""

    TOPIC = "source.changed"
    entry: MonitoringSource


class KeyIssued(Recorded):
    """A source has a new key."""

    TOPIC = "source.key_issued"
    key: str
    sha256: str
    issued_at: datetime

    def _fold(self, source: ListedSource) -> None:
        source.keys = {**source.keys, self.key: SourceKey(self.sha256, self.issued_at)}


class KeyRevoked(Recorded):
    """A key of a source is revoked."""

    TOPIC = "source.key_revoked"
    key: str
    revoked_at: datetime

    def _fold(self, source: ListedSource) -> None:
        known = source.keys[self.key]
        source.keys = {**source.keys, self.key: SourceKey(known.sha256, known.issued_at, self.revoked_at)}


ListedSource.defined, ListedSource.changed = SourceRegistered, SourceChanged
EVENTS = register((SourceRegistered, SourceChanged, KeyIssued, KeyRevoked), ListedSource)
