"""Finds open cases whose reports may be about the same: in the view of open reports, and in what it has not folded yet."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from application.cases.likeness import OTHER_SERVICE
from application.views.open_reports import day_term
from application.views.similar import Match, Profile
from infrastructure.postgres.queries import load
from infrastructure.views.unfolded import UnfoldedReports

_SQL = load("finding", "infrastructure.views")
_POSTINGS = 400
"""Reports compared for having rare terms of a profile. Three times as many are, at most, for having most of its terms."""


class PostgresFinder:
    """Implements `application.views.similar.Finder`."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[Any]]) -> None:
        self._pool, self._unfolded = pool, UnfoldedReports()

    async def similar(
        self, profile: Profile, since: datetime, limit: int, *, certain: float, decided: Collection[str] = ()
    ) -> Sequence[Match]:
        async with self._pool.connection() as connection:
            # In this order: what is folded in between is found twice, and not missed.
            await self._unfolded.refresh(lambda values: _rows(connection, "unfolded", values))
            fresh = self._unfolded.similar(profile, since, decided)
            asked = {**_asked(profile, since, limit), "decided": list(decided), "certain": certain}
            known = [Match(**row) for row in await _rows(connection, "known", asked)]
        found = {match.number: match for match in (*known, *fresh)}
        return sorted(found.values(), key=lambda match: (-match.shared, match.received_at, match.number))


def _asked(one: Profile, since: datetime, limit: int) -> dict[str, Any]:
    return {
        "terms": sorted(one.terms),
        "number": one.number,
        "service": one.service,
        "external_ref": one.external_ref,
        "since": since,
        "until": one.received_at,
        "newest_day": day_term(one.received_at),
        "oldest_day": day_term(since),
        "other_service": OTHER_SERVICE,
        "postings": _POSTINGS,
        "limit": limit,
    }


async def _rows(connection: AsyncConnection[Any], name: str, values: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    async with connection.cursor(row_factory=dict_row, binary=True) as cursor:
        await cursor.execute(_SQL[name], values, prepare=True)
        return await cursor.fetchall()
