"""The sealer's own folder, outside PostgreSQL: its keys, and the checkpoint it signed last (audit.md, Sealer).

Only the sealer's account may read it. `vkeys`, the verifier keys of every key that ever signed here, and
`last-checkpoint` are no secrets.
"""

from __future__ import annotations

import fcntl
import json
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from infrastructure.files import write_atomically
from infrastructure.transparency.formats.note import Signer, Verifier

_KEY = re.compile(r"key-([0-9]{1,9})\.pem")


class SealingRefused(Exception):
    """The sealer does not sign: it would, or might, contradict an earlier checkpoint. The message names the remedy."""


class SealerFolder:
    """Keys and memory of one sealer. Only the process with the sealer's turn writes what it signed.

    Two servers that both believe to lead give two turns: then `alone` shows the second sealer what the first one signed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    # keys

    def signers(self, origin: str) -> list[Signer]:
        """The keys in use, oldest first, under the log's name. Raises SealingRefused for a key that other accounts may read."""
        return [Signer(origin, _load(path)) for path in self._paths()]

    @property
    def has_keys(self) -> bool:
        """Whether there is any key here."""
        return bool(self._paths())

    def add_key(self, key: Ed25519PrivateKey) -> None:
        """Add a key that signs every checkpoint from now on. Raises OSError."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = max((int(path.stem.removeprefix("key-")) for path in self._paths()), default=0) + 1
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_atomically(self.path / f"key-{number}.pem", pem, 0o600)

    def key_to_retire(self, origin: str, key_id: str) -> Verifier:
        """A key in use that is not the only one. Raises SealingRefused, OSError."""
        known = {signer.verifier.key_id.hex(): (path, signer.verifier) for path, signer in self._by_path(origin)}
        if key_id not in known:
            raise SealingRefused(f"no key {key_id} is in use; in use: {', '.join(known) or 'none'}")
        if len(known) == 1:
            raise SealingRefused("this is the only key; make another one first (caseledger tlog rotate)")
        return known[key_id][1]

    def destroy_key(self, retired: Verifier) -> None:
        """Delete a private key, so that it signs no more. Raises OSError."""
        for path, signer in self._by_path(retired.name):
            if signer.verifier == retired:
                path.unlink()

    def _by_path(self, origin: str) -> list[tuple[Path, Signer]]:
        return list(zip(self._paths(), self.signers(origin), strict=True))

    def _paths(self) -> list[Path]:
        found = ((_KEY.fullmatch(path.name), path) for path in self.path.glob("key-*.pem"))
        return [path for _, path in sorted((int(name[1]), path) for name, path in found if name)]

    # what it signed

    def verifiers(self) -> list[Verifier]:
        """The verifier keys of every key that ever signed, under each log name. Raises NoteError."""
        return [Verifier.parse(line) for line in self._read("vkeys").splitlines()]

    def publish_verifiers(self, signers: Sequence[Signer]) -> None:
        """Add the verifier keys of these signers to `vkeys`. Raises OSError."""
        known = self._read("vkeys").splitlines()
        fresh = [str(signer.verifier) for signer in signers if str(signer.verifier) not in known]
        if fresh:
            write_atomically(self.path / "vkeys", "".join(f"{line}\n" for line in (*known, *fresh)))

    def last_note(self) -> str | None:
        """The checkpoint signed last; None when none was."""
        return self._read("last-checkpoint") or None

    def remember(self, note: str) -> None:
        """Keep a checkpoint before it is published. Raises OSError; then it must not be published."""
        write_atomically(self.path / "last-checkpoint", note)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Read and write here while no other sealer does. Raises OSError."""
        with (self.path / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def first_leaf(self) -> str | None:
        """Leaf 0 of the log begun last after a restore. No row stands for it, so it could not be made again."""
        return self._read("first-leaf") or None

    def remember_first_leaf(self, leaf: str) -> None:
        """Keep that leaf, before the checkpoint over it. Raises OSError."""
        write_atomically(self.path / "first-leaf", leaf)

    # why it does not sign

    def refusal(self) -> str | None:
        """Why nothing is sealed at present; None while sealing goes on."""
        return self._read("refused") or None

    def refuse(self, why: str | None) -> None:
        """Keep for `caseledger status` why nothing is sealed; None once sealing goes on. Raises OSError."""
        if why is not None:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomically(self.path / "refused", f"{why}\n")
        else:
            (self.path / "refused").unlink(missing_ok=True)

    # what contradicts it

    def contradictions(self) -> dict[str, str]:
        """The places outside that hold another log than this one, each with the reason."""
        try:
            found = json.loads(self._read("contradicted") or "{}")
        except ValueError:
            return {"contradicted": f"{self.path}/contradicted cannot be read"}
        return {str(place): str(why) for place, why in found.items()} if isinstance(found, dict) else {}

    def contradict(self, alarms: Mapping[str, str]) -> None:
        """Keep the contradictions for `caseledger status` beyond the end of this process. Raises OSError."""
        if alarms:
            write_atomically(self.path / "contradicted", f"{json.dumps(dict(alarms), indent=1)}\n")
        else:
            (self.path / "contradicted").unlink(missing_ok=True)

    def _read(self, name: str) -> str:
        try:
            return (self.path / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""


def _load(path: Path) -> Ed25519PrivateKey:
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise SealingRefused(
            f"other accounts can read {path}: chmod 600 it, or better make a new key (caseledger tlog rotate)"
        )
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SealingRefused(f"{path} holds no readable key: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SealingRefused(f"{path} holds no Ed25519 key")
    return key
