"""Attacks on views, disclosures, files, numbers and guards that must be detected (audit.md)."""

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
from tests.infrastructure.transparency.sealed import SealedDesk, checks
from tests.infrastructure.transparency.verification.attacks import a_note, only


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


def test_an_edited_row_of_a_view_is_named(audited: SealedDesk) -> None:
    number = audited.rows("SELECT number FROM views.open_cases WHERE status = 'resolved'")[0][0]
    with audited.attack() as superuser:
        superuser.execute("UPDATE views.open_cases SET priority = 1 WHERE number = %s", (number,))
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
