"""The sealer: what it signs is what is on the record, and continues what it signed before (audit.md, Sealer)."""

from __future__ import annotations

import shutil

import psycopg
import pytest

from infrastructure.transparency.formats.leaf import leaf_record, parse_leaf
from infrastructure.transparency.log_reader import LogReader, stored_entries
from infrastructure.transparency.sealer_folder import SealerFolder, SealingRefused
from tests.application.cases import log
from tests.blocking import BlockingDesk, open_desk
from tests.infrastructure.transparency.sealed import SealedDesk, restored
from tests.infrastructure.transparency.trees import mth

ROWS = """SELECT notification_id, originator_id::text, originator_version, topic, sha256(state),
                 to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), db_role::text
          FROM ledger.stored_events ORDER BY notification_id"""


def leaves(record: SealedDesk, number: int = 1) -> list[bytes]:
    runs = record.rows("SELECT data FROM tlog.entries WHERE log = %s ORDER BY first", number)
    return [leaf for (data,) in runs for leaf in stored_entries(bytes(data))]


def test_each_event_is_a_leaf_in_order_and_the_root_is_that_of_rfc_6962(desk: BlockingDesk, record: SealedDesk) -> None:
    for _ in range(90):
        log(desk)
        record.seal()  # a run each, across several tiles
    made = [leaf_record(*row) for row in record.rows(ROWS)]
    assert leaves(record) == made
    assert record.signed().size == len(made)
    assert record.signed().root == mth(made)


def test_a_position_that_a_rollback_took_leaves_no_gap_among_the_leaves(desk: BlockingDesk, record: SealedDesk) -> None:
    log(desk)
    with psycopg.connect(record.database.superuser) as superuser:
        superuser.execute("SELECT nextval('ledger.stored_events_notification_id_seq') FROM generate_series(1, 7)")
    log(desk)
    signed = record.seal()
    positions = [parse_leaf(leaf).position for leaf in leaves(record)]
    assert len(positions) == signed.size == len(record.rows(ROWS))
    assert positions[-1] == signed.size + 7


def test_nothing_new_is_nothing_signed(desk: BlockingDesk, record: SealedDesk) -> None:
    log(desk)
    record.seal()
    with record.sealer() as sealer:
        sealer.resume()
        assert sealer.seal() is None
    assert record.rows("SELECT count(*) FROM tlog.checkpoints") == [(1,)]


class KilledAfterRemembering(SealerFolder):
    """Dies between its own file and the database's commit."""

    def remember(self, note: str) -> None:
        super().remember(note)
        raise KeyboardInterrupt


def test_killed_between_its_file_and_the_commit_it_seals_the_same_again(desk: BlockingDesk, record: SealedDesk) -> None:
    log(desk)
    record.seal()
    log(desk)
    with pytest.raises(KeyboardInterrupt):
        record.seal(folder=KilledAfterRemembering(record.folder.path))
    remembered = record.folder.last_note()
    assert record.rows("SELECT count(*) FROM tlog.checkpoints") == [(1,)]  # the database knows nothing of it
    record.project()
    found = record.verify()
    assert found.findings == []  # nothing is wrong: the sealer has not run since
    assert any("seals them again" in warning.message for warning in found.warnings)
    log(desk)  # and life has gone on
    record.seal()
    notes = [note for (note,) in record.rows("SELECT note FROM tlog.checkpoints ORDER BY size")]
    assert notes[1] == remembered
    assert len(notes) == 3
    record.project()
    assert record.verify(*notes).ok


def test_killed_at_the_very_first_seal_it_seals_the_same_again(desk: BlockingDesk, record: SealedDesk) -> None:
    log(desk)
    with pytest.raises(KeyboardInterrupt):
        record.seal(folder=KilledAfterRemembering(record.folder.path))
    assert record.rows("SELECT count(*) FROM tlog.logs") == [(0,)]
    remembered = record.signed()
    assert record.seal() == remembered


def test_what_cannot_be_remembered_is_not_published(desk: BlockingDesk, record: SealedDesk) -> None:
    """As with a full disk."""

    class Full(SealerFolder):
        def remember(self, note: str) -> None:
            raise OSError(28, "No space left on device")

    log(desk)
    with pytest.raises(OSError, match="No space left"):
        record.seal(folder=Full(record.folder.path))
    assert record.rows("SELECT count(*) FROM tlog.checkpoints") == [(0,)]
    assert record.seal().size > 0


def test_a_backup_from_before_the_last_checkpoint_is_refused_and_the_way_out_is_told(
    desk: BlockingDesk, record: SealedDesk
) -> None:
    log(desk)
    record.seal()
    with restored(record) as backup:
        log(desk)
        record.seal()
        with pytest.raises(SealingRefused, match=r"caseledger tlog restart --reason") as refused:
            backup.seal()
        assert "2 leaves" not in str(refused.value)
        assert backup.rows("SELECT count(*) FROM tlog.checkpoints") == [(1,)]


def test_a_database_that_went_another_way_is_refused(desk: BlockingDesk, record: SealedDesk) -> None:
    log(desk)
    record.seal()
    with restored(record) as backup:
        log(desk)
        record.seal()
        with psycopg.connect(backup.database.superuser, autocommit=True) as superuser:
            for _ in range(3):
                superuser.execute(
                    "INSERT INTO ledger.stored_events (originator_id, originator_version, topic, state)"
                    " VALUES (gen_random_uuid(), 1, 'case.logged', '{}')"
                )
        with pytest.raises(SealingRefused, match="not those that were signed"):
            backup.seal()


def test_a_restart_begins_a_log_that_names_the_one_it_follows(desk: BlockingDesk, record: SealedDesk) -> None:
    log(desk)
    record.seal()
    with restored(record) as backup:
        log(desk)
        record.seal()
        last = record.folder.last_note() or ""
        with backup.sealer() as sealer:
            assert sealer.restart("disk failure") == record.signed()
            while sealer.seal():
                pass
        now = backup.signed()
        assert now.origin == "desk.example/log/2"
        events = backup.rows(ROWS)
        assert now.size == len(events) + 1  # leaf 0 stands for no event
        first = leaves(backup, 2)[0].decode().splitlines()
        assert first[:2] == ["caseledger-restart/v1", "previous-origin desk.example/log"]
        assert [line.split(" ")[0] for line in first[2:]] == ["previous-checkpoint", "reason-sha256"]
        backup.project()
        found = backup.verify(last)
        assert found.findings == []
        assert any("the restart after it gave up" in warning.message for warning in found.warnings)
        assert backup.seal() == now  # and goes on from there


def test_a_restart_that_is_killed_before_its_commit_is_the_same_log_when_it_is_taken_up(
    desk: BlockingDesk, record: SealedDesk
) -> None:
    class Killed(SealerFolder):
        def remember(self, note: str) -> None:
            super().remember(note)
            raise KeyboardInterrupt

    log(desk)
    record.seal()
    with restored(record) as backup:
        log(desk)
        record.seal()
        with backup.sealer(Killed(record.folder.path)) as sealer:
            sealer.restart("disk failure")
            with pytest.raises(KeyboardInterrupt):
                sealer.seal()
        killed = backup.signed()
        assert killed.origin == "desk.example/log/2"
        assert backup.rows("SELECT max(log) FROM tlog.logs") == [(1,)]
        assert backup.seal() == killed
        backup.project()
        assert backup.verify().findings == []


def test_of_two_servers_that_both_believe_to_lead_one_is_sealed(desk: BlockingDesk, record: SealedDesk) -> None:
    """As after a failover whose old leader does not know of it: each server gives a sealer its turn."""
    log(desk)
    record.seal()
    with restored(record) as other, record.sealer() as first, other.sealer() as second:
        first.resume()
        second.resume()
        log(desk)
        assert first.seal() == record.folder.last_note()
        with open_desk(other.database) as theirs:
            log(theirs)
        with pytest.raises(SealingRefused, match="another sealer has signed"):
            second.seal()
        assert other.rows("SELECT count(*) FROM tlog.checkpoints") == [(1,)]
        log(desk)
        assert first.seal() == record.folder.last_note()
        assert record.signed().size == len(record.rows("SELECT 1 FROM ledger.stored_events"))


def test_a_lost_folder_is_refused_and_a_restart_begins_with_a_new_key(desk: BlockingDesk, record: SealedDesk) -> None:
    log(desk)
    record.seal()
    before = record.folder.verifiers()
    shutil.rmtree(record.folder.path)
    with pytest.raises(SealingRefused, match="remembers none"):
        record.seal()
    with record.sealer() as sealer:
        sealer.restart("the folder is lost")
        while sealer.seal():
            pass
    assert record.signed().origin == "desk.example/log/2"
    assert not {str(key) for key in before} & {str(key) for key in record.folder.verifiers()}


def test_entries_that_do_not_lead_to_their_checkpoint_are_not_built_upon(
    desk: BlockingDesk, record: SealedDesk
) -> None:
    log(desk)
    record.seal()
    record.edit_run(lambda bundle: bundle.replace(b"db-role desk_api", b"db-role desk_abi", 1))
    log(desk)
    with pytest.raises(SealingRefused, match="caseledger verify"):
        record.seal()


def test_a_checkpoint_filed_under_another_position_is_not_built_upon(desk: BlockingDesk, record: SealedDesk) -> None:
    """Or the sealer would pass over events and say nothing."""
    log(desk)
    record.seal()
    with record.attack() as superuser:
        superuser.execute("UPDATE tlog.checkpoints SET position = position + 1")
    log(desk)
    with pytest.raises(SealingRefused, match="caseledger verify"):
        record.seal()


def test_a_leaf_is_found_by_its_position(audited: SealedDesk) -> None:
    with audited.database.connect("auditor") as connection:
        reader = LogReader(connection, 1)
        for index, leaf in enumerate(leaves(audited)):
            assert reader.leaf_at(parse_leaf(leaf).position) == (index, leaf)
        with pytest.raises(LookupError, match="not sealed"):
            reader.leaf_at(10_000)
