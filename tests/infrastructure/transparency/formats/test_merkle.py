"""The tree against RFC 6962: its recursion, its example, Certificate Transparency's published vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.transparency.formats.merkle import (
    EMPTY,
    Growing,
    is_consistent,
    leaf_hash,
    node_hash,
    root_by_inclusion,
)
from tests.infrastructure.transparency.trees import MemoryLog, a_log, mth, path, subproof

LEAVES = [
    bytes.fromhex(leaf)
    for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
"""The inputs of Certificate Transparency's reference tests, and the roots of the trees of the first 1 to 8 of them."""
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
_0_OF_8 = (
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
)
_5_OF_8 = (
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
)
_6_TO_8 = (
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
)
_2_TO_5 = (
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
)

BIG = a_log(66_000)
"""Beyond 256 * 256: hashes are kept at three levels."""
sizes = st.integers(1, BIG.size)
Holds = Callable[[Sequence[bytes]], bool]


def hexes(hashes: list[bytes]) -> tuple[str, ...]:
    return tuple(one.hex() for one in hashes)


def test_roots_and_proofs_are_those_that_certificate_transparency_published() -> None:
    log = MemoryLog(LEAVES)
    assert [log.root(n).hex() for n in range(1, 9)] == ROOTS
    assert log.root(0).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert (hexes(log.inclusion(0)), hexes(log.inclusion(5))) == (_0_OF_8, _5_OF_8)
    assert (hexes(log.consistency(6)), hexes(log.consistency(2, 5))) == (_6_TO_8, _2_TO_5)


def test_the_example_of_rfc_6962_2_1_3() -> None:
    """Seven leaves: a to d and i are nodes over g = (a b) and so on; the proofs named there."""
    log = MemoryLog(LEAVES[:7])
    a, b, c, d, e, f, j = map(leaf_hash, LEAVES[:7])
    g, h, i = node_hash(a, b), node_hash(c, d), node_hash(e, f)
    k, l = node_hash(g, h), node_hash(i, j)  # noqa: E741 - the RFC's name
    assert log.root() == node_hash(k, l)
    assert [log.inclusion(n) for n in (0, 3, 4, 6)] == [[b, h, l], [c, g, l], [f, j, k], [i, k]]
    assert [log.consistency(n) for n in (3, 4, 6)] == [[c, d, g, l], [l], [i, j, k]]


@given(st.integers(0, 700), st.data())
def test_roots_and_proofs_are_those_of_the_rfcs_recursion(size: int, data: st.DataObject) -> None:
    leaves = [b"%d" % n for n in range(size)]
    log = MemoryLog(leaves)
    assert log.root() == mth(leaves)
    if size:
        index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
        assert log.inclusion(index) == path(index, leaves)
        assert log.consistency(old) == subproof(old, leaves)


@given(sizes, st.data())
def test_every_proof_of_a_leaf_leads_to_the_root(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    assert root_by_inclusion(leaf_hash(BIG.leaves[index]), index, size, BIG.inclusion(index, size)) == BIG.root(size)


@given(sizes, st.data())
def test_every_tree_continues_every_earlier_one(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, size))
    assert is_consistent(old, BIG.root(old), size, BIG.root(size), BIG.consistency(old, size))


@given(st.lists(st.integers(0, 300), max_size=6))
def test_a_tree_that_grows_in_runs_is_the_same_tree_and_goes_on_from_what_is_stored(runs: list[int]) -> None:
    log = MemoryLog()
    for run in runs:
        log.extend([b"%d" % n for n in range(log.size, log.size + run)])
        resumed = Growing.of(log.size, log.hashes)
        assert (resumed.size, resumed.root()) == (log.size, log.root())
        again = Growing.of(log.size, log.hashes)
        assert resumed.append([leaf_hash(b"next")] * 300) == again.append([leaf_hash(b"next")] * 300)
    assert log.root() == MemoryLog(log.leaves).root()


@given(st.integers(2, 400), st.data())
def test_a_proof_that_was_touched_is_refused(size: int, data: st.DataObject) -> None:
    """A bit of any hash of it, one hash more or less, or bytes moved from one hash to the next."""
    log = a_log(size)
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size - 1))
    includes: Holds = partial(_includes, log, index)
    continues: Holds = partial(is_consistent, old, log.root(old), size, log.root())
    for proof, holds in ((log.inclusion(index), includes), (log.consistency(old), continues)):
        assert holds(proof)
        place, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
        flipped = (int.from_bytes(proof[place]) ^ 1 << bit).to_bytes(32)
        assert not holds([*proof[:place], flipped, *proof[place + 1 :]])
        assert not holds([*proof[:place], *proof[place + 1 :]])
        assert not holds([*proof[:place], proof[place], *proof[place:]])
        assert not holds([*proof, proof[0]])
        assert not holds([*proof[:place], proof[place][:-1], *proof[place + 1 :]])


def test_bytes_cannot_go_from_one_hash_to_its_neighbour() -> None:
    """What is hashed would be the same, and the roots come out right."""
    log = a_log(3)
    c, d = log.inclusion(2), leaf_hash(log.leaves[2])
    with pytest.raises(ValueError, match="not made of hashes"):
        root_by_inclusion(c[0][31:] + d, 2, 3, [c[0][:31]])
    moved = log.consistency(2)
    assert not is_consistent(2, log.root(2) + moved[0][:1], 3, log.root(), [moved[0][1:]])


def _includes(log: MemoryLog, index: int, proof: Sequence[bytes]) -> bool:
    try:
        return root_by_inclusion(leaf_hash(log.leaves[index]), index, log.size, proof) == log.root()
    except ValueError:
        return False


def test_there_is_no_proof_of_what_is_not_there() -> None:
    log = a_log(5)
    for index in (-1, 5):
        with pytest.raises(ValueError, match="no leaf"):
            log.inclusion(index)
        with pytest.raises(ValueError, match="no leaf"):
            root_by_inclusion(EMPTY, index, 5, [])
    for old in (-1, 6):
        with pytest.raises(ValueError, match="no continuation"):
            log.consistency(old)
        assert not is_consistent(old, log.root(), 5, log.root(), [])


def test_from_nothing_and_from_itself_a_tree_needs_no_proof() -> None:
    root = a_log(5).root()
    assert is_consistent(0, EMPTY, 5, root, [])
    assert is_consistent(5, root, 5, root, [])
    assert is_consistent(0, EMPTY, 0, EMPTY, [])
    assert not is_consistent(0, root, 5, root, [])
    assert not is_consistent(0, EMPTY, 5, root, [root])
    assert not is_consistent(0, EMPTY, 0, root, []), "the tree of nothing has one root"
    assert not is_consistent(5, EMPTY, 5, root, [])
    assert not is_consistent(3, root, 5, root, [])
