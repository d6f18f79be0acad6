"""Entries of the catalogue and the directory."""

from __future__ import annotations

from typing import Annotated

from api.http.documents.base import (
    AgencyCode,
    At,
    CustomerCode,
    Document,
    EmailText,
    NameText,
    Page,
    PersonCode,
    PhoneText,
    Position,
    ServiceCode,
    TeamCode,
)
from api.http.fields import LevelNumber, such_as
from domain.monitoring.source import SourceKind
from domain.values import Nature

EntryVersion = Annotated[int, such_as(1)]
CalendarName = Annotated[str, such_as("business")]
Retired = Annotated[bool, such_as(False)]


class EntryPage(Page):
    """A list of entries, which is never paged."""

    next_cursor: None
    """Always null: the list is whole."""


class ContactDetails(Document):
    """How to reach a person. Null once erased."""

    name: NameText | None = None
    """Their name."""
    email: EmailText | None = None
    """Their mail address."""
    phone: PhoneText | None = None
    """Their telephone number."""


class Service(Document):
    """A service that the organisation provides (SOP 4.1)."""

    id: ServiceCode
    """Its id."""
    name: Annotated[str, such_as("Printing")]
    """Its name."""
    team: TeamCode
    """The id of the team that owns it."""
    calendar: CalendarName | None
    """When it is supported: `business` or `always`. Null: as its team says."""
    criticality: Annotated[str, such_as("normal")]
    """How critical it is: one of the policy's `criticalities`."""
    help_desk: Annotated[str, such_as("desk")]
    """The id of the help desk that it belongs to: `desk` is this one."""
    owner: PersonCode | None
    """Who answers for it: verifies and is mailed if there is no customer (R-5.8d)."""
    retired: Retired
    """Whether it is no longer offered."""
    contact: ContactDetails | None = None
    """How to reach its owner."""
    version: EntryVersion
    """Its version."""


class ServicePage(EntryPage):
    """The services."""

    items: list[Service]
    """The services, by id."""


class Team(Document):
    """A service team."""

    id: TeamCode
    """Its id."""
    name: Annotated[str, such_as("Network and printing")]
    """Its name."""
    members: list[PersonCode]
    """The ids of its members."""
    calendar: CalendarName | None
    """When it works: `business` or `always`. Null: as the policy says."""
    retired: Retired
    """Whether it is no longer there."""
    version: EntryVersion
    """Its version."""


class TeamPage(EntryPage):
    """The teams."""

    items: list[Team]
    """The teams, by id."""


class HelpDeskContact(Document):
    """How to reach a help desk. Null once erased."""

    phone: Annotated[str, such_as("405-555-0100")] | None = None
    """Its telephone number."""
    email: Annotated[str, such_as("help@dhs.example")] | None = None
    """Its mail address."""
    hours: Annotated[str, such_as("Mon-Fri 07:00-18:00")] | None = None
    """When it is there."""
    portal: Annotated[str, such_as("https://dhs.example/help")] | None = None
    """Its web page."""


class HelpDesk(Document):
    """Another agency's help desk (R-5.3b)."""

    id: Annotated[str, such_as("dhs")]
    """Its id."""
    agency: Annotated[str, such_as("Department of Human Services")]
    """Its agency."""
    name: Annotated[str, such_as("DHS Help Desk")]
    """Its name."""
    retired: Retired
    """Whether it is no longer there."""
    contact: HelpDeskContact | None = None
    """How to reach it."""
    version: EntryVersion
    """Its version."""


class HelpDeskPage(EntryPage):
    """The help desks."""

    items: list[HelpDesk]
    """The help desks, by id."""


class ScriptAnswer(Document):
    """A possible answer to a step."""

    says: Annotated[str, such_as("no")]
    """The answer."""
    next: Annotated[str, such_as("queue")] | None
    """The id of the step that follows."""
    outcome: Annotated[str, such_as("switch it on")] | None
    """Where it ends."""


class ScriptStep(Document):
    """One question of a diagnostic script."""

    id: Annotated[str, such_as("power")]
    """Its id in the script."""
    question: Annotated[str, such_as("Is it on?")]
    """The question."""
    answers: list[ScriptAnswer]
    """What may be answered."""


class Script(Document):
    """A diagnostic script (R-5.5a). Its first step starts it."""

    id: Annotated[str, such_as("printing-basics")]
    """Its id."""
    name: Annotated[str, such_as("A printer does not print")]
    """Its name."""
    steps: list[ScriptStep]
    """Its steps."""
    service: ServiceCode | None
    """The id of the service that it is for."""
    retired: Retired
    """Whether it is no longer used."""
    version: EntryVersion
    """Its version."""


class ScriptPage(EntryPage):
    """The diagnostic scripts."""

    items: list[Script]
    """The scripts, by id."""


class MappingRule(Document):
    """What labels mean. The first rule that matches wins; what it leaves open, the defaults say."""

    match: Annotated[dict[str, str | list[str]], such_as({"job": ["lpd", "cups*"]})]
    """Labels and their values: one, or one of several. A value may end in `*`."""
    service: ServiceCode | None
    """The id of the service."""
    impact: LevelNumber | None
    """1 (high) to 3 (low)."""
    severity: LevelNumber | None
    """1 (high) to 3 (low)."""
    nature: Annotated[Nature, such_as("actual")] | None
    """Whether the service is interrupted now, or will be."""
    nominate_major: Annotated[bool, such_as(False)] | None
    """Whether it is nominated as a major incident (R-5.7b)."""


class SourceKey(Document):
    """A key of a monitoring source. The key itself is not stored."""

    id: Annotated[str, such_as("3f9a1c7e")]
    """Its id."""
    issued_at: At
    """When it was issued."""
    revoked_at: At | None
    """When it was revoked."""


class SourceContact(Document):
    """Where a monitoring system writes from. Null once erased."""

    senders: Annotated[str, such_as("prometheus@desk.example")] | None = None
    """Its mail addresses, separated by commas."""


class Source(Document):
    """A monitoring system, and what its labels mean here."""

    id: Annotated[str, such_as("prometheus")]
    """Its id."""
    name: Annotated[str, such_as("Prometheus")]
    """Its name."""
    kind: Annotated[SourceKind, such_as("alertmanager")]
    """The protocol that it speaks."""
    rules: list[MappingRule]
    """The mapping of its labels."""
    defaults: MappingRule | None
    """What holds if no rule says otherwise."""
    retired: Retired
    """Whether nothing of it is taken in any more."""
    contact: SourceContact | None = None
    """Where it writes from."""
    keys: list[SourceKey]
    """Its keys."""
    version: EntryVersion
    """Its version, and so that of its mapping."""


class SourcePage(EntryPage):
    """The monitoring sources."""

    items: list[Source]
    """The sources, by id."""


class IssuedKey(Source):
    """A source with the key that was just issued."""

    key: Annotated[str, such_as("clk_3f9a1c7eXXXXXXXXXXXXXXXXXXXX")] | None
    """The key. It is shown once, here: null when the request is repeated."""
    key_id: Annotated[str, such_as("3f9a1c7e")]
    """Its id."""


class DirectoryCustomer(Document):
    """A customer of the directory."""

    id: CustomerCode
    """Their customer id."""
    agency: AgencyCode | None
    """The id of their agency."""
    retired: Retired
    """Whether they are no longer there."""
    contact: ContactDetails | None = None
    """How to reach them."""
    version: EntryVersion
    """Its version."""


class UnlistedCustomer(Document):
    """The customer id of somebody who is not in the directory."""

    id: CustomerCode
    """Their customer id: it follows from the address."""
    version: Annotated[int, such_as(0)]
    """Always 0."""


class FoundCustomer(EntryPage):
    """The customer of an address."""

    items: list[DirectoryCustomer | UnlistedCustomer]
    """The one customer."""
    as_of_position: Position
    """The position in the ledger that the answer is as of."""
