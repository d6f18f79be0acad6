"""Event triggers keep DDL off the record: only a migration run changes how it is kept, and upkeep goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from structlog.testing import capture_logs

from infrastructure.desk_database import open_database
from infrastructure.postgres.database import NAME, Database
from infrastructure.postgres.embedded.server import embedded_server
from infrastructure.postgres.setup.migration import migrate, migrating
from infrastructure.settings import Settings
from infrastructure.transparency.verification.database_catalogue import check_catalogue
from infrastructure.views.rebuild import rebuild_views
from tests.conftest import TestDatabase

Session = psycopg.Connection[tuple[object, ...]]

ATTACKS = (
    "ALTER TABLE ledger.stored_events DISABLE TRIGGER append_only",
    "ALTER TABLE ledger.stored_events ENABLE TRIGGER append_only",
    "ALTER TABLE ledger.stored_events DISABLE TRIGGER ALL",
    "DROP TRIGGER append_only ON ledger.stored_events",
    "ALTER TRIGGER append_only ON ledger.stored_events RENAME TO other",
    "CREATE TRIGGER other BEFORE INSERT ON tlog.entries FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "ALTER TABLE ledger.stored_events ALTER COLUMN recorded_at SET DEFAULT now()",
    "ALTER TABLE ledger.stored_events ADD COLUMN other text",
    "ALTER TABLE ledger.stored_events DROP COLUMN db_role",
    "ALTER TABLE ledger.stored_events RENAME COLUMN topic TO other",
    "ALTER TABLE ledger.stored_events ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE ledger.stored_events RENAME TO other",
    "ALTER TABLE ledger.stored_events SET SCHEMA public",
    "ALTER TABLE ledger.stored_events OWNER TO postgres",
    "ALTER TABLE ledger.numbers DROP CONSTRAINT numbers_pkey",
    "ALTER TABLE ledger.numbers RENAME CONSTRAINT numbers_pkey TO other",
    "DROP TABLE ledger.numbers",
    "DROP INDEX ledger.stored_events_notification_id_idx",
    "CREATE TABLE public.other () INHERITS (ledger.stored_events)",
    "CREATE TABLE tlog.other (n int)",
    "CREATE TABLE vault.other AS SELECT 1 AS n",
    "CREATE VIEW ledger.other AS SELECT 1 AS n",
    "CREATE RULE other AS ON INSERT TO ledger.stored_events DO INSTEAD NOTHING",
    "CREATE POLICY other ON vault.disclosures USING (false)",
    "ALTER FUNCTION ledger.refuse_change() RENAME TO other",
    "ALTER FUNCTION ledger.refuse_change() SET SCHEMA public",
    "ALTER FUNCTION ledger.refuse_change() OWNER TO postgres",
    "ALTER FUNCTION guards.refuse_ddl() SET SCHEMA public",
    "CREATE OR REPLACE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "DROP FUNCTION ledger.refuse_change() CASCADE",
    "ALTER SEQUENCE ledger.case_number RESTART",
    "COMMENT ON TABLE ledger.numbers IS 'other'",
    "DROP SCHEMA ledger CASCADE",
    "DROP SCHEMA vault, tlog CASCADE",
    "ALTER SCHEMA vault RENAME TO other",
    "ALTER SCHEMA guards RENAME TO other",
    "ALTER SCHEMA vault OWNER TO postgres",
    "DROP OWNED BY desk_owner CASCADE",
)
UPKEEP = (
    "CREATE TEMPORARY TABLE other (n int)",
    "CREATE TABLE public.other AS SELECT notification_id FROM ledger.stored_events",
    "DROP TABLE public.other",
    "CREATE SCHEMA other",
    "CREATE VIEW other.events AS SELECT topic FROM ledger.stored_events",
    "ALTER SCHEMA other RENAME TO another",
    "DROP SCHEMA another CASCADE",
    "DROP EXTENSION pg_trgm CASCADE",
    "CREATE EXTENSION pg_trgm SCHEMA extensions",
    "VACUUM ANALYZE ledger.stored_events",
    "REINDEX TABLE ledger.stored_events",
    "REINDEX TABLE CONCURRENTLY tlog.entries",
)


@pytest.fixture
def superuser(database: TestDatabase) -> Iterator[Session]:
    with psycopg.connect(database.superuser, autocommit=True) as connection:
        yield connection


def migration_run(database: TestDatabase) -> Session:
    settings = migrating(conninfo_to_dict(database.superuser))
    return psycopg.connect(make_conninfo("", **settings), autocommit=True)


def guards(superuser: Session) -> list[tuple[object, ...]]:
    return superuser.execute("SELECT evtname::text, evtenabled::text FROM pg_event_trigger ORDER BY 1").fetchall()


def test_not_even_a_superuser_changes_how_the_record_is_kept(superuser: Session) -> None:
    superuser.execute("SET session_replication_role = replica")  # the event triggers are ENABLE ALWAYS
    for attack in ATTACKS:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="only a migration run"):
            superuser.execute(attack.encode())


def test_a_migration_run_may(database: TestDatabase) -> None:
    with migration_run(database) as connection:
        for attack in ATTACKS:
            with connection.transaction(force_rollback=True):
                connection.execute(attack.encode())


@pytest.mark.parametrize(("member_of", "refused"), [("desk_owner", True), ("desk_migrator", False)])
def test_claiming_to_be_a_migration_run_is_not_enough(superuser: Session, member_of: str, refused: bool) -> None:
    with superuser.transaction(force_rollback=True):
        superuser.execute("CREATE ROLE claims_to_migrate")
        superuser.execute(f"GRANT {member_of} TO claims_to_migrate".encode())
        superuser.execute("SET LOCAL SESSION AUTHORIZATION claims_to_migrate")
        superuser.execute("SET LOCAL caseledger.migration = on")
        superuser.execute("SET LOCAL ROLE desk_owner")
        if refused:
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="only a migration run"):
                superuser.execute("DROP TABLE ledger.numbers")
        else:
            superuser.execute("DROP TABLE ledger.numbers")


def test_upkeep_and_other_schemas_are_nobodys_business(superuser: Session) -> None:
    for statement in UPKEEP:
        superuser.execute(statement.encode())


def test_the_views_are_rebuilt_beside_the_guards(database: TestDatabase, superuser: Session) -> None:
    with database.connect("projector") as projector:
        rebuild_views(projector)
    assert guards(superuser) == [("caseledger_refuse_ddl", "A"), ("caseledger_refuse_drop", "A")]


def test_a_command_that_looks_for_damage_does_not_mend_it_first(database: TestDatabase, superuser: Session) -> None:
    superuser.execute("DROP EVENT TRIGGER caseledger_refuse_drop")
    superuser.execute("ALTER EVENT TRIGGER caseledger_refuse_ddl DISABLE")
    theirs = Database(database.superuser, embedded=False)
    assert migrate(theirs, guarding=False) == 0
    assert guards(superuser) == [("caseledger_refuse_ddl", "D")]
    with capture_logs() as said:
        assert migrate(theirs) == 0
    assert guards(superuser) == [("caseledger_refuse_ddl", "A"), ("caseledger_refuse_drop", "A")]
    assert str(said).count("was made anew") == 2
    with capture_logs() as said:
        assert migrate(theirs) == 0
    assert said == []


def test_only_commands_that_migrate_mend_the_embedded_databases_guards(server_dir: Path) -> None:
    settings = Settings(data_dir=server_dir, database_url=None)
    found = []
    with embedded_server(server_dir, fsync=False):
        with open_database(settings) as database, _superuser_of(database) as superuser:
            superuser.execute("DROP EVENT TRIGGER caseledger_refuse_drop")
        for migrates in (False, True):
            with open_database(settings, migrating=migrates) as database, _superuser_of(database) as superuser:
                found.append(len(guards(superuser)))
    assert found == [1, 2]


def _superuser_of(database: Database) -> Session:
    return psycopg.connect(make_conninfo(database.conninfo, dbname=NAME), autocommit=True)


def test_a_server_without_a_superuser_has_no_event_triggers_and_says_so(second_server: str) -> None:
    with psycopg.connect(second_server, autocommit=True) as connection:
        connection.execute("CREATE ROLE their_operator LOGIN CREATEROLE")
        connection.execute("CREATE DATABASE theirs OWNER their_operator")
    theirs = Database(make_conninfo(second_server, user="their_operator", dbname="theirs"), embedded=False)
    assert migrate(theirs) > 0
    assert migrate(theirs) == 0
    with theirs.connect("auditor") as auditor:
        found = check_catalogue(auditor)
    assert found.findings == []
    assert "no event trigger refuses DDL on the record: this database was set up without a superuser" in found.warnings
    assert "role their_operator is a member of desk_migrator" in found.warnings


def test_a_superusers_own_database_is_guarded_as_the_embedded_one(second_server: str) -> None:
    with psycopg.connect(second_server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE another")
    theirs = Database(make_conninfo(second_server, dbname="another"), embedded=False)
    assert migrate(theirs) > 0
    with theirs.connect("auditor") as auditor:
        assert check_catalogue(auditor).findings == []
    with psycopg.connect(theirs.conninfo) as superuser, pytest.raises(psycopg.errors.InsufficientPrivilege):
        superuser.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier("ledger", "numbers")))
