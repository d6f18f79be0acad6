"""Numbers, kept answers and pseudonyms: what a command looks up before it acts."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Collection, Iterator
from functools import cached_property
from typing import Any
from uuid import UUID

from eventsourcing.persistence import OperationalError

from application.ports import Disclosed, Entry, KeptAnswer
from domain.aggregate import Recorded
from domain.values import DisclosureKind
from infrastructure.postgres.mapper import StateMapper
from infrastructure.postgres.queries import load
from infrastructure.postgres.recorder import LedgerRecorder, joined

_SQL = load("register")
_BLOCK = 20
"""Case numbers drawn at a time. What a stopped process had left over is a gap (R-4.2b allows gaps)."""
_PATIENCE = 8.0
"""Seconds that one waits for somebody else who draws."""
_REMEMBERED = 100_000
_PIECE = 1_048_576
"""Bytes of a file that are in memory at a time, however slowly it is taken off our hands."""


class PostgresRegister:
    """Implements `application.ports.Register` on the recorder's own pool."""

    def __init__(self, recorder: LedgerRecorder) -> None:
        self._recorder = recorder
        self._mapper = StateMapper()
        self._drawn: deque[int] = deque()
        self._drawing = threading.Lock()
        self._found: dict[str, UUID] = {}

    def find(self, number: str) -> UUID | None:
        """The aggregate behind a number; it never changes, so it is remembered."""
        if (known := self._found.get(number)) is not None:
            return known
        row = self._one("find", number)
        if row is None:
            return None
        if len(self._found) >= _REMEMBERED:
            self._found.clear()
        self._found[number] = row[0]
        return self._found[number]

    def any_case(self) -> bool:
        return self._one("any_case") is not None

    def existing(self, ids: Collection[UUID]) -> set[UUID]:
        return {row[0] for row in self._recorder.rows(_SQL["existing"], (list(ids),))}

    def reference_events(self, after: int) -> list[tuple[int, Recorded]]:
        events = joined(self._recorder.rows(_SQL["reference_events"], (after,)))
        return [(event.position or 0, self._mapper.to_domain_event(event)) for event in events]

    def latest(self, ids: Collection[UUID]) -> list[Recorded]:
        rows = self._recorder.rows(_SQL["latest"], (list(ids),))
        return [self._mapper.to_domain_event(event) for event in joined(rows)]

    def approvals(self) -> list[UUID]:
        return [row[0] for row in self._recorder.rows(_SQL["approvals"], ())]

    def next_case_number(self) -> str:
        """A number nobody else has, such as `INC-0000123`."""
        if not self._drawing.acquire(timeout=_PATIENCE):
            raise OperationalError("no case number can be drawn in time")
        try:
            if not self._drawn:
                rows = self._recorder.rows(_SQL["next_case_numbers"], (_BLOCK,))
                self._drawn.extend(number for (number,) in rows)
            return f"INC-{self._drawn.popleft():07d}"
        finally:
            self._drawing.release()

    def next_problem_number(self) -> str:
        """A number nobody else has, such as `PRB-0000007`."""
        row = self._one("next_problem_number")
        assert row is not None
        return f"PRB-{row[0]:07d}"

    def answer(self, key: bytes) -> KeptAnswer | None:
        row = self._one("answer", key)
        return None if row is None else KeptAnswer(*row)

    def pseudonym_key(self) -> bytes:
        return self._pseudonym_key

    @cached_property
    def _pseudonym_key(self) -> bytes:
        row = self._one("pseudonym_key")
        assert row is not None
        return bytes(row[0])

    def disclosed(self, subject: str) -> list[Disclosed]:
        rows = self._recorder.rows(_SQL["disclosed"], (subject,))
        return [Disclosed(stream, aggregate, DisclosureKind(kind), count) for stream, aggregate, kind, count in rows]

    def begun(self, subject: str, topic: str, since: UUID) -> list[UUID]:
        return [row[0] for row in reversed(self._recorder.rows(_SQL["begun"], (subject, since, topic)))]

    def history(self, id: UUID, *, after: int = 0, until: int | None = None) -> list[Entry]:  # noqa: A002
        return [
            Entry(
                self._mapper.to_domain_event(e), e.state, e.position or 0, e.recorded_at, e.db_role or "", e.disclosures
            )
            for e in self._recorder.select_events(id, gt=after, lte=until)
            if e.recorded_at is not None
        ]

    def content(self, id: UUID, version: int, digest: str) -> Iterator[bytes]:  # noqa: A002
        start = 1
        while piece := self._one("content", start, _PIECE, id, version, bytes.fromhex(digest)):
            yield bytes(piece[0])
            if len(piece[0]) < _PIECE:
                return
            start += _PIECE

    def _one(self, query: str, *values: Any) -> tuple[Any, ...] | None:
        return next(iter(self._recorder.rows(_SQL[query], values)), None)
