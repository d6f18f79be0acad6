"""SOP 4.1, 7.1: catalogue, directory, policy and grants, kept by the administrator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from eventsourcing.application import AggregateNotFoundError

from application.catalogue_references import check_mentions
from application.execution.reference import Reference, entry_id
from application.execution.requests import Committed, Request, StaleVersion
from application.execution.runner import Casework, Words
from domain.access import Access, AccessGranted, Grant
from domain.aggregate import Root
from domain.catalogue import Listed, ListedCustomer, ListedHelpDesk, ListedScript, ListedService, ListedTeam
from domain.errors import Forbidden, NotFound
from domain.monitoring_source import ListedSource
from domain.policy import Policy
from domain.policy_book import PolicyAdopted, PolicyBook
from domain.values import Actor, Disclosure, DisclosureKind, Provenance, Role

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
"""Whoever runs the installation: he who has the keys and the database approves the first grants (R-7.1)."""


def authorise_office(actor: Actor, command: str) -> None:
    """Refuse whoever is neither the administrator nor the operator. Raises Forbidden, naming the role."""
    if actor.role not in (Role.ADMIN, Role.SYSTEM):
        raise Forbidden(f"{command.replace('_', ' ')} needs the role {Role.ADMIN}; you are {actor.role}")


class Catalogue(Casework):
    """The commands on reference data. Each takes effect with its commit, for every process (`reference.py`)."""

    def entry(self, kind: str, code: str, *, version: int | None = None) -> Listed[Any]:
        """An entry as it is, retired or not, or as it was at a version. Raises NotFound."""
        listed: Listed[Any] | None = self._existing(KINDS[kind], entry_id(KINDS[kind].TOPIC, code), version)
        if listed is None or (version is not None and listed.version != version):
            raise NotFound(f"there is no such entry: {kind} {code}")
        return listed

    def has_entry(self, kind: str, code: str) -> bool:
        """Whether an entry was ever listed."""
        return bool(self.register.existing([entry_id(KINDS[kind].TOPIC, code)]))

    def list_entry(self, kind: str, entry: Any, contact: Words, reason: str | None, request: Request) -> Committed:
        """Define an entry, or put another version in its place. Raises Forbidden, Invalid, StaleVersion.

        What an entry names must be listed (R-4.1a): a team, a help desk, a service, a criticality of the policy.
        ``request.expected`` is the version seen, 0 for an entry that must not be there yet.
        """
        authorise_office(request.actor, "list_entry")
        listed, subject = KINDS[kind], self._subject(kind, entry.id)

        def attempt(reference: Reference) -> Committed:
            check_mentions(entry, lambda of, code: reference.lists(KINDS[of], code), reference.policy)
            provenance = self._provenance(request)
            said = self._say(subject, DisclosureKind.CONTACT, contact)
            known = self._existing(listed, entry_id(listed.TOPIC, entry.id))
            present = known.version if known else 0
            if request.expected is not None and request.expected != present:
                raise StaleVersion(entry.id, request.expected, present)
            if known is None:
                known = listed.define(entry_id(listed.TOPIC, entry.id), entry, said, provenance)
            else:
                known.change(entry, said, provenance, reason=self._because(subject, reason))
            return self._changed(known, request, reference)

        return self._keys.once(request, lambda: self._decide(entry.id, request, attempt))

    def policy_book(self, version: int | None = None) -> PolicyBook:
        """The policy as it is, or as it was at a version. Raises NotFound before the desk has adopted one."""
        book: PolicyBook | None = self._existing(PolicyBook, entry_id("policy", "policy"), version)
        if book is None or (version is not None and book.version != version):
            raise NotFound("there is no such policy")
        return book

    def adopt_policy(self, request: Request) -> None:
        """Put version 1 on the record, once: what a desk decides by is data from its first day."""
        stream = entry_id("policy", "policy")

        def attempt(reference: Reference) -> Committed:
            book = self._existing(PolicyBook, stream)
            if book is None:
                book = PolicyBook.open(PolicyAdopted, stream, self._provenance(request), policy=reference.policy)
            return self._changed(book, request, reference)

        self._decide("the policy", request, attempt)

    def change_policy(self, change: Callable[[Policy], Policy], reason: str, request: Request) -> Committed:
        """Put another policy in force from now on. Raises Forbidden, Invalid, StaleVersion."""
        authorise_office(request.actor, "change_policy")

        def attempt(reference: Reference) -> Committed:
            book = self.policy_book()
            self._expect(book, request)
            book.change(change(book.policy), self._provenance(request), reason=self._because("policy", reason))
            return self._changed(book, request, reference)

        return self._keys.once(request, lambda: self._decide("the policy", request, attempt))

    # 7.1

    def access(self, subject: str) -> Access:
        """What somebody may act as. Raises NotFound."""
        access: Access | None = self._existing(Access, entry_id("access", subject))
        if access is None:
            raise NotFound(f"nothing was ever granted to {subject}")
        return access

    def grant(self, subject: str, grant: Grant, reason: str | None, request: Request) -> Committed:
        """Authorise somebody (R-7.1). Raises Forbidden, Invalid."""
        authorise_office(request.actor, "grant")

        def decide(access: Access, provenance: Provenance) -> None:
            access.grant(
                replace(grant, since=max(grant.since, provenance.at)),
                provenance,
                reason=self._because(self._subject("access", subject), reason),
            )

        return self._on_access(subject, request, decide)

    def revoke(self, subject: str, role: Role, team: str | None, reason: str | None, request: Request) -> Committed:
        """Take a grant back: it counts from the next request on (R-7.1). Raises Forbidden, Invalid."""
        authorise_office(request.actor, "revoke")

        def decide(access: Access, provenance: Provenance) -> None:
            access.revoke(role, team, provenance, reason=self._because(self._subject("access", subject), reason))

        return self._on_access(subject, request, decide)

    def ensure_granted(
        self,
        subject: str,
        role: Role,
        team: str | None,
        until: datetime | None,
        request: Request,
        *,
        anew: bool,
        reason: str | None = None,
    ) -> bool:
        """Record the grant that a token needs when none is in force. Returns whether one is in force then.

        ``anew`` grants a role again that was revoked or has run out. Raises Forbidden, Invalid.
        """
        now = self.clock.now()
        of_team = team if role is Role.TEAM_MEMBER else None
        self.references.refresh()  # a revocation elsewhere may not have been heard of here
        if self.references.current().granted(subject, role, of_team, now):
            return True
        if not anew and self._ever_granted(subject, role, of_team):
            return False
        self.grant(subject, Grant(role, of_team, request.actor.subject, now, until), reason, request)
        return True

    def _ever_granted(self, subject: str, role: Role, team: str | None) -> bool:
        """Whether somebody decided on this grant before: then it ended by a decision, or by its own time."""
        events = [entry.event for entry in self.register.history(entry_id("access", subject))]
        return any(isinstance(event, AccessGranted) and (event.role, event.team) == (role, team) for event in events)

    def _on_access(self, subject: str, request: Request, decide: Callable[[Access, Provenance], None]) -> Committed:
        def attempt(reference: Reference) -> Committed:
            provenance, stream = self._provenance(request), entry_id("access", subject)
            access = self._existing(Access, stream) or Access.of(stream, subject, provenance)
            if not access.is_new:
                self._expect(access, request)
            decide(access, provenance)
            return self._changed(access, request, reference)

        return self._keys.once(request, lambda: self._decide(subject, request, attempt))

    def _existing(self, kind: type[Any], stream: Any, version: int | None = None) -> Any:
        try:
            found: Any = self.repository.get(stream, version=version)
        except AggregateNotFoundError:
            return None
        return found if isinstance(found, kind) else None

    def _changed(self, root: Root, request: Request, reference: Reference) -> Committed:
        committed = self._commit(root, (), request, reference)
        self.references.invalidate()
        return committed

    @staticmethod
    def _subject(kind: str, code: str) -> str:
        """Whose words a disclosure here is: the customer's own, for a customer of the directory; else the entry's."""
        return code if kind == "customers" else f"{kind}:{code}"

    def _because(self, subject: str, reason: str | None) -> Disclosure | None:
        return None if reason is None else self._say(subject, DisclosureKind.STAFF_WORDS, {"reason": reason})
