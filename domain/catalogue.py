"""SOP 4.1, 5.3, 5.5: what the desk looks things up in: services, teams, other desks, scripts, customers.

Each entry is an aggregate of its own whose version is the entry's: a case keeps the version it was decided by, so that
a service renamed today never changes how yesterday's case reads (R-4.1a). Names and questions here are the
organisation's published words and stand in the event; what reaches a person or a desk is a disclosure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar
from uuid import UUID

from domain.aggregate import Opening, Recorded, Root, register
from domain.calendar import AROUND_THE_CLOCK, BUSINESS_HOURS
from domain.errors import Invalid
from domain.values import Disclosure, Provenance

OURS = "desk"
"""The help desk that is this one."""


@dataclass(frozen=True)
class Service:
    """A service the organisation provides (SOP 4.1)."""

    id: str
    name: str
    team: str
    """Who owns it."""
    calendar: str | None = BUSINESS_HOURS
    """When it is supported: `business` or `always`. None: as its team says. Releases before 0.5.0 left `business` out."""
    criticality: str = "normal"
    help_desk: str = OURS
    owner: str | None = None
    """The person who answers for it: verifies and is mailed where no customer is known (R-5.8d, R-5.9g)."""
    retired: bool = False


@dataclass(frozen=True)
class Team:
    """A service team."""

    id: str
    name: str
    members: tuple[str, ...] = ()
    calendar: str | None = BUSINESS_HOURS
    """When it works: `business` or `always`. None: as the policy says."""
    retired: bool = False


@dataclass(frozen=True)
class HelpDesk:
    """Another agency's help desk (R-5.3b). Phone, e-mail, hours and portal are a disclosure beside it."""

    id: str
    agency: str
    name: str
    retired: bool = False


@dataclass(frozen=True)
class ScriptAnswer:
    """What may be answered to a step, and where that leads."""

    says: str
    next: str | None = None
    outcome: str | None = None


@dataclass(frozen=True)
class ScriptStep:
    """One question of a diagnostic script."""

    id: str
    question: str
    answers: tuple[ScriptAnswer, ...] = ()


@dataclass(frozen=True)
class Script:
    """A diagnostic script: a tree of steps, the first of which starts it (R-5.5a)."""

    id: str
    name: str
    steps: tuple[ScriptStep, ...]
    service: str | None = None
    retired: bool = False


@dataclass(frozen=True)
class Customer:
    """A customer of the directory; how to reach him is a disclosure beside it."""

    id: str
    agency: str | None = None
    retired: bool = False


class CatalogueEntry(Protocol):
    """What every entry has."""

    @property
    def id(self) -> str: ...
    @property
    def retired(self) -> bool: ...


E = TypeVar("E", bound=CatalogueEntry)


def check_entry(entry: CatalogueEntry) -> None:
    """Refuse an entry that contradicts itself. Raises Invalid."""
    if isinstance(entry, Script):
        known = {step.id for step in entry.steps}
        if not entry.steps or len(known) != len(entry.steps):
            raise Invalid("a script has steps, each with an id of its own", "/steps")
        for place, step in enumerate(entry.steps):
            if astray := [a.next for a in step.answers if a.next is not None and a.next not in known]:
                raise Invalid(f"there is no step {astray[0]}", f"/steps/{place}/answers")
    if isinstance(entry, Service | Team) and entry.calendar not in (None, BUSINESS_HOURS, AROUND_THE_CLOCK):
        raise Invalid(f"a calendar is {BUSINESS_HOURS} or {AROUND_THE_CLOCK}", "/calendar")


class Listed(Root, Generic[E]):
    """An entry from version to version."""

    TOPIC: ClassVar[str]
    defined: ClassVar[type[Opening]]
    changed: ClassVar[type[Recorded]]

    entry: E
    contact: Disclosure | None

    @classmethod
    def define(cls, id: UUID, entry: E, contact: Disclosure | None, provenance: Provenance) -> Self:  # noqa: A002
        """List an entry for the first time. Raises Invalid."""
        check_entry(entry)
        return cls.open(cls.defined, id, provenance, entry=entry, contact=contact)

    def change(
        self, entry: E, contact: Disclosure | None, provenance: Provenance, *, reason: Disclosure | None = None
    ) -> None:
        """Put another version in its place; one that says the same records nothing. Raises Invalid."""
        check_entry(entry)
        said, told = (known and known.texts for known in (self.contact, contact))
        if entry != self.entry or said != told:
            self.record(self.changed, provenance, entry=entry, contact=contact, reason=reason)


class EntryEvent:
    """The fold that every event here has."""

    entry: Any
    contact: Disclosure | None

    def _fold(self, listed: Any) -> None:
        listed.number, listed.entry, listed.contact = self.entry.id, self.entry, self.contact


class ServiceDefined(EntryEvent, Opening):
    TOPIC = "service.defined"
    entry: Service
    contact: Disclosure | None = None


class ServiceChanged(EntryEvent, Recorded):
    TOPIC = "service.changed"
    entry: Service
    contact: Disclosure | None = None


class TeamFormed(EntryEvent, Opening):
    TOPIC = "team.formed"
    entry: Team
    contact: Disclosure | None = None


class TeamChanged(EntryEvent, Recorded):
    TOPIC = "team.changed"
    entry: Team
    contact: Disclosure | None = None


class HelpDeskListed(EntryEvent, Opening):
    TOPIC = "help_desk.listed"
    entry: HelpDesk
    contact: Disclosure | None = None


class HelpDeskChanged(EntryEvent, Recorded):
    TOPIC = "help_desk.changed"
    entry: HelpDesk
    contact: Disclosure | None = None


class ScriptPublished(EntryEvent, Opening):
    TOPIC = "script.published"
    entry: Script
    contact: Disclosure | None = None


class ScriptRevised(EntryEvent, Recorded):
    TOPIC = "script.revised"
    entry: Script
    contact: Disclosure | None = None


class CustomerRegistered(EntryEvent, Opening):
    TOPIC = "customer.registered"
    entry: Customer
    contact: Disclosure | None = None


class CustomerChanged(EntryEvent, Recorded):
    TOPIC = "customer.changed"
    entry: Customer
    contact: Disclosure | None = None


class ListedService(Listed[Service]):
    TOPIC: ClassVar[str] = "service"
    defined, changed = ServiceDefined, ServiceChanged


class ListedTeam(Listed[Team]):
    TOPIC: ClassVar[str] = "team"
    defined, changed = TeamFormed, TeamChanged


class ListedHelpDesk(Listed[HelpDesk]):
    TOPIC: ClassVar[str] = "help_desk"
    defined, changed = HelpDeskListed, HelpDeskChanged


class ListedScript(Listed[Script]):
    TOPIC: ClassVar[str] = "script"
    defined, changed = ScriptPublished, ScriptRevised


class ListedCustomer(Listed[Customer]):
    TOPIC: ClassVar[str] = "customer"
    defined, changed = CustomerRegistered, CustomerChanged


LISTED = (ListedService, ListedTeam, ListedHelpDesk, ListedScript, ListedCustomer)
EVENTS = {
    topic: event for listed in LISTED for topic, event in register((listed.defined, listed.changed), listed).items()
}
