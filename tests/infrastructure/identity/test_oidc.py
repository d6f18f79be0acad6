"""What the console's client of an identity provider makes of its discovery document."""

from __future__ import annotations

import json
from typing import Any

import pytest

from application.execution.principals import Undecided
from infrastructure.identity.oidc import OpenIdProvider

ISSUER = "https://login.example"
GOOD = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
}


def provider(document: Any) -> OpenIdProvider:
    """A provider that gives this document to whoever asks."""
    content = json.dumps(document).encode()
    return OpenIdProvider(ISSUER, "console", None, "openid", "https://desk.example/back", lambda _: content)


def test_a_person_is_sent_to_the_endpoint_of_the_document() -> None:
    assert provider(GOOD).address("state", "verifier").startswith(f"{ISSUER}/authorize?response_type=code&")


@pytest.mark.parametrize(
    "document",
    [
        [],
        {**GOOD, "issuer": "https://evil.example"},
        {name: value for name, value in GOOD.items() if name != "authorization_endpoint"},
        {**GOOD, "token_endpoint": None},
    ],
    ids=["no object", "another issuer", "no authorization endpoint", "no token endpoint"],
)
def test_a_document_that_says_too_little_sends_nobody_anywhere(document: Any) -> None:
    with pytest.raises(Undecided, match="identity provider"):
        provider(document).address("state", "verifier")
