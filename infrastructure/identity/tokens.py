"""Bearer tokens: RFC 9068 JWTs under an asymmetric key, ours (Ed25519) or an identity provider's."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt

from application.execution.principals import DisputeLink, FollowLink, Principal, Unauthenticated
from domain.values import CODE, Role
from infrastructure.identity.jwks import KeySet
from infrastructure.identity.signing_keys import SigningKeys, secret_file

ALGORITHMS = ("EdDSA", "ES256", "ES384", "RS256", "PS256")
"""Asymmetric ones only: whoever can verify a token must not be able to make one."""
_REQUIRED = ("iss", "aud", "exp", "sub")
_REMEMBERED = 4_096
_DISPUTES, _FOLLOWING = "caseledger:dispute", "caseledger:follow"
LINK_LIVES = timedelta(days=90)
"""Longer than any window: a late click is told that it is late, and where to go."""
_ROLES = frozenset(Role) - {Role.SYSTEM, Role.EXTERNAL}


class Tokens:
    """Issues tokens under our own key, and verifies them under ours or a provider's."""

    def __init__(self, keys: Path, issuer: str, audience: str, jwks_url: str | None = None) -> None:
        self._keys = SigningKeys(keys)
        self.cursor_secret = secret_file(keys / "cursors.key", lambda: secrets.token_bytes(32))
        self.address_secret = secret_file(keys / "addresses.key", lambda: secrets.token_bytes(32))
        self._issuer, self._audience = issuer, audience
        self._jwks = KeySet(jwks_url) if jwks_url else None
        self._verified: dict[str, tuple[float, int, Principal]] = {}

    def issue(self, role: Role, subject: str, team: str | None, valid_for: timedelta) -> str:
        """A signed token for one role. Raises ValueError for a subject, team or role that cannot act."""
        if role not in _ROLES or not CODE.fullmatch(subject) or (team is not None and not CODE.match(team)):
            raise ValueError("subject and team are codes (letters, digits, . _ : / @ + -), the role one of the desk's")
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": subject,
            "client_id": "caseledger",
            "iat": now,
            "exp": now + int(valid_for.total_seconds()),
            "jti": secrets.token_hex(8),
            "roles": [role],
        }
        if team is not None:
            claims["team"] = team
        return self._sign(claims, "at+jwt")

    def dispute_link(self, case: str, resolution: int, customer: str, erasures: int) -> str:
        """A signed token for the one purpose of disputing one resolution; no access token, and none is one of it.

        ``erasures`` is how often the customer has been erased so far: the next erasure voids the link.
        """
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": _DISPUTES,
            "sub": customer,
            "exp": int(time.time()) + int(LINK_LIVES.total_seconds()),
            "case": case,
            "resolution": resolution,
            "erasures": erasures,
        }
        return self._sign(claims, "dispute+jwt")

    def follow_link(self, case: str, customer: str, erasures: int) -> str:
        """A signed token for the one purpose of following one case: it opens nothing else, and nothing else opens it."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": _FOLLOWING,
            "sub": customer,
            "iat": now,
            "exp": now + int(LINK_LIVES.total_seconds()),
            "case": case,
            "erasures": erasures,
        }
        return self._sign(claims, "follow+jwt")

    def read_link(self, token: str) -> DisputeLink:
        """What a link of ours is for. Raises Unauthenticated."""
        claims = self._link(token, "dispute+jwt", _DISPUTES, ("case", "resolution"))
        made = claims.get("erasures", datetime.fromtimestamp(claims["exp"], UTC) - LINK_LIVES)
        return DisputeLink(claims["case"], claims["resolution"], claims["sub"], made)

    def read_follow_link(self, token: str) -> FollowLink:
        """Whose case a link of ours follows. Raises Unauthenticated."""
        claims = self._link(token, "follow+jwt", _FOLLOWING, ("case", "iat"))
        made = claims.get("erasures", datetime.fromtimestamp(claims["iat"], UTC))
        return FollowLink(claims["case"], claims["sub"], made)

    def _link(self, token: str, kind: str, audience: str, asked: tuple[str, ...]) -> dict[str, Any]:
        try:
            if jwt.get_unverified_header(token).get("typ") != kind:
                raise Unauthenticated("this is no link of ours")
            return self._claims(token, audience, asked)
        except jwt.PyJWTError:
            raise Unauthenticated("this link is not valid, or no longer") from None

    def _sign(self, claims: dict[str, Any], kind: str) -> str:
        self._keys.look()
        return jwt.encode(claims, self._keys.private, algorithm="EdDSA", headers={"typ": kind, "kid": self._keys.id})

    def _claims(self, token: str, audience: str, asked: Sequence[str] = ()) -> dict[str, Any]:
        """What a token of our own says, whichever of our keys signed it. Raises jwt.PyJWTError."""
        for key in self._keys.verifying(jwt.get_unverified_header(token).get("kid")):
            try:
                claims: dict[str, Any] = jwt.decode(
                    token,
                    key,
                    algorithms=["EdDSA"],
                    issuer=self._issuer,
                    audience=audience,
                    options={"require": [*_REQUIRED, *asked]},
                )
            except jwt.InvalidSignatureError:
                continue
            return claims
        raise jwt.InvalidSignatureError("no key of ours has signed it")

    def remembered(self, token: str) -> Principal | None:
        """Whom a token names that was verified before; asks nobody. None once it has expired or keys have changed."""
        self._keys.look()
        known = self._verified.get(token)
        good = known is not None and known[0] > time.time() and known[1] == self._keys.generation
        return known[2] if known is not None and good else None

    def verify(self, token: str) -> Principal:
        """Whom a token names. Raises Unauthenticated, Undecided. A verified token is remembered until it expires or keys change."""
        if (known := self.remembered(token)) is not None:
            return known
        generation = self._keys.generation
        try:
            header = jwt.get_unverified_header(token)
            if str(header.get("typ", "")).lower() not in ("at+jwt", "application/at+jwt"):
                raise Unauthenticated("the token is not an access token (typ at+jwt)")
            claims = self._provided(token, self._jwks) if self._jwks else self._claims(token, self._audience)
        except jwt.ExpiredSignatureError:
            raise Unauthenticated("the token has expired") from None
        except jwt.PyJWTError:
            raise Unauthenticated("the token is not valid here") from None
        principal = _principal(claims)
        if len(self._verified) >= _REMEMBERED:
            self._verified.clear()
        self._verified[token] = (float(claims["exp"]), generation, principal)
        return principal

    def _provided(self, token: str, jwks: KeySet) -> dict[str, Any]:
        """What a token of the identity provider says. Raises jwt.PyJWTError, Unauthenticated, Undecided."""
        claims: dict[str, Any] = jwt.decode(
            token,
            jwks.key(jwt.get_unverified_header(token).get("kid")),
            algorithms=list(ALGORITHMS),
            issuer=self._issuer,
            audience=self._audience,
            options={"require": list(_REQUIRED)},
        )
        return claims


def _principal(claims: dict[str, Any]) -> Principal:
    subject, team, given = claims["sub"], claims.get("team"), claims.get("roles")
    roles = tuple(Role(role) for role in given if role in _ROLES) if isinstance(given, list) else ()
    if not roles:
        raise Unauthenticated("the token names no role of this desk")
    if not (isinstance(subject, str) and CODE.fullmatch(subject)):
        raise Unauthenticated("the token's subject is no id this desk can record")
    if team is not None and not (isinstance(team, str) and CODE.fullmatch(team)):
        raise Unauthenticated("the token's team is no id this desk can record")
    return Principal(subject, roles, team)
