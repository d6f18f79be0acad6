"""The keys of an identity provider, on the day it does not answer, or nothing of use. Time is given, and none passes."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from application.execution.principals import Unauthenticated, Undecided
from infrastructure.identity.jwks import FRESH, GOOD, KeySet


class Provider:
    """An identity provider with keys of these ids; ``silent``, it answers nobody."""

    def __init__(self, *kids: str) -> None:
        self.kids, self.silent, self.asked, self.now = list(kids), False, 0, 1_000.0
        self.keys = KeySet("https://login.example/jwks", self.fetch, lambda: self.now)

    def fetch(self, _: str) -> bytes:
        self.asked += 1
        if self.silent:
            raise TimeoutError
        return json.dumps({"keys": [_jwk(kid) for kid in self.kids]}).encode()


def _jwk(kid: str) -> dict[str, Any]:
    public = Ed25519PrivateKey.generate().public_key()
    made: dict[str, Any] = jwt.algorithms.OKPAlgorithm.to_jwk(public, as_dict=True)
    return {**made, "kid": kid}


def test_keys_are_fetched_once_and_anew_when_they_are_old() -> None:
    provider = Provider("one")
    assert provider.keys.key("one") is provider.keys.key("one")
    assert provider.asked == 1
    provider.now += FRESH
    provider.keys.key("one")
    assert provider.asked == 2


def test_a_new_key_is_looked_for_and_one_that_does_not_exist_is_refused() -> None:
    provider = Provider("one")
    provider.keys.key("one")
    provider.kids.append("two")
    provider.now += 2
    assert provider.keys.key("two")
    for kid in ("three", None):
        with pytest.raises(Unauthenticated):
            provider.keys.key(kid)
    assert provider.asked == 2, "strangers' keys do not make us ask again and again"


def test_known_keys_stay_good_while_the_provider_is_silent_and_not_for_ever() -> None:
    provider = Provider("one")
    provider.keys.key("one")
    provider.silent = True
    provider.now += FRESH
    assert provider.keys.key("one")
    assert provider.keys.key("one")
    assert provider.asked == 2, "it is not asked again at once"
    with pytest.raises(Undecided):
        provider.keys.key("two")
    provider.now += GOOD
    with pytest.raises(Undecided):
        provider.keys.key("one")
    provider.silent = False
    provider.now += 60
    assert provider.keys.key("one")


def test_a_provider_that_never_answered_refuses_nobody_for_good() -> None:
    provider = Provider("one")
    provider.silent = True
    with pytest.raises(Undecided):
        provider.keys.key("one")


def test_the_generation_grows_when_keys_change_and_only_then() -> None:
    document = json.dumps({"keys": [_jwk("one")]}).encode()
    now, answers = [1_000.0], [document, document, json.dumps({"keys": [_jwk("one")]}).encode()]
    keys, seen = KeySet("https://login.example/jwks", lambda _: answers.pop(0), lambda: now[0]), []
    for _ in range(3):
        keys.key("one")
        assert keys.is_fresh
        seen.append(keys.generation)
        now[0] += FRESH
        assert not keys.is_fresh
    assert seen == [1, 1, 2]


@pytest.mark.parametrize("document", ["[]", "7", "<html>", '{"keys": []}', '{"keys": 7}', '{"keys": [{"kid": 7}]}', ""])
def test_what_is_no_key_set_is_no_answer(document: str) -> None:
    with pytest.raises(Undecided):
        KeySet("https://login.example/jwks", lambda _: document.encode()).key("one")


def test_keys_whose_ids_are_no_text_are_left_out() -> None:
    document = json.dumps({"keys": [{**_jwk("one"), "kid": ["one"]}, _jwk("two")]}).encode()
    assert KeySet("https://login.example/jwks", lambda _: document).key("two")


@pytest.mark.parametrize(
    "answer",
    [
        "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{",
        "SSH-2.0-OpenSSH\r\n\r\n",
        "",
    ],
)
def test_a_provider_that_answers_with_a_refusal_half_an_answer_or_no_http_is_silent(answer: str) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.wfile.write(answer.encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.handle_request)
        serving.start()
        with pytest.raises(Undecided):
            KeySet(f"http://127.0.0.1:{server.server_port}/jwks").key("one")
        serving.join()
