"""Witnesses (C2SP tlog-witness): they cosign each checkpoint that continues the last one they cosigned."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass

from infrastructure.transparency.formats.checkpoint import Checkpoint
from infrastructure.transparency.formats.note import COSIGNATURE, Signature, Verifier, parse_note, parse_signature
from infrastructure.transparency.publication.http_client import Answer, Contradicted, NotHeld, Post, web_address

Proof = Callable[[str, int, int], list[bytes]]
"""Makes the consistency proof of the log of an origin, from one size to a later one."""

_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")
_TRIES = 3
"""Requests for one cosignature: the first may teach us the witness's size, which may move before the next."""


class Ahead(Contradicted):
    """A witness has cosigned a larger log than the one it was shown."""

    def __init__(self, name: str, size: int, shown: int) -> None:
        super().__init__(
            f"the witness {name} knows {size} leaves of this log and was shown {shown}: an older backup was restored, or "
            "somebody else signs with this key"
        )
        self.size = size


@dataclass(frozen=True)
class Witness:
    """A witness's verifier key and address."""

    vkey: Verifier
    url: str
    """The URL before `/add-checkpoint`."""

    @classmethod
    def parse(cls, item: str) -> Witness:
        """A witness from `vkey@url`. Raises ValueError."""
        vkey, found, url = item.rpartition("@")
        if not found:
            raise ValueError(
                f"{item!r} is no witness: vkey@url, such as witness.example/w1+1a2b3c4d+BA...=@https://..."
            )
        verifier = Verifier.parse(vkey)
        if verifier.kind != COSIGNATURE:
            raise ValueError(f"the key of the witness {verifier.name} is not for cosignatures (type 4)")
        if web_address(url).query:
            raise ValueError(f"{url!r}: the address of a witness has no query")
        return cls(verifier, url.rstrip("/"))


def parse_witnesses(text: str) -> tuple[Witness, ...]:
    """Witnesses from the setting: `vkey@url`, separated by spaces. Raises ValueError."""
    witnesses = tuple(Witness.parse(item) for item in text.split())
    names = [witness.vkey.name for witness in witnesses]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"witnesses named twice: {', '.join(sorted(twice))}")
    return witnesses


class WitnessClient:
    """Asks one witness, and remembers the size it knows of each log. Belongs to one thread."""

    def __init__(self, witness: Witness, post: Post) -> None:
        self.witness, self._post = witness, post
        self._seen: dict[str, int] = {}

    def cosign(self, note: str, proof: Proof) -> Signature:
        """The witness's signature of a checkpoint, checked.

        Raises NotHeld; Contradicted where the witness knows another history; Ahead where it knows a larger log.
        """
        shown = Checkpoint.of_text(note)
        old = min(self._seen.get(shown.origin, 0), shown.size)
        for _ in range(_TRIES):
            answer = self._ask(note, old, proof(shown.origin, old, shown.size))
            if answer.status != 409:
                signature = self._signature(note, answer)
                self._seen[shown.origin] = shown.size
                return signature
            known = self._size(answer)
            if known > shown.size:
                raise Ahead(self._name, known, shown.size)
            if known == old:  # in version 1.0 of the protocol: this size, but another root
                raise Contradicted(self._another(old))
            self._seen[shown.origin] = old = known
        raise NotHeld(f"others show the witness {self._name} this log as well, faster than we prove")

    def _ask(self, note: str, old: int, proof: list[bytes]) -> Answer:
        hashes = "".join(f"{b64encode(one).decode()}\n" for one in proof)
        body = f"old {old}\n{hashes}\n{note}".encode()
        return self._post(f"{self.witness.url}/add-checkpoint", body, "text/plain; charset=utf-8")

    def _signature(self, note: str, answer: Answer) -> Signature:
        """The witness's own line of an answer. Lines of other keys are ignored."""
        if answer.status == 422:
            raise Contradicted(self._another(Checkpoint.of_text(note).size))
        if answer.status != 200:
            raise NotHeld(f"the witness {self._name} {_meaning(answer)}")
        try:
            lines = answer.body.decode().removesuffix("\n").split("\n")
            own = [line for line in map(parse_signature, lines) if self.witness.vkey.made(line)]
            for signature in own:
                self.witness.vkey.check(parse_note(note).text, signature)
        except ValueError as error:
            raise NotHeld(f"the witness {self._name} answered without a valid cosignature: {error}") from error
        if not own:
            raise NotHeld(f"the witness {self._name} answered under another key than {self.witness.vkey}")
        return own[-1]

    def _size(self, answer: Answer) -> int:
        found = _SIZE.fullmatch(answer.body)
        if found is None or answer.kind != "text/x.tlog.size":
            raise NotHeld(f"the witness {self._name} {_meaning(answer)}, without the size it knows")
        return int(found[1])

    def _another(self, size: int) -> str:
        return (
            f"to the witness {self._name} this log of {size} leaves does not continue the one it has signed: the log was "
            "rewritten or forked"
        )

    @property
    def _name(self) -> str:
        return self.witness.vkey.name


def _meaning(answer: Answer) -> str:
    line = answer.body[:200].decode("utf-8", "replace").split("\n")[0]
    line = "".join(c if c.isprintable() else " " for c in line).strip()
    meaning = {
        400: "finds the request malformed",
        403: "does not trust the key that signed the checkpoint",
        404: "does not know this log: its operator must add its verifier key (caseledger tlog vkey)",
    }.get(answer.status, "did not cosign")
    return f"{meaning} ({answer.status}{f': {line}' if line else ''})"
