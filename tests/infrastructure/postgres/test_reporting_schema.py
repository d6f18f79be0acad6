"""The schema `reporting` is a product: what a release has shown stays, and every column says what it is."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import psycopg
import pytest

from infrastructure.exports.reporting_views import MONTH_OF, ReportingView, reporting_views
from infrastructure.postgres.database import Database
from infrastructure.postgres.setup.migration import migrate
from infrastructure.views.projector import Projector
from infrastructure.views.rebuild import rebuild_views
from tests.conftest import TestDatabase
from tests.infrastructure.everything import everything
from tests.infrastructure.histories import History

GOLDEN = Path(__file__).resolve().parents[2] / "golden"
PLAIN = {
    *("bigint", "integer", "smallint", "double precision", "numeric", "text", "boolean", "uuid", "date"),
    "timestamp with time zone",
}


def written(release: str) -> Path:
    return GOLDEN / f"reporting-{release}.txt"


def listed(database: TestDatabase) -> list[str]:
    """The views' columns with their types, as the golden files have them."""
    return [f"{view.name}.{column.name} {column.type}" for view in views(database) for column in view.columns]


def views(database: TestDatabase) -> list[ReportingView]:
    with database.connect("auditor") as auditor:
        return list(reporting_views(auditor))


@pytest.mark.parametrize("golden", sorted(GOLDEN.glob("reporting-*.txt")), ids=lambda path: path.stem)
def test_what_a_release_has_shown_keeps_its_name_and_type(database: TestDatabase, golden: Path) -> None:
    assert set(golden.read_text(encoding="utf-8").splitlines()) <= set(listed(database))


def test_the_present_version_is_written_down(database: TestDatabase) -> None:
    """To write it anew: `python -m tests.infrastructure.postgres.write_schema`."""
    assert written(version("caseledger")).read_text(encoding="utf-8").splitlines() == listed(database)


def test_types_are_plain_and_everything_says_what_it_is(database: TestDatabase) -> None:
    for view in views(database):
        assert view.comment, view.name
        assert [column.name for column in view.columns if not column.comment or column.type not in PLAIN] == [], (
            view.name
        )


def test_the_views_that_are_parted_by_month_have_that_moment(database: TestDatabase) -> None:
    types = dict(line.split(" ", 1) for line in listed(database))
    assert {types[f"{view}.{moment}"] for view, moment in MONTH_OF.items()} == {"timestamp with time zone"}


def test_reporting_jobs_read_every_view_and_nothing_else(database: TestDatabase) -> None:
    names = [view.name for view in views(database)]
    with database.connect("reporter") as reporter:
        for name in names:
            assert reporter.execute(f'SELECT count(*) FROM reporting."{name}"'.encode()).fetchone() is not None
            with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState)):
                reporter.execute(f'DELETE FROM reporting."{name}"'.encode())
        for relation in ("ledger.stored_events", "vault.disclosures", "views.open_cases", "tlog.checkpoints"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reporter.execute(f"SELECT FROM {relation}".encode())


def test_a_rebuild_keeps_every_view_and_what_is_said_of_it(database: TestDatabase) -> None:
    before = views(database)
    with database.connect("projector") as projector:
        rebuild_views(projector)
    assert views(database) == before


def test_a_statement_of_a_reporting_job_ends(database: TestDatabase) -> None:
    """For whoever signs in as the role; the desk's own connections say their limits themselves."""
    with psycopg.connect(database.superuser, user="desk_reporter") as reporter:
        assert reporter.execute("SHOW statement_timeout").fetchone() == ("15min",)


def test_the_page_tells_how_to_sign_in_where_the_desk_brings_its_own_server(
    second_server: str, server_dir: Path
) -> None:
    """A newcomer pastes the line with their own folder in it."""
    migrate(Database(second_server, embedded=True))
    page = (GOLDEN.parents[1] / "docs" / "reporting-schema.md").read_text(encoding="utf-8")
    (line,) = re.findall(r'`psql "(host=\$PWD/\.data/[^"]+)"`', page)
    with psycopg.connect(line.replace("$PWD/.data", str(server_dir))) as reporter:
        assert reporter.execute("SELECT events FROM reporting.position").fetchone() == (0,)


def test_no_view_shows_words_or_customers(history: History, database: TestDatabase) -> None:
    everything(history)
    with database.connect("projector") as connection:
        Projector(connection).catch_up()
    with database.connect("reporter") as reporter:
        for view in views(database):
            rows = reporter.execute(f'SELECT r::text FROM reporting."{view.name}" r'.encode()).fetchall()
            told = [text for (text,) in rows]
            assert told or view.name in ("unowned_cases", "resolved_without_problem", "services", "teams"), view.name
            assert not any("Stripes" in text or "stripes" in text or "agency.example" in text for text in told), (
                view.name
            )
            assert not any(part == "jo" for text in told for part in text.strip("()").split(",")), view.name


def test_what_has_not_happened_has_no_hours(history: History, database: TestDatabase) -> None:
    history.logged()
    with database.connect("projector") as connection:
        Projector(connection).catch_up()
    with database.connect("reporter") as reporter:
        query = "SELECT acknowledge_hours, respond_business_hours, resolve_hours FROM reporting.case_measures"
        assert reporter.execute(query.encode()).fetchall() == [(None, None, None)]


def test_all_views_are_as_of_one_position(history: History, database: TestDatabase) -> None:
    """The record may be ahead of the views; its events are shown once these have folded them."""
    everything(history)
    with database.connect("reporter") as reporter:
        assert reporter.execute(
            "SELECT (SELECT count(*) FROM reporting.events), events FROM reporting.position"
        ).fetchone() == (0, 0)
