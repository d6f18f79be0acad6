"""The issuer as a process: installed once from its lock, and begun anew with other keys at the same address."""

from __future__ import annotations

import fcntl
import json
import re
import shutil
import socket
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from html import unescape
from pathlib import Path
from secrets import token_urlsafe
from typing import Any
from urllib.parse import quote

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from tests.waiting import until

OURS = Path(__file__).parent / "issuer"
FILES = ("package.json", "package-lock.json", "issuer.js")
INSTALLED = Path(sys.prefix) / "issuer"
_UNREACHED = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH")
"""What npm says where it reaches no registry."""
MADE: dict[str, Callable[[], Any]] = {
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
    "PS256": lambda: rsa.generate_private_key(65537, 2048),
}
DESK, ELSEWHERE = "https://desk.example", "https://elsewhere.example"
"""Resources (RFC 8707) that the issuer gives tokens for. Only the first one has the audience of the desk."""
CALLBACK = "http://127.0.0.1:8000/ui/sign-in/callback"
SECRET = "s:e/c r%t+"
"""With all that the form of a Basic header must escape (RFC 6749, 2.3.1)."""


def installed() -> Path:
    """The folder that the issuer runs in. Skips the test where it cannot be had."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("no node or no npm here: nobody signs in at a real issuer (apt-get install nodejs npm)")
    wanted = sha256(b"".join((OURS / name).read_bytes() for name in FILES)).hexdigest()
    INSTALLED.mkdir(exist_ok=True)
    with (INSTALLED / "lock").open("w") as alone:
        fcntl.flock(alone, fcntl.LOCK_EX)  # the tests of several processes want it at once
        stamp = INSTALLED / "installed"
        if not (stamp.exists() and stamp.read_text() == wanted):
            _install()
            stamp.write_text(wanted)
    return INSTALLED


def _install() -> None:
    for name in FILES:
        shutil.copy(OURS / name, INSTALLED / name)
    words = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    done = subprocess.run(words, cwd=INSTALLED, capture_output=True, text=True, check=False)
    if done.returncode and any(word in done.stderr for word in _UNREACHED):
        pytest.skip("npm reaches no registry: nobody signs in at a real issuer")
    assert done.returncode == 0, done.stderr


@dataclass(frozen=True)
class SigningKey:
    """A key of the issuer's."""

    kid: str
    algorithm: str
    private: Any

    @classmethod
    def made(cls, kid: str, algorithm: str = "ES256") -> SigningKey:
        """A new key."""
        return cls(kid, algorithm, MADE[algorithm]())

    def jwk(self, key: Any = None) -> dict[str, Any]:
        """The key as the issuer wants it (RFC 7517)."""
        told: dict[str, Any] = jwt.get_algorithm_by_name(self.algorithm).to_jwk(key or self.private, as_dict=True)
        told.pop("key_ops", None)
        return {**told, "kid": self.kid, "use": "sig", "alg": self.algorithm}


@dataclass
class Issuer:
    """oidc-provider at an address of its own, which it keeps when it is begun anew."""

    folder: Path
    log: Path
    people: dict[str, dict[str, Any]]
    """What the tokens of a person or a program say, beside what all tokens say."""
    programs: tuple[str, ...]
    """The ids of clients that ask in their own name."""
    keys: list[SigningKey] = field(default_factory=lambda: [SigningKey.made("first")])
    """The first one signs, and all are published."""

    def __post_init__(self) -> None:
        # Bound, and listening to nobody: the address stays free for the issuer alone.
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved.bind(("127.0.0.1", 0))
        self._process: subprocess.Popen[bytes] | None = None
        self.port = int(self._reserved.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.jwks_url = f"{self.url}/jwks"

    def begin(self, *keys: SigningKey) -> None:
        """Begin, or begin anew with these keys."""
        self.end()
        self.keys = list(keys) or self.keys
        before = self._said("listening")
        with self.log.open("ab") as log:
            words = ("node", "issuer.js", json.dumps(self._told()))
            self._process = subprocess.Popen(words, cwd=self.folder, stdout=log, stderr=log)
        until(lambda: self._said("listening") > before, self.log.read_text)

    def end(self) -> None:
        """End, as an issuer does that is down: its address refuses connections."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """End for good."""
        self.end()
        self._reserved.close()

    def times_asked(self, path: str = "/jwks") -> int:
        """How often anybody has asked for a path."""
        return self._said(f"GET {path}")

    def token(self, program: str, resource: str = DESK) -> str:
        """An access token that a program asks for in its own name."""
        asked = {"grant_type": "client_credentials", "scope": "desk", "resource": resource}
        asked |= {"client_id": program, "client_secret": SECRET}
        return str(self._answer("/token", asked)["access_token"])

    def signed_in(self, person: str) -> dict[str, Any]:
        """What a person gets who signs in at its pages: access token and ID token."""
        verifier = token_urlsafe(48)
        digest = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
        asked = {"response_type": "code", "client_id": "console", "redirect_uri": CALLBACK, "scope": "openid"}
        asked |= {"code_challenge": digest, "code_challenge_method": "S256"}
        with httpx.Client(verify=False, timeout=30) as browser:
            back = self.pages(browser, str(httpx.URL(f"{self.url}/auth", params=asked)), person)
        given = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code_verifier": verifier}
        return self._answer("/token", {**given, "code": back.params["code"]}, auth=("console", quote(SECRET, safe="")))

    def pages(self, browser: httpx.Client, address: str, person: str, *, consents: bool = True) -> httpx.URL:
        """Go through the pages of login and consent; returns where they send the browser back to."""
        answer = browser.get(address)
        while not (where := answer.headers.get("location", "")).startswith(CALLBACK):
            if where:
                answer = browser.get(str(httpx.URL(str(answer.url)).join(where)))
                continue
            assert answer.status_code == 200, answer.text
            action, prompt = _form(answer.text)
            if prompt == "consent" and not consents:
                answer = browser.get(f"{action}/abort")
                continue
            answer = browser.post(action, data={"prompt": prompt, "login": person, "password": "any"})
        return httpx.URL(where)

    def _answer(self, path: str, asked: dict[str, str], auth: tuple[str, str] | None = None) -> dict[str, Any]:
        answer = httpx.post(f"{self.url}{path}", data=asked, auth=auth, timeout=30)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def _said(self, line: str) -> int:
        return self.log.read_text().splitlines().count(line) if self.log.exists() else 0

    def _told(self) -> dict[str, Any]:
        console: dict[str, Any] = {"client_id": "console", "client_secret": SECRET, "redirect_uris": [CALLBACK]}
        program: dict[str, Any] = {"grant_types": ["client_credentials"], "response_types": [], "redirect_uris": []}
        program |= {"client_secret": SECRET, "token_endpoint_auth_method": "client_secret_post"}
        return {
            "issuer": self.url,
            "port": self.port,
            "resource": DESK,
            "audience": "caseledger",
            "keys": [key.jwk() for key in self.keys],
            "clients": [console, *({**program, "client_id": name} for name in self.programs)],
            "people": self.people,
        }


def _form(page: str) -> tuple[str, str]:
    """Where the form of a page of the issuer's goes, and what it asks for."""
    action = re.search(r'<form[^>]* action="([^"]+)"', page)
    prompt = re.search(r'name="prompt" value="(\w+)"', page)
    assert action is not None, page
    assert prompt is not None, page
    return unescape(action[1]), prompt[1]
