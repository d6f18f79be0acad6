"""Sign-in to the console at an identity provider: authorization code flow with PKCE, against a provider of the test's own."""

from __future__ import annotations

import json
import threading
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from jwt.algorithms import ECAlgorithm

from api.http.entrance.sessions import COOKIE
from application.administration.catalogue import OPERATOR
from application.administration.entries import change_policy
from domain.values import Role
from tests.acceptance.conftest import RunningDesk, served
from tests.acceptance.console.conftest import cookie_of
from tests.conftest import TestDatabase
from tests.waiting import until

KEY = generate_private_key(SECP256R1())


class IdentityServer:
    """A provider with one person: it gives a token for a code whose verifier fits the challenge that it was sent."""

    def __init__(self) -> None:
        self.challenges: dict[str, str] = {}
        self.claims: dict[str, Any] = {"roles": ["technician"]}
        self.asked: list[dict[str, list[str]]] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                """Say nothing."""

            def do_GET(self) -> None:
                self._send(200, provider.documents()[self.path])

            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                provider.asked.append(form)
                self._send(*provider.exchange(form, self.headers.get("Authorization", "")))

            def _send(self, status: int, document: dict[str, Any]) -> None:
                content = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def documents(self) -> dict[str, dict[str, Any]]:
        key = {**json.loads(ECAlgorithm.to_jwk(KEY.public_key())), "kid": "k1", "use": "sig", "alg": "ES256"}
        discovery = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
        }
        return {"/.well-known/openid-configuration": discovery, "/jwks": {"keys": [key]}}

    def exchange(self, form: dict[str, list[str]], authorization: str) -> tuple[int, dict[str, Any]]:
        digest = sha256(form["code_verifier"][0].encode()).digest()
        challenge = urlsafe_b64encode(digest).decode().rstrip("=")
        if self.challenges.get(form["code"][0]) != challenge or not authorization.startswith("Basic "):
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": self.token(), "token_type": "Bearer"}

    def token(self) -> str:
        ends = datetime.now(UTC) + timedelta(hours=1)
        claims = {"iss": self.url, "aud": "caseledger", "sub": "o.connect", "exp": ends, **self.claims}
        return jwt.encode(claims, KEY, "ES256", headers={"typ": "at+jwt", "kid": "k1"})


@pytest.fixture
def provider() -> Iterator[IdentityServer]:
    made = IdentityServer()
    serving = threading.Thread(target=made.server.serve_forever, daemon=True)
    serving.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    serving.join()


@pytest.fixture
def desk(provider: IdentityServer, database: TestDatabase, tmp_path: Path) -> Iterator[RunningDesk]:
    """A desk whose people sign in at the provider."""
    told: dict[str, Any] = {"issuer": provider.url, "jwks_url": f"{provider.url}/jwks", "oidc_client_id": "console"}
    with served(database, tmp_path, **told, oidc_client_secret="s:e/cret") as running:
        running.office.grants.ensure("o.connect", Role.TECHNICIAN, None, None, OPERATOR, anew=True)
        yield running


def sent_away(http: httpx.Client, path: str = "/ui/sign-in/provider?next=%2Fui%2Fcases") -> tuple[dict[str, str], str]:
    """Be sent to the provider; returns what it is asked, and the cookie of the errand."""
    answer = http.get(path)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    return asked, str(answer.headers["set-cookie"].split(";")[0])


def test_a_person_signs_in_at_the_provider(desk: RunningDesk, provider: IdentityServer) -> None:
    http = desk.anonymous()
    assert "/ui/sign-in/provider?next=" in http.get("/ui/sign-in").text
    asked, errand = sent_away(http)
    assert (asked["response_type"], asked["code_challenge_method"], asked["client_id"]) == ("code", "S256", "console")
    assert asked["redirect_uri"] == "http://127.0.0.1:8000/ui/sign-in/callback"
    provider.challenges["c0de"] = asked["code_challenge"]
    back = http.get(f"/ui/sign-in/callback?code=c0de&state={asked['state']}", headers={"Cookie": errand})
    assert back.headers["location"] == "/ui/sign-in?kept=yes&next=/ui/cases"
    page = http.get("/ui/cases", headers={"Cookie": f"{COOKIE}={cookie_of(back)}"})
    assert page.status_code == 200
    assert "<b>o.connect</b>" in page.text
    assert provider.asked[0]["redirect_uri"] == [asked["redirect_uri"]]


def test_an_answer_that_nobody_asked_for_is_refused(desk: RunningDesk, provider: IdentityServer) -> None:
    http = desk.anonymous()
    asked, errand = sent_away(http)
    provider.challenges["c0de"] = asked["code_challenge"]
    for path, cookie in (
        (f"?code=c0de&state={asked['state']}", ""),  # another browser's
        ("?code=c0de&state=wrong", errand),
        (f"?error=access_denied&state={asked['state']}", errand),
        (f"?code=other&state={asked['state']}", errand),
        (f"?code=c0de&state={asked['state']}&iss=https://evil.example", errand),
    ):
        answer = http.get(f"/ui/sign-in/callback{path}", headers={"Cookie": cookie} if cookie else {})
        assert answer.status_code == 401, path
        assert 'role="alert"' in answer.text
        assert COOKIE + "=" not in answer.headers.get("set-cookie", "").replace(f"{COOKIE}-errand=", "")


def test_a_code_that_another_errand_began_is_refused(desk: RunningDesk, provider: IdentityServer) -> None:
    http = desk.anonymous()
    first, _ = sent_away(http)
    second, errand = sent_away(http)
    provider.challenges["c0de"] = first["code_challenge"]
    answer = http.get(f"/ui/sign-in/callback?code=c0de&state={second['state']}", headers={"Cookie": errand})
    assert answer.status_code == 401, "the verifier is the other errand's (PKCE)"


def test_a_provider_that_does_not_answer_is_said_to_be_away(desk: RunningDesk, provider: IdentityServer) -> None:
    provider.server.shutdown()
    provider.server.server_close()
    answer = desk.anonymous().get("/ui/sign-in/provider")
    assert answer.status_code == 401
    assert "identity provider" in answer.text


def test_r_7_1_a_group_of_the_provider_signs_in_as_the_role_that_the_policy_says(
    desk: RunningDesk, provider: IdentityServer
) -> None:
    keeper = desk.office.policy
    provider.claims = {"groups": ["others", "/desk/staff"]}
    http = desk.anonymous()

    def signs_in() -> httpx.Response:
        asked, errand = sent_away(http)
        provider.challenges["c0de"] = asked["code_challenge"]
        return http.get(f"/ui/sign-in/callback?code=c0de&state={asked['state']}", headers={"Cookie": errand})

    refused = signs_in()
    assert refused.status_code == 401
    assert "none of the groups of o.connect stands for a role here" in refused.text
    groups = {"groups": [{"group": "/desk/staff", "role": "technician"}]}
    keeper.change(lambda policy: change_policy(policy, groups), "the provider has groups", OPERATOR)
    until(lambda: signs_in().status_code == 303)  # who only reads learns of a policy by its notice
    cookie = f"{COOKIE}={cookie_of(signs_in())}"
    page = http.get("/ui/cases", headers={"Cookie": cookie})
    assert (page.status_code, "<b>o.connect</b>" in page.text) == (200, True)
    bearer = {"Authorization": f"Bearer {provider.token()}"}
    assert http.get("/queues", headers=bearer).status_code == 200, "a bearer token has groups as well"
    keeper.change(lambda policy: change_policy(policy, {"groups": []}), "no more", OPERATOR)
    until(lambda: http.get("/ui/cases", headers={"Cookie": cookie}).status_code == 403, lambda: "the session stays")
    until(lambda: http.get("/queues", headers=bearer).status_code == 403, lambda: "the token stays good")
