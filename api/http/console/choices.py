"""What the lists of forms offer: the catalogue, the policy, and what a case has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from api.http.console.fields import Field, Option, Options
from api.http.console.wording import OWED, titled
from api.http.context import Context
from application.execution.reference import Reference
from application.views.questions import Page
from domain.catalogue import OURS, ListedHelpDesk, ListedScript, ListedService, ListedTeam

_PROBLEMS = 100
Document = Mapping[str, Any]


def _teams(reference: Reference, _: Document) -> Options:
    return [Option(each.entry.id, each.entry.name) for each in reference.all(ListedTeam)]


def _members(reference: Reference, document: Document) -> Options:
    team = document.get("team")
    listed = [each for each in reference.all(ListedTeam) if team in (None, each.entry.id)]
    return [Option(member, f"{member} · {each.entry.name}") for each in listed for member in each.entry.members]


def _services(reference: Reference, _: Document) -> Options:
    return [Option(each.entry.id, each.entry.name) for each in reference.all(ListedService)]


def _help_desks(reference: Reference, _: Document) -> Options:
    return [Option(each.entry.id, f"{each.entry.name} · {each.entry.agency}") for each in reference.all(ListedHelpDesk)]


def _scripts(reference: Reference, _: Document) -> Options:
    return [Option(each.entry.id, each.entry.name) for each in reference.all(ListedScript)]


def _methods(reference: Reference, _: Document) -> Options:
    return [Option(each, titled(each)) for each in reference.policy.contact_methods]


def _links(_: Reference, document: Document) -> Options:
    return [Option(each["case"], f"{each['case']} · {titled(each['kind'])}") for each in document.get("links", ())]


def _obligations(_: Reference, document: Document) -> Options:
    owed = document.get("obligations", ())
    return [Option(each["key"], OWED.get(each["kind"], titled(each["kind"]))) for each in owed]


def _criticalities(reference: Reference, _: Document) -> Options:
    return [Option(each, titled(each)) for each in reference.policy.criticalities]


def _our_help_desks(reference: Reference, document: Document) -> Options:
    return [Option(OURS, "This one"), *_help_desks(reference, document)]


_LISTS: Mapping[str, Callable[[Reference, Document], Options]] = {
    "teams": _teams,
    "members": _members,
    "services": _services,
    "help_desks": _help_desks,
    "scripts": _scripts,
    "methods": _methods,
    "links": _links,
    "obligations": _obligations,
    "criticalities": _criticalities,
    "our_help_desks": _our_help_desks,
}


async def with_options(context: Context, fields: Sequence[Field], document: Document) -> tuple[Field, ...]:
    """The fields with what they offer for a case, or whatever else they are about."""
    reference = await context.desk.references.current()
    return tuple([await _with_options(context, field, reference, document) for field in fields])


async def _with_options(context: Context, field: Field, reference: Reference, document: Document) -> Field:
    if field.of == "problems":
        return replace(field, options=await _problems(context, document))
    known = _LISTS.get(field.of)
    return field if known is None else replace(field, options=known(reference, document))


async def _problems(context: Context, document: Document) -> Options:
    service = document.get("service")
    listing = await context.ask(
        context.views.lists.problems({"service": service} if service else {}, Page(limit=_PROBLEMS))
    )
    alive = [each for each in listing.items if each["status"] not in ("resolved", "closed")]
    return [Option(each["number"], f"{each['number']} · {titled(each['status'])}") for each in alive]
