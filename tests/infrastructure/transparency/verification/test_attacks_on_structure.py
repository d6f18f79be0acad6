"""Damage and rewriting that the audit must survive and report: unreadable states, missing tables, restarted logs."""

from __future__ import annotations

import psycopg
import pytest

from tests.infrastructure.transparency.sealed import SealedDesk, checks, restored
from tests.infrastructure.transparency.verification.attacks import a_note, only


@pytest.mark.parametrize("state", [b'not json "digest"', b'\xff\xfe "digest"'])
def test_a_state_that_cannot_be_read_is_a_finding_and_no_crash(audited: SealedDesk, state: bytes) -> None:
    with audited.attack() as superuser:
        superuser.execute("UPDATE ledger.stored_events SET state = %s WHERE topic = 'case.logged'", (state,))
    found = audited.verify()
    assert {"rows", "vault", "numbers"} <= checks(found)
    assert "catalogue" in found.checked


def test_a_restart_does_not_launder_what_was_rewritten_before_it(audited: SealedDesk) -> None:
    held = audited.folder.last_note() or ""
    position, _ = a_note(audited)
    with audited.attack() as superuser:
        superuser.execute("UPDATE ledger.stored_events SET db_role = 'x' WHERE notification_id = %s", (position,))
    with audited.sealer() as sealer:
        sealer.restart("nothing to see here")
        while sealer.seal():
            pass
    assert only(audited.verify(held).findings, "rows").position == position


def test_a_log_that_was_taken_away_after_a_restart_is_missed(audited: SealedDesk) -> None:
    with audited.sealer() as sealer:
        sealer.restart("nothing to see here")
        while sealer.seal():
            pass
    assert audited.verify(own=False).findings == []
    with audited.attack() as superuser:
        for table in ("checkpoints", "hashes", "entries", "logs"):
            superuser.execute(f"DELETE FROM tlog.{table} WHERE log = 1".encode())
    assert "follows desk.example/log, which is missing" in only(audited.verify(own=False).findings, "root").message


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("tlog.entries", "leaves"),
        ("tlog.checkpoints", "leaves"),
        ("tlog.timestamps", "timestamps"),
        ("ledger.numbers", "numbers"),
        ("ledger.stored_events", "leaves"),
        ("vault.disclosures", "vault"),
        ("views.case_intervals", "projections"),
        ("views.tracking", "projections"),
    ],
)
def test_a_table_that_is_gone_is_a_finding_and_the_other_checks_go_on(
    audited: SealedDesk, table: str, told: str
) -> None:
    with restored(audited) as copy:
        destroy(copy, f"DROP TABLE {table} CASCADE")
        found = copy.verify()
    assert told in checks(found)
    assert "catalogue" in checks(found)


@pytest.mark.parametrize("column", ["state", "topic", "recorded_at", "db_role", "originator_version"])
def test_a_null_where_none_can_be_is_a_finding(audited: SealedDesk, column: str) -> None:
    destroy(
        audited,
        "ALTER TABLE ledger.stored_events DROP CONSTRAINT IF EXISTS stored_events_pkey CASCADE",
        f"ALTER TABLE ledger.stored_events ALTER {column} DROP NOT NULL",
        "ALTER TABLE ledger.stored_events DISABLE TRIGGER USER",
        f"UPDATE ledger.stored_events SET {column} = NULL WHERE notification_id = 5",
    )
    assert only(audited.verify().findings, "rows").position == 5


def destroy(audited: SealedDesk, *statements: str) -> None:
    """What leaves nothing that could be put back."""
    with psycopg.connect(audited.database.superuser, autocommit=True) as superuser:
        superuser.execute("SET event_triggers = off")
        for statement in statements:
            superuser.execute(statement.encode())


def test_the_auditor_changes_nothing(audited: SealedDesk) -> None:
    before = audited.rows("SELECT count(*), max(notification_id) FROM ledger.stored_events")
    audited.verify()
    assert audited.rows("SELECT count(*), max(notification_id) FROM ledger.stored_events") == before
