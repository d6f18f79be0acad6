"""What came back from outside lies in tlog.cosignatures and tlog.timestamps; and the settings make the publisher."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from pathlib import Path

import psycopg
import pytest

from infrastructure.settings import Settings
from infrastructure.transparency.formats.checkpoint import Checkpoint
from infrastructure.transparency.formats.note import open_note
from infrastructure.transparency.publication.publisher import Publisher, make_publisher
from infrastructure.transparency.publication.replies import PublicationStore, current_note
from infrastructure.transparency.sealer_folder import SealerFolder
from tests.conftest import TestDatabase
from tests.infrastructure.transparency.checkpoints import sealed
from tests.infrastructure.transparency.formats.test_note import WITNESS, cosignature
from tests.infrastructure.transparency.outsiders import AicsWitness, OpensslAuthority, http_site
from tests.infrastructure.transparency.trees import ORIGIN, MemoryLog, a_log, a_signer


def store_of(database: TestDatabase, log: MemoryLog) -> PublicationStore:
    return PublicationStore(partial(database.connect, "sealer"), lambda _connection, _number: log.hashes)


def test_cosignatures_and_timestamps_are_kept_in_the_sealers_role(database: TestDatabase) -> None:
    log = a_log(5)
    sealed(database, log)
    checkpoint, store = Checkpoint.of_text(log.note()), store_of(database, log)
    line = cosignature(checkpoint.text(), 1_800_000_000)
    assert store.since_timestamp(ORIGIN, "https://tsa.example") is None
    for _ in range(2):  # once more is no harm
        store.keep_cosignature(checkpoint, line)
        store.keep_timestamp(checkpoint, "https://tsa.example", b"reply")
    since = store.since_timestamp(ORIGIN, "https://tsa.example")
    assert since is not None
    assert 0 <= since < 3600
    assert store.proof(ORIGIN, 2, 5) == log.consistency(2)
    store.close()
    with database.connect("auditor") as auditor:
        assert auditor.execute("SELECT log, size, witness, line FROM tlog.cosignatures").fetchall() == [
            (1, 5, WITNESS.name, line.line().rstrip("\n"))
        ]
        assert auditor.execute("SELECT log, size, authority, reply FROM tlog.timestamps").fetchall() == [
            (1, 5, "https://tsa.example", b"reply")
        ]


def test_what_is_of_no_log_is_refused(database: TestDatabase) -> None:
    log = a_log(5)
    with closing(store_of(database, log)) as store, pytest.raises(LookupError, match=f"no log {ORIGIN}"):
        store.keep_timestamp(Checkpoint.of_text(log.note()), "https://tsa.example", b"")


def test_a_connection_that_was_lost_is_made_anew(database: TestDatabase) -> None:
    log = a_log(5)
    sealed(database, log)
    store = store_of(database, log)
    store.proof(ORIGIN, 2, 5)
    with psycopg.connect(database.superuser, autocommit=True) as superuser:
        superuser.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
            "WHERE usename = 'desk_sealer' AND datname = current_database()"
        )
    with pytest.raises(psycopg.OperationalError):
        store.proof(ORIGIN, 2, 5)
    assert store.proof(ORIGIN, 2, 5) == log.consistency(2)
    store.close()


def test_the_current_note_is_the_last_logs_largest_under_all_its_signatures(database: TestDatabase) -> None:
    with database.connect("mail") as mail:
        assert current_note(mail) is None, "nothing is sealed yet"
        first, second = a_log(50), MemoryLog([b"restart"], a_signer(f"{ORIGIN}/2"))
        sealed(database, first, second)
        assert current_note(mail) == second.note()
        checkpoint, store = Checkpoint.of_text(second.note()), store_of(database, second)
        store.keep_cosignature(checkpoint, cosignature(checkpoint.text(), 1_800_000_000))
        store.close()
        note = current_note(mail)
        assert note is not None
        assert note.startswith(second.note())
        assert open_note(note, [WITNESS])
        assert open_note(note, [second.signer.verifier])


def publisher_of(settings: Settings, database: TestDatabase, log: MemoryLog) -> Publisher:
    """The publisher that the settings name, on a log in memory."""
    return make_publisher(
        database,
        SealerFolder(settings.sealer_folder),
        lambda _connection, _number: log.hashes,
        witnesses=settings.witnesses,
        tsa_url=settings.tsa_url,
        tsa_ca_file=settings.tsa_ca_file,
        held_dir=settings.held_dir,
    )


def test_the_settings_bring_a_checkpoint_to_a_witness_an_authority_and_a_directory(
    database: TestDatabase, outsider: AicsWitness, authority: OpensslAuthority, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """All from outside: the witness of the package aics-witness, openssl's timestamps."""
    log, folder = a_log(300), tmp_path_factory.mktemp("held")
    sealed(database, log)
    with outsider.serving() as witness, http_site(authority.answer) as site:
        settings = Settings(
            witnesses=f"{witness.vkey}@{witness.url}", tsa_url=site.url, tsa_ca_file=authority.ca, held_dir=folder
        )
        publisher = publisher_of(settings, database, log)
        publisher.publish(log.note(), log.size)
        assert publisher.attend() is None, "all of them have it"
        with publisher:
            """Its end closes its connection."""
    with database.connect("auditor") as auditor:
        ((line,),) = auditor.execute("SELECT line FROM tlog.cosignatures").fetchall()
        ((reply,),) = auditor.execute("SELECT reply FROM tlog.timestamps").fetchall()
    note = f"{log.note()}{line}\n"
    assert open_note(note, [witness.vkey])
    assert "Verification: OK" in authority.verify(reply, log.note().encode())
    (path,) = folder.iterdir()
    assert path.read_text(encoding="utf-8") == note


def test_settings_that_cannot_be_used_are_refused_at_start(database: TestDatabase, tmp_path: Path) -> None:
    for wrong in ({"witnesses": "https://w.example"}, {"tsa_url": "tsa.example"}):
        with pytest.raises(ValueError, match=r"vkey@url|no http"):
            Settings(**wrong)  # type: ignore[arg-type]
    missing = Settings(tsa_url="https://tsa.example", tsa_ca_file=tmp_path / "missing.pem")
    with pytest.raises(OSError, match=r"missing\.pem"):
        publisher_of(missing, database, a_log(1))
