"""The past of a real log: what had happened by a moment is what an import of the rows up to it shows (issue 15)."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from application.views.questions import Point, ReportQuestion
from infrastructure.views.projector import Projector
from infrastructure.views.questions.postgres_views import views_on
from tests.acceptance.imports.logs import LOG, imported, needs_data
from tests.blocking import BlockingDesk, on_pool, open_desk
from tests.conftest import TestDatabase, cloned

MOMENT = datetime(2016, 3, 15, tzinfo=UTC)
REPORTS = ("volume", "reopenings", "outcomes", "hand_back", "resolution")
HINDSIGHT = ("source_cases", "source_median_hours")
"""The log tells these of a case with its last row, and the rows up to a moment have another last row."""


def happened(row: dict[str, str]) -> datetime:
    return datetime.strptime(row["sys_updated_at"], "%d/%m/%Y %H:%M").replace(tzinfo=UTC)


def around(moment: datetime) -> list[dict[str, str]]:
    """All rows of every tenth case that is opened in the weeks around a moment."""
    with gzip.open(LOG, "rt", encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    chosen = {
        row["number"]
        for row in rows
        if abs(happened(row) - moment) < timedelta(days=14) and int(row["number"].removeprefix("INC")) % 10 == 0
    }
    return [row for row in rows if row["number"] in chosen]


@pytest.fixture
def desks(server: str) -> Iterator[tuple[BlockingDesk, BlockingDesk]]:
    """The views of a desk with all rows, and of one with those up to the moment."""
    rows = around(MOMENT)
    with ExitStack() as ending:

        def views_of(taken: list[dict[str, str]]) -> Any:
            database: TestDatabase = ending.enter_context(cloned(server))
            imported(ending.enter_context(open_desk(database)), taken)
            with database.connect("projector") as connection:
                Projector(connection).catch_up()
            return ending.enter_context(on_pool(database, "api", views_on))

        yield views_of(rows), views_of([row for row in rows if happened(row) <= MOMENT])


def totals(views: BlockingDesk, name: str, point: Point) -> Any:
    told = views.reports.report(ReportQuestion(name, point=point))["totals"]
    return without(told)


def without(figures: Any) -> Any:
    if not isinstance(figures, dict):
        return figures
    return {name: without(value) for name, value in figures.items() if name not in HINDSIGHT}


@needs_data
def test_what_had_happened_equals_an_import_of_the_rows_up_to_then(desks: tuple[BlockingDesk, BlockingDesk]) -> None:
    whole, until_then = desks
    for name in REPORTS:
        assert totals(whole, name, Point(effective_at=MOMENT)) == totals(until_then, name, Point()), name
    counted = totals(until_then, "volume", Point())
    assert 0 < counted["cases"] < totals(whole, "volume", Point())["cases"]
    assert len(counted["by_status"]) > 2
    assert totals(whole, "volume", Point(position=0))["cases"] == 0, "as of before the import"
