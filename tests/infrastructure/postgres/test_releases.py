"""Two releases on one schema (docs/operating.md, Upgrades): what may change beside an older process, and what stops it."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest

from infrastructure.postgres.database import Database
from infrastructure.postgres.setup.migration import Unsuitable, check_migrated, migrate
from infrastructure.postgres.setup.releases import LEVEL, NEEDS
from tests.conftest import TestDatabase

MIGRATIONS = Path(__file__).resolve().parents[3] / "infrastructure" / "postgres" / "migrations"
_TAKES_AWAY = re.compile(
    r"\b(DROP\s+(?!DEFAULT|NOT\s+NULL|EXPRESSION)|RENAME\b|SET\s+DATA\s+TYPE|ALTER\s+(COLUMN\s+)?\w+\s+TYPE\b|SET\s+NOT\s+NULL|TRUNCATE\b|REVOKE\b)",
    re.IGNORECASE,
)
_REQUIRED = re.compile(r"ADD\s+(COLUMN\s+)?(?!CONSTRAINT)[\w.]+\s[^,;]*NOT\s+NULL(?![^,;]*DEFAULT)", re.IGNORECASE)


def contracts(sql: str) -> list[str]:
    """What of a migration an older process may stumble over."""
    code = re.sub(r"--[^\n]*", "", sql)
    return [found.group(0) for rule in (_TAKES_AWAY, _REQUIRED) for found in rule.finditer(code)]


@pytest.mark.parametrize(
    ("sql", "taken"),
    [
        ("ALTER TABLE views.outbox ADD COLUMN note text;", False),
        ("ALTER TABLE views.outbox ADD COLUMN tries int NOT NULL DEFAULT 0;", False),
        ("ALTER TABLE views.outbox ALTER COLUMN note DROP NOT NULL;", False),
        ("CREATE INDEX CONCURRENTLY outbox_note_idx ON views.outbox (note); -- DROP nothing", False),
        ("ALTER TABLE views.outbox ADD COLUMN tries int NOT NULL;", True),
        ("ALTER TABLE views.outbox DROP COLUMN note;", True),
        ("ALTER TABLE views.outbox RENAME COLUMN note TO remark;", True),
        ("ALTER TABLE views.outbox ALTER COLUMN note TYPE int USING 0;", True),
        ("ALTER TABLE views.outbox ALTER note SET NOT NULL;", True),
        ("DROP FUNCTION ledger.append;", True),
        ("TRUNCATE views.outbox;", True),
        ("REVOKE SELECT ON views.outbox FROM desk_api;", True),
    ],
)
def test_what_takes_something_away_is_told_from_what_adds(sql: str, taken: bool) -> None:
    assert bool(contracts(sql)) is taken


def test_a_migration_that_takes_something_away_raises_what_processes_must_know() -> None:
    """Else processes of the last release go on beside it, and fail."""
    found = {
        path.name: taken
        for path in MIGRATIONS.glob("*.sql")
        if int(path.name[:4]) > NEEDS and (taken := contracts(path.read_text(encoding="utf-8")))
    }
    assert found == {}
    assert NEEDS <= LEVEL


def test_a_migrated_database_says_what_it_is_and_what_it_needs(database: TestDatabase) -> None:
    with database.connect("auditor") as auditor:
        assert auditor.execute("SELECT level, needs FROM operations.schema").fetchall() == [(LEVEL, NEEDS)]


def changed(database: TestDatabase, level: int, needs: int) -> Database:
    """The database as a migration of another release leaves it, as its operator names it."""
    with psycopg.connect(database.superuser) as connection:
        connection.execute("UPDATE operations.schema SET level = %s, needs = %s", (level, needs))
    return Database(database.superuser, embedded=False)


def test_a_newer_schema_that_only_added_is_worked_with_and_keeps_its_level(database: TestDatabase) -> None:
    operators = changed(database, LEVEL + 2, NEEDS)
    check_migrated(operators)
    migrate(operators)
    with database.connect("auditor") as auditor:
        assert auditor.execute("SELECT level, needs FROM operations.schema").fetchall() == [(LEVEL + 2, NEEDS)]


def test_a_schema_that_took_something_away_is_refused_and_left_alone(database: TestDatabase) -> None:
    operators = changed(database, LEVEL + 2, LEVEL + 1)
    for work in (check_migrated, migrate):
        with pytest.raises(Unsuitable, match=f"must know migration {LEVEL + 1}, and this release knows {LEVEL}"):
            work(operators)


def test_an_older_schema_is_refused_until_it_is_migrated(database: TestDatabase) -> None:
    operators = changed(database, LEVEL - 1, LEVEL - 1)
    with pytest.raises(Unsuitable, match="of an older release: run `caseledger migrate`"):
        check_migrated(operators)


def test_open_and_closed_cases_have_the_same_columns_in_the_same_order(database: TestDatabase) -> None:
    """They are read as one table: a migration that adds a column adds it to both."""
    statement = (
        "SELECT array_agg(column_name::text ORDER BY ordinal_position) FROM information_schema.columns"
        " WHERE table_schema = 'views' AND table_name IN ('open_cases', 'closed_cases') GROUP BY table_name"
    )
    with psycopg.connect(database.superuser) as connection:
        (one,), (other,) = connection.execute(statement).fetchall()
    assert one == other
