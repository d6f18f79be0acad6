"""Who may not, and why: tokens that are none, roles that may not, cases that are somebody else's."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from domain.values import Role
from infrastructure.settings import Settings
from tests.acceptance.conftest import Answer, Caller, RunningDesk, done, incident, refused

Positions = Callable[[], int]
ACCESS = "at+jwt"


@pytest.fixture
def key(running: RunningDesk, keys: Path) -> Ed25519PrivateKey:
    """The desk's own signing key: what the forgeries below are measured against."""
    loaded = load_pem_private_key((keys / "keys" / "token.pem").read_bytes(), None)
    assert isinstance(loaded, Ed25519PrivateKey)
    return loaded


def claims(**changes: Any) -> dict[str, Any]:
    settings = Settings()
    said = {
        "iss": settings.issuer,
        "aud": settings.audience,
        "sub": "a.ortiz",
        "exp": int(time.time()) + 600,
        "roles": ["technician"],
        **changes,
    }
    return {name: value for name, value in said.items() if value is not None}


def signed(key: Ed25519PrivateKey, typ: str | None = ACCESS, **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, algorithm="EdDSA", headers={"typ": typ})


def unsigned(alg: str) -> str:
    """A token that says it needs no signature."""

    def part(said: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()

    return f"{part({'alg': alg, 'typ': ACCESS})}.{part(claims())}."


def mac_under_the_public_key(key: Ed25519PrivateKey, encoding: Encoding, form: PublicFormat) -> str:
    """HS256 with what everybody knows as the secret: the classic confusion of algorithms."""
    public = key.public_key().public_bytes(encoding, form)
    head = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "typ": ACCESS}).encode()).rstrip(b"=")
    body = base64.urlsafe_b64encode(json.dumps(claims()).encode()).rstrip(b"=")
    mac = hmac.digest(public, head + b"." + body, "sha256")
    return (head + b"." + body + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


def unauthenticated(answer: Answer) -> None:
    refused(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_token_signed_by_the_desk_is_good(running: RunningDesk, key: Ed25519PrivateKey) -> None:
    done(running.anonymous(signed(key)).get("/cases"))  # so that each refusal below is for its own reason
    done(running.anonymous(signed(key, "application/at+jwt")).get("/cases"))


def test_a_token_that_is_not_good_in_every_respect_is_refused(
    running: RunningDesk, key: Ed25519PrivateKey, positions: Positions, subtests: pytest.Subtests
) -> None:
    good = signed(key)
    head, body, signature = good.split(".")
    other = json.loads(base64.urlsafe_b64decode(body + "=="))
    altered = base64.urlsafe_b64encode(json.dumps({**other, "roles": ["admin"]}).encode()).rstrip(b"=").decode()
    tokens = {
        "garbage": "garbage",
        "two dots": "a.b.c",
        "expired": signed(key, exp=int(time.time()) - 10),
        "not yet valid": signed(key, nbf=int(time.time()) + 600),
        "no expiry": signed(key, exp=None),
        "no subject": signed(key, sub=None),
        "no issuer": signed(key, iss=None),
        "no audience": signed(key, aud=None),
        "typ JWT": signed(key, "JWT"),
        "no typ": signed(key, None),
        "other audience": signed(key, aud="payroll"),
        "other issuer": signed(key, iss="https://elsewhere.example"),
        "other key": signed(Ed25519PrivateKey.generate()),
        "no role": signed(key, roles=None),
        "a role of no desk": signed(key, roles=["superuser"]),
        "the role of our own processes": signed(key, roles=["system"]),
        "roles as text": signed(key, roles="technician"),
        "a subject that is no id": signed(key, sub="a.ortiz\n"),
        "a team that is no id": signed(key, team="net\x00work"),
        "alg none": unsigned("none"),
        "alg NONE": unsigned("NONE"),
        "HS256, PEM": mac_under_the_public_key(key, Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "HS256, raw": mac_under_the_public_key(key, Encoding.Raw, PublicFormat.Raw),
        "altered claims": f"{head}.{altered}.{signature}",
        "no signature": f"{head}.{body}.",
    }
    for what, token in tokens.items():
        with subtests.test(what):
            http = running.anonymous(token)
            unauthenticated(http.get("/cases"))
            unauthenticated(http.post("/cases", json=incident()))
    assert positions() == 0


def test_no_token_and_another_scheme_are_refused_on_every_route(
    running: RunningDesk, positions: Positions, subtests: pytest.Subtests
) -> None:
    token = running.technician.http.headers["Authorization"].removeprefix("Bearer ")
    http = running.anonymous()
    for authorization in (
        None,
        b"",
        b"Bearer",
        b"Bearer\t\tx",
        f"Basic {token}".encode(),
        token.encode(),
        b"Bearer \xe9",
    ):
        given: list[tuple[bytes, bytes]] = [] if authorization is None else [(b"Authorization", authorization)]
        for path in ("/cases", "/cases/INC-0000001", "/cases/INC-0000001/history", "/queues", "/queues/x", "/events"):
            with subtests.test(f"{authorization!r} {path}"):
                unauthenticated(http.get(path, headers=given))
        with subtests.test(f"{authorization!r} POST"):
            unauthenticated(http.post("/cases", json=incident(), headers=given))
    assert positions() == 0


def test_r_6a_a_role_that_may_not_is_told_which_may(
    running: RunningDesk, positions: Positions, subtests: pytest.Subtests
) -> None:
    number = running.log()["number"]
    intake, admin = running.caller(Role.INTAKE, "mail"), running.caller(Role.ADMIN, "root")
    before = positions()
    may_not: list[tuple[Caller, str, Any, str]] = [
        (running.auditor, "/cases", incident(), "technician"),
        (running.network, f"/cases/{number}/triage", {"owner": "desk"}, "technician"),
        (running.technician, f"/cases/{number}/accept", {}, "team_member"),
        (intake, f"/cases/{number}/notes", {"text": "x"}, "technician"),
        (admin, f"/cases/{number}/prioritize", {"impact": 1, "severity": 1}, "technician"),
    ]
    for by, path, body, missing in may_not:
        with subtests.test(path):
            assert missing in refused(by.post(path, body), 403, "forbidden")["detail"]
    for path in ("/cases", f"/cases/{number}", f"/cases/{number}/history", "/queues", "/events", "/reports/volume"):
        for by in (intake, admin):
            with subtests.test(path):
                assert "auditor" in refused(by.get(path), 403, "forbidden")["detail"]
    assert positions() == before


def test_who_has_several_roles_acts_in_the_one_that_may(running: RunningDesk, key: Ed25519PrivateKey) -> None:
    number = running.log()["number"]
    both = Caller(running.url, signed(key, roles=["auditor", "technician"]))
    done(both.post(f"/cases/{number}/triage", {"owner": "desk"}))
    both.http.close()
    history = done(running.auditor.get(f"/cases/{number}/history"))["items"]
    assert history[-1]["by"] == {"subject": "a.ortiz", "role": "technician", "team": None}


def test_a_refusal_echoes_the_callers_trace(running: RunningDesk) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = running.technician.get("/cases/INC-9999999", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    assert refused(answer, 404, "not-found")["trace_id"] == trace
    made_up = [refused(running.technician.get("/cases/INC-9999999"), 404, "not-found")["trace_id"] for _ in range(2)]
    assert len({*made_up}) == 2
    number = running.log()["number"]
    body = {"owner": "desk"}
    done(running.technician.post(f"/cases/{number}/triage", body, traceparent=f"00-{trace}-00f067aa0ba902b7-01"))
    assert done(running.auditor.get(f"/cases/{number}/history"))["items"][-1]["trace_id"] == trace
