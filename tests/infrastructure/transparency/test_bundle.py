"""A case's bundle: honest, it verifies offline; with any byte of it changed, it does not (audit.md, Case bundle)."""

from __future__ import annotations

import json
import zipfile
from base64 import b64decode
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.values import ErasureScope
from infrastructure.transparency.bundle.offline_check import verify_bundle
from infrastructure.transparency.bundle.reader import CannotVerify, read_bundle
from infrastructure.transparency.bundle.writer import canonical, zipped
from tests import four_eyes
from tests.blocking import BlockingDesk, open_desk
from tests.infrastructure.transparency.bundles import Made, bundle_of
from tests.infrastructure.transparency.trees import a_signer

COVERED = ("events.jsonl", "checkpoint", "disclosures.json", "consistency.json")
"""README.txt is for people; what checks a bundle says so (bundle_verifying.py)."""


def test_an_honest_bundle_verifies_with_all_it_can_be_checked_against(made: Made, tmp_path: Path) -> None:
    found = verify_bundle(
        made.files, made.verifiers, case=made.number, old=made.old, log=made.copied(tmp_path / "copy")
    )
    assert found.findings == found.notes == []
    assert (found.case, found.events) == (made.number, 7)
    assert found.disclosures == 5
    assert found.erased == 0
    assert verify_bundle(made.files, made.verifiers, old=made.old).ok  # by the proof that the bundle carries


def test_each_line_says_what_audit_md_says(made: Made) -> None:
    for line in made.files["events.jsonl"].splitlines():
        event = json.loads(line)
        assert event.keys() == {"index", "leaf", "state", "proof", "event"}
        assert b64decode(event["leaf"]).startswith(b"caseledger-event/v1\nnotification-id ")
        assert event["event"]["state"] == json.loads(b64decode(event["state"]))
    assert made.files.keys() == {*COVERED, "README.txt"}


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_byte_changed_is_rejected(made: Made, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(COVERED))
    content = made.files[name]
    place = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda other: other != content[place]))
    tampered = {**made.files, name: content[:place] + bytes([byte]) + content[place + 1 :]}
    try:
        assert not verify_bundle(tampered, made.verifiers, case=made.number, old=made.old).ok
    except CannotVerify:
        assert name == "consistency.json"  # a proof of something else is none


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_bytes_added_or_taken_away_are_rejected(made: Made, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(COVERED[:3]))
    content = made.files[name]
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, len(content)))
    put = data.draw(st.binary(max_size=3))
    changed = content[:start] + put + content[end:]
    if changed == content:
        return
    whole_lines = name == "events.jsonl" and changed and content.startswith(changed) and changed.endswith(b"\n")
    found = verify_bundle({**made.files, name: changed}, made.verifiers, case=made.number)
    # Whole events off its end are what only a copy of the log shows; what they point to is then disclosed for nothing.
    assert not found.ok or whole_lines


def test_an_empty_bundle_and_one_of_another_case_are_refused(made: Made) -> None:
    empty = {**made.files, "events.jsonl": b"", "disclosures.json": b"[]\n"}
    assert any("empty" in finding for finding in verify_bundle(empty, made.verifiers).findings)
    other = verify_bundle(made.files, made.verifiers, case="INC-0000999")
    assert other.findings == [f"this is the bundle of {made.number}, not of INC-0000999"]


def test_events_left_out_in_the_middle_or_of_another_case_are_seen(made: Made) -> None:
    lines = made.files["events.jsonl"].splitlines(keepends=True)
    without = {**made.files, "events.jsonl": b"".join([*lines[:2], *lines[3:]])}
    assert any("version 3 is missing" in finding for finding in verify_bundle(without, made.verifiers).findings)
    number = made.record.rows("SELECT number FROM ledger.numbers WHERE number LIKE 'INC-%%' ORDER BY 1 DESC LIMIT 1")[
        0
    ][0]
    other = bundle_of(made.record, number)["events.jsonl"]
    mixed = {**made.files, "events.jsonl": made.files["events.jsonl"] + other}
    assert any("more than one case" in finding for finding in verify_bundle(mixed, made.verifiers).findings)
    swapped = {**made.files, "events.jsonl": b"".join([lines[1], lines[0], *lines[2:]])}
    assert any("out of order" in finding for finding in verify_bundle(swapped, made.verifiers).findings)


def test_base64_is_read_strictly(made: Made) -> None:
    """Other spellings of the same bytes are not what was written."""
    first, *rest = made.files["events.jsonl"].splitlines(keepends=True)
    event = json.loads(first)
    state = event["state"].rstrip("=")
    event["state"] = (
        state[:-1]
        + "BCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/A"[
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".index(state[-1])
        ]
        + "=" * (len(event["state"]) - len(state))
    )
    tampered = {**made.files, "events.jsonl": b"".join([canonical(event), *rest])}
    assert not verify_bundle(tampered, made.verifiers).ok


def test_a_bundle_signed_by_somebody_else_is_refused(made: Made) -> None:
    stranger = a_signer(made.verifiers[0].name, seed=9).verifier
    (finding,) = verify_bundle(made.files, [stranger]).findings
    assert "none of the given keys" in finding


def test_what_was_erased_is_said_and_no_finding(desk: BlockingDesk, made: Made) -> None:
    subject = json.loads(made.files["disclosures.json"])[0]["subject"]
    with open_desk(made.record.database, component="eraser") as office:
        four_eyes.erase(office, subject, ErasureScope.CONTACT_AND_WORDS)
    made.record.seal()
    found = verify_bundle(bundle_of(made.record, made.number), made.verifiers, case=made.number)
    assert found.findings == []
    assert found.erased == 2  # who the customer is, and what they said


def test_what_is_left_out_and_was_not_erased_is_named(made: Made) -> None:
    said = json.loads(made.files["disclosures.json"])
    for kept in (said[:0], said[1:]):
        found = verify_bundle({**made.files, "disclosures.json": canonical(kept)}, made.verifiers)
        assert len(found.findings) == found.erased == 5 - len(kept)
        assert all("no event says that it was erased" in finding for finding in found.findings)
    for no_list in (b"{}\n", b"null\n"):
        assert not verify_bundle({**made.files, "disclosures.json": no_list}, made.verifiers).ok


def test_disclosures_stand_once_and_in_order(made: Made) -> None:
    first, *rest = json.loads(made.files["disclosures.json"])
    for changed in ([first, first, *rest], [*rest, first]):
        found = verify_bundle({**made.files, "disclosures.json": canonical(changed)}, made.verifiers)
        assert any("twice, or out of order" in finding for finding in found.findings)


@pytest.mark.parametrize(
    "name", ["events.jsonl", "disclosures.json", "consistency.json"], ids=lambda name: name.partition(".")[0]
)
@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000 + b"\n",
        b'{"index":"\\ud800"}\n',
        b"\xff\n",
        b"null\n",
        b"NaN\n",
        b"9" * 9_999 + b"\n",
        b'{"index":1e999}\n',
    ],
    ids=["deep", "surrogate", "no text", "null", "nan", "long", "infinite"],
)
def test_hostile_documents_are_findings_and_no_crash(made: Made, name: str, content: bytes) -> None:
    found = verify_bundle({**made.files, name: content}, made.verifiers, old=made.old)
    assert any(name in finding for finding in found.findings)


def test_what_does_not_belong_in_a_bundle_is_refused(made: Made, tmp_path: Path) -> None:
    folder = tmp_path / "case"
    folder.mkdir()
    for name, content in made.files.items():
        (folder / name).write_bytes(content)
    assert read_bundle(folder) == made.files
    (folder / "more").mkdir()
    with pytest.raises(CannotVerify, match="does not belong"):
        read_bundle(folder)
    twice = tmp_path / "twice.zip"
    with zipfile.ZipFile(twice, "w") as archive:
        for name in ("checkpoint", "events.jsonl"):
            archive.writestr(name, made.files[name])
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("events.jsonl", b"")
    with pytest.raises(CannotVerify, match="two files of one name"):
        read_bundle(twice)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_broken_archive_is_refused_and_no_crash(made: Made, tmp_path: Path, data: st.DataObject) -> None:
    whole = bytearray(zipped(made.files))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    broken = tmp_path / "broken.zip"
    broken.write_bytes(whole)
    try:
        files = read_bundle(broken)
    except CannotVerify:
        return
    same = all(content == made.files[name] for name, content in files.items() if name in COVERED)
    assert same or not verify_bundle(files, made.verifiers).ok
