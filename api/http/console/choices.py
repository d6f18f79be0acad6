"""What the lists of forms offer: the catalogue, the policy, and what a case has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from api.http.console.fields import Field, Option, Options
from api.http.console.wording import OWED, titled
from api.http.context import Context
from application.execution.reference import Reference
from domain.catalogue import OURS, ListedHelpDesk, ListedScript, ListedService, ListedTeam

_PROBLEMS = 100
"""Problem Cases that a form offers."""
Document = Mapping[str, Any]


def _teams(reference: Reference, _: str | None) -> Options:
    return tuple(Option(each.entry.id, each.entry.name) for each in reference.all(ListedTeam))


def _members(reference: Reference, team: str | None) -> Options:
    listed = [each for each in reference.all(ListedTeam) if team in (None, each.entry.id)]
    return tuple(Option(member, f"{member} · {each.entry.name}") for each in listed for member in each.entry.members)


def _services(reference: Reference, _: str | None) -> Options:
    return tuple(Option(each.entry.id, each.entry.name) for each in reference.all(ListedService))


def _help_desks(reference: Reference, _: str | None) -> Options:
    listed = reference.all(ListedHelpDesk)
    return tuple(Option(each.entry.id, f"{each.entry.name} · {each.entry.agency}") for each in listed)


def _scripts(reference: Reference, _: str | None) -> Options:
    return tuple(Option(each.entry.id, each.entry.name) for each in reference.all(ListedScript))


def _methods(reference: Reference, _: str | None) -> Options:
    return tuple(Option(each, titled(each)) for each in reference.policy.contact_methods)


def _criticalities(reference: Reference, _: str | None) -> Options:
    return tuple(Option(each, titled(each)) for each in reference.policy.criticalities)


def _our_help_desks(reference: Reference, _: str | None) -> Options:
    return (Option(OURS, "This one"), *_help_desks(reference, None))


_OF_REFERENCE: Mapping[str, Callable[[Reference, str | None], Options]] = {
    "teams": _teams,
    "members": _members,
    "services": _services,
    "help_desks": _help_desks,
    "scripts": _scripts,
    "methods": _methods,
    "criticalities": _criticalities,
    "our_help_desks": _our_help_desks,
}
"""Lists of the reference data. The members are those of a team, or of all."""


def _links(document: Document) -> Options:
    return tuple(Option(each["case"], f"{each['case']} · {titled(each['kind'])}") for each in document.get("links", ()))


def _obligations(document: Document) -> Options:
    owed = document.get("obligations", ())
    return tuple(Option(each["key"], OWED.get(each["kind"], titled(each["kind"]))) for each in owed)


_OF_DOCUMENT: Mapping[str, Callable[[Document], Options]] = {"links": _links, "obligations": _obligations}


async def with_options(context: Context, fields: Sequence[Field], document: Document) -> tuple[Field, ...]:
    """The fields with what they offer for a case, or whatever else they are about."""
    offered = await offers(context, fields, document)
    return tuple(offered.filled(field) for field in fields)


async def offers(context: Context, fields: Iterable[Field], document: Document) -> Offers:
    """What the fields offer. The Problem Cases are asked for once, where a field names one."""
    reference = await context.desk.references.current()
    problems = await _problems(context, document) if any(field.of == "problems" for field in fields) else ()
    return Offers(reference, document, problems)


@dataclass(frozen=True)
class Offers:
    """What fields offer for one case."""

    reference: Reference
    document: Document
    problems: Options

    def filled(self, field: Field) -> Field:
        """A field with its options."""
        if field.of in _OF_REFERENCE:
            return _filled(field, self.reference, self.document.get("team") if field.of == "members" else None)
        if field.of == "problems":
            return replace(field, options=self.problems)
        made = _OF_DOCUMENT.get(field.of)
        return field if made is None else replace(field, options=made(self.document))


@lru_cache(1_024)
def _filled(field: Field, reference: Reference, team: str | None) -> Field:
    """The same field again for the same reference data: a page has some fifty of them."""
    return replace(field, options=_OF_REFERENCE[field.of](reference, team))


async def _problems(context: Context, document: Document) -> Options:
    found = await context.ask(context.views.lists.unresolved_problems(document.get("service"), _PROBLEMS))
    words = {each["status"]: titled(each["status"]) for each in found}
    return tuple(Option(each["number"], f"{each['number']} · {words[each['status']]}") for each in found)
