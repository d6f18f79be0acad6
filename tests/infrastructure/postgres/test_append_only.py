"""The record is append-only in the database: by triggers for everybody, by grants for each component."""

from __future__ import annotations

import os

import psycopg
import pytest

from tests.application.cases import TECHNICIAN, log
from tests.blocking import BlockingDesk, because
from tests.conftest import TestDatabase

FORGERY = """INSERT INTO ledger.stored_events (originator_id, originator_version, topic, state)
             VALUES (gen_random_uuid(), 1, 'x', '')"""


@pytest.mark.parametrize("table", ["ledger.stored_events", "ledger.numbers"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET originator_id = originator_id", "DELETE FROM {}", "TRUNCATE {}"])
def test_not_even_a_superuser_changes_the_record_by_mistake(
    desk: BlockingDesk, database: TestDatabase, table: str, statement: str
) -> None:
    log(desk)
    with psycopg.connect(database.superuser) as superuser:
        superuser.execute("SET session_replication_role = replica")  # the triggers are ENABLE ALWAYS
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
            superuser.execute(statement.format(table).encode())


@pytest.mark.parametrize("table", ["logs", "entries", "hashes", "checkpoints", "cosignatures", "timestamps"])
@pytest.mark.parametrize(
    "statement", ["UPDATE tlog.{} SET log = log", "DELETE FROM tlog.{}", "TRUNCATE tlog.{} CASCADE"]
)
def test_nor_the_transparency_log(database: TestDatabase, table: str, statement: str) -> None:
    with psycopg.connect(database.superuser) as superuser:
        superuser.execute("SET session_replication_role = replica")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
            superuser.execute(statement.format(table).encode())


def test_disclosures_can_be_erased_but_not_altered(desk: BlockingDesk, database: TestDatabase) -> None:
    log(desk)
    with psycopg.connect(database.superuser, autocommit=True) as superuser:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            superuser.execute("UPDATE vault.disclosures SET value = 'x'")
        assert superuser.execute("DELETE FROM vault.disclosures").rowcount > 0


@pytest.mark.parametrize("column", ["notification_id", "recorded_at", "db_role"])
def test_the_api_role_cannot_set_what_only_the_database_fills(database: TestDatabase, column: str) -> None:
    values = {"notification_id": "1", "recorded_at": "now()", "db_role": "'desk_auditor'"}
    statement = f"""INSERT INTO ledger.stored_events (originator_id, originator_version, topic, state, {column})
        VALUES (gen_random_uuid(), 1, 'case.noted', '', {values[column]})"""
    refusals = (psycopg.errors.InsufficientPrivilege, psycopg.errors.GeneratedAlways)
    with database.connect("api") as api, pytest.raises(refusals):
        api.execute(statement.encode())


@pytest.mark.parametrize(
    ("component", "statement"),
    [
        ("projector", FORGERY),
        ("projector", "DELETE FROM vault.disclosures"),
        ("processes", "DELETE FROM views.outbox"),
        ("processes", "UPDATE ledger.stored_events SET topic = 'case.closed'"),
        ("mail", "DELETE FROM vault.disclosures"),
        ("mail", "SELECT * FROM vault.pseudonym_key"),
        ("reporter", "SELECT * FROM vault.disclosures"),
        ("auditor", "INSERT INTO ledger.numbers VALUES ('INC-1', gen_random_uuid())"),
        ("auditor", "DELETE FROM views.case_intervals"),
        ("reporter", "SELECT * FROM ledger.stored_events"),
        ("reporter", "SELECT * FROM views.case_intervals"),
        ("api", "DELETE FROM views.case_intervals"),
        ("api", "DELETE FROM vault.disclosures"),
        ("api", "SELECT vault.erase('jo', '{contact}', '{}')"),
        ("projector", "SELECT vault.erase('jo', '{contact}', '{}')"),
        ("eraser", "DELETE FROM ledger.stored_events"),
        ("eraser", "UPDATE vault.disclosures SET value = 'x'"),
        ("eraser", "DELETE FROM views.case_intervals"),
        ("eraser", "UPDATE views.tracking SET position = 0"),
        ("eraser", "UPDATE views.case_texts SET lexemes = 'x'"),
        ("api", "UPDATE ledger.idempotency SET status = 200"),
        ("api", "SELECT setval('ledger.case_number', 1)"),
        ("api", "INSERT INTO tlog.logs (log, origin) VALUES (1, 'desk.example/1')"),
        ("api", "INSERT INTO tlog.entries VALUES (1, 0, 1, 1, '')"),
        ("api", "INSERT INTO tlog.checkpoints (log, size, note) VALUES (1, 1, '')"),
        ("api", "CREATE TABLE ledger.other (n int)"),
        ("api", "CREATE TABLE public.other (n int)"),
        ("api", "CREATE TEMPORARY TABLE other (n int)"),
        ("api", "SELECT ledger.refuse_change()"),
        ("mail", "SELECT nextval('ledger.case_number')"),
        ("mail", "INSERT INTO ledger.numbers VALUES ('INC-1', gen_random_uuid())"),
        ("mail", "INSERT INTO tlog.cosignatures (log, size, witness, line) VALUES (1, 1, '', '')"),
        ("processes", "INSERT INTO ledger.numbers VALUES ('INC-1', gen_random_uuid())"),
        ("processes", "SELECT * FROM tlog.checkpoints"),
        ("projector", "SELECT * FROM ledger.numbers"),
        ("projector", "SELECT request FROM ledger.idempotency"),
        ("projector", "SELECT * FROM tlog.entries"),
        ("projector", "CREATE TEMPORARY TABLE other (n int)"),
        ("projector", "CREATE TABLE ledger.other (n int)"),
        ("projector", "ALTER TABLE ledger.stored_events DISABLE TRIGGER append_only"),
        ("sealer", FORGERY),
        ("sealer", "SELECT * FROM vault.disclosures"),
        ("sealer", "SELECT * FROM ledger.idempotency"),
        ("sealer", "SELECT * FROM views.case_intervals"),
        ("sealer", "UPDATE tlog.entries SET data = ''"),
        ("sealer", "UPDATE tlog.checkpoints SET note = ''"),
        ("sealer", "DELETE FROM tlog.hashes"),
        ("sealer", "INSERT INTO tlog.checkpoints (log, size, note, sealed_at) VALUES (1, 1, '', now())"),
        ("auditor", FORGERY),
        ("auditor", "INSERT INTO tlog.entries VALUES (1, 0, 1, 1, '')"),
        ("auditor", "DELETE FROM vault.disclosures"),
        ("auditor", "SELECT * FROM vault.pseudonym_key"),
        ("auditor", "CREATE SCHEMA other"),
        ("reporter", "SELECT * FROM tlog.checkpoints"),
        ("reporter", "CREATE VIEW reporting.other AS SELECT 1 AS n"),
        ("migrator", "CREATE TEMPORARY TABLE other (n int)"),
    ],
)  # fmt: skip
def test_each_component_may_do_no_more_than_it_must(database: TestDatabase, component: str, statement: str) -> None:
    with database.connect(component) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):  # type: ignore[arg-type]
        connection.execute(statement.encode())


@pytest.mark.parametrize("topic", ["", "case.noted\nstate-sha256 00", "x" * 70_000, "Case.noted", "case noted"])
def test_what_cannot_stand_in_a_leaf_is_no_topic(database: TestDatabase, topic: str) -> None:
    with database.connect("api") as api, pytest.raises(psycopg.errors.CheckViolation):
        api.execute(
            "INSERT INTO ledger.stored_events (originator_id, originator_version, topic, state)"
            " VALUES (gen_random_uuid(), 1, %s, '{}')",
            (topic,),
        )


def test_a_function_of_the_record_is_for_those_who_are_granted_it(database: TestDatabase) -> None:
    with psycopg.connect(database.superuser, autocommit=True) as superuser, superuser.transaction(force_rollback=True):
        superuser.execute("SET LOCAL caseledger.migration = on")
        superuser.execute("SET LOCAL ROLE desk_owner")
        superuser.execute("CREATE FUNCTION ledger.other() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        superuser.execute("SET LOCAL ROLE desk_api")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            superuser.execute("SELECT ledger.other()")


def test_nobody_but_the_eraser_deletes_disclosures(database: TestDatabase) -> None:
    with psycopg.connect(database.superuser) as superuser:
        for table in (
            "vault.disclosures",
            "views.case_texts",
            "views.open_reports",
            "views.known_errors",
            "views.words",
        ):
            may = superuser.execute(
                "SELECT rolname FROM pg_roles r WHERE rolcanlogin AND rolname LIKE %s AND rolname <> 'desk_migrator'"
                " AND has_table_privilege(r.oid, %s, 'DELETE') AND rolname <> (SELECT tableowner FROM pg_tables"
                " WHERE schemaname || '.' || tablename = %s)",
                ("desk\\_%", table, table),
            ).fetchall()
            assert may == [("desk_eraser",)], table


def test_reporting_jobs_read_the_documented_schema(desk: BlockingDesk, database: TestDatabase) -> None:
    with database.connect("reporter") as reporter:
        assert reporter.execute("SELECT * FROM reporting.cases").fetchall() == []
        assert reporter.execute("SELECT position FROM reporting.position").fetchone() == (0,)


def test_every_event_says_which_database_role_wrote_it_and_when(desk: BlockingDesk) -> None:
    number = log(desk)
    (entry,) = desk.records.history(number, TECHNICIAN.actor)
    assert entry.db_role == "desk_api"
    assert entry.event.occurred_at is None
    assert entry.event.timestamp == entry.recorded_at


def test_no_words_and_no_contact_data_stand_in_an_event(desk: BlockingDesk, database: TestDatabase) -> None:
    marker = f"marker{os.urandom(4).hex()}"
    number = log(
        desk, words={"subject": marker, "description": marker}, contact={"name": marker, "email": f"{marker}@x"}
    )
    desk.logging.note(number, marker, visible_to_customer=False, request=TECHNICIAN)
    desk.triage.triage(number, "desk", because(TECHNICIAN, marker))
    with psycopg.connect(database.superuser) as superuser:
        rows = superuser.execute(
            "SELECT convert_from(state, 'UTF8') FROM ledger.stored_events WHERE topic LIKE 'case.%'"
        ).fetchall()
        assert len(rows) == 3
        assert not any(marker in state for (state,) in rows)
        kept = superuser.execute(
            "SELECT count(*) FROM vault.disclosures WHERE value LIKE %s", (f"%{marker}%",)
        ).fetchone()
        assert kept == (4,)
