"""Sign-in at an identity provider (OpenID Connect): the authorization code flow with PKCE (RFC 6749, 4.1; RFC 7636)."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from functools import cached_property
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request

from authlib.common.urls import add_params_to_uri  # type: ignore[import-untyped]
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]

from application.execution.principals import Unauthenticated, Undecided
from infrastructure.identity.jwks import read_all

_ENDPOINTS = ("authorization_endpoint", "token_endpoint")
Fetch = Callable[[Request], bytes]
"""Sends a request and reads the answer. Raises OSError."""


class OpenIdProvider:
    """Implements `application.execution.principals.IdentityProvider`.

    The access token that it gives is checked like every other one, against the provider's keys. Its ID token is not used.
    """

    def __init__(
        self, issuer: str, client: str, secret: str | None, scope: str, redirect: str, fetch: Fetch = read_all
    ) -> None:
        self.issuer, self._client, self._secret = issuer, client, secret
        self._scope, self._redirect, self._fetch = scope, redirect, fetch

    def address(self, state: str, verifier: str) -> str:
        asked = {
            "response_type": "code",
            "client_id": self._client,
            "redirect_uri": self._redirect,
            "scope": self._scope,
            "state": state,
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
        }
        return str(add_params_to_uri(self._endpoints["authorization_endpoint"], list(asked.items())))

    def token(self, code: str, verifier: str) -> str:
        given = {"grant_type": "authorization_code", "code": code, "redirect_uri": self._redirect}
        body = urlencode({**given, "client_id": self._client, "code_verifier": verifier}).encode()
        request = Request(self._endpoints["token_endpoint"], body, self._headers)  # noqa: S310 - the operator's
        try:
            token = self._answer(request).get("access_token")
        except HTTPError as error:
            raise Unauthenticated(f"the identity provider refused the sign-in ({error.code})") from None
        if not isinstance(token, str):
            raise Unauthenticated("the identity provider gave no access token")
        return token

    @property
    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if self._secret is not None:  # client_secret_basic (RFC 6749, 2.3.1)
            pair = f"{quote(self._client, safe='')}:{quote(self._secret, safe='')}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        return headers

    @cached_property
    def _endpoints(self) -> dict[str, str]:
        """The provider's discovery document. Raises Undecided."""
        where = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            found = self._answer(Request(where))  # noqa: S310 - the operator's
        except HTTPError as error:
            raise Undecided(f"the identity provider has no discovery document ({error.code})") from None
        if found.get("issuer") != self.issuer:
            raise Undecided("the identity provider's discovery document is another issuer's")
        if missing := [name for name in _ENDPOINTS if not isinstance(found.get(name), str)]:
            raise Undecided(f"the identity provider's discovery document names no {missing[0]}")
        return {name: found[name] for name in _ENDPOINTS}

    def _answer(self, request: Request) -> dict[str, Any]:
        """An answer as JSON. Raises HTTPError, Undecided."""
        request.add_header("User-Agent", "caseledger")
        try:
            found = json.loads(self._fetch(request))
        except HTTPError as error:
            error.close()  # it is an answer, with a socket of its own
            raise
        except (OSError, ValueError):
            raise Undecided("the identity provider does not answer; try again") from None
        if not isinstance(found, dict):
            raise Undecided("the identity provider does not answer as it should")
        return found
