"""SOP 5.1: monitoring sources and the keys they call with. A key is shown once, and kept as a hash (http.md, Auth)."""

from __future__ import annotations

import hmac
import string
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from application.catalogue import Catalogue, authorise_office
from application.execution.principals import Principal, Unauthenticated
from application.execution.reference import Reference, entry_id
from application.execution.requests import Committed, Request
from domain.errors import NotFound
from domain.monitoring_source import KEY, ListedSource
from domain.values import Provenance, Role

_LETTERS = string.digits + string.ascii_lowercase + string.ascii_uppercase
_ID, _SECRET = 8, 20


@dataclass(frozen=True)
class Issued:
    """A key that was given out."""

    committed: Committed
    id: str
    key: str | None
    """The key itself; None in an answer given again."""


class Sources(Catalogue):
    """The commands on keys; the sources themselves are entries (`catalogue.py`)."""

    def issue_key(self, source: str, reason: str | None, request: Request) -> Issued:
        """Give out a key. Raises Forbidden, NotFound, InvalidTransition."""
        authorise_office(request.actor, "issue_key")
        secret = f"clk_{self._letters(_ID, 36)}{self._letters(_SECRET, len(_LETTERS))}"
        id_ = secret[4 : 4 + _ID]

        def decide(listed: ListedSource, provenance: Provenance) -> None:
            why = self._because(f"sources:{source}", reason)
            listed.issue(id_, _digest(secret), provenance, reason=why)

        committed = self._on_source(source, request, decide)
        if not committed.replayed:
            return Issued(committed, id_, secret)
        listed = committed.root
        assert isinstance(listed, ListedSource)
        return Issued(committed, list(listed.keys)[-1], None)

    def revoke_key(self, source: str, key: str, reason: str | None, request: Request) -> Committed:
        """Take a key back: it counts from the next request on. Raises Forbidden, NotFound, InvalidTransition."""
        authorise_office(request.actor, "revoke_key")

        def decide(listed: ListedSource, provenance: Provenance) -> None:
            if key not in listed.keys:
                raise NotFound(f"{source} has no key {key}")
            listed.revoke(key, provenance, reason=self._because(f"sources:{source}", reason))

        return self._on_source(source, request, decide)

    def holder_of(self, key: str, *, looking: bool = False) -> Principal:
        """Which source a key is of; ``looking`` says whether to look on the record for one that is not known.

        Raises Unauthenticated.
        """
        shaped = KEY.fullmatch(key)
        if shaped is None:
            raise Unauthenticated("the key is not valid here")
        reference = self.references.current()
        source = _holder(reference, shaped[1], key)
        if source is None and looking and (newer := self.references.newer_than(reference)) is not None:
            source = _holder(newer, shaped[1], key)
        if source is None:
            raise Unauthenticated("the key is not valid here, or no longer")
        return Principal(source.entry.id, (Role.INTAKE,), key=shaped[1])

    def _on_source(
        self, source: str, request: Request, decide: Callable[[ListedSource, Provenance], None]
    ) -> Committed:
        def attempt(reference: Reference) -> Committed:
            listed: ListedSource | None = self._existing(ListedSource, entry_id("source", source))
            if listed is None:
                raise NotFound(f"there is no source {source}")
            self._expect(listed, request)
            decide(listed, self._provenance(request))
            return self._changed(listed, request, reference)

        return self._keys.once(request, lambda: self._decide(source, request, attempt))

    def _letters(self, count: int, among: int) -> str:
        number, letters = int.from_bytes(self.random(2 * count), "big"), list[str]()
        for _ in range(count):
            number, place = divmod(number, among)
            letters.append(_LETTERS[place])
        return "".join(letters)


def _holder(reference: Reference, id_: str, key: str) -> ListedSource | None:
    """The source whose key this is and still is."""
    source = reference.key_holders.get(id_)
    known = source.keys[id_].sha256 if source else ""
    right = hmac.compare_digest(known, _digest(key))
    return source if source is not None and right and source.opens(id_) else None


def _digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()
