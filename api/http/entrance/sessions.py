"""Sessions of the console: who signed in, in a signed cookie. The grants of the record decide what they may do."""

from __future__ import annotations

import hmac
import secrets
import time
from dataclasses import dataclass
from functools import lru_cache

from itsdangerous import BadSignature, URLSafeSerializer

from application.execution.principals import Principal
from domain.values import Role

COOKIE = "__Host-caseledger"
"""`__Host-`: the browser keeps it only with Secure, for this host alone and for every path."""
ERRAND = f"{COOKIE}-errand"
"""The cookie of somebody who is on their way to the identity provider and back."""
CALLBACK = "/ui/sign-in/callback"
"""Where the identity provider sends them back to."""
ERRAND_LASTS = 600
"""Seconds that they may take."""
_REMEMBERED = 1_024
"""Cookies of ours whose signature is not checked again. Those of others are not remembered."""
LONGEST = 8 * 3600
"""Seconds that a session lasts at most: a working day."""


@dataclass(frozen=True)
class Session:
    """A signed-in person. It names no token, so a stolen cookie is worth a few hours and no more."""

    principal: Principal
    id: str
    ends: int
    """Seconds since 1970."""

    @property
    def left(self) -> int:
        """Seconds until it ends."""
        return max(0, self.ends - int(time.time()))


@dataclass(frozen=True)
class Errand:
    """A way to the identity provider and back: what only the browser that set out can show."""

    state: str
    verifier: str
    """The secret of PKCE (RFC 7636): 43 characters at least."""
    back: str
    """The page to return to."""
    ends: int


class Sessions:
    """Signs sessions and their CSRF tokens with a secret that all API processes share."""

    def __init__(self, secret: bytes) -> None:
        self._secret, self._signer = secret, URLSafeSerializer(secret, salt="caseledger console")
        self._errands = URLSafeSerializer(secret, salt="caseledger errand")
        self._read = lru_cache(_REMEMBERED)(self._read_anew)

    def begin(self, principal: Principal, token_ends: float | None) -> Session:
        """A session that ends with the token, or after a working day."""
        ends = int(time.time()) + LONGEST
        return Session(principal, secrets.token_hex(16), ends if token_ends is None else min(ends, int(token_ends)))

    def sealed(self, session: Session) -> str:
        """The session as the value of a cookie."""
        who = session.principal
        return self._signer.dumps([session.id, session.ends, who.subject, list(who.roles), who.team, list(who.groups)])

    def opened(self, cookie: str) -> Session | None:
        """The session of a cookie; None once it has ended, and for a cookie that we did not sign."""
        try:
            session = self._read(cookie)
        except (BadSignature, ValueError):  # ValueError: an older release's session
            return None
        return session if session.left else None

    def _read_anew(self, cookie: str) -> Session:
        id_, ends, subject, roles, team, groups = self._signer.loads(cookie)
        return Session(Principal(subject, tuple(map(Role, roles)), team, groups=tuple(groups)), id_, ends)

    def set_out(self, back: str) -> tuple[Errand, str]:
        """An errand, and its cookie."""
        ends = int(time.time()) + ERRAND_LASTS
        errand = Errand(secrets.token_urlsafe(24), secrets.token_urlsafe(48), back, ends)
        return errand, self._errands.dumps([errand.state, errand.verifier, errand.back, errand.ends])

    def returned(self, cookie: str, state: str) -> Errand | None:
        """The errand that somebody returns from; None where this browser set out on no such errand, or too long ago."""
        try:
            errand = Errand(*self._errands.loads(cookie))
        except BadSignature:
            return None
        known = hmac.compare_digest(errand.state.encode(), state.encode())
        return errand if known and errand.ends > time.time() else None

    def csrf(self, session: Session) -> str:
        """The token that every form of a session carries."""
        return hmac.digest(self._secret, b"csrf\0" + session.id.encode(), "sha256").hex()[:32]
