"""Signed notes and checkpoints: what is signed opens, whatever was touched does not (C2SP signed-note, tlog-checkpoint)."""

from __future__ import annotations

from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.transparency.formats.checkpoint import Checkpoint, open_checkpoint
from infrastructure.transparency.formats.note import (
    COSIGNATURE,
    NoteError,
    Signature,
    Signer,
    Verifier,
    open_note,
    parse_note,
    signed,
    strict_base64,
)
from tests.infrastructure.transparency.trees import ORIGIN, a_log, a_signer

GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
"""The published example of the format (documentation of Go's sumdb/note)."""
C2SP_CHECKPOINT = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)
"""The example of C2SP tlog-cosignature."""
TEXT = "desk.example/log\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
WITNESS_KEY = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
WITNESS = Verifier("witness.example/w1", COSIGNATURE, WITNESS_KEY.public_key().public_bytes_raw())

names = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Z"], exclude_characters="+"), min_size=1, max_size=20
).filter(lambda name: not any(c.isspace() for c in name))
lines = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)
texts = st.lists(lines, min_size=1, max_size=6).map("\n".join).filter(bool).map(lambda text: f"{text}\n")


def cosignature(text: str, seconds: int) -> Signature:
    made = WITNESS_KEY.sign(f"cosignature/v1\ntime {seconds}\n{text}".encode())
    return Signature(WITNESS.name, WITNESS.key_id, seconds.to_bytes(8) + made)


def test_the_published_example_opens() -> None:
    note = open_note(GO_NOTE, [Verifier.parse(GO_VKEY)])
    assert note.text == GO_NOTE.partition("\n\n")[0] + "\n"
    assert str(note) == GO_NOTE


def test_the_published_checkpoint_is_read() -> None:
    note = parse_note(C2SP_CHECKPOINT)
    assert str(note) == C2SP_CHECKPOINT
    read = Checkpoint.of_text(C2SP_CHECKPOINT)
    assert (read.origin, read.size, read.text()) == ("example.com/behind-the-sofa", 20_852_163, note.text)
    log, witness = note.signatures
    assert (log.key_id.hex(), len(log.blob)) == ("033de0ae", 64)
    assert (witness.name, int.from_bytes(witness.blob[:8]), len(witness.blob)) == (
        "witness.example.com/w1",
        1_679_315_147,
        72,
    )


@given(names, texts, st.lists(st.integers(1, 255), min_size=1, max_size=3, unique=True))
def test_what_is_signed_opens_with_each_of_its_keys(name: str, text: str, seeds: list[int]) -> None:
    signers = [a_signer(name, seed) for seed in seeds]
    note = str(signed(text, signers))
    for signer in signers:
        verifier = Verifier.parse(str(signer.verifier))
        assert open_note(note.encode(), [verifier]).text == text


@given(st.data())
def test_a_note_with_any_byte_changed_is_refused(data: st.DataObject) -> None:
    log = a_log(3)
    raw = log.note().encode()
    place = data.draw(st.integers(0, len(raw) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != raw[place]))
    with pytest.raises(NoteError):
        open_note(raw[:place] + bytes([other]) + raw[place + 1 :], [log.signer.verifier])


@given(st.data())
def test_a_note_with_a_byte_more_or_less_is_refused(data: st.DataObject) -> None:
    log = a_log(3)
    raw = log.note().encode()
    place = data.draw(st.integers(0, len(raw) - 1))
    more = data.draw(st.binary(min_size=1, max_size=3))
    for touched in (raw[:place] + raw[place + 1 :], raw[:place] + more + raw[place:], raw[:place]):
        try:
            opened = open_note(touched, [log.signer.verifier])
        except NoteError:
            continue
        assert touched == raw or str(opened).encode() == raw


@pytest.mark.parametrize(
    "given",
    [
        "",
        "\n",
        "text\n",
        "text\n\n",
        "\n\n— a AAAAAAA=\n",
        "text\n\n— a AAAAAAA=",  # its last line has no end
        "text\n\n— a AAAAAA==\n",  # no more than the key's id
        "text\n\n— a AAAAAAB=\n",  # bits that say nothing
        "text\n\n— a AAAA AAA=\n",
        "text\n\n— a b AAAAAAA=\n",
        "text\n\n— a+b AAAAAAA=\n",
        "text\n\n—  AAAAAAA=\n",
        "text\n\n- a AAAAAAA=\n",
        "text\n\n— a AAAAAAA=\nmore\n",
        "te\txt\n\n— a AAAAAAA=\n",
        "text\r\n\r\n— a AAAAAAA=\r\n",
        "te\ud800xt\n\n— a AAAAAAA=\n",
        b"te\xffxt\n\n\xe2\x80\x94 a AAAAAAA=\n",
        "x" * 1_000_001 + "\n\n— a AAAAAAA=\n",
    ],
)
def test_what_is_no_note_is_refused(given: str | bytes) -> None:
    with pytest.raises(NoteError):
        parse_note(given)


def test_the_last_empty_line_parts_text_and_signatures() -> None:
    signer = a_signer()
    for text in ("a\n\nb\n", "a\n\n", "a\n\n\n"):
        assert open_note(str(signed(text, [signer])), [signer.verifier]).text == text


def test_lines_of_unknown_keys_are_passed_over_and_a_false_one_of_a_known_key_is_not() -> None:
    one, other = a_signer(), a_signer(seed=2)
    note = signed(TEXT, [one, other])
    assert open_note(str(note), [one.verifier]) == note
    false = Signature(ORIGIN, other.verifier.key_id, bytes(64))
    touched = f"{signed(TEXT, [one])}{false.line()}"
    assert open_note(touched, [one.verifier]).text == TEXT
    with pytest.raises(NoteError, match="not valid"):
        open_note(touched, [one.verifier, other.verifier])
    with pytest.raises(NoteError, match="none of the given keys"):
        open_note(str(note), [a_signer(seed=3).verifier])


def test_a_cosignature_is_of_its_moment() -> None:
    line = cosignature(TEXT, 1_679_315_147)
    WITNESS.check(TEXT, line)
    later = Signature(line.name, line.key_id, (1_679_315_148).to_bytes(8) + line.blob[8:])
    for wrong in (later, cosignature(TEXT, 2**63), Signature(line.name, line.key_id, b"short")):
        with pytest.raises(NoteError):
            WITNESS.check(TEXT, wrong)
    with pytest.raises(NoteError):
        WITNESS.check(TEXT + "more\n", line)


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "PeterNeumann",
        GO_VKEY.replace("PeterNeumann", "PeterWeumann"),
        GO_VKEY.replace("c74f20a3", "c74f20a4"),
        GO_VKEY.replace("c74f20a3", "C74F20A3"),
        GO_VKEY.replace("ARpc", "AhpC"),
        GO_VKEY[:-4],
        GO_VKEY.replace("PeterNeumann", "Peter Neumann"),
    ],
)
def test_what_is_no_verifier_key_is_refused(vkey: str) -> None:
    with pytest.raises(NoteError):
        Verifier.parse(vkey)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u00a0b", "a\u2003b"])
def test_a_key_cannot_have_a_name_that_would_not_be_read_back(name: str) -> None:
    with pytest.raises(NoteError):
        Signer(name, WITNESS_KEY)


@given(st.binary(max_size=40), st.text("AB+/=", max_size=8))
def test_base64_has_one_form(raw: bytes, junk: str) -> None:
    encoded = b64encode(raw).decode()
    assert strict_base64(encoded) == raw
    for wrong in (encoded + junk, junk + encoded, encoded + "\n", f" {encoded}"):
        try:
            assert b64encode(strict_base64(wrong)).decode() == wrong
        except NoteError:
            assert wrong != encoded


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("desk.example/log", ""),
        TEXT.replace("\n5\n", "\n05\n"),
        TEXT.replace("\n5\n", "\n+5\n"),
        TEXT.replace("\n5\n", "\n\u0665\n"),  # a digit, but not one of ASCII's
        TEXT.replace("\n5\n", "\n\n"),
        TEXT.replace("CsUY", ""),
        TEXT.replace("q2I=", "q2J="),
        TEXT + "\nextension\n",
        "desk.example/log\n5\n",
        "desk.example/log\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        Checkpoint.parse(text)


def test_a_checkpoint_opens_with_the_key_of_its_own_log_and_no_other() -> None:
    log = a_log(300)
    assert open_checkpoint(log.note(), [log.signer.verifier]) == Checkpoint(ORIGIN, 300, log.root())
    assert Checkpoint.parse(TEXT + "extension\n").size == 5
    impostor = a_signer("other.example/log")
    note = str(signed(TEXT, [impostor]))
    with pytest.raises(NoteError, match="no key of the log desk"):
        open_checkpoint(note, [impostor.verifier])
