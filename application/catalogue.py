"""SOP 4.1: the catalogue and the directory, kept by the administrator."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from application.catalogue_references import check_mentions
from application.execution.attempt import Attempt, Words
from application.execution.reference import entry_id
from application.execution.requests import Committed, Request, StaleVersion
from application.execution.runner import CommandRunner
from domain.aggregate import Root
from domain.catalogue import Listed, ListedCustomer, ListedHelpDesk, ListedScript, ListedService, ListedTeam
from domain.errors import Forbidden, NotFound
from domain.monitoring.source import ListedSource
from domain.values import Actor, Disclosure, DisclosureKind, Role

KINDS: dict[str, type[Listed[Any]]] = {
    "services": ListedService,
    "teams": ListedTeam,
    "help-desks": ListedHelpDesk,
    "scripts": ListedScript,
    "customers": ListedCustomer,
    "sources": ListedSource,
}
"""What the catalogue holds, by the name of its list."""

COMMANDS = ("list_entry", "issue_key", "revoke_key", "change_policy", "grant", "revoke")
"""What the administrator does (requirements.md, States and commands)."""
OPERATOR = Request(Actor("operator", Role.SYSTEM), "cli")
"""Whoever runs the installation. They have the keys and the database, and approve the first grants (R-7.1)."""


def authorise_office(actor: Actor, command: str) -> None:
    """Refuse whoever is neither the administrator nor the operator. Raises Forbidden, naming the role."""
    if actor.role not in (Role.ADMIN, Role.SYSTEM):
        raise Forbidden(f"{command.replace('_', ' ')} needs the role {Role.ADMIN}; you are {actor.role}")


class Catalogue:
    """Commands on entries. Each takes effect with its commit, for every process (`execution/reference.py`)."""

    def __init__(self, runner: CommandRunner) -> None:
        self._runner = runner

    async def entry(self, kind: str, code: str, *, version: int | None = None) -> Listed[Any]:
        """An entry as it is, retired or not, or as it was at a version. Raises NotFound."""
        listed = await self._runner.repository.find(KINDS[kind], _stream(kind, code), version)
        if listed is None or (version is not None and listed.version != version):
            raise NotFound(f"there is no such entry: {kind} {code}")
        return listed

    async def has(self, kind: str, code: str) -> bool:
        """Whether an entry was ever listed."""
        return bool(await self._runner.register.existing([_stream(kind, code)]))

    async def put(self, kind: str, entry: Any, contact: Words, request: Request) -> Committed:
        """Define an entry, or put another version in its place. Raises Forbidden, Invalid, StaleVersion.

        What an entry names must be listed (R-4.1a): a team, a help desk, a service, a criticality of the policy.
        ``request.expected`` is the version seen, 0 for an entry that must not be there yet.
        """
        authorise_office(request.actor, "list_entry")
        listed, stream = KINDS[kind], _stream(kind, entry.id)
        # A customer's entry holds the customer's own words; any other holds the desk's, under the entry's name.
        subject = entry.id if kind == "customers" else f"{kind}:{entry.id}"

        async def attempt(on: Attempt) -> Committed:
            check_mentions(entry, lambda of, code: on.reference.lists(KINDS[of], code), on.policy)
            words = on.say(subject, DisclosureKind.CONTACT, contact)
            known = await self._runner.repository.find(listed, stream)
            present = known.version if known else 0
            if request.expected is not None and request.expected != present:
                raise StaleVersion(entry.id, request.expected, present)
            if known is None:
                known = listed.define(stream, entry, words, on.provenance)
            else:
                known.change(entry, words, on.provenance, reason=reason_about(subject, on))
            return await commit_reference(self._runner, known, on)

        return await self._runner.run(entry.id, request, attempt)


def _stream(kind: str, code: str) -> UUID:
    return entry_id(KINDS[kind].TOPIC, code)


async def commit_reference(runner: CommandRunner, root: Root, on: Attempt) -> Committed:
    """Commit a change of reference data; this process looks again at once."""
    committed = await runner.commit(root, on)
    runner.references.invalidate()
    return committed


def reason_about(subject: str, on: Attempt) -> Disclosure | None:
    """The reason that the request gives, kept under the subject it is about."""
    return on.say(subject, DisclosureKind.STAFF_WORDS, {"reason": on.request.reason})
