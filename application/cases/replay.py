"""Replay: a case or a problem as it was, and how it came to that, from its events alone (audit.md, Commands)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from application.cases.past import then
from application.ports import Entry
from application.problems import Problems
from domain.aggregate import Root
from domain.case import Case
from domain.case.status import STAFF
from domain.errors import Forbidden
from domain.problem import Problem
from domain.values import Actor


@dataclass(frozen=True)
class Replayed:
    """A history up to a moment, and the state that it yields."""

    root: Root
    history: Sequence[Entry]


class Replaying(Problems):
    """Reads the record event by event; no view and no other state has a say in it."""

    def replay(
        self,
        number: str,
        actor: Actor,
        *,
        version: int | None = None,
        position: int | None = None,
        as_of: datetime | None = None,
    ) -> Replayed:
        """A case or a problem, now or as `then` says; staff only. Raises Forbidden, NotFound."""
        if actor.role not in STAFF:
            raise Forbidden(f"a replay needs the role {' or '.join(sorted(STAFF))}; you are {actor.role}")
        kind = Problem if number.startswith("PRB-") else Case
        found = self.register.history(self.identify(number, kind))
        entries = then(found, number, version=version, position=position, as_of=as_of)
        root: Root | None = None
        for entry in entries:
            root = entry.event.mutate(root)
        assert root is not None
        return Replayed(root, entries)
