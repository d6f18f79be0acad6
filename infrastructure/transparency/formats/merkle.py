"""The Merkle tree of RFC 6962, section 2: hashes, proofs and their checks. The caller stores the hashes.

Only every eighth height is stored, as in C2SP's tiles: level L holds the roots over 256**L leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

Hashes = Callable[[int, int, int], Sequence[bytes]]
"""Reads stored hashes: level, index of the first, count. Raises what its store raises for missing hashes."""

TILE = 256
"""Hashes in a full tile, of height 8."""
EMPTY = sha256(b"").digest()


def leaf_hash(record: bytes) -> bytes:
    """The hash of a leaf (RFC 6962, 2.1)."""
    return sha256(b"\0" + record).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees (RFC 6962, 2.1)."""
    return sha256(b"\1" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root over subtrees of one height. The last one may be lower, as at the tree's right edge."""
    level = list(hashes)
    while len(level) > 1:
        pairs = [sha256(b"\1" + a + b).digest() for a, b in zip(level[::2], level[1::2], strict=False)]
        if len(level) % 2:
            pairs.append(level[-1])
        level = pairs
    return level[0]


class Growing:
    """A tree that grows at its right edge. It keeps the hashes of each level's last, open tile."""

    def __init__(self, size: int = 0, edges: Sequence[Sequence[bytes]] = ()) -> None:
        self.size = size
        self._edges = [list(edge) for edge in edges]

    @classmethod
    def of(cls, size: int, hashes: Hashes) -> Growing:
        """The tree of a size, from the stored hashes of its right edge."""
        edges, level, count = [], 0, size
        while count:
            edges.append(hashes(level, count - count % TILE, count % TILE) if count % TILE else ())
            level, count = level + 1, count // TILE
        return cls(size, edges)

    def append(self, leaves: Iterable[bytes]) -> list[tuple[int, int, list[bytes]]]:
        """Add hashes of leaves; returns the new hashes of each level: level, index of the first, hashes."""
        added: list[tuple[int, int, list[bytes]]] = []
        fresh, first, level = list(leaves), self.size, 0
        self.size += len(fresh)
        while fresh:
            added.append((level, first, fresh))
            if level == len(self._edges):
                self._edges.append([])
            edge = self._edges[level]
            edge.extend(fresh)
            full = len(edge) // TILE
            fresh = [fold(edge[n * TILE : (n + 1) * TILE]) for n in range(full)]
            del edge[: full * TILE]
            first, level = first // TILE, level + 1
        return added

    def root(self) -> bytes:
        """The root of the tree."""
        below: list[bytes] = []
        for edge in self._edges:
            if edge or below:
                below = [fold([*edge, *below])]
        return below[0] if below else EMPTY


def root_at(size: int, hashes: Hashes) -> bytes:
    """The root over the first ``size`` leaves."""
    return _range(0, size, hashes) if size else EMPTY


def inclusion_proof(index: int, size: int, hashes: Hashes) -> list[bytes]:
    """PATH(index, D[size]) of RFC 6962, 2.1.1. Raises ValueError for an index outside the tree."""
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    path: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        split = low + _split(high - low)
        if index < split:
            path.append(_range(split, high, hashes))
            high = split
        else:
            path.append(_range(low, split, hashes))
            low = split
    return path[::-1]


def consistency_proof(old: int, size: int, hashes: Hashes) -> list[bytes]:
    """PROOF(old, D[size]) of RFC 6962, 2.1.2; empty where ``old`` is 0 or ``size``. Raises ValueError for a larger one."""
    if not 0 <= old <= size:
        raise ValueError(f"a tree of {size} is no continuation of one of {old}")
    if old in (0, size):
        return []
    path: list[bytes] = []
    low, high, whole = 0, size, True
    while old != high:
        split = low + _split(high - low)
        if old <= split:
            path.append(_range(split, high, hashes))
            high = split
        else:
            path.append(_range(low, split, hashes))
            low, whole = split, False
    if not whole:
        path.append(_range(low, high, hashes))
    return path[::-1]


def root_by_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that an inclusion proof leads to from a leaf's hash (RFC 9162, 2.1.3.2). Raises ValueError for a malformed proof."""
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    if not _are_hashes(leaf, *proof):
        raise ValueError("the proof is not made of hashes")
    place, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ValueError("the proof is too long")
        if place % 2 or place == last:
            found = node_hash(sibling, found)
            while place % 2 == 0 and place:
                place, last = place // 2, last // 2
        else:
            found = node_hash(found, sibling)
        place, last = place // 2, last // 2
    if last:
        raise ValueError("the proof is too short")
    return found


def is_consistent(old: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether a tree continues an older one (RFC 9162, 2.1.4.2)."""
    if old == 0:
        return not proof and old_root == EMPTY and (size > 0 or root == EMPTY)
    if old == size:
        return not proof and old_root == root
    if not 0 < old < size or not proof or not _are_hashes(old_root, root, *proof):
        return False
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    place, last = old - 1, size - 1
    while place % 2:
        place, last = place // 2, last // 2
    before = after = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if place % 2 or place == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while place % 2 == 0 and place:
                place, last = place // 2, last // 2
        else:
            after = node_hash(after, sibling)
        place, last = place // 2, last // 2
    return last == 0 and before == old_root and after == root


def _are_hashes(*given: bytes) -> bool:
    """Whether all have a hash's length. Otherwise bytes could move between neighbours and hash to the same value."""
    return all(len(one) == len(EMPTY) for one in given)


def _split(count: int) -> int:
    """The largest power of two below a count of leaves."""
    return 1 << (count - 1).bit_length() - 1


def _range(low: int, high: int, hashes: Hashes) -> bytes:
    """The root over the leaves from ``low`` to ``high``, a subtree that is complete or at the right edge."""
    count = high - low
    level = (count.bit_length() - 1) // 8
    span = TILE**level
    if span == 1:
        return fold(hashes(0, low, count))
    whole, rest = count // span, count % span
    parts = list(hashes(level, low // span, whole)) if whole else []
    if rest:
        parts.append(_range(high - rest, high, hashes))
    return fold(parts)
