"""Logs to test with: a tree in memory, its proofs, its signed checkpoints; and RFC 6962's own recursion to compare with."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infrastructure.transparency.formats.checkpoint import Checkpoint
from infrastructure.transparency.formats.merkle import Growing, consistency_proof, inclusion_proof, leaf_hash, root_at
from infrastructure.transparency.formats.note import Signer, signed

ORIGIN = "desk.example/log"


def a_signer(name: str = ORIGIN, seed: int = 1) -> Signer:
    return Signer(name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


class MemoryLog:
    """A log whose leaves and hashes are in memory."""

    def __init__(self, leaves: Sequence[bytes] = (), signer: Signer | None = None) -> None:
        self.signer = signer or a_signer()
        self.leaves: list[bytes] = []
        self._tree = Growing()
        self._levels: list[list[bytes]] = []
        self.extend(leaves)

    @property
    def size(self) -> int:
        return len(self.leaves)

    def extend(self, leaves: Sequence[bytes]) -> None:
        self.leaves += leaves
        for level, first, hashes in self._tree.append(map(leaf_hash, leaves)):
            if level == len(self._levels):
                self._levels.append([])
            assert first == len(self._levels[level]), "runs follow one another"
            self._levels[level] += hashes

    def hashes(self, level: int, first: int, count: int) -> list[bytes]:
        found = self._levels[level][first : first + count]
        assert len(found) == count, "only what is there is asked for"
        return found

    def root(self, size: int | None = None) -> bytes:
        return root_at(self.size if size is None else size, self.hashes)

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        return inclusion_proof(index, self.size if size is None else size, self.hashes)

    def consistency(self, old: int, size: int | None = None) -> list[bytes]:
        return consistency_proof(old, self.size if size is None else size, self.hashes)

    def proof(self, origin: str, old: int, size: int) -> list[bytes]:
        """As the witness client asks for it (`witnesses.Proof`)."""
        assert origin == self.signer.verifier.name
        return self.consistency(old, size)

    def note(self, size: int | None = None) -> str:
        size = self.size if size is None else size
        return str(signed(Checkpoint(self.signer.verifier.name, size, self.root(size)).text(), [self.signer]))


def a_log(size: int, *, seed: int = 1, prefix: str = "leaf") -> MemoryLog:
    return MemoryLog([f"{prefix} {n}\n".encode() for n in range(size)], a_signer(seed=seed))


def mth(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word."""
    n = len(leaves)
    if n == 0:
        return sha256(b"").digest()
    if n == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = largest_power_below(n)
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """RFC 6962, 2.1.1."""
    n = len(leaves)
    if n == 1:
        return []
    k = largest_power_below(n)
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: Sequence[bytes], *, whole: bool = True) -> list[bytes]:
    """RFC 6962, 2.1.2: SUBPROOF(m, D[n], b); PROOF is the one that begins with b true."""
    n = len(leaves)
    if m == n:
        return [] if whole else [mth(leaves)]
    k = largest_power_below(n)
    if m <= k:
        return [*subproof(m, leaves[:k], whole=whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], whole=False), mth(leaves[:k])]


def largest_power_below(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k
