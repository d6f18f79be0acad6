"""SOP 5.1: keys of monitoring sources. A key is shown once and stored as a hash (http.md, Auth)."""

from __future__ import annotations

import hmac
import string
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from application.administration.catalogue import authorise_office, commit_reference, reason_about
from application.execution.attempt import Attempt
from application.execution.principals import Principal, Unauthenticated
from application.execution.reference import Reference, entry_id
from application.execution.requests import Committed, Request
from application.execution.runner import CommandRunner, expect
from domain.errors import NotFound
from domain.monitoring.source import KEY, ListedSource
from domain.values import Role

_LETTERS = string.digits + string.ascii_lowercase + string.ascii_uppercase
_ID, _SECRET = 8, 20


@dataclass(frozen=True)
class Issued:
    """An issued key."""

    committed: Committed
    id: str
    key: str | None
    """The key itself; None in a repeated answer."""


class MonitoringKeys:
    """Commands on keys. The sources are entries of the catalogue."""

    def __init__(self, runner: CommandRunner) -> None:
        self._runner = runner

    async def issue(self, source: str, request: Request) -> Issued:
        """Issue a key. Raises Forbidden, NotFound, InvalidTransition."""
        authorise_office(request.actor, "issue_key")
        secret = f"clk_{self._letters(_ID, 36)}{self._letters(_SECRET, len(_LETTERS))}"
        key_id = secret[4 : 4 + _ID]

        def decide(listed: ListedSource, on: Attempt) -> None:
            listed.issue(key_id, _digest(secret), on.provenance, reason=reason_about(f"sources:{source}", on))

        committed = await self._on_source(source, request, decide)
        if not committed.replayed:
            return Issued(committed, key_id, secret)
        listed = committed.root
        assert isinstance(listed, ListedSource)
        return Issued(committed, list(listed.keys)[-1], None)

    async def revoke(self, source: str, key: str, request: Request) -> Committed:
        """Revoke a key. It counts from the next request. Raises Forbidden, NotFound, InvalidTransition."""
        authorise_office(request.actor, "revoke_key")

        def decide(listed: ListedSource, on: Attempt) -> None:
            if key not in listed.keys:
                raise NotFound(f"The source {source} has no key {key}.")
            listed.revoke(key, on.provenance, reason=reason_about(f"sources:{source}", on))

        return await self._on_source(source, request, decide)

    async def holder_of(self, key: str, *, looking: bool = False) -> Principal:
        """Return the source that holds a key. ``looking`` also searches the record for an unknown key.

        Raises Unauthenticated.
        """
        shaped = KEY.fullmatch(key)
        if shaped is None:
            raise Unauthenticated("The key is not valid.")
        references = self._runner.references
        reference = await references.current()
        source = _holder(reference, shaped[1], key)
        if source is None and looking and (newer := await references.newer_than(reference)) is not None:
            source = _holder(newer, shaped[1], key)
        if source is None:
            raise Unauthenticated("The key is not valid, or no longer.")
        return Principal(source.entry.id, (Role.INTAKE,), key=shaped[1])

    async def _on_source(
        self, source: str, request: Request, decide: Callable[[ListedSource, Attempt], None]
    ) -> Committed:
        async def attempt(on: Attempt) -> Committed:
            listed = await self._runner.repository.find(ListedSource, entry_id("source", source))
            if listed is None:
                raise NotFound(f"There is no source {source}.")
            expect(listed, request)
            decide(listed, on)
            return await commit_reference(self._runner, listed, on)

        return await self._runner.run(source, request, attempt)

    def _letters(self, count: int, among: int) -> str:
        number, letters = int.from_bytes(self._runner.random(2 * count), "big"), list[str]()
        for _ in range(count):
            number, place = divmod(number, among)
            letters.append(_LETTERS[place])
        return "".join(letters)


def _holder(reference: Reference, id_: str, key: str) -> ListedSource | None:
    """Return the source with this valid key, or None."""
    source = reference.key_holders.get(id_)
    known = source.keys[id_].sha256 if source else ""
    right = hmac.compare_digest(known, _digest(key))
    return source if source is not None and right and source.opens(id_) else None


def _digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()
