"""Lists queues, now or at a past point.

A case stands in one queue at a time: one of the desk's, or its team's. Other queues are lists of open cases that need
attention.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from application.views.case_filters import NOT_SETTLED, Condition
from application.views.cases import RECEIVED_BITS, UNPRIORITIZED, rank
from application.views.questions import Asked, Listing, Page, Point, QueueCounts, Total
from domain.case.terms import Major
from infrastructure.views.questions.case_lists import CaseLists, Pinned, listed, page_statement, pin
from infrastructure.views.questions.orders import QUEUE, SOONEST
from infrastructure.views.questions.view_reader import LATEST, NOW, ViewReader, filled, matchable, texts

_SQL = texts("case_lists")
_WITHOUT_PRIORITY = ("triage", "prioritization")
_RANKS = "i.rank >= %(least)s AND i.rank <= %(most)s"
_TIED, _LATER = "i.rank = %(least)s", "i.rank > %(least)s AND i.rank <= %(most)s"
_STOOD = " AND c.stay_position <= %(position)s AND c.stay_since <= %(effective_at)s"

_ATTENTION: dict[str, Callable[[Asked], tuple[Condition, ...]]] = {
    "mine": lambda asked: (Condition("technician", "=", asked.by), NOT_SETTLED),
    "unassigned": lambda _: (Condition("status", "=", "assigned"), Condition("technician", "set", False)),
    "awaiting_customer": lambda _: (Condition("pending_reason", "=", "customer"), NOT_SETTLED),
    "disputes": lambda _: (Condition("suspected_at", "disputed", True),),
    "major": lambda _: (Condition("major", "in", (Major.NOMINATED.value, Major.DECLARED.value)), NOT_SETTLED),
    "breaching": lambda _: (Condition("resolve_by", "runs", True),),
}
"""Queues of open cases beside those in which each case stands once."""


class QueueLists:
    """Queues, and their counts."""

    def __init__(self, reader: ViewReader, lists: CaseLists) -> None:
        self._reader, self._lists = reader, lists

    async def queues(self, asked: Asked) -> QueueCounts:
        """Every queue that holds something, and how much, as it is now."""
        paused = [f"targets:{reason}" for reason in asked.pausing]
        values = {"late": asked.late, "by": asked.by, "paused": paused}
        rows = await self._reader.rows(_SQL["queues"], values)
        counts = [
            {row["name"]: int(row["cases"]) for row in rows if row["attention"] is which} for which in (False, True)
        ]
        return QueueCounts(counts[0], counts[1], rows[0]["position"] if rows else await self._reader.last())

    async def queue(self, name: str, page: Page, asked: Asked) -> Listing:
        """A queue in the order in which it is worked, now or at a past point."""
        if (attention := _ATTENTION.get(name)) is not None:
            order = SOONEST if name == "breaching" else QUEUE
            return await self._lists.cases(attention(asked), order, page, asked)
        pinned, late = pin(page, asked), asked.late if name == "unprioritized" else None
        async with self._reader.snapshot() as snapshot:
            stays = _Stays((name,) if late is None else _WITHOUT_PRIORITY, late, page.limit + 1, pinned)
            rows = await snapshot.rows(stays.statement(), stays.values, prepared=True)
            total = pinned.total
            if page.after is None and len(rows) <= page.limit:
                total = Total(len(rows), exact=True)
            elif page.after is None and late is None and asked.point == Point():
                counted = await snapshot.rows(_SQL["queue_count"], {"queue": matchable(name)}, prepared=True)
                total = Total(counted[0]["cases"], exact=True)
            return await listed(snapshot, rows, page, pinned, QUEUE, total or Total(len(rows), exact=False))


class _Stays:
    """The statement of a page of those who stand in queues, or stood there at a point, and its values.

    ``late`` leaves those without a priority who were received before it.
    """

    def __init__(self, names: Sequence[str], late: datetime | None, limit: int, pinned: Pinned) -> None:
        self._names, self._late, self._limit, self._point = names, late, limit, pinned.point
        key = None if pinned.key is None else QUEUE.read(pinned.key)
        self._first = key is None
        self._after, keys = QUEUE.after(key)
        least, most = (0, LATEST) if late is None else (UNPRIORITIZED << RECEIVED_BITS, rank(UNPRIORITIZED, late))
        if key is not None:
            least = max(least, rank(key[0], key[1]))
        queues = {f"queue{place}": matchable(name) for place, name in enumerate(names)}
        self.values = {**pinned.values, **keys, **queues, "late": late, "least": least, "most": most}

    def statement(self) -> str:
        then, branches = self._point != Point(), []
        for place in range(len(self._names)):
            queue = f"%(queue{place})s"
            branches.append(self._standing(queue))
            if then:
                branches.append(self._left(queue))
        return page_statement(QUEUE, self._limit, branches, then=then)

    def _standing(self, queue: str) -> str:
        late = "" if self._late is None else f" AND {_SQL['late']}"
        where = f"c.queue = {queue} AND {self._after}{late}{_STOOD * (self._point != Point())}"
        parts = {"keys": QUEUE.keys, "order": QUEUE.of_cases, "limit": str(self._limit)}
        return filled(_SQL["branch"], relation="views.open_cases", where=where, **parts)

    def _left(self, queue: str) -> str:
        arms = (
            ["long_stays_known", "middling_stays_known", "short_stays_known"]
            if self._point.position is not None
            else []
        )
        if self._point.effective_at is not None:
            arms += ["long_stays_happened", "short_stays_happened"]
        after = self._after.replace("coalesce(c.priority, 9)", "(s.rank >> 36)::integer").replace("c.", "f.")
        late = "" if self._late is None else " AND f.received_at < %(late)s"
        # A page begins amid those of one rank, of whom the pages before it may have shown any number: all of them are read.
        ranks = [_RANKS] if self._first else [_TIED, _LATER]
        found = " UNION ".join(
            filled(_SQL[arm], queue=queue, ranks=each, limit=str(self._limit)) for arm in arms for each in ranks
        )
        return filled(_SQL["stays"], arms=found, now=NOW, after=after + late, limit=str(self._limit))
