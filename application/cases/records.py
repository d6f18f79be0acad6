"""Cases and problems, now or at any past moment, from their events alone and so never behind."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from application.cases.visibility import shows
from application.execution.repository import Repository
from application.execution.requests import Committed
from application.ports import Entry, Head
from domain.aggregate import Recorded, Root
from domain.case import Case
from domain.case.clauses.logging import Logged
from domain.case.status import STAFF, authorise_reading, hide_from_others
from domain.errors import Forbidden, NotFound
from domain.problem import Problem
from domain.values import Actor, Role


@dataclass(frozen=True)
class Replayed:
    """A history up to a moment, and the state it folds to."""

    root: Root
    history: Sequence[Entry]


@dataclass(frozen=True)
class HistoryPage:
    """Some events of a case, oldest first."""

    entries: Sequence[Entry]
    head: Head
    """The last event of the case."""
    next: int | None
    """The version after which the next page begins; None at the end."""


@dataclass(frozen=True)
class Reading:
    """A case with its history, read at one moment."""

    case: Case
    first: Sequence[Entry]
    """Its first event, where the last ones leave others out."""
    last: Sequence[Entry]
    """Its last events, or all."""


class CaseRecords:
    """Reads cases from their events alone, without views or any other state (audit.md, Commands)."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    async def case(
        self,
        number: str,
        actor: Actor,
        *,
        version: int | None = None,
        position: int | None = None,
        as_of: datetime | None = None,
    ) -> Case:
        """Return a case, now or at the point that `then` describes. Raises Forbidden, NotFound."""
        authorise_reading(actor)
        if position is None and as_of is None:
            return await self._repository.read(number, actor, version)
        known = then(await self.history(number, actor), number, version=version, position=position, as_of=as_of)
        case = folded(known)
        assert isinstance(case, Case)
        return case

    async def reading(self, number: str, actor: Actor, *, last: int | None = None) -> Reading:
        """Return a case with its history, or with its first event and so many of the last. Raises Forbidden, NotFound.

        A history that is read whole also folds to the case: a short case costs one question.
        """
        authorise_reading(actor)
        store, id_ = self._repository.store, await self._repository.identify(number)
        entries = await store.history(id_, last=last)
        if entries and entries[0].event.originator_version > 1:
            first, case = await asyncio.gather(store.history(id_, until=1), self._repository.read(number, actor))
            ends = entries[-1].event.originator_version
            if case.version > ends:
                entries += await store.history(id_, after=ends, until=case.version)
            return Reading(case, first, entries)
        root = folded(entries) if entries else None
        if not isinstance(root, Case):
            raise NotFound(f"There is no case {number}.")
        hide_from_others(actor, number, root.customer)
        return Reading(root, (), entries)

    async def head(self, number: str, actor: Actor) -> Head:
        """Return the last event of a case, without folding the case. Raises Forbidden, NotFound."""
        return await self._head(number, await self._visible(number, actor))

    async def history(self, number: str, actor: Actor, *, after: int = 0) -> list[Entry]:
        """Return the events of a case after a version. Raises Forbidden, NotFound."""
        return await self._repository.store.history(await self._visible(number, actor), after=after)

    async def history_page(self, number: str, actor: Actor, after: int, limit: int) -> HistoryPage:
        """Return the next events after a version that the actor sees. Raises Forbidden, NotFound."""
        store, case = self._repository.store, await self._visible(number, actor)
        head, entries = await self._head(number, case), list[Entry]()
        while len(entries) < limit and after < head.version:
            for entry in await store.history(case, after=after, until=head.version, limit=limit):
                after = entry.event.originator_version
                if shows(actor.role, entry.event):
                    entries.append(entry)
                if len(entries) == limit:
                    break
        return HistoryPage(entries, head, after if after < head.version else None)

    async def _visible(self, number: str, actor: Actor) -> UUID:
        """Return the id of a case that the actor may see. Raises Forbidden, NotFound."""
        authorise_reading(actor)
        case = await self._repository.identify(number)
        if actor.role is Role.CUSTOMER:
            (opened,) = await self._repository.store.history(case, until=1)
            assert isinstance(opened.event, Logged)
            hide_from_others(actor, number, opened.event.customer)  # which no later event changes
        return case

    async def _head(self, number: str, case: UUID) -> Head:
        head = await self._repository.store.head(case)
        if head is None:
            raise NotFound(f"there is no case {number}")
        return head

    async def replay(
        self,
        number: str,
        actor: Actor,
        *,
        version: int | None = None,
        position: int | None = None,
        as_of: datetime | None = None,
    ) -> Replayed:
        """Replay a case or a problem, now or at the point `then` describes; staff only. Raises Forbidden, NotFound."""
        if actor.role not in STAFF:
            raise Forbidden(f"A replay needs the role {' or '.join(sorted(STAFF))}; you are {actor.role}")
        kind = Problem if number.startswith("PRB-") else Case
        entries = then(await self._history(number, kind), number, version=version, position=position, as_of=as_of)
        return Replayed(folded(entries), entries)

    async def event_of(self, committed: Committed) -> Recorded:
        """Return the last event of the command's aggregate. A repeated answer gives the same event."""
        version = committed.root.version
        entries = await self._repository.store.history(committed.root.id, after=version - 1, until=version)
        return entries[-1].event

    async def _history(self, number: str, kind: type[Root]) -> list[Entry]:
        return await self._repository.store.history(await self._repository.identify(number, kind))


def folded(history: Sequence[Entry]) -> Root:
    """Fold a history into its state."""
    root: Root | None = None
    for entry in history:
        root = entry.event.mutate(root)
    assert root is not None
    return root


def then(
    history: Sequence[Entry],
    number: str,
    *,
    version: int | None = None,
    position: int | None = None,
    as_of: datetime | None = None,
) -> Sequence[Entry]:
    """The history up to a point. If both `position` and `as_of` are given, the earlier one wins.

    A ``version`` must exist by then, and ends the history. Raises NotFound.
    """
    known = [
        entry.event.originator_version
        for entry in history
        if (position is None or entry.position <= position) and (as_of is None or entry.recorded_at <= as_of)
    ]
    if not known:
        raise NotFound(f"{number} did not exist then.")
    if version is not None and version not in range(1, max(known) + 1):
        had = f"{number} has no version" if position is None and as_of is None else f"{number} then had no version"
        raise NotFound(f"{had} {version}.")
    return [entry for entry in history if entry.event.originator_version <= (version or max(known))]
