"""SOP 4.1: the administrator maintains the catalogue and the directory."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from application.administration.references import check_mentions, check_owner
from application.execution.attempt import Attempt, Words
from application.execution.reference import entry_id
from application.execution.requests import Committed, Request, StaleVersion
from application.execution.runner import CommandRunner
from domain.aggregate import Root
from domain.catalogue import Listed, ListedCustomer, ListedHelpDesk, ListedScript, ListedService, ListedTeam
from domain.errors import Forbidden, NotFound
from domain.monitoring.source import ListedSource
from domain.readers.webhook import ListedWebhook
from domain.values import Actor, Disclosure, DisclosureKind, Role

KINDS: dict[str, type[Listed[Any]]] = {
    "services": ListedService,
    "teams": ListedTeam,
    "help-desks": ListedHelpDesk,
    "scripts": ListedScript,
    "customers": ListedCustomer,
    "sources": ListedSource,
    "webhooks": ListedWebhook,
}
"""Kinds of entries, by the name of their list."""

COMMANDS = (
    *("list_entry", "issue_key", "revoke_key", "change_policy", "grant", "revoke"),
    *("issue_secret", "revoke_secret", "disable_webhook", "enable_webhook", "replay_webhook", "ping_webhook"),
)
"""Commands of the administrator (requirements.md, States and commands)."""
OPERATOR = Request(Actor("operator", Role.SYSTEM), "cli")
"""The operator of the installation, who has the keys and the database and approves the first grants (R-7.1)."""


def authorise_office(actor: Actor, command: str) -> None:
    """Check that the actor is administrator or operator. Raises Forbidden, which names the role."""
    if actor.role not in (Role.ADMIN, Role.SYSTEM):
        raise Forbidden(f"{command.replace('_', ' ')} needs the role {Role.ADMIN}; you are {actor.role}")


class Catalogue:
    """Commands on entries. Each takes effect in every process with its commit (`execution/reference.py`)."""

    def __init__(self, runner: CommandRunner) -> None:
        self._runner = runner

    async def entry(self, kind: str, code: str, *, version: int | None = None) -> Listed[Any]:
        """Return an entry, retired or not, now or at a version. Raises NotFound."""
        listed = await self._runner.repository.find(KINDS[kind], _stream(kind, code), version)
        if listed is None or (version is not None and listed.version != version):
            raise NotFound(f"There is no entry {code} in {kind}.")
        return listed

    async def has(self, kind: str, code: str) -> bool:
        """Whether the entry was ever listed."""
        return bool(await self._runner.register.existing([_stream(kind, code)]))

    async def put(self, kind: str, entry: Any, contact: Words, request: Request) -> Committed:
        """Define an entry or a new version of it. Raises Forbidden, Invalid, StaleVersion.

        Teams, help desks, services and criticalities that it names must be listed (R-4.1a).
        ``request.expected`` is the version seen, or 0 for an entry that must not exist yet.
        """
        authorise_office(request.actor, "list_entry")
        listed, stream = KINDS[kind], _stream(kind, entry.id)
        # A customer's entry holds the customer's words. Any other holds the desk's words under the entry's name.
        subject = entry.id if kind == "customers" else f"{kind}:{entry.id}"

        async def attempt(on: Attempt) -> Committed:
            check_mentions(entry, lambda of, code: on.reference.lists(KINDS[of], code), on.policy)
            check_owner(entry, lambda subject: on.reference.reads_events(subject, on.at))
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
    """Commit a change of reference data, and invalidate this process's memory of it."""
    committed = await runner.commit(root, on)
    runner.references.invalidate()
    return committed


def reason_about(subject: str, on: Attempt) -> Disclosure | None:
    """Return the request's reason, stored under its subject."""
    return on.say(subject, DisclosureKind.STAFF_WORDS, {"reason": on.request.reason})
