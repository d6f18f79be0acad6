"""SOP 4.1, 5.3, 5.5: the catalogue of services, teams, other agencies' help desks, diagnostic scripts and customers.

Each entry is an aggregate, and its version is the entry's. A case keeps the version that decided it, so renaming a service
never changes how an old case reads (R-4.1a). Names and questions are the organisation's published words and stand in the
event. Contact data are a disclosure.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar
from uuid import UUID

from domain.aggregate import Opening, Recorded, Root, register
from domain.calendar import AROUND_THE_CLOCK, BUSINESS_HOURS
from domain.errors import Invalid
from domain.values import Disclosure, Provenance

OURS = "desk"
"""The id of this help desk."""


@dataclass(frozen=True)
class Service:
    """A service the organisation provides (SOP 4.1)."""

    id: str
    name: str
    team: str
    """The team that owns it."""
    calendar: str | None = BUSINESS_HOURS
    """Support calendar: `business` or `always`; None for its team's. Releases before 0.5.0 left `business` out."""
    criticality: str = "normal"
    help_desk: str = OURS
    owner: str | None = None
    """The person who verifies and is mailed where no customer is known (R-5.8d, R-5.9g)."""
    retired: bool = False


@dataclass(frozen=True)
class Team:
    """A service team."""

    id: str
    name: str
    members: tuple[str, ...] = ()
    calendar: str | None = BUSINESS_HOURS
    """Working hours: `business` or `always`; None for the policy's."""
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
    """A possible answer to a step, and the step or outcome it leads to."""

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
    """A diagnostic script: a tree of steps that starts with the first (R-5.5a)."""

    id: str
    name: str
    steps: tuple[ScriptStep, ...]
    service: str | None = None
    retired: bool = False


@dataclass(frozen=True)
class Customer:
    """A customer of the directory. Their contact data are a disclosure beside it."""

    id: str
    agency: str | None = None
    retired: bool = False


class CatalogueEntry(Protocol):
    """What every entry has."""

    @property
    def id(self) -> str:
        """The code that names it."""

    @property
    def retired(self) -> bool:
        """Whether it is no longer in use."""


E = TypeVar("E", bound=CatalogueEntry)


@singledispatch
def check_entry(entry: CatalogueEntry) -> None:
    """Check an entry for contradictions. Raises Invalid."""


@check_entry.register
def _check_script(script: Script) -> None:
    known = {step.id for step in script.steps}
    if not script.steps or len(known) != len(script.steps):
        raise Invalid("A script has steps, each with an id of its own.", "/steps")
    for place, step in enumerate(script.steps):
        if astray := [a.next for a in step.answers if a.next is not None and a.next not in known]:
            raise Invalid(f"There is no step {astray[0]}.", f"/steps/{place}/answers")


@check_entry.register
def _check_calendar(entry: Service | Team) -> None:
    if entry.calendar not in (None, BUSINESS_HOURS, AROUND_THE_CLOCK):
        raise Invalid(f"A calendar is {BUSINESS_HOURS} or {AROUND_THE_CLOCK}.", "/calendar")


class Listed(Root, Generic[E]):
    """An entry from version to version."""

    TOPIC: ClassVar[str]
    defined: ClassVar[type[Opening]]
    changed: ClassVar[type[Recorded]]

    entry: E
    contact: Disclosure | None

    @classmethod
    def define(cls, id: UUID, entry: E, contact: Disclosure | None, provenance: Provenance) -> Self:
        """List a new entry. Raises Invalid."""
        check_entry(entry)
        return cls.open(cls.defined, id, provenance, entry=entry, contact=contact)

    def change(
        self, entry: E, contact: Disclosure | None, provenance: Provenance, *, reason: Disclosure | None = None
    ) -> None:
        """Put another version in its place. The same content records nothing. Raises Invalid."""
        check_entry(entry)
        said, told = (known and known.texts for known in (self.contact, contact))
        if entry != self.entry or said != told:
            self.record(self.changed, provenance, entry=entry, contact=contact, reason=reason)


class EntryEvent(Recorded):
    """A version of an entry. Every event here is one."""

    entry: Any
    contact: Disclosure | None = None

    def _fold(self, listed: Any) -> None:
        listed.number, listed.entry, listed.contact = self.entry.id, self.entry, self.contact


class ServiceDefined(EntryEvent, Opening):
    """A service entered the catalogue."""

    TOPIC = "service.defined"
    entry: Service


class ServiceChanged(EntryEvent):
    """A service was changed."""

    TOPIC = "service.changed"
    entry: Service


class TeamFormed(EntryEvent, Opening):
    """A service team was formed."""

    TOPIC = "team.formed"
    entry: Team


class TeamChanged(EntryEvent):
    """A service team was changed."""

    TOPIC = "team.changed"
    entry: Team


class HelpDeskListed(EntryEvent, Opening):
    """Another agency's help desk was listed."""

    TOPIC = "help_desk.listed"
    entry: HelpDesk


class HelpDeskChanged(EntryEvent):
    """Another agency's help desk was changed."""

    TOPIC = "help_desk.changed"
    entry: HelpDesk


class ScriptPublished(EntryEvent, Opening):
    """A diagnostic script was published."""

    TOPIC = "script.published"
    entry: Script


class ScriptRevised(EntryEvent):
    """A diagnostic script was revised."""

    TOPIC = "script.revised"
    entry: Script


class CustomerRegistered(EntryEvent, Opening):
    """A customer was registered."""

    TOPIC = "customer.registered"
    entry: Customer


class CustomerChanged(EntryEvent):
    """A customer was changed."""

    TOPIC = "customer.changed"
    entry: Customer


class ListedService(Listed[Service]):
    """A service, from version to version."""

    TOPIC: ClassVar[str] = "service"
    defined, changed = ServiceDefined, ServiceChanged


class ListedTeam(Listed[Team]):
    """A service team, from version to version."""

    TOPIC: ClassVar[str] = "team"
    defined, changed = TeamFormed, TeamChanged


class ListedHelpDesk(Listed[HelpDesk]):
    """Another agency's help desk, from version to version."""

    TOPIC: ClassVar[str] = "help_desk"
    defined, changed = HelpDeskListed, HelpDeskChanged


class ListedScript(Listed[Script]):
    """A diagnostic script, from version to version."""

    TOPIC: ClassVar[str] = "script"
    defined, changed = ScriptPublished, ScriptRevised


class ListedCustomer(Listed[Customer]):
    """A customer, from version to version."""

    TOPIC: ClassVar[str] = "customer"
    defined, changed = CustomerRegistered, CustomerChanged


LISTED = (ListedService, ListedTeam, ListedHelpDesk, ListedScript, ListedCustomer)
EVENTS = {
    topic: event for listed in LISTED for topic, event in register((listed.defined, listed.changed), listed).items()
}
