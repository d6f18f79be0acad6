"""Saved filters: each person keeps their own, and a team, or the desk, those that its members share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from uuid import UUID

from application.execution.attempt import Attempt
from application.execution.reference import entry_id
from application.execution.requests import Committed, Request, StaleVersion
from application.execution.runner import CommandRunner
from domain.access import require_role
from domain.case.status import STAFF
from domain.catalogue import OURS
from domain.readers.saved_filters import SavedFilters
from domain.values import Actor

COMMANDS = ("save_filter", "remove_filter")


class Filters:
    """Commands on saved filters, and those that a person works with."""

    def __init__(self, runner: CommandRunner) -> None:
        self._runner = runner

    async def of(self, actor: Actor) -> list[SavedFilters]:
        """Return the filters of a person, then those of their team or of the desk, where there are any."""
        found = [await self._runner.repository.find(SavedFilters, stream) for _, stream in _owners(actor)]
        return [each for each in found if each is not None]

    async def put(self, name: str, query: Mapping[str, str], request: Request, *, shared: bool) -> Committed:
        """Save a filter under a name, in place of the one before. Raises Forbidden, StaleVersion, ContradictsRecord."""
        return await self._change(request, shared, lambda saved, on: saved.save(name, query, on.provenance))

    async def remove(self, name: str, request: Request, *, shared: bool) -> Committed:
        """Remove a filter. Raises Forbidden, StaleVersion, NotFound."""
        return await self._change(request, shared, lambda saved, on: saved.remove(name, on.provenance))

    async def _change(
        self, request: Request, shared: bool, decide: Callable[[SavedFilters, Attempt], None]
    ) -> Committed:
        require_role(request.actor, "save_filter", STAFF)
        owner, stream = _owners(request.actor)[shared]

        async def attempt(on: Attempt) -> Committed:
            known = await self._runner.repository.find(SavedFilters, stream)
            present = known.version if known else 0
            if request.expected is not None and request.expected != present:
                raise StaleVersion(f"The saved filters of {owner}", request.expected, present)
            saved = known or SavedFilters.of(stream, owner, on.provenance)
            decide(saved, on)
            return await self._runner.commit(saved, on)

        return await self._runner.run(str(stream), request, attempt)


def _owners(actor: Actor) -> tuple[tuple[str, UUID], tuple[str, UUID]]:
    """The person, and whom they share filters with."""
    group = actor.team or OURS
    return (
        (actor.subject, entry_id("filters", f"person:{actor.subject}")),
        (group, entry_id("filters", f"team:{group}")),
    )
