"""The sealer's own folder, outside PostgreSQL: its keys, and what it signed last (audit.md, Sealer).

Nobody but the sealer's user reads it. Beside the secrets lies what anybody may have: `vkeys`, the verifier keys of
every key that ever signed here, and `last-checkpoint`.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from infrastructure.transparency.formats.note import Signer, Verifier

_KEY = re.compile(r"key-([0-9]{1,9})\.pem")


class Refused(Exception):
    """The sealer does not sign: it would contradict what it signed before, or cannot know. Says what to do."""


class Safe:
    """Keys and memory of one sealer. What it signed is written only by the process that has the sealer's turn."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    # keys

    def signers(self, origin: str) -> list[Signer]:
        """The keys in use, oldest first, under the log's name. Raises Refused for one that others may read."""
        return [Signer(origin, _load(path)) for path in self._paths()]

    @property
    def has_keys(self) -> bool:
        """Whether there is any key here."""
        return bool(self._paths())

    def add_key(self, key: Ed25519PrivateKey) -> None:
        """From now on checkpoints are signed with it as well. Raises OSError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = max((int(path.stem.removeprefix("key-")) for path in self._paths()), default=0) + 1
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _replace(self.folder / f"key-{number}.pem", pem.decode(), 0o600)

    def key_to_retire(self, origin: str, key_id: str) -> Verifier:
        """A key that others would be left beside. Raises Refused, OSError."""
        known = {signer.verifier.key_id.hex(): (path, signer.verifier) for path, signer in self._by_path(origin)}
        if key_id not in known:
            raise Refused(f"there is no key {key_id} in use; there are: {', '.join(known) or 'none'}")
        if len(known) == 1:
            raise Refused("this is the only key: make another one first (caseledger tlog rotate)")
        return known[key_id][1]

    def destroy_key(self, retired: Verifier) -> None:
        """Sign no more with a key. Raises OSError."""
        for path, signer in self._by_path(retired.name):
            if signer.verifier == retired:
                path.unlink()

    def _by_path(self, origin: str) -> list[tuple[Path, Signer]]:
        return list(zip(self._paths(), self.signers(origin), strict=True))

    def _paths(self) -> list[Path]:
        found = ((_KEY.fullmatch(path.name), path) for path in self.folder.glob("key-*.pem"))
        return [path for _, path in sorted((int(name[1]), path) for name, path in found if name)]

    # what it signed

    def verifiers(self) -> list[Verifier]:
        """The verifier keys of all that ever signed, under each name. Raises NoteError."""
        return [Verifier.parse(line) for line in self._read("vkeys").splitlines()]

    def publish_verifiers(self, signers: Sequence[Signer]) -> None:
        """Write down the verifier keys of those who sign, where they are not yet."""
        known = self._read("vkeys").splitlines()
        fresh = [str(signer.verifier) for signer in signers if str(signer.verifier) not in known]
        if fresh:
            _replace(self.folder / "vkeys", "".join(f"{line}\n" for line in (*known, *fresh)), 0o644)

    def last_note(self) -> str | None:
        """The checkpoint signed last; None when nothing ever was."""
        return self._read("last-checkpoint") or None

    def remember(self, note: str) -> None:
        """Keep the checkpoint that is about to be published. Raises OSError; then it must not be."""
        _replace(self.folder / "last-checkpoint", note, 0o644)

    def first_leaf(self) -> str | None:
        """Leaf 0 of the log that was begun last after a restore: it stands for no row that it could be made of again."""
        return self._read("first-leaf") or None

    def remember_first_leaf(self, leaf: str) -> None:
        """Keep it before the checkpoint over it is kept. Raises OSError."""
        _replace(self.folder / "first-leaf", leaf, 0o644)

    # why it stands still

    def refusal(self) -> str | None:
        """Why nothing is sealed at present."""
        return self._read("refused") or None

    def refuse(self, why: str | None) -> None:
        """Say for people and for `caseledger status` why nothing is sealed; None once it is again."""
        if why is not None:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _replace(self.folder / "refused", f"{why}\n", 0o644)
        else:
            (self.folder / "refused").unlink(missing_ok=True)

    # what contradicts it

    def contradictions(self) -> dict[str, str]:
        """What holds another log than this one, by the place that does: why."""
        try:
            found = json.loads(self._read("contradicted") or "{}")
        except ValueError:
            return {"contradicted": f"{self.folder}/contradicted cannot be read"}
        return {str(place): str(why) for place, why in found.items()} if isinstance(found, dict) else {}

    def contradict(self, alarms: Mapping[str, str]) -> None:
        """Keep them for `caseledger status`, over the end of this process. Raises OSError."""
        if alarms:
            _replace(self.folder / "contradicted", f"{json.dumps(dict(alarms), indent=1)}\n", 0o644)
        else:
            (self.folder / "contradicted").unlink(missing_ok=True)

    def _read(self, name: str) -> str:
        try:
            return (self.folder / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""


def _load(path: Path) -> Ed25519PrivateKey:
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise Refused(f"{path} can be read by others: chmod 600 it, or better make a new key (caseledger tlog rotate)")
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Refused(f"{path} holds no key that can be read: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Refused(f"{path} holds no Ed25519 key")
    return key


def _replace(path: Path, text: str, mode: int) -> None:
    """Write aside and rename: killed half-way, the old content stands."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
