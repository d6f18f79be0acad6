"""The sealer's folder and keys: accidents are refused, a rotation overlaps."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from application.administration.catalogue import OPERATOR
from infrastructure.transparency.formats.checkpoint import open_checkpoint
from infrastructure.transparency.formats.note import Signer
from infrastructure.transparency.sealer_folder import SealingRefused
from tests.application.cases import log
from tests.blocking import BlockingDesk, because
from tests.infrastructure.transparency.sealed import ORIGIN, SealedDesk


def test_accidents_in_the_folder_are_refusals_and_no_crash(desk: BlockingDesk, record: SealedDesk) -> None:
    log(desk)
    record.seal()
    (record.folder.path / "key-1-old.pem").write_text("a copy somebody made", encoding="utf-8")
    log(desk)
    record.seal()  # is none of ours, and nothing to it
    (key,) = record.folder.path.glob("key-1.pem")
    whole = key.read_bytes()
    key.write_bytes(whole[:50])
    log(desk)
    with pytest.raises(SealingRefused, match="holds no readable key"):
        record.seal()
    key.write_bytes(whole)
    (record.folder.path / "last-checkpoint").write_bytes(b"\xff\xfe")
    with pytest.raises(SealingRefused, match="is not valid"):
        record.seal()


def test_keys_are_the_sealers_alone(desk: BlockingDesk, record: SealedDesk) -> None:
    log(desk)
    record.seal()
    (key,) = record.folder.path.glob("key-*.pem")
    assert key.stat().st_mode & 0o777 == 0o600
    assert record.folder.path.stat().st_mode & 0o777 == 0o700
    key.chmod(0o640)
    log(desk)
    with pytest.raises(SealingRefused, match="other accounts can read"):
        record.seal()


def test_a_lost_key_is_not_silently_replaced(desk: BlockingDesk, record: SealedDesk) -> None:
    log(desk)
    record.seal()
    (key,) = record.folder.path.glob("key-*.pem")
    key.unlink()
    log(desk)
    with pytest.raises(SealingRefused, match="is missing from"):
        record.seal()


def test_while_keys_overlap_both_sign_and_a_retired_one_signs_no_more(desk: BlockingDesk, record: SealedDesk) -> None:
    log(desk)
    record.seal()
    (old,) = record.folder.verifiers()
    key = Ed25519PrivateKey.generate()
    desk.log.introduce_key(ORIGIN, str(Signer(ORIGIN, key).verifier), because(OPERATOR, "once a year"))
    record.folder.add_key(key)
    log(desk)
    record.seal()
    _, new = record.folder.verifiers()
    both = record.folder.last_note() or ""
    assert open_checkpoint(both, [old]) == open_checkpoint(both, [new])
    with pytest.raises(SealingRefused, match="no key 00000000"):
        record.folder.key_to_retire("desk.example/log", "00000000")
    record.folder.destroy_key(record.folder.key_to_retire("desk.example/log", old.key_id.hex()))
    log(desk)
    record.seal()
    with pytest.raises(ValueError, match="none of the given keys"):
        open_checkpoint(record.folder.last_note() or "", [old])
    with pytest.raises(SealingRefused, match="only key"):
        record.folder.key_to_retire("desk.example/log", new.key_id.hex())
    record.project()
    assert record.verify(both).ok  # what the retired key signed stays valid
