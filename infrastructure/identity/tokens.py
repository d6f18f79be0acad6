"""Access tokens (RFC 9068) under our own key (Ed25519) or an identity provider's, and signed links for customers."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt

from application.execution.principals import DisputeLink, FollowLink, Principal, Unauthenticated
from domain.policy import LONGEST_GROUP
from domain.values import CODE, Role
from infrastructure.identity.jwks import KeySet
from infrastructure.identity.signing_keys import SigningKeys, secret_file

ALGORITHMS = ("EdDSA", "ES256", "ES384", "RS256", "PS256")
"""Only asymmetric ones: whoever can verify a token must not be able to make one."""
_REQUIRED = ("iss", "aud", "exp", "sub")
_REMEMBERED = 4_096
_DISPUTES, _FOLLOWING = "caseledger:dispute", "caseledger:follow"
LINK_LIVES = timedelta(days=90)
"""How long a link is valid: longer than any window, so that a late click gets an answer of its own."""
_ROLES = frozenset(Role) - {Role.SYSTEM, Role.EXTERNAL}


class Tokens:
    """Issues tokens and links under our own key, and verifies tokens under ours or an identity provider's."""

    def __init__(self, keys: Path, issuer: str, audience: str, jwks_url: str | None = None) -> None:
        self._keys = SigningKeys(keys)
        self.cursor_secret = secret_file(keys / "cursors.key", lambda: secrets.token_bytes(32))
        self.address_secret = secret_file(keys / "addresses.key", lambda: secrets.token_bytes(32))
        self.session_secret = secret_file(keys / "sessions.key", lambda: secrets.token_bytes(32))
        self.webhook_secret = secret_file(keys / "webhooks.key", lambda: secrets.token_bytes(32))
        self._issuer, self._audience = issuer, audience
        self._jwks = KeySet(jwks_url) if jwks_url else None
        self._verified: dict[str, tuple[float, tuple[int, int], Principal]] = {}

    def issue(self, role: Role, subject: str, team: str | None, valid_for: timedelta) -> str:
        """A signed access token for one role. Raises ValueError for a malformed subject or team, or a role of no person."""
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
        """A link to dispute one resolution. It is no access token, nor is an access token such a link.

        ``erasures`` is how often the customer has been erased so far: the next erasure invalidates the link.
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
        """A link to follow one case. The next erasure of the customer invalidates it."""
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
        """What a dispute link is for. Raises Unauthenticated."""
        claims = self._link(token, "dispute+jwt", _DISPUTES, ("case", "resolution"))
        made = claims.get("erasures", datetime.fromtimestamp(claims["exp"], UTC) - LINK_LIVES)
        return DisputeLink(claims["case"], claims["resolution"], claims["sub"], made)

    def read_follow_link(self, token: str) -> FollowLink:
        """What a follow link is for. Raises Unauthenticated."""
        claims = self._link(token, "follow+jwt", _FOLLOWING, ("case", "iat"))
        made = claims.get("erasures", datetime.fromtimestamp(claims["iat"], UTC))
        return FollowLink(claims["case"], claims["sub"], made)

    def _link(self, token: str, kind: str, audience: str, asked: tuple[str, ...]) -> dict[str, Any]:
        try:
            if jwt.get_unverified_header(token).get("typ") != kind:
                raise Unauthenticated("this is no link of this desk")
            return self._claims(token, audience, asked)
        except jwt.PyJWTError:
            raise Unauthenticated("this link is not valid, or not any more") from None

    def _sign(self, claims: dict[str, Any], kind: str) -> str:
        self._keys.refresh()
        return jwt.encode(claims, self._keys.private, algorithm="EdDSA", headers={"typ": kind, "kid": self._keys.id})

    def _claims(self, token: str, audience: str, asked: Sequence[str] = ()) -> dict[str, Any]:
        """The claims of a token that one of our keys signed. Raises jwt.PyJWTError."""
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
        raise jwt.InvalidSignatureError("none of our keys signed it")

    def remembered(self, token: str) -> Principal | None:
        """The principal of a token verified before; None once it has expired, keys have changed or must be fetched again."""
        self._keys.refresh()
        known = self._verified.get(token)
        if known is None or known[0] <= time.time() or known[1] != self._generation:
            return None
        return known[2] if self._jwks is None or self._jwks.is_fresh else None

    @property
    def _generation(self) -> tuple[int, int]:
        """Of our keys, and of the identity provider's."""
        return self._keys.generation, self._jwks.generation if self._jwks else 0

    def verify(self, token: str) -> Principal:
        """The principal that a token names. A verified token is remembered until it expires or keys change.

        Raises Unauthenticated, Undecided.
        """
        if (known := self.remembered(token)) is not None:
            return known
        generation = self._generation
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
        """The claims of an identity provider's token. Raises jwt.PyJWTError, Unauthenticated, Undecided."""
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
    groups = _groups(claims.get("groups"))
    if not roles and not groups:
        raise Unauthenticated("the token names no role of this desk")
    if not (isinstance(subject, str) and CODE.fullmatch(subject)):
        raise Unauthenticated("the token's subject is no id that this desk can record")
    if team is not None and not (isinstance(team, str) and CODE.fullmatch(team)):
        raise Unauthenticated("the token's team is no id that this desk can record")
    return Principal(subject, roles, team, groups=groups)


def _groups(given: Any) -> tuple[str, ...]:
    """The groups of a token. What cannot be the name of one is left out."""
    found = given if isinstance(given, list) else []
    return tuple(each for each in found if isinstance(each, str) and 0 < len(each) <= LONGEST_GROUP)
