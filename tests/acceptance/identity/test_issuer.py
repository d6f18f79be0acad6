"""Bearer tokens and sign-in of a real issuer: whom it names, what it signs with today, and on the day it is down."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from api.http.entrance.sessions import COOKIE
from infrastructure.identity.jwks import FRESH, GOOD
from infrastructure.identity.tokens import ALGORITHMS
from tests.acceptance.conftest import RunningDesk, done, incident, refused
from tests.acceptance.console.conftest import cookie_of
from tests.acceptance.console.test_provider import sent_away
from tests.acceptance.identity.conftest import Seconds
from tests.acceptance.identity.issuer import ELSEWHERE, Issuer, SigningKey

SECOND, THIRD = SigningKey.made("second"), SigningKey.made("third", "RS256")


def asked(desk: RunningDesk, token: str, path: str = "/queues") -> httpx.Response:
    """What the desk answers to the bearer of a token."""
    return desk.anonymous(token).get(path)


def forged(issuer: Issuer, key: Any = None, algorithm: str = "ES256", header: Any = None, **changes: Any) -> str:
    """A token like those of the issuer: signed with its key, unless with another."""
    ends = datetime.now(UTC) + timedelta(hours=1)
    claims = {"iss": issuer.url, "aud": "caseledger", "sub": "o.connect", "exp": ends, "roles": ["technician"]}
    made = {"typ": "at+jwt", "kid": issuer.keys[0].kid, **(header or {})}
    return jwt.encode({**claims, **changes}, issuer.keys[0].private if key is None else key, algorithm, made)


def test_r_7_1_tokens_of_a_real_issuer_name_people_and_programs_with_their_roles(
    desk: RunningDesk, issuer: Issuer
) -> None:
    person = desk.anonymous(issuer.signed_in("o.connect")["access_token"])
    number = done(person.post("/cases", json=incident(), headers={"If-Match": "*"}))["number"]
    (logged, *_) = done(asked(desk, issuer.token("tool"), f"/cases/{number}/history"))["items"]
    assert logged["by"] == {"subject": "o.connect", "role": "technician", "team": None}
    figures = desk.anonymous(issuer.token("figures"))
    assert done(figures.get("/reports"))
    refused(figures.post("/cases", json=incident(), headers={"If-Match": "*"}), 403, "forbidden")
    refused(asked(desk, issuer.token("no.grant")), 403, "forbidden")
    refused(asked(desk, issuer.token("stranger")), 401, "unauthenticated")


def test_a_person_signs_in_to_the_console_through_the_pages_of_the_issuer(desk: RunningDesk, issuer: Issuer) -> None:
    console = desk.anonymous()
    with httpx.Client(verify=False, timeout=30) as browser:
        for visit in ("by login and consent", "by the session at the issuer"):
            away = console.get("/ui/sign-in/provider?next=%2Fui%2Fcases")
            errand = away.headers["set-cookie"].split(";")[0]
            back = issuer.pages(browser, away.headers["location"], "o.connect").raw_path.decode()
            begun = console.get(back, headers={"Cookie": errand})
            assert begun.headers["location"] == "/ui/sign-in?kept=yes&next=/ui/cases", (visit, begun.text)
            page = console.get("/ui/cases", headers={"Cookie": f"{COOKIE}={cookie_of(begun)}"})
            assert (page.status_code, "<b>o.connect</b>" in page.text) == (200, True)
            again = console.get(back, headers={"Cookie": errand})
            assert again.status_code == 401, "the issuer takes a code once"


def test_whoever_consents_to_nothing_or_has_no_role_is_not_signed_in(desk: RunningDesk, issuer: Issuer) -> None:
    console = desk.anonymous()
    for person, consents, why in (("o.connect", False, "access_denied"), ("stranger", True, "no role")):
        away = console.get("/ui/sign-in/provider")
        with httpx.Client(verify=False, timeout=30) as browser:
            back = issuer.pages(browser, away.headers["location"], person, consents=consents).raw_path.decode()
        answer = console.get(back, headers={"Cookie": away.headers["set-cookie"].split(";")[0]})
        assert (answer.status_code, why in answer.text, cookie_of(answer)) == (401, True, "")


def test_a_verifier_of_another_errand_is_refused_by_the_issuer(desk: RunningDesk, issuer: Issuer) -> None:
    console = desk.anonymous()
    away = console.get("/ui/sign-in/provider")
    other, errand = sent_away(console)
    with httpx.Client(verify=False, timeout=30) as browser:
        code = issuer.pages(browser, away.headers["location"], "o.connect").params["code"]
    answer = console.get(f"/ui/sign-in/callback?code={code}&state={other['state']}", headers={"Cookie": errand})
    assert (answer.status_code, "refused the sign-in (400)" in answer.text) == (401, True)


def test_r_7_1_a_new_key_counts_at_once_and_one_that_is_listed_no_more_is_void_within_five_minutes(
    desk: RunningDesk, issuer: Issuer, seconds: Seconds
) -> None:
    first, old = issuer.keys[0], issuer.token("tool")
    done(asked(desk, old))
    seconds.pass_by(2)
    issuer.begin(SECOND, first)
    new = issuer.token("tool")
    assert jwt.get_unverified_header(new)["kid"] == "second"
    done(asked(desk, new))
    done(asked(desk, old))
    issuer.begin(SECOND)
    seconds.pass_by(FRESH)
    refused(asked(desk, old), 401, "unauthenticated")
    done(asked(desk, new))
    refused(asked(desk, forged(issuer, first.private, header={"kid": "first"})), 401, "unauthenticated")


def test_r_7_1_each_algorithm_of_the_page_is_signed_with_by_the_issuer_and_accepted(
    desk: RunningDesk, issuer: Issuer, seconds: Seconds
) -> None:
    for algorithm in ALGORITHMS:
        issuer.begin(SigningKey.made(f"of {algorithm}", algorithm), *issuer.keys)
        seconds.pass_by(2)
        token = issuer.token("tool")
        assert jwt.get_unverified_header(token)["alg"] == algorithm
        done(asked(desk, token))


def test_tokens_of_unknown_keys_let_the_issuer_be_asked_once_a_second_at_most(
    desk: RunningDesk, issuer: Issuer, seconds: Seconds
) -> None:
    done(asked(desk, issuer.token("tool")))
    assert issuer.times_asked() == 1
    for times in (1, 2):
        for kid in map(str, range(8)):
            refused(asked(desk, forged(issuer, header={"kid": kid})), 401, "unauthenticated")
        assert issuer.times_asked() == times
        seconds.pass_by(1)


def test_while_the_issuer_is_down_known_keys_go_on_and_others_are_told_to_come_again(
    desk: RunningDesk, issuer: Issuer, seconds: Seconds
) -> None:
    known, other = issuer.token("tool"), issuer.token("figures")
    done(asked(desk, known))
    issuer.end()
    for later in (0, FRESH, GOOD - FRESH - 1):
        seconds.pass_by(later)
        done(asked(desk, known))
    done(asked(desk, other, "/reports"))
    refused(asked(desk, forged(issuer, SECOND.private, header={"kid": "second"})), 503, "unavailable")
    assert desk.anonymous().get("/ui/sign-in/provider").status_code == 401
    seconds.pass_by(1)
    refused(asked(desk, known), 503, "unavailable")
    issuer.begin()
    seconds.pass_by(10)
    done(asked(desk, known))
    assert desk.anonymous().get("/ui/sign-in/provider").status_code == 303


def test_what_the_issuer_did_not_sign_for_this_desk_is_refused(desk: RunningDesk, issuer: Issuer) -> None:
    signed_in = issuer.signed_in("o.connect")
    good = signed_in["access_token"]
    head, body, signature = good.split(".")
    public = issuer.keys[0].private.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    shown = json.dumps(issuer.keys[0].jwk(public)).encode()
    none = urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt","kid":"first"}').decode().rstrip("=")
    bad = {
        "for another audience": issuer.token("tool", ELSEWHERE),
        "an ID token": signed_in["id_token"],
        "of another issuer": forged(issuer, iss="https://other.example"),
        "expired": forged(issuer, exp=1),
        "of another key under the same id": forged(issuer, SECOND.private),
        "with a key of its own": forged(
            issuer, SECOND.private, header={"jwk": SECOND.jwk(SECOND.private.public_key())}
        ),
        "of another algorithm": forged(issuer, THIRD.private, "RS256"),
        "HS256 under the public key as PEM": hs256(issuer, pem),
        "HS256 under the public key as JSON": hs256(issuer, shown),
        "of no algorithm": f"{none}.{body}.",
        "of no algorithm, with a signature": f"{none}.{body}.{signature}",
        "without its signature": f"{head}.{body}.",
    }
    done(asked(desk, good))
    done(asked(desk, forged(issuer)))
    for what, token in bad.items():
        assert asked(desk, token).status_code == 401, what


def hs256(issuer: Issuer, secret: bytes) -> str:
    """A token under what everybody can read, as if it were a shared secret. PyJWT refuses to make one."""
    head = urlsafe_b64encode(json.dumps({"alg": "HS256", "typ": "at+jwt", "kid": "first"}).encode()).rstrip(b"=")
    signed = head + b"." + forged(issuer).split(".")[1].encode()
    return (signed + b"." + urlsafe_b64encode(hmac.digest(secret, signed, "sha256")).rstrip(b"=")).decode()
