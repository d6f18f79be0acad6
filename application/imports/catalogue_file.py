"""Catalogue files: entries of the catalogue, customers, known errors and grants in one document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from application.administration.catalogue import KINDS, OPERATOR
from application.administration.entries import TYPES, Entry, read_entry
from application.administration.references import missing
from application.desk import Desk
from application.execution.reference import entry_id
from domain.errors import Invalid
from domain.values import CODE, Role

_ORDER = ("teams", "help-desks", "services", "scripts", "sources")
_ARTICLE = ("title", "symptoms", "workaround")
SECTIONS = (*_ORDER, "customers", "known-errors", "grants")


@dataclass
class Plan:
    """The checked content of a file, before any of it takes effect."""

    entries: list[tuple[str, Entry, dict[str, Any]]] = field(default_factory=list)
    known_errors: list[tuple[str, str | None, dict[str, str]]] = field(default_factory=list)
    grants: list[tuple[str, Role, str | None]] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    """Errors in the file. A plan with findings does not run."""
    unreadable: set[tuple[str, str]] = field(default_factory=set)
    """Kind and id of the entries that have findings."""


async def read_catalogue(desk: Desk, document: Any) -> Plan:
    """Check a whole document before any of it takes effect."""
    plan = Plan()
    if not isinstance(document, Mapping):
        plan.findings.append(f"a catalogue has sections: {', '.join(SECTIONS)}")
        return plan
    sections = {str(name).replace("_", "-"): content for name, content in document.items()}
    plan.findings += [f"{name}: no such section" for name in sections if name not in SECTIONS]
    for kind in _ORDER:
        for code, given in _members(plan, kind, sections.get(kind)):
            _add_entry(plan, kind, code, given)
    for place, given in _members(plan, "customers", sections.get("customers")):
        contact = {name: given.get(name) for name in ("name", "email", "phone")}
        if not (contact["email"] or contact["phone"]):
            plan.findings.append(f"customers/{place}: an email or a phone is needed")
            continue
        others = {name: value for name, value in given.items() if name not in contact}
        told = {name: value for name, value in contact.items() if value is not None}
        _add_entry(plan, "customers", await desk.pseudonyms.of(contact), {**others, "contact": told}, place)
    await _check_mentions(desk, plan)
    for code, given in _members(plan, "known-errors", sections.get("known-errors")):
        _add_known_error(plan, code, given)
    for subject, given in _members(plan, "grants", sections.get("grants")):
        _add_grant(plan, subject, given)
    return plan


async def carry_out(desk: Desk, plan: Plan) -> Counter[str]:
    """List every entry. Unchanged entries record nothing. Returns the count of each kind."""
    done: Counter[str] = Counter()
    for kind, entry, contact in plan.entries:
        await desk.catalogue.put(kind, entry, contact, OPERATOR)
        done[kind] += 1
    for code, service, article in plan.known_errors:
        await desk.problems.import_known_error(entry_id("known_error", code), service, article, OPERATOR)
        done["known-errors"] += 1
    for subject, role, team in plan.grants:
        await desk.grants.ensure(subject, role, team, None, OPERATOR, anew=False)
        done["grants"] += 1
    return done


def _members(plan: Plan, section: str, content: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if content is None:
        return
    if isinstance(content, list):
        content = {str(place): given for place, given in enumerate(content)}
    if not isinstance(content, Mapping):
        plan.findings.append(f"{section}: a mapping from id to entry, or a list")
        return
    for code, given in content.items():
        if isinstance(given, Mapping):
            yield str(code), dict(given)
        else:
            plan.findings.append(f"{section}/{code}: an entry has fields")


def _add_entry(plan: Plan, kind: str, code: str, given: dict[str, Any], place: str | None = None) -> None:
    assert kind in TYPES
    try:
        plan.entries.append((kind, *read_entry(kind, code, given)))
    except Invalid as error:
        plan.findings.append(f"{kind}/{place or code}{error.pointer}: {error}")
        plan.unreadable.add((kind, code))


async def _check_mentions(desk: Desk, plan: Plan) -> None:
    """Find references that neither the file nor the desk can resolve."""
    await desk.references.refresh()
    reference = await desk.references.current()
    told = {(kind, entry.id): not entry.retired for kind, entry, _ in plan.entries}

    def listed(kind: str, code: str) -> bool:
        if (kind, code) in plan.unreadable:
            return True  # already a finding
        return told.get((kind, code), reference.lists(KINDS[kind], code))

    for kind, entry, _ in plan.entries:
        plan.findings += [f"{kind}/{entry.id}{at}: {why}" for at, why in missing(entry, listed, reference.policy)]


def _add_known_error(plan: Plan, code: str, given: dict[str, Any]) -> None:
    article = {name: str(given[name]) for name in _ARTICLE if given.get(name)}
    if missing := set(_ARTICLE) - set(article):
        plan.findings.append(f"known-errors/{code}: {', '.join(sorted(missing))} missing")
        return
    if strange := set(given) - {*_ARTICLE, "service"}:
        plan.findings.append(f"known-errors/{code}: {', '.join(sorted(strange))} is no field of a known error")
        return
    service = given.get("service")
    plan.known_errors.append((code, None if service is None else str(service), article))


def _add_grant(plan: Plan, subject: str, given: dict[str, Any]) -> None:
    team = given.get("team")
    try:
        role = Role(str(given.get("role")))
    except ValueError:
        plan.findings.append(f"grants/{subject}: {given.get('role')} is no role")
        return
    if not CODE.fullmatch(subject) or (role is Role.TEAM_MEMBER) != (team is not None):
        plan.findings.append(f"grants/{subject}: a team member is granted a team, and nobody else is")
        return
    plan.grants.append((subject, role, team))
