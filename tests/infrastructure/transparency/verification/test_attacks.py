"""What must be detected (audit.md): each attack performed by a superuser, triggers off and put back, and what names it."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path

import psycopg
import pytest

from infrastructure.transparency.bundle.offline_check import stream_of, verify_bundle
from infrastructure.transparency.bundle.writer import canonical, make_bundle
from infrastructure.transparency.formats.checkpoint import Checkpoint
from infrastructure.transparency.log_copy import LogCopy, export
from infrastructure.transparency.log_reader import LogReader, latest
from infrastructure.transparency.publication.replies import current_note
from infrastructure.transparency.sealer import Sealer
from infrastructure.transparency.sealer_folder import SealerFolder
from infrastructure.transparency.verification.findings import Finding
from tests.application.cases import log
from tests.blocking import BlockingDesk
from tests.infrastructure.transparency.sealed import ORIGIN, SealedDesk, checks, restored

TABLES = ("cosignatures", "timestamps", "checkpoints", "hashes", "entries", "logs")


def only(found: list[Finding], check: str) -> Finding:
    (one,) = [finding for finding in found if finding.check == check]
    return one


def a_note(record: SealedDesk) -> tuple[int, str]:
    """Position and case of the event that says somebody called again."""
    ((position, number),) = record.rows(
        "SELECT notification_id, number FROM ledger.stored_events JOIN ledger.numbers USING (originator_id)"
        " WHERE topic = 'case.noted'"
    )
    return position, number


def test_an_honest_record_has_no_finding(audited: SealedDesk) -> None:
    found = audited.verify(audited.folder.last_note() or "")
    assert found.findings == []
    assert found.checked["rows"] == found.checked["leaves"] == found.size > 20
    assert found.checked["checkpoints"] == 2
    assert found.checked["projections"] > 0
    assert found.checked["disclosures"] >= 10
    assert found.checked["contents"] == 2
    assert found.checked["unsealed"] == 0


# an edit of what an event says


@pytest.mark.parametrize(
    ("column", "value", "named"),
    [
        ("state", "convert_to(replace(convert_from(state, 'UTF8'), 'a.ortiz', 'b.chen'), 'UTF8')", "state-sha256"),
        ("topic", "'case.closed'", "topic case.noted, now case.closed"),
        ("recorded_at", "recorded_at - interval '1 day'", "recorded-at"),
        ("db_role", "'desk_auditor'", "db-role desk_api, now desk_auditor"),
    ],
)
def test_an_edited_event_is_named(audited: SealedDesk, column: str, value: str, named: str) -> None:
    position, number = a_note(audited)
    with audited.attack() as superuser:
        superuser.execute(
            f"UPDATE ledger.stored_events SET {column} = {value} WHERE notification_id = {position}".encode()
        )
    finding = only(audited.verify().findings, "rows")
    assert named in finding.message
    assert (finding.position, finding.case) == (position, number)
    ((leaf,),) = audited.rows("SELECT count(*) FROM ledger.stored_events WHERE notification_id < %s", position)
    assert finding.leaf == leaf


# events taken away, or put in


def test_a_deleted_last_event_is_named(audited: SealedDesk) -> None:
    ((position,),) = audited.rows("SELECT max(notification_id) FROM ledger.stored_events")
    with audited.attack() as superuser:
        superuser.execute("DELETE FROM ledger.stored_events WHERE notification_id = %s", (position,))
    finding = only(audited.verify().findings, "rows")
    assert "is missing" in finding.message
    assert finding.position == position


def test_a_deleted_middle_event_is_named_and_its_version_is_missing(audited: SealedDesk) -> None:
    ((position, stream),) = audited.rows(
        "SELECT notification_id, originator_id::text FROM ledger.stored_events WHERE topic = 'case.prioritized'"
    )
    with audited.attack() as superuser:
        superuser.execute("DELETE FROM ledger.stored_events WHERE notification_id = %s", (position,))
    found = audited.verify().findings
    assert only(found, "rows").position == position
    gap = [finding for finding in found if finding.check == "versions"]
    assert "version 4 stands in the place of version 3" in gap[0].message
    assert gap[0].case is not None
    assert gap[0].case.startswith("INC-")
    assert audited.rows(
        "SELECT 1 FROM ledger.numbers WHERE number = %s AND originator_id = %s::uuid", gap[0].case, stream
    )


def test_an_event_inserted_behind_sealed_ones_is_named_and_its_time_looks_odd(audited: SealedDesk) -> None:
    position, number = a_note(audited)
    with audited.attack() as superuser:
        superuser.execute(
            "INSERT INTO ledger.stored_events (notification_id, originator_id, originator_version, topic, state, recorded_at)"
            " OVERRIDING SYSTEM VALUE SELECT 0, originator_id, originator_version + 1, topic, state,"
            " recorded_at + interval '1 hour' FROM ledger.stored_events WHERE notification_id = %s",
            (position,),
        )
    found = audited.verify()
    extra = only(found.findings, "rows")
    assert "never sealed" in extra.message
    assert (extra.position, extra.case) == (0, number)
    assert any(warning.check == "time" for warning in found.warnings)


# the log itself


def reseal(record: SealedDesk, folder: SealerFolder) -> None:
    """Wipe the log and seal whatever the record says now."""
    with record.attack() as superuser:
        for table in TABLES:
            superuser.execute(f"DELETE FROM tlog.{table}".encode())
    with record.database.connect("sealer") as connection:
        sealer = Sealer(connection, folder, ORIGIN)
        sealer.resume()
        while sealer.seal():
            pass


def test_everything_rewritten_and_signed_anew_with_the_true_key_contradicts_a_copy_held_outside(
    audited: SealedDesk, tmp_path: Path
) -> None:
    held = audited.folder.last_note() or ""
    position, _ = a_note(audited)
    with audited.attack() as superuser:
        superuser.execute(
            "UPDATE ledger.stored_events SET state = convert_to(replace(convert_from(state, 'UTF8'), 'a.ortiz', 'b.chen'),"
            " 'UTF8') WHERE notification_id = %s",
            (position,),
        )
    audited.folder.path.joinpath("last-checkpoint").unlink()  # they have the sealer's folder as well
    reseal(audited, audited.folder)
    with audited.database.connect("projector") as connection:  # and has the views made anew
        connection.execute("TRUNCATE views.case_intervals, views.resolutions, views.obligations, views.case_texts")
        connection.execute(
            "TRUNCATE views.queue_counts, views.case_counts, views.outbox, views.problems, views.known_errors"
        )
        connection.execute("UPDATE views.tracking SET position = 0, events = 0")
    audited.project()
    assert audited.verify().findings == []  # from within, nothing shows
    finding = only(audited.verify(held).findings, "held")
    assert "not those that were signed" in finding.message


def test_an_older_backup_contradicts_the_sealers_own_file_and_a_copy_held_outside(
    desk: BlockingDesk, audited: SealedDesk
) -> None:
    with restored(audited) as backup:
        log(desk)
        audited.seal()
        held = audited.folder.last_note() or ""
        backup.project()
        found = backup.verify(held)
        assert checks(found) == {"sealer", "held"}
        assert all("an older backup was restored" in finding.message for finding in found.findings)


def test_an_edited_leaf_record_is_named(audited: SealedDesk) -> None:
    with audited.attack() as superuser:
        superuser.execute("UPDATE tlog.entries SET data = set_byte(data, 40, get_byte(data, 40) # 1) WHERE first = 0")
    found = audited.verify()
    assert {"tiles", "root"} <= checks(found)
    assert min(finding.leaf for finding in found.findings if finding.leaf is not None) == 0


def test_edited_hashes_are_named(audited: SealedDesk) -> None:
    with audited.attack() as superuser:
        superuser.execute("UPDATE tlog.hashes SET data = set_byte(data, 33, get_byte(data, 33) # 1) WHERE first = 0")
    finding = only(audited.verify().findings, "tiles")
    assert finding.leaf == 1


def test_bytes_put_behind_hashes_are_named(audited: SealedDesk) -> None:
    with audited.attack() as superuser:
        superuser.execute("UPDATE tlog.hashes SET data = data || '\\x010203'::bytea WHERE first = 0 AND level = 0")
    assert only(audited.verify().findings, "tiles").leaf == 0


def test_an_edited_checkpoint_is_named(audited: SealedDesk) -> None:
    with audited.attack() as superuser:
        superuser.execute("UPDATE tlog.checkpoints SET note = replace(note, E'\\n' || size || E'\\n', E'\\n1\\n')")
    found = audited.verify()
    assert checks(found) == {"checkpoints"}
    assert len(found.findings) == 2


@pytest.mark.parametrize(
    ("attack", "check", "named"),
    [
        ("UPDATE tlog.checkpoints SET position = position + 1", "checkpoints", "stored under position"),
        ("UPDATE tlog.entries SET first_position = first_position + 1 WHERE first > 0", "tiles", "not its own"),
        (
            "INSERT INTO tlog.hashes SELECT log, -1, first, data FROM tlog.hashes LIMIT 1",
            "tiles",
            "hashes without entries",
        ),
        (
            "INSERT INTO tlog.hashes SELECT log, 3::smallint, 7, data FROM tlog.hashes LIMIT 1",
            "tiles",
            "out of place",
        ),
        (
            "INSERT INTO tlog.checkpoints SELECT log, 0, 0, now(), note FROM tlog.checkpoints LIMIT 1",
            "checkpoints",
            "stored under",
        ),
        (
            "INSERT INTO tlog.checkpoints SELECT log, -5, 0, now(), note FROM tlog.checkpoints LIMIT 1",
            "checkpoints",
            "stored under",
        ),
        (
            (
                "INSERT INTO tlog.cosignatures (log, size, witness, line)"
                " SELECT log, size, 'w.example', 'no line' FROM tlog.checkpoints"
            ),
            "checkpoints",
            "is not its line",
        ),
    ],
)
def test_whatever_else_readers_of_the_log_go_by_is_checked(
    audited: SealedDesk, attack: str, check: str, named: str
) -> None:
    with audited.attack() as superuser:
        superuser.execute(attack.encode())
    found = audited.verify().findings
    assert any(finding.check == check and named in finding.message for finding in found)


def test_a_cosignature_that_is_none_does_not_spoil_the_checkpoint(audited: SealedDesk) -> None:
    with audited.attack() as superuser:
        superuser.execute(
            "INSERT INTO tlog.cosignatures (log, size, witness, line)"
            " SELECT log, size, 'w.example', 'no line' FROM tlog.checkpoints"
        )
        assert current_note(superuser) == audited.folder.last_note()


def test_a_log_of_many_tiles_and_checkpoints_verifies(desk: BlockingDesk, record: SealedDesk) -> None:
    """Upper levels, runs across tiles, several checkpoints in one run and one over several."""
    for turn in range(5):
        with record.attack() as superuser:
            superuser.execute(
                "INSERT INTO ledger.stored_events (originator_id, originator_version, topic, state)"
                " SELECT gen_random_uuid(), 1, 'subject.opened', '{}' FROM generate_series(1, %s)",
                (97 + 61 * turn,),
            )
        record.seal()
    found = [finding for finding in record.verify().findings if finding.check != "projections"]
    assert found == []
    assert record.verify().checked["checkpoints"] == 5
    with record.attack() as superuser:
        superuser.execute(
            "UPDATE tlog.hashes SET first = first + 1 WHERE level = 1 AND first = (SELECT max(first) FROM tlog.hashes WHERE level = 1)"
        )
    assert any("out of place" in finding.message for finding in record.verify().findings)


def test_a_checkpoint_taken_away_leaves_the_sealers_own(audited: SealedDesk) -> None:
    with audited.attack() as superuser:
        superuser.execute("DELETE FROM tlog.checkpoints WHERE size = (SELECT max(size) FROM tlog.checkpoints)")
    assert {"tiles", "sealer"} <= checks(audited.verify())


# a case's bundle


def test_a_bundle_that_withholds_a_cases_last_event_is_found_by_a_copy_of_the_log(
    audited: SealedDesk, tmp_path: Path
) -> None:
    _, number = a_note(audited)
    verifiers = audited.folder.verifiers()
    with audited.database.connect("auditor") as connection:
        bundle = make_bundle(connection, number)
        sealed = latest(connection)
        assert sealed is not None
        export(LogReader(connection, sealed.log), sealed.note, Checkpoint.of_text(sealed.note), tmp_path / "copy")
    copied = LogCopy(tmp_path / "copy", verifiers, watch=[sealed.size], stream=stream_of(bundle))
    assert verify_bundle(bundle, verifiers, log=copied).findings == []
    *lines, last = bundle["events.jsonl"].splitlines(keepends=True)
    assert b"case.noted" in last
    said = json.loads(bundle["disclosures.json"])
    kept = [
        each for each in said if each["digest"].encode() in b"".join(b64decode(json.loads(ln)["state"]) for ln in lines)
    ]
    assert len(kept) < len(said)
    withheld = {**bundle, "events.jsonl": b"".join(lines), "disclosures.json": canonical(kept)}
    assert verify_bundle(withheld, verifiers).findings == []  # alone it cannot be seen
    (finding,) = verify_bundle(withheld, verifiers, log=copied).findings
    assert "lacks an event of the case: version 2, case.noted" in finding


# what is derived, and what was said


def test_an_edited_row_of_a_view_is_named(audited: SealedDesk) -> None:
    number = audited.rows("SELECT number FROM views.case_intervals WHERE status = 'resolved'")[0][0]
    with audited.attack() as superuser:
        superuser.execute(
            "UPDATE views.case_intervals SET priority = 1 WHERE number = %s AND upper_inf(positions)", (number,)
        )
    found = audited.verify()
    assert checks(found) == {"projections"}
    assert {finding.case for finding in found.findings} == {number}


@pytest.mark.parametrize(
    ("kind", "check"),
    [("customer_words", "vault"), ("staff_words", "vault"), ("contact", "vault"), ("message", "outbox")],
)
def test_an_edited_disclosure_is_named_by_its_digest(mailed: SealedDesk, kind: str, check: str) -> None:
    ((position,),) = mailed.rows(
        "SELECT min(notification_id) FROM vault.disclosures JOIN ledger.stored_events USING (originator_id,"
        " originator_version) WHERE kind = %s",
        kind,
    )
    with mailed.attack() as superuser:
        superuser.execute(
            "UPDATE vault.disclosures SET value = value || ' ' WHERE kind = %s AND (originator_id, originator_version) ="
            " (SELECT originator_id, originator_version FROM ledger.stored_events WHERE notification_id = %s)",
            (kind, position),
        )
    found = [finding for finding in mailed.verify().findings if finding.check == check]
    assert [finding.position for finding in found] == [position]
    assert "does not match the event's digest" in found[0].message


def test_a_disclosure_that_vanished_without_an_erasure_is_named(audited: SealedDesk) -> None:
    position, number = a_note(audited)
    with audited.attack() as superuser:
        superuser.execute(
            "DELETE FROM vault.disclosures WHERE (originator_id, originator_version) ="
            " (SELECT originator_id, originator_version FROM ledger.stored_events WHERE notification_id = %s)",
            (position,),
        )
    finding = only(audited.verify().findings, "vault")
    assert "no event says it was erased" in finding.message
    assert (finding.position, finding.case) == (position, number)


def test_a_disclosure_put_under_an_event_that_points_to_none_is_named(audited: SealedDesk) -> None:
    with audited.attack() as superuser:
        superuser.execute(
            "INSERT INTO vault.disclosures SELECT originator_id, originator_version, sha256('x'), '', 'contact', 'x', 'x'"
            " FROM ledger.stored_events WHERE topic = 'policy.adopted' OR topic = 'case.noted'"
        )
    assert "vault" in checks(audited.verify())


@pytest.mark.parametrize(
    ("attack", "named"),
    [
        ("UPDATE vault.blobs SET content = content || 'x' WHERE {one}", "does not match its disclosure: 19 bytes"),
        (
            "UPDATE vault.blobs SET content = 'it says: paper JAM' WHERE {one}",
            "does not match its disclosure: 18 bytes",
        ),
        ("DELETE FROM vault.blobs WHERE {one}", "the file of a disclosure is missing"),
    ],
)
def test_an_attachment_that_is_not_what_it_was_is_named(audited: SealedDesk, attack: str, named: str) -> None:
    ((position, number),) = audited.rows(
        "SELECT notification_id, number FROM ledger.stored_events JOIN ledger.numbers USING (originator_id)"
        " WHERE topic = 'case.attached'"
    )
    with audited.attack() as superuser:
        superuser.execute(attack.format(one="content = 'it says: paper jam'").encode())
    found = audited.verify().findings
    assert {finding.check for finding in found} == {"contents"}
    assert named in found[0].message
    assert (found[0].position, found[0].case) == (position, number)


def test_a_file_that_nothing_was_said_of_is_named(audited: SealedDesk) -> None:
    with audited.attack() as superuser:
        superuser.execute("SET session_replication_role = replica")  # no look at what it refers to
        superuser.execute(
            "INSERT INTO vault.blobs SELECT originator_id, originator_version, sha256('x'), 'x' FROM ledger.stored_events"
            " WHERE topic = 'case.noted'"
        )
        superuser.execute("RESET session_replication_role")
    assert "a file without a disclosure" in only(audited.verify().findings, "contents").message


def test_files_that_changed_places_are_named(audited: SealedDesk) -> None:
    with audited.attack() as superuser:
        superuser.execute(
            "UPDATE vault.blobs b SET content = (SELECT o.content FROM vault.blobs o WHERE o.digest <> b.digest)"
        )
    assert [finding.check for finding in audited.verify().findings] == ["contents"] * 2


def test_a_number_given_to_another_case_is_named(audited: SealedDesk) -> None:
    with audited.attack() as superuser:
        superuser.execute("UPDATE ledger.numbers SET number = 'INC-9999999' WHERE number = 'INC-0000001'")
    found = audited.verify().findings
    assert any(
        "the first event gives INC-0000001; the register says INC-9999999" in finding.message for finding in found
    )


# the guards


@pytest.mark.parametrize(
    ("attack", "named"),
    [
        ("DROP TRIGGER append_only ON ledger.stored_events", "append_only"),
        ("ALTER TABLE ledger.stored_events DISABLE TRIGGER append_only", "append_only"),
        ("GRANT UPDATE ON ledger.stored_events TO desk_api", "UPDATE"),
        ("GRANT INSERT (recorded_at) ON ledger.stored_events TO desk_api", "recorded_at"),
    ],
)
def test_a_guard_taken_away_or_a_grant_widened_is_named(audited: SealedDesk, attack: str, named: str) -> None:
    with psycopg.connect(audited.database.superuser, autocommit=True) as superuser:
        for (name,) in superuser.execute("SELECT evtname FROM pg_event_trigger").fetchall():
            superuser.execute(f"ALTER EVENT TRIGGER {name} DISABLE".encode())
        superuser.execute(attack.encode())
    found = [finding.message for finding in audited.verify().findings if finding.check == "catalogue"]
    assert any(named in message for message in found)


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
