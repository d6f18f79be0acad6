"""Cases that may be about the same: found among open ones, never behind the record (R-5.6a)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from domain.values import Role
from infrastructure.views.projector import Projector
from infrastructure.views.similar import PostgresFinder
from tests.conftest import TestDatabase
from tests.infrastructure.histories import (
    NOW,
    POLICY,
    History,
    by,
    moment,
)
from tests.infrastructure.views.searches import NEVER, erase


def test_a_search_in_haste_waits_for_no_connection_either(database: TestDatabase) -> None:
    haste = timedelta(milliseconds=10)

    async def search() -> None:
        async with database.async_pool("api", size=1) as pool:
            finder = PostgresFinder(pool)
            assert await finder.similar("printer", None, NEVER, NOW, 5, patience=haste * 100) == []
            async with pool.connection():
                with pytest.raises(TimeoutError):
                    await finder.similar("printer", None, NEVER, NOW, 5, patience=haste)

    asyncio.run(search())


def test_similar_reports_are_found_among_open_cases_received_in_time(
    history: History, projector: Projector, finder: Any
) -> None:
    words = {"subject": "Printer 17 prints stripes", "description": "since this morning"}
    alike = history.logged(0, words=words, external_ref="alert-1")
    partly = history.logged(1, words={"subject": "Printer 18 does not print"})
    history.logged(2, words={"subject": "Mailbox"})
    closed = history.resolved(3, words=words)
    history.tell(closed, 10)
    closed.close_elapsed(closed.resolution_version or 0, POLICY, by(10 + 72 * 60, Role.SYSTEM))
    history.put(closed)
    for _ in range(2):  # before the views have folded anything, and after
        found = finder.similar("stripes from printer 17 (it's 2nd floor & <b>'x\\'</b>)", None, NEVER, moment(1), 20)
        assert [report.number for report in found] == [alike.number, partly.number]
        assert found[0].external_ref == "alert-1"
        assert found[0].words == "Printer 17 prints stripes since this morning"
        assert (found[0].service, found[0].customer, found[0].received_at) == ("printing", "jo", NOW)
        for since, until, limit, expected in (
            (NEVER, moment(0.5), 20, [alike.number]),
            (moment(0.5), moment(1), 20, [partly.number]),
            (NOW, NOW, 20, [alike.number]),
            (NEVER, moment(1), 1, [alike.number]),
        ):
            assert [r.number for r in finder.similar("stripes, printer", None, since, until, limit)] == expected
        for nothing in ("", "the of and", "\0", "coffee"):
            assert finder.similar(nothing, None, NEVER, moment(9999), 20) == []
        projector.catch_up()
    assert [r.number for r in finder.similar("stripes", None, NEVER, moment(9999), 20)] == [alike.number]


def test_of_equally_similar_reports_the_earliest_comes_first_and_erased_ones_do_not(
    history: History, projector: Projector, database: TestDatabase, finder: Any
) -> None:
    later, earlier, erased = (history.logged(minutes, words={"subject": "Printer"}) for minutes in (5, 1, 0))
    erase(database, erased.id)
    expected = [earlier.number, later.number]
    assert [r.number for r in finder.similar("printer", None, NEVER, moment(9), 20)] == expected
    projector.catch_up()
    erase(database, later.id)
    assert [r.number for r in finder.similar("printer", None, NEVER, moment(9), 20)] == [earlier.number]
