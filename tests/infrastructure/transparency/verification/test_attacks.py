"""Attacks on events and on the log that must be detected (audit.md): each one performed by a superuser."""

from __future__ import annotations

from pathlib import Path

import pytest

from infrastructure.transparency.publication.replies import current_note
from infrastructure.transparency.sealer import Sealer
from infrastructure.transparency.sealer_folder import SealerFolder
from tests.application.cases import log
from tests.blocking import BlockingDesk
from tests.infrastructure.transparency.sealed import ORIGIN, SealedDesk, checks, restored
from tests.infrastructure.transparency.verification.attacks import a_note, only

TABLES = ("cosignatures", "timestamps", "checkpoints", "hashes", "entries", "logs")


def test_an_honest_record_has_no_finding(audited: SealedDesk) -> None:
    found = audited.verify(audited.folder.last_note() or "")
    assert found.findings == []
    assert found.checked["rows"] == found.checked["leaves"] == found.size > 20
    assert found.checked["checkpoints"] == 2
    assert found.checked["projections"] > 0
    assert found.checked["disclosures"] >= 10
    assert found.checked["contents"] == 2
    assert found.checked["unsealed"] == 0


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
        connection.execute(
            "TRUNCATE views.open_cases, views.closed_cases, views.case_intervals, views.resolutions, views.obligations, views.case_texts"
        )
        connection.execute(
            "TRUNCATE views.words, views.open_reports, views.open_terms, views.value_counts, views.case_counts, views.outbox, views.problems, views.known_errors, views.case_facts, views.happenings"
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
    audited.edit_run(lambda bundle: bundle.replace(b"db-role desk_api", b"db-role desk_abi", 1))
    found = audited.verify()
    assert {"rows", "root"} <= checks(found)
    assert min(finding.leaf for finding in found.findings if finding.leaf is not None) == 0


def test_an_edited_byte_of_a_stored_run_is_named(audited: SealedDesk) -> None:
    with audited.attack() as superuser:
        superuser.execute("UPDATE tlog.entries SET data = set_byte(data, 40, get_byte(data, 40) # 1) WHERE first = 0")
    found = audited.verify()
    assert {"tiles", "root"} <= checks(found)
    assert min(finding.leaf for finding in found.findings if finding.leaf is not None) == 0


def test_a_log_as_earlier_releases_stored_it_verifies_and_goes_on(desk: BlockingDesk, audited: SealedDesk) -> None:
    audited.store_leaf_hashes()
    log(desk)
    audited.seal()
    audited.project()
    assert audited.verify(audited.folder.last_note() or "").findings == []


def test_edited_hashes_are_named(audited: SealedDesk) -> None:
    audited.store_leaf_hashes()
    with audited.attack() as superuser:
        superuser.execute("UPDATE tlog.hashes SET data = set_byte(data, 33, get_byte(data, 33) # 1) WHERE first = 0")
    finding = only(audited.verify().findings, "tiles")
    assert finding.leaf == 1


def test_bytes_put_behind_hashes_are_named(audited: SealedDesk) -> None:
    audited.store_leaf_hashes()
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
            "INSERT INTO tlog.hashes SELECT log, -1, first, sha256(data) FROM tlog.entries LIMIT 1",
            "tiles",
            "hashes without entries",
        ),
        (
            "INSERT INTO tlog.hashes SELECT log, 3::smallint, 7, sha256(data) FROM tlog.entries LIMIT 1",
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
