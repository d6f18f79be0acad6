"""A bundle against an older checkpoint or a copy of the log, and the copy itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from application.cases.attachments import File
from infrastructure.transparency.bundle.offline_check import verify_bundle
from infrastructure.transparency.bundle.reader import CannotVerify, read_bundle
from infrastructure.transparency.bundle.writer import make_bundle, zipped
from infrastructure.transparency.formats.checkpoint import Checkpoint
from infrastructure.transparency.formats.note import Signer, signed
from infrastructure.transparency.log_copy import BrokenCopy, LogCopy
from tests.application.cases import TECHNICIAN, log
from tests.blocking import BlockingDesk
from tests.infrastructure.transparency.bundles import Made, copy_log
from tests.infrastructure.transparency.sealed import SealedDesk
from tests.infrastructure.transparency.trees import a_signer


def test_an_older_checkpoint_needs_a_proof_or_a_copy_of_the_log(made: Made, tmp_path: Path) -> None:
    without = {name: content for name, content in made.files.items() if name != "consistency.json"}
    with pytest.raises(CannotVerify, match="--tlog DIR"):
        verify_bundle(without, made.verifiers, old=made.old)
    assert verify_bundle(without, made.verifiers, old=made.old, log=made.copied(tmp_path / "copy")).ok
    assert verify_bundle(without, made.verifiers, old=made.files["checkpoint"].decode()).ok  # it is the same


def test_a_log_that_does_not_continue_an_older_checkpoint_is_seen(made: Made, tmp_path: Path) -> None:
    signer = made.record.folder.signers("desk.example/log")[0]
    old = Checkpoint.of_text(made.old)
    forged = Checkpoint(old.origin, old.size, b"\1" * 32)
    note = signed_note(forged, signer)
    for copied in (None, made.copied(tmp_path / "copy")):
        (finding,) = verify_bundle(made.files, made.verifiers, old=note, log=copied).findings
        assert "does not continue" in finding
    stranger = Checkpoint("another.example/log", old.size, old.root)
    (finding,) = verify_bundle(
        made.files,
        [*made.verifiers, a_signer("another.example/log").verifier],
        old=(signed_note(stranger, a_signer("another.example/log"))),
    ).findings
    assert "another log" in finding


def test_later_events_are_a_note_and_no_finding(desk: BlockingDesk, made: Made, tmp_path: Path) -> None:
    desk.logging.note(made.number, "later", visible_to_customer=False, request=TECHNICIAN)
    made.record.seal()
    found = verify_bundle(made.files, made.verifiers, log=made.copied(tmp_path / "copy"))
    assert found.ok
    assert any("has a newer event" in note for note in found.notes)


def test_a_copy_of_the_log_is_kept_up_and_one_the_log_does_not_continue_is_kept_as_it_is(
    desk: BlockingDesk, made: Made, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    before = made.copied(folder).checkpoint
    log(desk)
    made.record.seal()
    assert made.copied(folder).checkpoint.size > before.size
    (folder / "checkpoint").write_text(
        (signed_note(Checkpoint(before.origin, before.size, b"\2" * 32), made.record.folder.signers(before.origin)[0])),
        encoding="utf-8",
    )
    with pytest.raises(BrokenCopy, match="does not continue the copy"):
        copy_log(made.record, folder)


@pytest.mark.parametrize("path", ["checkpoint", "tile/entries"])
def test_a_broken_copy_is_named(made: Made, tmp_path: Path, path: str) -> None:
    folder = tmp_path / "copy"
    made.copied(folder)
    target = next((folder / path).rglob("*.p/*")) if path != "checkpoint" else folder / path
    content = target.read_bytes()
    target.write_bytes(content[:30] + bytes([content[30] ^ 1]) + content[31:])
    with pytest.raises(BrokenCopy):
        LogCopy(folder, made.verifiers)


def test_the_same_zipped_is_the_same(made: Made, tmp_path: Path) -> None:
    archive = tmp_path / "bundle.zip"
    archive.write_bytes(zipped(made.files))
    assert read_bundle(archive) == made.files
    assert zipped(made.files) == archive.read_bytes()
    archive.write_bytes(archive.read_bytes()[:-9])
    with pytest.raises(CannotVerify, match="cannot be read"):
        read_bundle(archive)
    with pytest.raises(CannotVerify, match="no bundle"):
        read_bundle(tmp_path)


def signed_note(checkpoint: Checkpoint, signer: Signer) -> str:
    return str(signed(checkpoint.text(), [signer]))


def test_field_07_a_bundle_holds_the_files_of_its_case_under_names_of_their_own(
    desk: BlockingDesk, record: SealedDesk, tmp_path: Path
) -> None:
    number = log(desk)
    contents = [b"one", b"two", b"three"]
    names = ["image.png", "IMAGE.png", "../image.png"]
    files = [File(name, "image/png", content) for name, content in zip(names, contents, strict=True)]
    desk.attachments.attach(number, files, visible_to_customer=True, request=TECHNICIAN)
    record.seal()
    with record.database.connect("auditor") as connection:
        made = make_bundle(connection, number, files=True)
    held = {name: content for name, content in made.items() if name.startswith("files/")}
    assert {name.casefold() for name in held} == {"files/image.png", "files/image-2.png", "files/image-3.png"}
    assert sorted(held.values()) == sorted(contents)
    verifiers = record.folder.verifiers()
    assert verify_bundle(made, verifiers).findings == []
    (archive := tmp_path / "b.zip").write_bytes(zipped(made))
    (folder := tmp_path / "b" / "files").mkdir(parents=True)
    for name, content in made.items():
        (folder.parent / name).write_bytes(content)
    assert read_bundle(archive) == read_bundle(folder.parent) == made
    first, *_ = held
    for changed in (
        {**made, first: b"other"},
        {name: content for name, content in made.items() if name != first},
        {**made, "files/another": b"x"},
    ):
        assert len(verify_bundle(changed, verifiers).findings) == 1
    bare = {name: content for name, content in made.items() if name not in held}
    assert verify_bundle(bare, verifiers).findings == []
    assert verify_bundle(bare, verifiers).notes == [
        "3 files of the case are not in the bundle (--files): their bytes were not checked"
    ]
    (folder / "deeper").mkdir()
    with pytest.raises(CannotVerify):
        read_bundle(folder.parent)
