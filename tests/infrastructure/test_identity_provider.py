"""An identity provider signs people in, as docs/access.md says: its example's claims, each of its signature algorithms."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from application.execution.principals import Principal, Unauthenticated, Undecided
from domain.values import Role
from infrastructure.identity import tokens as tokens_module
from infrastructure.identity.jwks import FRESH, GOOD, KeySet
from infrastructure.identity.tokens import ALGORITHMS, Tokens

PAGE = Path(__file__).resolve().parents[2] / "docs" / "access.md"
KEYS: dict[str, Callable[[], Any]] = {
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
    "PS256": lambda: rsa.generate_private_key(65537, 2048),
}
HEADER = {"typ": "at+jwt", "kid": "k1"}


def example() -> dict[str, Any]:
    """The claims that the page shows, not expired."""
    shown = re.search(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert shown is not None
    claims: dict[str, Any] = json.loads(shown[1])
    return {**claims, "exp": int(time.time()) + 60}


def provider(folder: Path, algorithm: str) -> tuple[Tokens, Any]:
    """A desk's tokens that trust a provider, and the provider's private key."""
    key = KEYS[algorithm]()
    published = publish(folder, key, algorithm)
    claims = example()
    return Tokens(folder / "keys", claims["iss"], claims["aud"], published.as_uri()), key


def publish(folder: Path, key: Any, algorithm: str) -> Path:
    """Publish a key, and no other; returns where."""
    document = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
    published = folder / "jwks.json"
    published.write_text(json.dumps({"keys": [{**document, "kid": "k1", "use": "sig", "alg": algorithm}]}))
    return published


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_r_7_1_a_token_of_the_identity_provider_names_a_person(tmp_path: Path, algorithm: str) -> None:
    tokens, key = provider(tmp_path, algorithm)
    token = jwt.encode(example(), key, algorithm, HEADER)
    assert tokens.verify(token) == Principal("a.ortiz", (Role.TECHNICIAN,), None)


def test_r_7_1_unknown_roles_are_ignored_and_a_team_is_read(tmp_path: Path) -> None:
    tokens, key = provider(tmp_path, "ES256")
    claims = {**example(), "roles": ["offline_access", "team_member", "system"], "team": "network"}
    token = jwt.encode(claims, key, "ES256", HEADER)
    assert tokens.verify(token) == Principal("a.ortiz", (Role.TEAM_MEMBER,), "network")


def test_r_7_1_groups_are_read_and_what_can_be_no_group_is_left_out(tmp_path: Path) -> None:
    tokens, key = provider(tmp_path, "ES256")
    claims = {**example(), "groups": ["/desk", 7, "", "x" * 201, "net"]}
    assert tokens.verify(jwt.encode(claims, key, "ES256", HEADER)).groups == ("/desk", "net")
    del claims["roles"]
    assert tokens.verify(jwt.encode(claims, key, "ES256", HEADER)) == Principal("a.ortiz", (), groups=("/desk", "net"))


@pytest.mark.parametrize(
    ("header", "changes"),
    [
        ({"typ": "JWT"}, {}),
        ({"kid": "k2"}, {}),
        ({}, {"iss": "https://other.example"}),
        ({}, {"aud": "other"}),
        ({}, {"exp": 1}),
        ({}, {"sub": "a\u0000b"}),
        ({}, {"roles": []}),
        ({}, {"roles": "technician"}),
        ({}, {"roles": ["system"]}),
        ({}, {"roles": [], "groups": "desk"}),
    ],
    ids=str,
)
def test_r_7_1_a_token_that_is_not_as_the_page_says_is_refused(
    tmp_path: Path, header: dict[str, str], changes: dict[str, Any]
) -> None:
    tokens, key = provider(tmp_path, "ES256")
    with pytest.raises(Unauthenticated):
        tokens.verify(jwt.encode({**example(), **changes}, key, "ES256", {**HEADER, **header}))


def test_r_7_1_beside_an_identity_provider_our_own_tokens_are_refused(tmp_path: Path) -> None:
    tokens, _ = provider(tmp_path, "ES256")
    claims = example()
    ours = Tokens(tmp_path / "keys", claims["iss"], claims["aud"])
    with pytest.raises(Unauthenticated):
        tokens.verify(ours.issue(Role.TECHNICIAN, "a.ortiz", None, timedelta(hours=1)))


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time of the provider's keys, in seconds, for the test to move."""
    moment = [1_000.0]
    monkeypatch.setattr(tokens_module, "KeySet", partial(KeySet, monotonic=lambda: moment[0]))
    return moment


def test_r_7_1_a_remembered_token_is_void_once_its_key_is_published_no_more(tmp_path: Path, now: list[float]) -> None:
    tokens, key = provider(tmp_path, "ES256")
    token = jwt.encode(example(), key, "ES256", HEADER)
    tokens.verify(token)  # fetches the keys
    assert tokens.verify(token) == tokens.remembered(token)
    now[0] += FRESH
    assert tokens.remembered(token) is None, "it is time to ask whether the key is still published"
    assert tokens.verify(token) == tokens.remembered(token), "it is"
    publish(tmp_path, KEYS["ES256"](), "ES256")
    now[0] += FRESH
    with pytest.raises(Unauthenticated):
        tokens.verify(token)
    assert tokens.remembered(token) is None


def test_r_7_1_a_remembered_token_is_no_longer_good_than_the_keys_of_a_silent_provider(
    tmp_path: Path, now: list[float]
) -> None:
    tokens, key = provider(tmp_path, "ES256")
    token = jwt.encode(example(), key, "ES256", HEADER)
    named = tokens.verify(token)
    (tmp_path / "jwks.json").unlink()
    now[0] += GOOD - 1
    assert tokens.verify(token) == named
    now[0] += 1
    with pytest.raises(Undecided):
        tokens.verify(token)
