"""The key set of an identity provider (JWKS, RFC 7517): refreshed regularly, and valid for a while without answers."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import jwt
import structlog

from application.execution.principals import Unauthenticated, Undecided

FRESH = 300.0
"""Seconds after which the keys are fetched again."""
GOOD = 3600.0
"""Seconds that the keys stay valid while the provider does not answer. Afterwards its tokens are not accepted."""
_AGAIN = 10.0
"""Seconds before a provider that did not answer is asked again."""
_KNOWN = 1.0
"""Seconds within which the provider is not asked twice for an unknown key."""
_TIMEOUT = 4.0
_LARGEST = 1_048_576
_PIECE = 65_536

log = structlog.get_logger()


class KeySet:
    """Keys by their ids. One caller fetches, and the others go on with the known keys."""

    def __init__(
        self, url: str, fetch: Callable[[str], bytes] | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._url, self._fetch, self._now = url, fetch or _fetched, monotonic
        self._document: Any = None
        self._keys: Mapping[str, Any] = {}
        self._fetched_at: float | None = None
        self._failed_at: float | None = None
        self._guard = threading.Lock()
        self.generation = 0
        """Grows when keys change. What was verified under an older generation is verified again."""

    @property
    def is_fresh(self) -> bool:
        """Whether the keys need not be fetched again yet."""
        return self._age() < FRESH

    def key(self, kid: str | None) -> Any:
        """The key that a token names.

        Raises Unauthenticated for an unknown key, Undecided while the provider cannot be asked.
        """
        known = self._keys.get(kid or "")
        if known is not None and self.is_fresh:
            return known
        # A caller with a known key waits for nobody who is fetching.
        if self._guard.acquire(timeout=_TIMEOUT if known is None else 0):
            try:
                self._refresh(missing=(kid or "") not in self._keys)
            finally:
                self._guard.release()
        found = self._keys.get(kid or "")
        if found is not None and self._age() < GOOD:
            return found
        if self._fetched_at is None or self._failed_at is not None:
            raise Undecided("the identity provider does not answer; try again")
        raise Unauthenticated("the token's key is none of the identity provider's")

    def _age(self) -> float:
        return float("inf") if self._fetched_at is None else self._now() - self._fetched_at

    def _refresh(self, *, missing: bool) -> None:
        now = self._now()
        if self._failed_at is not None and now - self._failed_at < _AGAIN:
            return
        if self._age() < (_KNOWN if missing else FRESH):
            return  # somebody else has just fetched
        try:
            document = json.loads(self._fetch(self._url))
            keys = _keys_of(document)
        except (OSError, ValueError, jwt.PyJWTError) as error:
            self._failed_at = self._now()
            log.warning("the identity provider's keys cannot be fetched", url=self._url, error=str(error))
            return
        if document != self._document:
            self._document, self._keys = document, keys
            self.generation += 1
        self._fetched_at, self._failed_at = self._now(), None


def _keys_of(document: Any) -> dict[str, jwt.PyJWK]:
    """The keys of a document that sign. Raises jwt.PyJWTError where it is no key set, or has no key that we can use."""
    keys = jwt.PyJWKSet.from_dict(document if isinstance(document, dict) else {}).keys
    return {key.key_id: key for key in keys if isinstance(key.key_id, str) and key.public_key_use in ("sig", None)}


def _fetched(url: str) -> bytes:
    """The document at a URL. Raises OSError where there is none, or it is too slow or too large."""
    try:
        return read_all(Request(url, headers={"User-Agent": "caseledger"}))  # noqa: S310 - the operator's
    except HTTPError as error:
        error.close()  # it is an answer, with a socket of its own
        raise


def read_all(request: Request) -> bytes:
    """The answer to a request. Raises OSError where it is too slow, too large or no HTTP, HTTPError where it is a refusal."""
    end, pieces, size = time.monotonic() + _TIMEOUT, list[bytes](), 0
    try:
        with urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310 - the operator's
            while piece := answer.read1(_PIECE):
                pieces.append(piece)
                size += len(piece)
                # The timeout is each read's: byte by byte it would never end.
                if size > _LARGEST or time.monotonic() > end:
                    raise OSError("too large, or too slow")
    except HTTPException as error:
        raise OSError(f"no answer in HTTP: {error!r}") from error
    return b"".join(pieces)
