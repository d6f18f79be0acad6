"""The schema is what the migrations make, written out in schema.sql for people and in catalogue.txt for the audit."""

from __future__ import annotations

import re
import subprocess
from importlib.resources import files

import psycopg
import pytest

from infrastructure.postgres.database import Database
from infrastructure.postgres.embedded.programs import find_binaries
from infrastructure.postgres.setup.migration import Unsuitable, migrate
from infrastructure.transparency.verification.database_catalogue import EXPECTED, catalogue_facts
from tests.conftest import TestDatabase

WRITTEN = files("infrastructure.postgres").joinpath("schema.sql")


def dumped(database: TestDatabase) -> str:
    """The schema as pg_dump writes it, less what differs from run to run."""
    command = [str(find_binaries(None) / "pg_dump"), "--schema-only", "-N", "public", "-d", database.superuser]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    kept = (line for line in text.splitlines() if not re.match(r"--|\\(un)?restrict|SET |SELECT pg_catalog", line))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip() + "\n"


def test_the_schema_written_out_equals_the_migrations(database: TestDatabase) -> None:
    """To write it anew: `python -m tests.infrastructure.postgres.write_schema`."""
    assert dumped(database) == WRITTEN.read_text(encoding="utf-8")


def test_the_facts_written_out_equal_the_catalogue(database: TestDatabase) -> None:
    with database.connect("auditor") as auditor:
        assert "\n".join([*catalogue_facts(auditor), ""]) == EXPECTED.read_text(encoding="utf-8")


def test_migrating_again_changes_nothing(server: str) -> None:
    assert migrate(Database(server, embedded=True)) == 0


def test_a_user_who_may_not_set_up_roles_is_told_so(database: TestDatabase) -> None:
    with psycopg.connect(database.superuser, autocommit=True) as superuser:
        superuser.execute("CREATE ROLE nobody_special LOGIN")
        try:
            conninfo = database.superuser.replace("user=postgres", "user=nobody_special")
            with pytest.raises((Unsuitable, psycopg.OperationalError), match=r"permission denied|may not set up"):
                migrate(Database(conninfo, embedded=False))
        finally:
            superuser.execute("DROP ROLE nobody_special")


def test_an_operators_database_is_used_under_the_components_roles(database: TestDatabase) -> None:
    """With CASELEDGER_DATABASE_URL one user signs in, and SET ROLE binds them to each component's grants."""
    theirs = Database(database.superuser, embedded=False)
    assert migrate(theirs) == 0
    with theirs.connect("api") as api:
        assert api.execute("SELECT current_user::text").fetchone() == ("desk_api",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            api.execute("DELETE FROM vault.disclosures")
