"""The keys of tokens and links: the current one signs, and older ones verify until they are retired.

All processes of a desk share their folder, and notice a change at the next signature or verification. A rotation keeps
the old key's public half and destroys the private half, so that it invalidates nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from infrastructure.files import write_atomically, write_new

_CURRENT = "token.pem"


def secret_file(path: Path, make: Callable[[], bytes]) -> bytes:
    """The content of a secret file, created with mode 0600 when missing. Of two processes at once, one wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        write_new(draft, make(), 0o600)
        try:
            with suppress(FileExistsError):
                os.link(draft, path)
        finally:
            draft.unlink()
    return path.read_bytes()


def key_id(key: Ed25519PublicKey) -> str:
    """The id of a key in signatures: the first half of the SHA-256 of the raw public key, in hex."""
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:32]


@dataclass(frozen=True)
class KeptKey:
    """A key, as `caseledger keys list` shows it."""

    id: str
    signs: bool
    rotated_at: datetime | None = None
    """When it stopped signing; None while it signs."""


class SigningKeys:
    """The keys of a folder, read again whenever the folder changes. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        """Create the first key when missing. Raises OSError, and TypeError for a file without an Ed25519 key."""
        self._folder, self._guard = folder, threading.Lock()
        self._watched = str(folder), str(folder / _CURRENT)
        secret_file(folder / _CURRENT, _new_key)
        self._seen: tuple[int, int, int] | None = None
        self.generation = 0
        """Grows with each change. What was verified under an older generation is verified again."""
        self.refresh()

    def refresh(self) -> None:
        """Read the folder again if it has changed. Raises OSError, TypeError."""
        if self._now() == self._seen:
            return
        with self._guard:
            if (now := self._now()) == self._seen:
                return
            private = load_pem_private_key((self._folder / _CURRENT).read_bytes(), None)
            if not isinstance(private, Ed25519PrivateKey):
                raise TypeError(f"{self._folder / _CURRENT} holds no Ed25519 key")
            older = {file.name[6:-4]: _public(file) for file in _older(self._folder)}
            self.private, self.id = private, key_id(private.public_key())
            self._publics = {**older, self.id: private.public_key()}
            self._seen, self.generation = now, self.generation + 1

    def verifying(self, kid: str | None) -> Sequence[Ed25519PublicKey]:
        """The keys that may have signed: the named one, or all where none is named (before 0.5.0)."""
        self.refresh()
        if kid is None:
            return list(self._publics.values())
        return [self._publics[kid]] if kid in self._publics else []

    def _now(self) -> tuple[int, int, int]:
        folder, current = os.stat(self._watched[0]), os.stat(self._watched[1])  # noqa: PTH116 - every request asks
        return folder.st_mtime_ns, current.st_ino, current.st_mtime_ns


def kept_keys(folder: Path) -> list[KeptKey]:
    """The key that signs, then the older ones. Raises OSError, TypeError."""
    current = SigningKeys(folder).id
    older = [(file.name[6:-4], datetime.fromtimestamp(file.stat().st_mtime, UTC)) for file in _older(folder)]
    return [KeptKey(current, True), *(KeptKey(kid, False, at) for kid, at in older if kid != current)]


def rotate_keys(folder: Path) -> tuple[str, str]:
    """Let a new key sign, and keep the old one's public half; returns both ids. Killed at any point, it invalidates nothing."""
    with _alone(folder):
        keys = SigningKeys(folder)
        older = folder / f"token-{keys.id}.pub"
        public = keys.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        write_atomically(older, public, 0o600)
        write_atomically(folder / _CURRENT, _new_key(), 0o600)
        return keys.id, SigningKeys(folder).id


def retire_key(folder: Path, kid: str) -> None:
    """Invalidate everything that an older key signed. Raises KeyError for an id of no older key."""
    with _alone(folder):
        if kid == SigningKeys(folder).id:
            raise KeyError(kid)
        try:
            (folder / f"token-{kid}.pub").unlink()
        except FileNotFoundError:
            raise KeyError(kid) from None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    SigningKeys(folder)  # creates the folder
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _older(folder: Path) -> list[Path]:
    return sorted(folder.glob("token-*.pub"))


def _public(file: Path) -> Ed25519PublicKey:
    loaded = load_pem_public_key(file.read_bytes())
    if not isinstance(loaded, Ed25519PublicKey):
        raise TypeError(f"{file} holds no Ed25519 key")
    return loaded


def _new_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
