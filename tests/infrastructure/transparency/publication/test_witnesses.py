"""The witness client: with a witness that is not ours, and with answers that no honest one gives (C2SP tlog-witness)."""

from __future__ import annotations

import pytest

from infrastructure.transparency.formats.checkpoint import Checkpoint
from infrastructure.transparency.formats.note import COSIGNATURE, NoteError, Verifier, open_note, signed
from infrastructure.transparency.publication.http_client import Answer, Contradicted, HttpClient, NotHeld
from infrastructure.transparency.publication.witnesses import Ahead, Witness, WitnessClient, parse_witnesses
from tests.infrastructure.transparency.formats.test_note import WITNESS, cosignature
from tests.infrastructure.transparency.outsiders import AicsWitness
from tests.infrastructure.transparency.trees import ORIGIN, MemoryLog, a_log, a_signer

URL = "https://witness.example/c2sp"
SIZE = "text/x.tlog.size"


def a_client(witness: Witness) -> WitnessClient:
    return WitnessClient(witness, HttpClient().post)


def test_a_witness_from_outside_cosigns_what_grows_and_the_note_opens_with_its_key(outsider: AicsWitness) -> None:
    log = a_log(3)
    with outsider.serving() as witness:
        client = a_client(witness)
        for more in (0, 0, 1, 300, 70_000):
            log.extend([b"%d" % n for n in range(more)])
            line = client.cosign(log.note(), log.proof)
            opened = open_note(log.note() + line.line(), [witness.vkey])
            assert Checkpoint.parse(opened.text) == Checkpoint(ORIGIN, log.size, log.root())
        assert a_client(witness).cosign(log.note(), log.proof), "one that remembers nothing asks from where to prove"


def test_a_witness_from_outside_refuses_a_log_that_was_rolled_back(outsider: AicsWitness) -> None:
    log = a_log(300)
    with outsider.serving() as witness:
        client = a_client(witness)
        client.cosign(log.note(), log.proof)
        for fresh in (client, a_client(witness)):
            with pytest.raises(Ahead, match="300 leaves of this log and was shown 200") as caught:
                fresh.cosign(log.note(200), log.proof)
            assert caught.value.size == 300


def test_a_witness_from_outside_refuses_a_fork_and_keeps_the_evidence(outsider: AicsWitness) -> None:
    log, fork = a_log(300), a_log(400, prefix="forged")
    same_size = a_log(300, prefix="forged")
    with outsider.serving() as witness:
        a_client(witness).cosign(log.note(), log.proof)
        for other in (fork, same_size):
            with pytest.raises(Contradicted, match="rewritten or forked"):
                a_client(witness).cosign(other.note(), other.proof)
        log.extend([b"more"])
        assert a_client(witness).cosign(log.note(), log.proof), "the log itself goes on"
    assert outsider.run("evidence").count(ORIGIN) >= 2


def test_a_witness_from_outside_refuses_logs_and_keys_it_does_not_know(outsider: AicsWitness) -> None:
    stranger = MemoryLog([b"leaf"], a_signer("other.example/log"))
    impostor = MemoryLog([b"leaf"], a_signer(seed=2))
    with outsider.serving() as witness:
        with pytest.raises(NotHeld, match="does not know this log: its operator must add its verifier key"):
            a_client(witness).cosign(stranger.note(), stranger.proof)
        with pytest.raises(NotHeld, match="does not trust the key"):
            a_client(witness).cosign(impostor.note(), impostor.proof)


def test_a_witness_from_outside_knows_after_its_restart_what_it_signed(outsider: AicsWitness) -> None:
    log = a_log(300)
    with outsider.serving() as witness:
        a_client(witness).cosign(log.note(), log.proof)
    with outsider.serving() as witness, pytest.raises(Ahead):
        a_client(witness).cosign(log.note(200), log.proof)


# what is asked, and what no honest witness answers


class Scripted:
    """Answers in turn, and keeps what was asked."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, url: str, body: bytes, kind: str) -> Answer:
        assert url == f"{URL}/add-checkpoint"
        self.asked.append(body.decode())
        return self._answers.pop(0)

    def client(self) -> WitnessClient:
        return WitnessClient(Witness(WITNESS, URL), self)


def good(log: MemoryLog, seconds: int = 1_800_000_000) -> Answer:
    line = cosignature(Checkpoint.of_text(log.note()).text(), seconds).line()
    return Answer(200, "text/plain", line.encode())


def size(known: int, kind: str = SIZE) -> Answer:
    return Answer(409, kind, f"{known}\n".encode())


def test_a_request_has_the_old_size_the_proof_an_empty_line_and_the_note() -> None:
    log = a_log(5)
    script = Scripted(size(3), good(log))
    script.client().cosign(log.note(), log.proof)
    first, second = script.asked
    assert first == f"old 0\n\n{log.note()}"
    header, _, note = second.partition("\n\n")
    assert note == log.note()
    assert header.split("\n")[0] == "old 3"
    assert len(header.split("\n")) == 1 + len(log.consistency(3))
    assert all(len(line) == 44 for line in header.split("\n")[1:])


def test_what_a_witness_has_seen_is_remembered() -> None:
    log = a_log(5)
    script = Scripted(good(log), good(log))
    client = script.client()
    client.cosign(log.note(), log.proof)
    client.cosign(log.note(), log.proof)
    assert [asked.partition("\n")[0] for asked in script.asked] == ["old 0", "old 5"]


def test_of_several_lines_the_one_of_the_witnesss_key_is_taken() -> None:
    log = a_log(5)
    text = Checkpoint.of_text(log.note()).text()
    stranger = signed(text, [a_signer("stranger.example")]).signatures[0].line()
    answer = Answer(200, "text/plain", stranger.encode() + good(log).body)
    assert Scripted(answer).client().cosign(log.note(), log.proof).name == WITNESS.name


def test_a_witness_of_version_1_0_says_409_to_another_root_of_its_size() -> None:
    log = a_log(5)
    with pytest.raises(Contradicted, match="rewritten"):
        Scripted(size(5), size(5)).client().cosign(log.note(), log.proof)


def test_a_witness_that_moves_all_the_time_is_left_for_later() -> None:
    log = a_log(5)
    with pytest.raises(NotHeld, match="faster than we prove"):
        Scripted(size(1), size(2), size(3)).client().cosign(log.note(), log.proof)


LOG = a_log(5)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(200, "text/plain", b""), "without a valid cosignature"),
        (Answer(200, "text/plain", b"\xff\n"), "without a valid cosignature"),
        (Answer(200, "text/plain", b"thank you\n"), "without a valid cosignature"),
        (good(a_log(6)), "without a valid cosignature: the signature of witness.example/w1 is not valid"),
        (Answer(200, "text/plain", good(LOG).body[:-8] + b"AAAAAAA=\n"), "without a valid cosignature"),
        (Answer(200, "text/plain", signed("x\n", [a_signer("w")]).signatures[0].line().encode()), "under another key"),
        (size(3, "text/plain"), "without the size it knows"),
        (Answer(409, SIZE, b"3"), "without the size it knows"),
        (Answer(409, SIZE, b"03\n"), "without the size it knows"),
        (Answer(409, SIZE, "\u0663\n".encode()), "without the size it knows"),
        (Answer(400, "", b"what?"), r"malformed \(400: what\?\)"),
        (Answer(403, "", b""), "does not trust the key"),
        (Answer(404, "", b""), "does not know this log"),
        (Answer(302, "", b""), r"did not cosign \(302\)"),
        (Answer(503, "", b"\x1b[31mlater\nmore"), r"did not cosign \(503: \[31mlater\)"),
    ],
)
def test_an_answer_that_is_none_is_refused_and_explained(answer: Answer, said: str) -> None:
    with pytest.raises(NotHeld, match=said) as caught:
        Scripted(answer).client().cosign(LOG.note(), LOG.proof)
    assert not isinstance(caught.value, Contradicted)


# settings


def test_witnesses_are_set_as_vkey_at_url() -> None:
    other = Verifier("o@ther.example", COSIGNATURE, bytes(32))
    text = f"{WITNESS}@https://w.example/c2sp/\n  {other}@http://127.0.0.1:7380"
    assert parse_witnesses(text) == (
        Witness(WITNESS, "https://w.example/c2sp"),
        Witness(other, "http://127.0.0.1:7380"),
    )
    assert parse_witnesses(" ") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("https://w.example", "vkey@url"),
        (f"{WITNESS}", "vkey@url"),
        (f"{a_signer().verifier}@https://w.example", "is not for cosignatures"),
        (f"{str(WITNESS).replace('w1', 'w2')}@https://w.example", "does not have the id"),
        (f"{WITNESS}@ftp://w.example", "no http"),
        (f"{WITNESS}@w.example", "no http"),
        (f"{WITNESS}@https:///w", "must name a host"),
        (f"{WITNESS}@https://w.example#x", "fragment"),
        (f"{WITNESS}@https://w.example?x=1", "no query"),
        (f"{WITNESS}@https://w.example:port", "ort"),
        (f"{WITNESS}@https://a.example {WITNESS}@https://b.example", "named twice"),
    ],
)
def test_what_is_no_witness_is_said_at_start(text: str, said: str) -> None:
    with pytest.raises((ValueError, NoteError), match=said):
        parse_witnesses(text)
