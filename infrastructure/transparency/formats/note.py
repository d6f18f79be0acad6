"""Signed notes (C2SP signed-note) with Ed25519, and witnesses' cosignatures (C2SP tlog-cosignature)."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519, COSIGNATURE = 1, 4
"""Signature types of C2SP signed-note: a log's, and a witness's, which includes a time."""
_LARGEST = 1_000_000
_NAME = r"[^\s+\x00-\x20\x7f]+"
_LINE = re.compile(rf"\u2014 (?P<name>{_NAME}) (?P<blob>[A-Za-z0-9+/]+={{0,2}})")
_VKEY = re.compile(rf"(?P<name>{_NAME})\+(?P<id>[0-9a-f]{{8}})\+(?P<key>[A-Za-z0-9+/]+={{0,2}})")


class NoteError(ValueError):
    """A note, signature or verifier key is malformed, or a signature is not by the expected key."""


@dataclass(frozen=True)
class Signature:
    """One signature line of a note."""

    name: str
    key_id: bytes
    blob: bytes
    """The signature, after its time where it is a witness's."""

    def line(self) -> str:
        """The signature line, with its line end."""
        return f"\u2014 {self.name} {b64encode(self.key_id + self.blob).decode()}\n"


@dataclass(frozen=True)
class Note:
    """A text, whose last line is ended, and its signatures."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return self.text + "\n" + "".join(signature.line() for signature in self.signatures)


@dataclass(frozen=True)
class Verifier:
    """A verifier key: the public half of a key, under a name."""

    name: str
    kind: int
    public: bytes

    @classmethod
    def parse(cls, vkey: str) -> Verifier:
        """A verifier key from `name+id+key`. Raises NoteError."""
        found = _VKEY.fullmatch(vkey.strip())
        if found is None:
            raise NoteError(f"{vkey.strip()!r} is no verifier key (name+id+key)")
        raw = strict_base64(found["key"])
        if len(raw) != 33 or raw[0] not in (ED25519, COSIGNATURE):
            raise NoteError(f"the verifier key of {found['name']} is of an unknown kind")
        verifier = cls(found["name"], raw[0], raw[1:])
        if verifier.key_id.hex() != found["id"]:
            raise NoteError(f"the verifier key of {found['name']} does not have the id that it names")
        return verifier

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{b64encode(bytes([self.kind]) + self.public).decode()}"

    def made(self, signature: Signature) -> bool:
        """Whether a signature names this key."""
        return (signature.name, signature.key_id) == (self.name, self.key_id)

    def check(self, text: str, signature: Signature) -> None:
        """Raise NoteError unless the key signed the text."""
        message, blob = text.encode(), signature.blob
        if self.kind == COSIGNATURE:
            seconds, blob = int.from_bytes(blob[:8]), blob[8:]
            if seconds >= 1 << 63:
                raise NoteError(f"the signature of {self.name} has an impossible time")
            message = f"cosignature/v1\ntime {seconds}\n".encode() + message
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(blob, message)
        except InvalidSignature:
            raise NoteError(f"the signature of {self.name} is not valid") from None


class Signer:
    """A log's private key, under the log's name."""

    def __init__(self, name: str, private: Ed25519PrivateKey) -> None:
        if re.fullmatch(_NAME, name) is None:
            raise NoteError(f"{name!r} cannot name a key: no spaces, no plus")
        self._private = private
        self.verifier = Verifier(name, ED25519, private.public_key().public_bytes_raw())

    def sign(self, text: str) -> Signature:
        """This key's signature of a text."""
        return Signature(self.verifier.name, self.verifier.key_id, self._private.sign(text.encode()))


def signed(text: str, signers: Iterable[Signer]) -> Note:
    """A note: a text with the signatures of all signers."""
    return Note(text, tuple(signer.sign(text) for signer in signers))


def parse_note(given: str | bytes) -> Note:
    """A note from its text. Only the form is checked. Raises NoteError."""
    try:
        whole = given.decode() if isinstance(given, bytes) else given.encode().decode()
    except UnicodeError:
        raise NoteError("the note is not UTF-8") from None
    text, found, below = whole.rpartition("\n\n")
    if len(whole) > _LARGEST or not found or not text or not below.endswith("\n"):
        raise NoteError("this is no signed note: a text, an empty line, signatures")
    if any(ord(c) < 32 and c != "\n" for c in whole):
        raise NoteError("a signed note has no control characters")
    return Note(text + "\n", tuple(parse_signature(line) for line in below[:-1].split("\n")))


def parse_signature(line: str) -> Signature:
    """A signature from its line, without the line end. Raises NoteError."""
    found = _LINE.fullmatch(line)
    raw = strict_base64(found["blob"]) if found else b""
    if found is None or len(raw) < 5:
        raise NoteError("a line below the note is not a signature")
    return Signature(found["name"], raw[:4], raw[4:])


def open_note(given: str | bytes, verifiers: Sequence[Verifier]) -> Note:
    """A note that at least one of the keys signed. Lines of other keys are ignored.

    Raises NoteError, also for a false signature under one of the keys.
    """
    note = parse_note(given)
    known = [(v, s) for s in note.signatures for v in verifiers if v.made(s)]
    if not known:
        signers, given_keys = _named(note.signatures), _named(verifiers)
        raise NoteError(f"the wrong key: the note is signed by {signers}, and by none of the given keys, {given_keys}")
    for verifier, signature in known:
        verifier.check(note.text, signature)
    return note


def _named(keys: Iterable[Signature | Verifier]) -> str:
    """Keys by name and id, as verifier keys begin."""
    return " and ".join(sorted({f"{key.name}+{key.key_id.hex()}" for key in keys}))


def strict_base64(text: str) -> bytes:
    """The bytes of standard base64 in canonical form. Raises NoteError."""
    try:
        raw = b64decode(text, validate=True)
    except (NotBase64, ValueError):
        raise NoteError("this is not base64") from None
    if b64encode(raw).decode() != text:
        raise NoteError("this is not canonical base64")
    return raw
