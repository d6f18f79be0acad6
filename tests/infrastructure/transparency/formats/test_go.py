"""Notes and proofs checked by Go's own implementation (Debian's golang-golang-x-mod-dev), and its notes by ours."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infrastructure.transparency.formats.checkpoint import Checkpoint
from infrastructure.transparency.formats.note import NoteError, Verifier, open_note
from tests.infrastructure.transparency.trees import ORIGIN, MemoryLog, a_log

GOPATH = Path("/usr/share/gocode")
SOURCE = Path(__file__).parents[3] / "outside" / "check.go"

Check = Callable[..., Any]


@pytest.fixture(scope="module")
def check(tmp_path_factory: pytest.TempPathFactory) -> Check:
    """Asks the Go program, which is built once."""
    if shutil.which("go") is None:
        pytest.skip("Go is not installed (.ci/run installs golang-go): nothing is cross-checked with it")
    if not (GOPATH / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        pytest.skip("golang-golang-x-mod-dev is not installed (.ci/run does): nothing is cross-checked with it")
    folder = tmp_path_factory.mktemp("go")
    program = folder / "check"
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": str(GOPATH), "GOFLAGS": "", "GOTOOLCHAIN": "local"}
    environment |= {"GOCACHE": str(folder / "cache"), "CGO_ENABLED": "0"}
    subprocess.run(["go", "build", "-o", str(program), str(SOURCE)], env=environment, check=True)

    def ask(**asked: Any) -> Any:
        done = subprocess.run([str(program)], input=json.dumps(asked), capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    return ask


def encoded(hashes: Sequence[bytes]) -> list[str]:
    return [b64encode(one).decode() for one in hashes]


def record(log: MemoryLog, size: int, index: int) -> dict[str, Any]:
    return {
        "size": size,
        "index": index,
        "root": b64encode(log.root(size)).decode(),
        "leaf": b64encode(log.leaves[index]).decode(),
        "proof": encoded(log.inclusion(index, size)),
    }


def tree(log: MemoryLog, size: int, old: int) -> dict[str, Any]:
    return {
        "size": size,
        "old": old,
        "root": b64encode(log.root(size)).decode(),
        "oldRoot": b64encode(log.root(old)).decode(),
        "proof": encoded(log.consistency(old, size)),
    }


def another(proof: list[str], rng: random.Random) -> list[str]:
    """A proof with one of its hashes replaced."""
    place = rng.randrange(len(proof))
    return [*proof[:place], b64encode(rng.randbytes(32)).decode(), *proof[place + 1 :]]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=st.integers(2, 6000), seed=st.integers(0, 2**32))
def test_go_finds_our_notes_and_proofs_right_and_wrong_ones_wrong(check: Check, size: int, seed: int) -> None:
    rng, log = random.Random(seed), a_log(size)
    sizes = sorted({size, *(rng.randint(2, size) for _ in range(8))})
    records = [record(log, n, index) for n in sizes for index in {0, n - 1, rng.randrange(n), rng.randrange(n)}]
    trees = [tree(log, n, old) for n in sizes for old in {1, n - 1, n, rng.randint(1, n)}]
    vkey = str(log.signer.verifier)
    said = check(
        notes=[{"vkey": vkey, "note": log.note(n)} for n in sizes],
        records=records + [r | {"proof": another(r["proof"], rng)} for r in records],
        trees=trees + [t | {"proof": another(t["proof"], rng)} for t in trees if t["proof"]],
    )
    assert said["notes"] == [
        {"origin": ORIGIN, "size": n, "root": b64encode(log.root(n)).decode(), "error": ""} for n in sizes
    ]
    for kind, right in (("records", records), ("trees", trees)):
        assert set(said[kind][: len(right)]) == {""}
        assert all(said[kind][len(right) :]), "every one that was touched is refused"


def test_go_refuses_a_note_that_was_touched_and_a_key_that_is_another(check: Check) -> None:
    log = a_log(300)
    vkey, note = str(log.signer.verifier), log.note()
    other = str(a_log(1, seed=2).signer.verifier)
    said = check(
        notes=[
            {"vkey": vkey, "note": note.replace("\n300\n", "\n301\n")},
            {"vkey": other, "note": note},
            {"vkey": vkey.replace("+", "+0", 1), "note": note},
        ]
    )
    assert all(one["error"] for one in said["notes"])


@pytest.mark.parametrize("text", ["desk.example/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", "è\n\nsera\n"])
def test_a_note_that_go_signed_opens_here(check: Check, text: str) -> None:
    said = check(sign={"name": ORIGIN, "text": text})
    verifier = Verifier.parse(said["vkey"])
    opened = open_note(said["signed"], [verifier])
    assert (opened.text, str(opened), str(verifier)) == (text, said["signed"], said["vkey"])
    with pytest.raises(NoteError):
        open_note(said["signed"].replace("s", "z", 1), [verifier])
    if text.startswith(ORIGIN):
        assert Checkpoint.of_text(said["signed"]).root == MemoryLog().root()
