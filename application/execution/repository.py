"""Aggregates by number or id, folded from their events and so never behind the record."""

from __future__ import annotations

import re
from typing import TypeVar
from uuid import UUID

from application.ports import EventStore, Register
from domain.aggregate import Root
from domain.case import Case
from domain.case.status import hide_from_others
from domain.data_subject import DataSubject, subject_id
from domain.errors import NotFound, UnknownReference
from domain.problem import Problem
from domain.values import Actor

_NUMBERS = {Case: re.compile(r"INC-\d{7,18}"), Problem: re.compile(r"PRB-\d{7,18}")}

R = TypeVar("R", bound=Root)


class Repository:
    """Reads aggregates."""

    def __init__(self, store: EventStore, register: Register) -> None:
        self.store, self.register = store, register

    async def identify(self, number: str, kind: type[Root] = Case) -> UUID:
        """Return the id of a case or problem by its number. Raises NotFound."""
        found = await self.register.find(number) if _NUMBERS[kind].fullmatch(number) else None
        if found is None:
            raise NotFound(f"There is no {kind.__name__.lower()} {number}.")
        return found

    async def get(self, kind: type[R], number: str, version: int | None = None) -> R:
        """Return a case or problem by its number, now or at a version. Raises NotFound."""
        return _at(await self._up_to(kind, number, version), number, version)

    async def read(self, number: str, actor: Actor, version: int | None = None) -> Case:
        """Return a case that the actor may see. Raises NotFound, also for a customer who asks for another's case."""
        case = await self._up_to(Case, number, version)
        hide_from_others(actor, number, case.customer)  # before an error can reveal its versions
        return _at(case, number, version)

    async def _up_to(self, kind: type[R], number: str, version: int | None) -> R:
        root = await self.find(kind, await self.identify(number, kind), version)
        if root is None:
            raise NotFound(f"There is no {kind.__name__.lower()} {number}.")
        return root

    async def find(self, kind: type[R], id: UUID, version: int | None = None) -> R | None:  # noqa: A002
        """Return an aggregate of a kind by its id, or None."""
        root = await self.store.load(id, until=version)
        return root if isinstance(root, kind) else None

    async def named(self, number: str, pointer: str = "/case") -> Case:
        """Return another case that a command's body names. Raises UnknownReference, which points to the field."""
        try:
            return await self.get(Case, number)
        except NotFound as error:
            raise UnknownReference(str(error), pointer) from error

    async def first_of(self, case: Case) -> Case:
        """Return the first case of a duplicate, else the case itself (R-5.6c)."""
        return case if case.goes_with is None else await self.named(case.goes_with)

    async def data_subject(self, subject: str) -> DataSubject | None:
        """Return the erasures of a person, or None if there were none."""
        return await self.find(DataSubject, subject_id(subject))

    async def erasures_of(self, subject: str) -> int:
        """Count the erasures of a person so far."""
        known = await self.data_subject(subject)
        return 0 if known is None else known.erasures


def _at(root: R, number: str, version: int | None) -> R:
    if version is not None and root.version != version:
        raise NotFound(f"{number} has no version {version}.")
    return root
