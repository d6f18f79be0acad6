"""The catalogue check names whatever was done to what the record stands on, and nothing else.

Each attack is a superuser's with the event triggers off, in a transaction that is rolled back: roles belong to the whole
server, which other tests use.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from infrastructure.postgres.database import Database
from infrastructure.postgres.embedded.programs import find_binaries
from infrastructure.postgres.setup.migration import migrate
from infrastructure.transparency.verification.database_catalogue import CatalogueFindings, check_catalogue
from infrastructure.views.rebuild import rebuild_views
from tests.acceptance.imports.logs import Imports, row, written
from tests.application.cases import resolved
from tests.blocking import BlockingDesk
from tests.conftest import TestDatabase

EMPTY_TRIGGER = "RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
NO_GUARD = "CREATE OR REPLACE FUNCTION guards.refuse_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'"
SUPPRESSING = "FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"
HALVED = """DROP TRIGGER append_only ON ledger.numbers;
    CREATE TRIGGER append_only BEFORE UPDATE ON ledger.numbers
        FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
    ALTER TABLE ledger.numbers ENABLE ALWAYS TRIGGER append_only"""
HIDDEN = """SET LOCAL allow_system_table_mods = on;
    UPDATE pg_class SET relhastriggers = false WHERE oid = 'ledger.stored_events'::regclass"""
REPLACED = """ALTER TABLE ledger.numbers RENAME TO kept;
    CREATE VIEW ledger.numbers AS SELECT * FROM ledger.kept;
    ALTER VIEW ledger.numbers OWNER TO desk_owner"""

ATTACKS = [
    # Triggers
    ("ALTER TABLE ledger.stored_events DISABLE TRIGGER append_only",
     "missing: trigger append_only on ledger.stored_events enabled always",
     "unexpected: trigger append_only on ledger.stored_events disabled"),
    ("ALTER TABLE ledger.stored_events ENABLE TRIGGER append_only",
     "unexpected: trigger append_only on ledger.stored_events enabled"),
    ("ALTER TABLE tlog.entries DISABLE TRIGGER ALL",
     "missing: trigger append_only on tlog.entries enabled always",
     'missing: trigger "RI_FKey_check_ins" of entries_log_fkey on tlog.entries enabled'),
    ("DROP TRIGGER no_alteration ON vault.disclosures",
     "missing: trigger no_alteration on vault.disclosures enabled always"),
    (HIDDEN, "unexpected: relation ledger.stored_events table owner desk_owner kept as heap its triggers hidden"),
    (f"CREATE TRIGGER other BEFORE INSERT ON ledger.stored_events {SUPPRESSING}",
     "unexpected: trigger other on ledger.stored_events enabled"),
    (HALVED, "unexpected: trigger append_only on ledger.numbers as CREATE TRIGGER append_only BEFORE UPDATE ON ledger.numbers "),
    # Functions
    (f"CREATE OR REPLACE FUNCTION ledger.refuse_change() {EMPTY_TRIGGER}",
     "missing: function ledger.refuse_change() returns trigger in plpgsql source sha256 ",
     "unexpected: function ledger.refuse_change() returns trigger in plpgsql source sha256 "),
    (NO_GUARD, "unexpected: function guards.refuse_ddl() returns event_trigger in plpgsql source sha256 "),
    ("ALTER FUNCTION ledger.append SECURITY DEFINER", "unexpected: function ledger.append("),
    ("ALTER FUNCTION ledger.refuse_change() OWNER TO desk_api",
     "unexpected: function ledger.refuse_change() owner desk_api"),
    (f"CREATE FUNCTION vault.other() {EMPTY_TRIGGER}", "unexpected: function vault.other() owner postgres"),
    # Grants
    ("GRANT UPDATE ON ledger.stored_events TO desk_api",
     "unexpected: grant UPDATE on ledger.stored_events to desk_api"),
    ("GRANT INSERT (db_role) ON ledger.stored_events TO desk_api",
     "unexpected: grant INSERT (db_role) on ledger.stored_events to desk_api"),
    ("GRANT SELECT ON vault.disclosures TO PUBLIC", "unexpected: grant SELECT on vault.disclosures to PUBLIC"),
    ("GRANT CREATE ON SCHEMA ledger TO desk_api", "unexpected: grant CREATE on schema ledger to desk_api"),
    ("GRANT EXECUTE ON FUNCTION ledger.refuse_change() TO PUBLIC",
     "unexpected: grant EXECUTE on function ledger.refuse_change() to PUBLIC"),
    ("GRANT UPDATE ON SEQUENCE ledger.case_number TO desk_mail",
     "unexpected: grant UPDATE on ledger.case_number to desk_mail"),
    ("GRANT DELETE ON views.outbox TO desk_api", "unexpected: grant DELETE on views.outbox to desk_api"),
    ("GRANT SELECT ON reporting.cases TO desk_reporter WITH GRANT OPTION",
     "unexpected: grant SELECT on reporting.cases to desk_reporter with grant option"),
    ("REVOKE SELECT ON ledger.stored_events FROM desk_sealer",
     "missing: grant SELECT on ledger.stored_events to desk_sealer"),
    ("ALTER DEFAULT PRIVILEGES FOR ROLE desk_owner IN SCHEMA vault GRANT SELECT ON TABLES TO desk_reporter",
     "unexpected: default privileges of desk_owner in vault on tables: SELECT to desk_reporter"),
    ("ALTER DEFAULT PRIVILEGES FOR ROLE desk_owner GRANT EXECUTE ON FUNCTIONS TO PUBLIC",
     "missing: default privileges of desk_owner on functions"),
    # Roles
    ("ALTER ROLE desk_api SUPERUSER",
     "unexpected: role desk_api superuser", "unexpected: role desk_api may act as desk_owner"),
    ("ALTER ROLE desk_auditor BYPASSRLS", "unexpected: role desk_auditor bypasses row security"),
    ("ALTER ROLE desk_migrator CREATEROLE", "unexpected: role desk_migrator creates roles"),
    ("ALTER ROLE desk_owner LOGIN", "unexpected: role desk_owner signs in"),
    ("GRANT desk_owner TO desk_api",
     "unexpected: membership of desk_api in desk_owner", "unexpected: role desk_api may act as desk_owner"),
    ("CREATE ROLE another_role; GRANT desk_owner TO another_role",
     "unexpected: membership of another_role in desk_owner"),
    ("GRANT pg_write_all_data TO desk_mail", "unexpected: membership of desk_mail in pg_write_all_data"),
    ("ALTER ROLE desk_api SET session_replication_role = replica",
     "unexpected: setting session_replication_role=replica of desk_api"),
    # The database
    ("DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO desk_reporter', current_database()); END $$",
     "unexpected: grant CREATE on the database to desk_reporter"),
    ("DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO PUBLIC', current_database()); END $$",
     "unexpected: grant TEMPORARY on the database to PUBLIC"),
    ("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET event_triggers = off', current_database()); END $$",
     "unexpected: setting event_triggers=off"),
    # Tables
    (REPLACED, "missing: relation ledger.numbers table owner desk_owner kept as heap",
     "unexpected: relation ledger.numbers view owner desk_owner", "unexpected: relation ledger.kept table"),
    ("ALTER TABLE ledger.stored_events ENABLE ROW LEVEL SECURITY",
     "unexpected: relation ledger.stored_events table owner desk_owner kept as heap row security on"),
    ("CREATE POLICY other ON ledger.numbers USING (false)",
     "unexpected: policy other on ledger.numbers for * using false"),
    ("CREATE RULE other AS ON INSERT TO vault.disclosures DO INSTEAD NOTHING",
     "unexpected: rule other on vault.disclosures as "),
    ("ALTER TABLE ledger.stored_events ALTER recorded_at SET DEFAULT '2020-01-01'",
     "missing: column ledger.stored_events.recorded_at timestamp with time zone not null default clock_timestamp()"),
    ("ALTER TABLE ledger.stored_events ALTER notification_id SET GENERATED BY DEFAULT",
     "unexpected: column ledger.stored_events.notification_id bigint not null identity by default"),
    ("ALTER TABLE ledger.stored_events ALTER topic DROP NOT NULL",
     "unexpected: column ledger.stored_events.topic text"),
    ("ALTER TABLE ledger.idempotency SET UNLOGGED",
     "unexpected: relation ledger.idempotency table owner desk_owner not permanent kept as heap"),
    ("ALTER TABLE ledger.stored_events OWNER TO desk_api",
     "unexpected: relation ledger.stored_events table owner desk_api kept as heap"),
    ("ALTER TABLE views.case_intervals OWNER TO desk_api",
     "unexpected: relation views.case_intervals table owner desk_api"),
    ("ALTER SCHEMA vault OWNER TO desk_api", "unexpected: schema vault owner desk_api"),
    ("REASSIGN OWNED BY desk_owner TO desk_api", "unexpected: schema ledger owner desk_api"),
    ("ALTER TABLE ledger.stored_events SET SCHEMA public", "missing: relation ledger.stored_events table"),
    ("CREATE TABLE public.other () INHERITS (ledger.stored_events)",
     "unexpected: inheritance of public.other from ledger.stored_events"),
    ("ALTER TABLE tlog.entries DROP CONSTRAINT entries_width_check", "missing: constraint entries_width_check on tlog.entries"),
    ("ALTER TABLE ledger.numbers DROP CONSTRAINT numbers_pkey", "missing: index ledger.numbers_pkey as "),
    # What reporting jobs are shown
    ("CREATE OR REPLACE VIEW reporting.unowned_cases AS SELECT * FROM (TABLE reporting.unowned_cases) AS all_of_it WHERE false",
     'missing: rule "_RETURN" on reporting.unowned_cases as ', 'unexpected: rule "_RETURN" on reporting.unowned_cases as '),
    ("CREATE RULE other AS ON DELETE TO reporting.cases DO INSTEAD NOTHING",
     "unexpected: rule other on reporting.cases as "),
    (f"CREATE TRIGGER other BEFORE INSERT ON views.case_intervals {SUPPRESSING}",
     "unexpected: trigger other on views.case_intervals enabled"),
    (f"CREATE FUNCTION public.other() {EMPTY_TRIGGER}; ALTER FUNCTION public.other() OWNER TO desk_owner",
     "unexpected: function public.other() owner desk_owner"),
    ("ALTER SEQUENCE ledger.stored_events_notification_id_seq INCREMENT BY -1 MINVALUE -9",
     "unexpected: sequence ledger.stored_events_notification_id_seq bigint from 1 by -1"),
    # Event triggers
    ("ALTER EVENT TRIGGER caseledger_refuse_ddl DISABLE", "unexpected: event trigger caseledger_refuse_ddl disabled"),
    ("ALTER EVENT TRIGGER caseledger_refuse_drop ENABLE", "unexpected: event trigger caseledger_refuse_drop enabled"),
    ("DROP EVENT TRIGGER caseledger_refuse_drop",
     "missing: event trigger caseledger_refuse_drop on sql_drop calls guards.refuse_ddl()"),
    ("DROP EVENT TRIGGER caseledger_refuse_drop; DROP EVENT TRIGGER caseledger_refuse_ddl",
     "missing: event trigger caseledger_refuse_ddl enabled always"),
    ("ALTER FUNCTION guards.refuse_ddl() OWNER TO desk_owner",
     "unexpected: event trigger function guards.refuse_ddl() owner desk_owner"),
    ("DROP SCHEMA guards CASCADE", "missing: event trigger caseledger_refuse_ddl enabled always"),
]  # fmt: skip


@pytest.fixture
def superuser(database: TestDatabase) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(database.superuser, autocommit=True) as connection:
        yield connection


def checked(database: Database) -> CatalogueFindings:
    with database.connect("auditor") as auditor:
        auditor.read_only = True
        return check_catalogue(auditor)


def test_every_attack_on_the_catalogue_is_named(superuser: psycopg.Connection[tuple[object, ...]]) -> None:
    for attack, *told in ATTACKS:
        with superuser.transaction(force_rollback=True):
            superuser.execute("SET LOCAL event_triggers = off")
            superuser.execute(attack.encode())
            superuser.execute("SET LOCAL event_triggers = on")
            superuser.execute("SET LOCAL ROLE desk_auditor")
            found = check_catalogue(superuser).findings
        for finding in told:
            assert any(line.startswith(finding) for line in found), (attack, found)


def test_a_fresh_database_has_no_finding_and_the_check_writes_nothing(database: TestDatabase) -> None:
    found = checked(database)
    assert found.findings == []
    assert found.warnings == []
    assert found.facts > 300


def test_a_search_path_full_of_traps_does_not_deceive_the_check(
    superuser: psycopg.Connection[tuple[object, ...]],
) -> None:
    superuser.execute(
        "CREATE SCHEMA traps; CREATE VIEW traps.pg_trigger AS SELECT * FROM pg_catalog.pg_trigger LIMIT 0"
    )
    superuser.execute("CREATE TEMPORARY VIEW pg_roles AS SELECT * FROM pg_catalog.pg_roles WHERE rolname <> 'desk_api'")
    superuser.execute("SET search_path = pg_temp, traps, ledger, pg_catalog")
    assert check_catalogue(superuser).findings == []
    assert superuser.execute("SHOW search_path").fetchone() == ("pg_temp, traps, ledger, pg_catalog",)


def test_what_was_switched_off_and_on_again_leaves_no_trace_here(
    database: TestDatabase, superuser: psycopg.Connection[tuple[object, ...]]
) -> None:
    """What was done meanwhile is found by the data: rows against tiles."""
    superuser.execute("SET event_triggers = off")
    superuser.execute("ALTER TABLE ledger.stored_events DISABLE TRIGGER append_only")
    assert checked(database).findings != []
    superuser.execute("ALTER TABLE ledger.stored_events ENABLE ALWAYS TRIGGER append_only")
    assert checked(database).findings == []


def test_everyday_work_leaves_no_finding(desk: BlockingDesk, database: TestDatabase, tmp_path: Path) -> None:
    resolved(desk)
    assert Imports(database, tmp_path).run(written(tmp_path, row())).exit_code == 0
    with database.connect("projector") as projector:
        rebuild_views(projector)
    assert migrate(Database(database.superuser, embedded=False)) == 0
    assert checked(database).findings == []


def test_what_the_operator_may_decide_is_a_warning(superuser: psycopg.Connection[tuple[object, ...]]) -> None:
    with superuser.transaction(force_rollback=True):
        superuser.execute("CREATE ROLE their_reports LOGIN IN ROLE desk_reporter")
        superuser.execute("CREATE FUNCTION public.their_log() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'")
        superuser.execute("CREATE EVENT TRIGGER their_log ON ddl_command_end EXECUTE FUNCTION public.their_log()")
        superuser.execute("CREATE INDEX their_index ON public._yoyo_log (username)")
        superuser.execute("CREATE PUBLICATION their_copy FOR TABLE ledger.numbers")
        found = check_catalogue(superuser)
    assert found.findings == []
    assert found.warnings == [
        "event trigger their_log on ddl_command_end calls public.their_log(), no function of the desk",
        "publication their_copy sends ledger.numbers to other databases",
        "role their_reports is a member of desk_reporter",
    ]


def test_a_dump_that_is_restored_is_the_same_catalogue(
    desk: BlockingDesk, database: TestDatabase, superuser: psycopg.Connection[tuple[object, ...]]
) -> None:
    resolved(desk)
    name = f"{database.name}_restored"
    restored = TestDatabase(database.conninfo, embedded=True, name=name)
    superuser.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    try:
        programs = find_binaries(None)
        dump = subprocess.run(
            [programs / "pg_dump", "-Fc", "-d", database.superuser], capture_output=True, check=True
        ).stdout
        subprocess.run([programs / "pg_restore", "--exit-on-error", "-d", restored.superuser], input=dump, check=True)
        assert migrate(Database(restored.superuser, embedded=False)) == 0  # what is granted on a database is not dumped
        assert checked(restored).findings == []
        with restored.connect("projector") as projector:
            rebuild_views(projector)
    finally:
        superuser.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
