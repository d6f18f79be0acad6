"""Reference data of every decision: catalogue, policy and grants, as of one position of the record.

Each process keeps it in memory. A command names the position that it was decided under. The store checks it under
its lock and refuses a command that is older than the last change; the runner then decides again. So a revoked grant
or a changed policy holds for every later commit, in every process, without a look-up per request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, TypeVar
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.persistence import OperationalError

from application.execution.principals import Unauthenticated
from domain.access import Access
from domain.aggregate import Recorded, Root
from domain.calendar import SupportCalendar
from domain.case.status import STAFF
from domain.catalogue import Listed, ListedHelpDesk, ListedScript, ListedService, ListedTeam
from domain.errors import Forbidden, UnknownReference
from domain.monitoring.source import ListedSource
from domain.policy import Policy
from domain.policy_book import PolicyBook
from domain.readers.webhook import ListedWebhook
from domain.values import Actor, Role

TOPICS = frozenset({"service", "team", "help_desk", "script", "policy", "access", "source", "webhook"})
"""First parts of the topics that make up reference data. The store's index and its check name the same ones."""

SELF_EVIDENT = frozenset({Role.CUSTOMER, Role.SYSTEM})
"""Roles without a grant: customers reach their own cases, and the system is ours."""

L = TypeVar("L", bound=Listed[Any])


@lru_cache(4_096)
def entry_id(kind: str, code: str) -> UUID:
    """Derive the stream id of a catalogue entry, or of a person's grants, from its name."""
    return uuid5(NAMESPACE_URL, f"caseledger:{kind}:{code}")


@dataclass(frozen=True, eq=False)
class Reference:
    """The catalogue, the policy and the grants as of a position. It never changes, so what follows from it is remembered."""

    position: int
    policy: Policy
    roots: Mapping[UUID, Root] = field(default_factory=dict)

    def all(self, kind: type[L]) -> list[L]:
        """Return the entries of a kind that are not retired, sorted by id."""
        if kind not in self._listed:
            found = [root for root in self.roots.values() if isinstance(root, kind) and not root.entry.retired]
            self._listed[kind] = sorted(found, key=lambda root: str(root.number))
        return list(self._listed[kind])

    @cached_property
    def _listed(self) -> dict[type[Root], list[Any]]:
        return {}

    def service(self, code: str, pointer: str = "/service") -> tuple[int, str] | None:
        """Return version and name of a service, or None without a catalogue. Raises Invalid for an unknown service."""
        found = self._find(ListedService, code, pointer)
        return None if found is None else (found.version, found.entry.name)

    def team(self, code: str, technician: str | None = None) -> None:
        """Check that the team exists and that the technician belongs to it. Raises Invalid."""
        found = self._find(ListedTeam, code, "/team")
        if found and technician is not None and found.entry.members and technician not in found.entry.members:
            raise UnknownReference(f"{technician} is not a member of the team {code}.", "/technician")

    def help_desk(self, code: str) -> ListedHelpDesk:
        """Return another agency's help desk. Raises Invalid if the directory does not list it (R-5.3b)."""
        found = self._find(ListedHelpDesk, code, "/help_desk")
        if found is None:
            raise UnknownReference(f"The directory has no help desk {code}.", "/help_desk")
        return found

    def script(self, code: str) -> ListedScript | None:
        """Return a diagnostic script, or None if it is unknown."""
        return self._known(ListedScript, code)

    def owner_of(self, service: str | None) -> ListedService | None:
        """Return the service whose owner stands in for an unknown customer."""
        return None if service is None else self._known(ListedService, service)

    def calendar(self, service: str | None, team: str | None) -> SupportCalendar | None:
        """Return the service's calendar, else that of the case's team, else that of the service's team (R-4.1a)."""
        owned = self.owner_of(service)
        if owned is not None and owned.entry.calendar is not None:
            return SupportCalendar(owned.entry.calendar, "service", service, owned.version)
        code = team or (owned.entry.team if owned else None)
        held = None if code is None else self._known(ListedTeam, code)
        if held is None or held.entry.calendar is None:
            return None
        return SupportCalendar(held.entry.calendar, "team", code, held.version)

    def granted(self, subject: str, role: Role, team: str | None, at: datetime) -> bool:
        """Whether a subject may act in a role (R-7.1)."""
        if role in SELF_EVIDENT:
            return True
        if role is Role.INTAKE and (source := self.source(subject)) is not None and source.serves:
            return True  # registering the source and issuing its key is the authorisation
        access = self.roots.get(entry_id("access", subject))
        return isinstance(access, Access) and access.may_act_as(role, team, at)

    def reads_events(self, subject: str, at: datetime) -> bool:
        """Whether a subject holds a role that reads all events."""
        access = self.roots.get(entry_id("access", subject))
        grants = access.grants.values() if isinstance(access, Access) else ()
        return any(grant.role in STAFF and grant.in_force(at) for grant in grants)

    def webhook(self, code: str) -> ListedWebhook | None:
        """Return a webhook, retired or not, or None."""
        root = self.roots.get(entry_id("webhook", code))
        return root if isinstance(root, ListedWebhook) else None

    @cached_property
    def webhooks(self) -> Sequence[ListedWebhook]:
        """All webhooks, retired ones too."""
        return [root for root in self.roots.values() if isinstance(root, ListedWebhook)]

    def holders(self, role: Role, team: str | None, at: datetime) -> list[str]:
        """Return the subjects who may act in a role by a grant in force, in order."""
        people = (root for root in self.roots.values() if isinstance(root, Access))
        return sorted(access.subject for access in people if access.may_act_as(role, team, at))

    def source(self, code: str) -> ListedSource | None:
        """Return a registered monitoring source, retired or not, or None."""
        root = self.roots.get(entry_id("source", code))
        return root if isinstance(root, ListedSource) else None

    def lists(self, kind: type[Listed[Any]], code: str) -> bool:
        """Whether the entry exists and is not retired."""
        return self._known(kind, code) is not None

    def names_service(self, code: str) -> bool:
        """Whether the catalogue lists the service, or there is no catalogue."""
        return self._known(ListedService, code) is not None or not any(
            isinstance(root, ListedService) for root in self.roots.values()
        )

    @cached_property
    def key_holders(self) -> Mapping[str, ListedSource]:
        """Sources by the ids of their keys, including revoked keys."""
        sources = [root for root in self.roots.values() if isinstance(root, ListedSource)]
        return {key: source for source in sources for key in source.keys}

    @cached_property
    def senders(self) -> Mapping[str, str]:
        """Sources by the mail addresses that they write from, in lower case."""
        sources = [root for root in self.roots.values() if isinstance(root, ListedSource) and not root.entry.retired]
        told = {source.entry.id: source.contact.text("senders") for source in sources if source.contact}
        return {
            address: source
            for source, said in told.items()
            for address in (said or "").casefold().replace(",", " ").split()
        }

    def require_key(self, source: str, key: str) -> None:
        """Raises Unauthenticated if a source's key is revoked, even if it was admitted earlier."""
        listed = self.source(source)
        if listed is None or listed.entry.retired or not listed.opens(key):
            raise Unauthenticated("The key is not valid, or no longer.")

    def require_grant(self, actor: Actor, at: datetime) -> None:
        """Check that the actor's role is granted. Raises Forbidden, which names the role."""
        if not self.granted(actor.subject, actor.role, actor.team, at):
            of = f" of {actor.team}" if actor.team else ""
            raise Forbidden(f"no grant of the role {actor.role}{of} is in force for {actor.subject}")

    def _find(self, kind: type[L], code: str, pointer: str) -> L | None:
        found = self._known(kind, code)
        if found is None and any(isinstance(root, kind) for root in self.roots.values()):
            raise UnknownReference(f"There is no {kind.TOPIC.replace('_', ' ')} {code}.", pointer)
        return found

    def _known(self, kind: type[L], code: str) -> L | None:
        root = self.roots.get(entry_id(kind.TOPIC, code))
        return root if isinstance(root, kind) and not root.entry.retired else None


Changes = Callable[[int], Awaitable[Sequence[tuple[int, Recorded]]]]
"""Reads the events of reference data after a position, each with its position, in order."""


_PATIENCE = 8.0
"""Seconds to wait for a look-up that another command has begun."""


class References:
    """The reference data of this process. Commands read `current`; the listener calls `invalidate` on each change.

    With a listener, memory is valid only while it hears changes (`listened`). Otherwise each reader looks it up.
    A process without a listener decides by memory, and the store refuses its commit if memory is out of date.
    """

    def __init__(self, changes: Changes, first_policy: Callable[[], Policy]) -> None:
        self._changes, self._first_policy = changes, first_policy
        self._reference: Reference | None = None
        self._told, self._seen = object(), object()
        """The last change announced, and the last one that a look-up has seen."""
        self._deaf = False
        self._looking = asyncio.Lock()
        self._looks, self._failed = 0, False

    @property
    def known(self) -> Reference | None:
        """Return the reference data in memory, or None where it must be looked up."""
        return None if self._deaf or self._told is not self._seen else self._reference

    async def current(self) -> Reference:
        """Return the reference data in force; look it up if memory is not valid. Raises OperationalError."""
        if (known := self.known) is not None:
            return known
        await self.refresh()
        assert self._reference is not None
        return self._reference

    def invalidate(self) -> None:
        """Mark memory as out of date: the next command looks it up."""
        self._told = object()

    def listened(self, hearing: bool) -> None:
        """Report whether the listener hears changes from now on. It may have missed earlier ones."""
        self.invalidate()
        self._deaf = not hearing

    async def newer_than(self, known: Reference) -> Reference | None:
        """Look up now. Returns the reference data in force if it differs from ``known``, else None."""
        await self.refresh()
        now = self._reference
        return None if now is known else now

    async def refresh(self) -> bool:
        """Look up now. Returns whether anything has changed. Raises OperationalError.

        Commands that arrive during a look-up wait. The first of them looks up again; the others share its result.
        """
        before, came = self._reference, self._looks
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._looking.acquire()
        except TimeoutError:
            raise OperationalError("The database did not answer in time with catalogue, policy and grants.") from None
        try:
            if self._looks == came:
                await self._look()
            elif self._failed:
                raise OperationalError("catalogue, policy and grants cannot be looked up")
        finally:
            self._looking.release()
        return self._reference is not before

    async def _look(self) -> None:
        self._looks, self._failed, told = self._looks + 1, True, self._told
        known = self._reference or Reference(0, self._first_policy())
        changes = await self._changes(known.position)
        if changes or self._reference is None:
            self._reference = _folded(known, changes)
        self._seen, self._failed = told, False


def _folded(known: Reference, changes: Sequence[tuple[int, Recorded]]) -> Reference:
    roots, position, policy = dict(known.roots), known.position, known.policy
    for position, event in changes:  # noqa: B007 - the last one is where we are
        before = roots.get(event.originator_id)
        # Readers of the old reference must not see it change: fold into a copy.
        root = event.mutate(copy(before))
        assert isinstance(root, Root)
        roots[event.originator_id] = root
        if isinstance(root, PolicyBook):
            policy = root.policy
    return Reference(position, policy, roots)
