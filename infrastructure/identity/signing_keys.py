"""The keys that sign tokens and links: one signs, older ones are kept to verify until they are retired.

They lie in a folder that the processes of a desk share. A process notices a change of the folder at its next signature or
verification. A rotation keeps the old key's public half and destroys its private half, so it voids nothing that is valid.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
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

_CURRENT = "token.pem"


def secret_file(path: Path, make: Callable[[], bytes]) -> bytes:
    """The content of a secret file, made with mode 0600 when missing; of two makers at once, one wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        draft = _draft(path, make())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes()


def _draft(path: Path, content: bytes) -> Path:
    """The content on the disk beside where it shall be, for its owner alone."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return draft


def key_id(key: Ed25519PublicKey) -> str:
    """What a signature names its key by: the first half of the SHA-256 of the raw public key, in hex."""
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:32]


@dataclass(frozen=True)
class Kept:
    """A key as `caseledger keys list` shows it."""

    id: str
    signs: bool
    rotated_at: datetime | None = None
    """Since when it only verifies."""


class SigningKeys:
    """The keys of a folder, read again whenever the folder changes. Safe for threads."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError, TypeError for a file that holds no Ed25519 key."""
        self._folder, self._guard = folder, threading.Lock()
        secret_file(folder / _CURRENT, _new_key)
        self._seen: tuple[int, int, int] | None = None
        self.generation = 0
        """Grows with each change: what was verified under an older one is verified again."""
        self.look()

    def look(self) -> None:
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
        """The keys that may have signed: the one named, or all where none is (tokens and links made before 0.5.0)."""
        self.look()
        if kid is None:
            return list(self._publics.values())
        return [self._publics[kid]] if kid in self._publics else []

    def _now(self) -> tuple[int, int, int]:
        folder, current = self._folder.stat(), (self._folder / _CURRENT).stat()
        return folder.st_mtime_ns, current.st_ino, current.st_mtime_ns


def kept_keys(folder: Path) -> list[Kept]:
    """The key that signs, then the older ones. Raises OSError, TypeError."""
    current = SigningKeys(folder).id
    older = [Kept(file.name[6:-4], False, datetime.fromtimestamp(file.stat().st_mtime, UTC)) for file in _older(folder)]
    return [Kept(current, True), *(key for key in older if key.id != current)]


def rotate_keys(folder: Path) -> tuple[str, str]:
    """Let a new key sign, and keep the old one's public half. Returns both ids. Killed at any point, it voids nothing."""
    with _alone(folder):
        keys = SigningKeys(folder)
        older = folder / f"token-{keys.id}.pub"
        public = keys.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        _draft(older, public).replace(older)
        _draft(folder / _CURRENT, _new_key()).replace(folder / _CURRENT)
        return keys.id, SigningKeys(folder).id


def retire_key(folder: Path, kid: str) -> None:
    """Let nothing be valid any more that an older key signed. Raises KeyError for an id that is no older key's."""
    with _alone(folder):
        if kid == SigningKeys(folder).id:
            raise KeyError(kid)
        try:
            (folder / f"token-{kid}.pub").unlink()
        except FileNotFoundError:
            raise KeyError(kid) from None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    SigningKeys(folder)  # there is a folder now
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
