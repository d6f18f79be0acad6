"""The forms of the entries that the administrator keeps: the fields of the API's bodies, in the same order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from api.http.console.fields import Field, Kind, choice, line, options
from domain.monitoring.source import SourceKind

_HOURS = options(business="Business hours", always="Around the clock")


@dataclass(frozen=True)
class EntryForm:
    """How a kind of entry is shown and changed."""

    one: str
    place: str
    """The page that lists them."""
    fields: tuple[Field, ...]
    columns: tuple[str, ...]
    """The fields that the list shows, beside id and name."""
    about: str


def _optional(name: str, label: str, hint: str = "") -> Field:
    return line(name, label, required=False, hint=hint)


_RETIRED = Field("retired", "Retired: no longer used. It stays readable.", Kind.CHECK)
CODE = line("id", "Id", hint="Letters, digits and . _ : / @ + -. Cases and tokens name it, and it never changes.")
FORMS: Mapping[str, EntryForm] = {
    "services": EntryForm(
        "service",
        "catalogue",
        (
            line("name", "Name"),
            choice("team", "Team that owns it", "teams"),
            choice("calendar", "When it is supported", _HOURS, required=False, hint="As its team, unless given."),
            choice("criticality", "How critical it is", "criticalities"),
            choice("help_desk", "Help desk", "our_help_desks"),
            _optional("owner", "Who answers for it", "Their id. They verify and are mailed if there is no customer."),
            _optional("contact.name", "The owner's name"),
            _optional("contact.email", "The owner's e-mail"),
            _optional("contact.phone", "The owner's telephone"),
            _RETIRED,
        ),
        ("team", "criticality", "calendar"),
        "What the organisation provides. A case keeps the version that it was logged under.",
    ),
    "scripts": EntryForm(
        "diagnostic script",
        "catalogue",
        (
            line("name", "Name"),
            choice("service", "Service", "services", required=False),
            Field(
                "steps",
                "Steps",
                Kind.JSON,
                hint='As the API takes them: [{"id": "power", "question": "Is it on?", "answers": [{"says": "no", '
                '"outcome": "switch it on"}]}]. The first one starts it.',
            ),
            _RETIRED,
        ),
        ("service",),
        "Questions that lead to what is wrong.",
    ),
    "teams": EntryForm(
        "team",
        "teams",
        (
            line("name", "Name"),
            Field("members", "Members", Kind.LINES, required=False, hint="Their ids, one on a line."),
            choice("calendar", "When it works", _HOURS, required=False, hint="As the policy says, unless given."),
            _RETIRED,
        ),
        ("members", "calendar"),
        "Who works on what the desk hands over. A member also needs a grant.",
    ),
    "help-desks": EntryForm(
        "help desk",
        "teams",
        (
            line("agency", "Agency"),
            line("name", "Name"),
            _optional("contact.phone", "Telephone"),
            _optional("contact.email", "E-mail"),
            _optional("contact.hours", "When it is there"),
            _optional("contact.portal", "Web page"),
            _RETIRED,
        ),
        ("agency",),
        "Other agencies' help desks, to which a case is referred.",
    ),
    "sources": EntryForm(
        "monitoring source",
        "sources",
        (
            line("name", "Name"),
            choice("kind", "Protocol", options(**{each: each.replace("_", " ") for each in SourceKind})),
            Field(
                "rules",
                "What labels mean",
                Kind.JSON,
                required=False,
                hint='As the API takes them: [{"match": {"severity": "critical"}, "service": "printing", "impact": 1}]. '
                "The first that matches wins.",
            ),
            Field(
                "defaults",
                "What holds if no rule says otherwise",
                Kind.JSON,
                required=False,
                hint='Such as {"match": {}, "severity": 2}.',
            ),
            _optional("contact.senders", "Addresses that it mails from", "With commas between."),
            _RETIRED,
        ),
        ("kind",),
        "Monitoring systems whose alerts become cases.",
    ),
    "webhooks": EntryForm(
        "webhook",
        "webhooks",
        (
            line("name", "Name"),
            line("owner", "Owner", hint="Whose rights count: nothing is sent once they may not read events."),
            Field("topics", "Events", Kind.LINES, required=False, hint="Such as case.* or case.logged. All, if none."),
            line("contact.url", "Address", hint="https://…"),
            _RETIRED,
        ),
        ("owner", "topics"),
        "Programs that are sent events as they happen.",
    ),
    "customers": EntryForm(
        "customer",
        "customers",
        (
            _optional("contact.name", "Name"),
            _optional("contact.email", "E-mail"),
            _optional("contact.phone", "Telephone"),
            _optional("agency", "Agency", "Its id, such as dot."),
            _RETIRED,
        ),
        ("agency",),
        "Who somebody is, however they write or call. What is typed here is erased with their data.",
    ),
}
"""The forms by the kinds of the API."""
PLACES = {
    "catalogue": ("Catalogue", ("services", "scripts")),
    "teams": ("Teams and directory", ("teams", "help-desks")),
    "sources": ("Monitoring sources", ("sources",)),
    "webhooks": ("Webhooks", ("webhooks",)),
    "customers": ("Customers", ("customers",)),
}
"""The pages that list entries."""
