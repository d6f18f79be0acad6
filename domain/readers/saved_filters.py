"""Saved filters of lists: those of a person, and those that a team or the desk shares.

They decide nothing about a case. They are on the record because one member of a team changes what the others work by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self
from uuid import UUID

from domain.aggregate import Opening, Recorded, Root, register
from domain.errors import ContradictsRecord, NotFound
from domain.values import Provenance

MOST = 100
"""How many an owner may have: they are read together."""


@dataclass(frozen=True)
class SavedFilter:
    """A list to be asked for by name: its query parameters as they are written in an address."""

    query: Mapping[str, str]
    saved_by: str


class SavedFilters(Root):
    """The saved filters of one owner: a person's subject, a team, or `desk`."""

    TOPIC: ClassVar[str] = "filters"

    owner: str

    def begin(self) -> None:
        """Start without any."""
        self.filters: dict[str, SavedFilter] = {}

    @classmethod
    def of(cls, id: UUID, owner: str, provenance: Provenance) -> Self:
        """Open an owner's filters, with none in them."""
        return cls.open(FiltersOpened, id, provenance, owner=owner)

    def save(self, name: str, query: Mapping[str, str], provenance: Provenance) -> None:
        """Save a filter, in place of one of the same name. The same query records nothing. Raises ContradictsRecord."""
        known = self.filters.get(name)
        if known is None and len(self.filters) >= MOST:
            raise ContradictsRecord(f"{self.owner} has {MOST} saved filters. Remove one first.", "/name")
        if known is None or known.query != query:
            self.record(FilterSaved, provenance, name=name, query=dict(query))

    def remove(self, name: str, provenance: Provenance) -> None:
        """Remove a filter. Raises NotFound."""
        if name not in self.filters:
            raise NotFound(f"{self.owner} has no saved filter {name}.")
        self.record(FilterRemoved, provenance, name=name)


class FiltersOpened(Opening):
    """An owner saved their first filter."""

    TOPIC = "filters.opened"
    owner: str

    def _fold(self, saved: SavedFilters) -> None:
        saved.owner = saved.number = self.owner


class FilterSaved(Recorded):
    """A filter was saved under a name."""

    TOPIC = "filters.saved"
    name: str
    query: dict[str, str]

    def _fold(self, saved: SavedFilters) -> None:
        saved.filters = {**saved.filters, self.name: SavedFilter(self.query, self.by.subject)}


class FilterRemoved(Recorded):
    """A saved filter was removed."""

    TOPIC = "filters.removed"
    name: str

    def _fold(self, saved: SavedFilters) -> None:
        saved.filters = {name: each for name, each in saved.filters.items() if name != self.name}


EVENTS = register((FiltersOpened, FilterSaved, FilterRemoved), SavedFilters)
