"""Bearer tokens: RFC 9068 JWTs under an asymmetric key, ours (Ed25519) or an identity provider's."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from application.principals import DisputeLink, FollowLink, Principal, Unauthenticated
from domain.values import CODE, Role

ALGORITHMS = ("EdDSA", "ES256", "ES384", "RS256", "PS256")
"""Asymmetric ones only: whoever can verify a token must not be able to make one."""
_REMEMBERED = 4_096
_DISPUTES, _FOLLOWING = "caseledger:dispute", "caseledger:follow"
_LINK_LIVES = timedelta(days=90)
"""Longer than any window: a late click is told that it is late, and where to go."""
_ROLES = frozenset(Role) - {Role.SYSTEM, Role.EXTERNAL}


def secret_file(path: Path, make: Callable[[], bytes]) -> bytes:
    """The content of a secret file, made with mode 0600 when missing; of two makers at once, one wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes()


def _new_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class Tokens:
    """Issues tokens under our own key, and verifies them under ours or a provider's."""

    def __init__(self, keys: Path, issuer: str, audience: str, jwks_url: str | None = None) -> None:
        loaded = load_pem_private_key(secret_file(keys / "token.pem", _new_key), None)
        if not isinstance(loaded, Ed25519PrivateKey):
            raise TypeError(f"{keys / 'token.pem'} holds no Ed25519 key")
        self._private, self._public = loaded, loaded.public_key()
        self.cursor_secret = secret_file(keys / "cursors.key", lambda: secrets.token_bytes(32))
        self.address_secret = secret_file(keys / "addresses.key", lambda: secrets.token_bytes(32))
        self._issuer, self._audience = issuer, audience
        self._jwks = jwt.PyJWKClient(jwks_url, cache_keys=True, lifespan=300, timeout=5) if jwks_url else None
        self._verified: dict[str, tuple[float, Principal]] = {}

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
        return jwt.encode(claims, self._private, algorithm="EdDSA", headers={"typ": "at+jwt"})

    def dispute_link(self, case: str, resolution: int, customer: str, erasures: int) -> str:
        """A signed token for the one purpose of disputing one resolution; no access token, and none is one of it.

        ``erasures`` is how often the customer has been erased so far: the next erasure voids the link.
        """
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": _DISPUTES,
            "sub": customer,
            "exp": int(time.time()) + int(_LINK_LIVES.total_seconds()),
            "case": case,
            "resolution": resolution,
            "erasures": erasures,
        }
        return jwt.encode(claims, self._private, algorithm="EdDSA", headers={"typ": "dispute+jwt"})

    def follow_link(self, case: str, customer: str, erasures: int) -> str:
        """A signed token for the one purpose of following one case: it opens nothing else, and nothing else opens it."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": _FOLLOWING,
            "sub": customer,
            "iat": now,
            "exp": now + int(_LINK_LIVES.total_seconds()),
            "case": case,
            "erasures": erasures,
        }
        return jwt.encode(claims, self._private, algorithm="EdDSA", headers={"typ": "follow+jwt"})

    def read_link(self, token: str) -> DisputeLink:
        """What a link of ours is for. Raises Unauthenticated."""
        claims = self._link(token, "dispute+jwt", _DISPUTES, ("case", "resolution"))
        made = claims.get("erasures", datetime.fromtimestamp(claims["exp"], UTC) - _LINK_LIVES)
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
            claims: dict[str, Any] = jwt.decode(
                token,
                self._public,
                algorithms=["EdDSA"],
                issuer=self._issuer,
                audience=audience,
                options={"require": ["iss", "aud", "exp", "sub", *asked]},
            )
        except jwt.PyJWTError:
            raise Unauthenticated("this link is not valid, or no longer") from None
        return claims

    def verify(self, token: str) -> Principal:
        """Whom a token names. Raises Unauthenticated. A verified token is remembered until it expires."""
        if (known := self._verified.get(token)) is not None and known[0] > time.time():
            return known[1]
        try:
            header = jwt.get_unverified_header(token)
            if str(header.get("typ", "")).lower() not in ("at+jwt", "application/at+jwt"):
                raise Unauthenticated("the token is not an access token (typ at+jwt)")
            key: Any = self._jwks.get_signing_key_from_jwt(token) if self._jwks else self._public
            claims = jwt.decode(
                token,
                key,
                algorithms=list(ALGORITHMS) if self._jwks else ["EdDSA"],
                issuer=self._issuer,
                audience=self._audience,
                options={"require": ["iss", "aud", "exp", "sub"]},
            )
        except jwt.ExpiredSignatureError:
            raise Unauthenticated("the token has expired") from None
        except jwt.PyJWTError:
            raise Unauthenticated("the token is not valid here") from None
        principal = _principal(claims)
        if len(self._verified) >= _REMEMBERED:
            self._verified.clear()
        self._verified[token] = (float(claims["exp"]), principal)
        return principal


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
