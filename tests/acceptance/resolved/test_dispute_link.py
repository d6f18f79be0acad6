"""SOP 5.9: the link in the mail. GET only shows, POST disputes, and no other token opens the door."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.http.entrance import limits
from domain.values import ErasureScope, Role
from tests import four_eyes
from tests.acceptance.conftest import FIXED, RunningDesk, done, refused
from tests.acceptance.travelling import (
    WINDOW,
    assigned,
    back_to_monday,
    history,
    last,
    mails,
    moment,
    on_monday,
    owner_of,
    read,
    resolve,
    resolved,
    told,
    topics,
    travel,
)
from tests.blocking import open_desk
from tests.conftest import TestDatabase, cloned

HOSTILE = "<script>alert('x')</script><img src=x onerror=alert(1)> \"quoted\" & 'so'"
Positions = Callable[[], int]


@pytest.fixture(scope="module")
def shared_database(server: str) -> Iterator[TestDatabase]:
    with cloned(server) as database:
        yield database


@pytest.fixture(scope="module")
def running(shared_database: TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    with on_monday(shared_database, tmp_path_factory.mktemp("keys")) as desk:
        yield desk


@pytest.fixture(autouse=True)
def _monday(running: RunningDesk) -> None:
    back_to_monday(running)


@pytest.fixture(scope="module")
def browser(running: RunningDesk) -> httpx.Client:
    """A customer's: it has no token but the one in the link."""
    return running.anonymous()


@pytest.fixture
def positions(shared_database: TestDatabase) -> Positions:
    def count() -> int:
        with psycopg.connect(shared_database.superuser) as connection:
            row = connection.execute("SELECT count(*) FROM ledger.stored_events").fetchone()
            assert row is not None
            return int(row[0])

    return count


def link(desk: RunningDesk, number: str) -> str:
    """The path of the link in the latest mail about a case."""
    found = re.search(r"/disputes/[\w.-]+", mails(desk, number)[-1].text)
    assert found
    return found[0]


def post(browser: httpx.Client, path: str, reason: str = "it still does not print") -> httpx.Response:
    return browser.post(path, data={"reason": reason})


def page(answer: httpx.Response) -> str:
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8"), answer.text
    return answer.text


def notes(desk: RunningDesk, number: str) -> list[str]:
    return [item["data"]["note"]["value"]["text"] for item in history(desk, number) if item["topic"] == "case.noted"]


# GET


def test_r_5_9b_the_link_shows_what_was_done_and_until_when(running: RunningDesk, browser: httpx.Client) -> None:
    number = told(running, subject="Printer on floor 2")
    assert mails(running, number)[0].html.count(link(running, number)) == 1
    shown = page(browser.get(link(running, number)))
    for said in (number, "Printer on floor 2", "spooler restarted", "Thursday, 08 October 2026, 08:00 CDT", "<form"):
        assert said in shown


def test_r_5_9c_looking_changes_nothing_however_often_and_whoever_looks(
    running: RunningDesk, browser: httpx.Client, positions: Positions
) -> None:
    number = told(running)
    path, before = link(running, number), (positions(), history(running, number))
    agents = ("Mozilla/5.0", "SafeLinks scanner", "")
    for agent in agents * 5:
        page(browser.get(path, headers={"User-Agent": agent, "Purpose": "prefetch"}))
        browser.head(path)
        browser.options(path)
    page(browser.get(path, params={"reason": "prefetched"}))
    assert (positions(), history(running, number)) == before
    travel(running, WINDOW)
    running.close_elapsed()
    assert read(running, number)["status"] == "closed"


def test_the_page_is_kept_by_nobody_and_runs_nothing(running: RunningDesk, browser: httpx.Client) -> None:
    headers = browser.get(link(running, told(running))).headers
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "script" not in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    refusal = browser.get("/disputes/x").headers
    assert (refusal["cache-control"], refusal["referrer-policy"]) == ("no-store", "no-referrer")


# POST


def test_r_5_9c_posting_reopens_the_same_case_where_it_was(running: RunningDesk, browser: httpx.Client) -> None:
    number = told(running)
    before = read(running, number)
    travel(running, hours=71)
    assert f"{number} is reopened" in page(post(browser, link(running, number)))
    case = read(running, number)
    assert (case["status"], case["team"], case["priority"], case["reopenings"]) == (
        "assigned", "network", before["priority"], 1,
    )  # fmt: skip
    disputed = last(running, number, "disputed")
    assert disputed["by"] == {"subject": before["customer"]["id"], "role": "customer", "team": None}
    assert (disputed["via"]["interface"], disputed["data"]["channel"]) == ("link", "self_service")
    assert disputed["reason"] == "it still does not print"
    assert "being worked on" in page(browser.get(link(running, number)))
    travel(running, days=30)
    running.close_elapsed()
    assert read(running, number)["status"] == "assigned"


def test_r_5_9c_the_first_dispute_wins_and_later_ones_are_noted(running: RunningDesk, browser: httpx.Client) -> None:
    number = told(running)
    path = link(running, number)
    post(browser, path)
    assert f"{number} is being worked on" in page(post(browser, path, "and the display is dark"))
    assert (topics(running, number).count("disputed"), notes(running, number)) == (1, ["and the display is dark"])
    noted = last(running, number, "noted")
    assert (noted["by"]["role"], noted["data"]["visible_to_customer"]) == ("customer", True)


def test_r_5_9c_a_form_sent_twice_counts_once(running: RunningDesk, browser: httpx.Client) -> None:
    number = told(running)
    path = link(running, number)
    for _ in range(3):
        page(post(browser, path))
    assert topics(running, number)[-2:] == ["disputed", "reopened"]


def test_r_5_9c_of_two_disputes_at_once_one_reopens_and_the_other_is_noted(
    running: RunningDesk, browser: httpx.Client
) -> None:
    number = told(running)
    path, reasons = link(running, number), [f"reason {i}" for i in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda reason: page(post(browser, path, reason)), reasons))
    assert sum("is reopened" in answer for answer in answers) == 1
    assert (topics(running, number).count("disputed"), len(notes(running, number))) == (1, 3)


def test_r_5_9c_a_link_of_an_earlier_mail_disputes_what_was_done_since(
    running: RunningDesk, browser: httpx.Client
) -> None:
    """Nobody who says that it is not well is sent away, whichever of our mails he answers."""
    number = told(running)
    path = link(running, number)
    post(browser, path)
    travel(running, hours=1)
    resolve(running, number, {**FIXED, "solution": "print server replaced"})
    running.send_mail()
    assert "print server replaced" in page(browser.get(path))
    assert f"{number} is reopened" in page(post(browser, path))
    assert read(running, number)["status"] == "assigned"
    assert topics(running, number).count("disputed") == 2


def test_r_5_5d_a_case_closed_on_the_customers_word_is_reopened_until_the_same_deadline(
    running: RunningDesk, browser: httpx.Client
) -> None:
    number = resolved(running)
    confirmation = {"method": "phone", "by": "Jo Field", "at": moment(running)}
    done(running.technician.post(f"/cases/{number}/close", {"confirmation": confirmation}))
    running.send_mail()  # the mail still goes out
    travel(running, WINDOW)
    assert read(running, number)["status"] == "closed"
    assert f"{number} is reopened" in page(post(browser, link(running, number)))
    assert read(running, number)["status"] == "assigned"


def test_r_5_9f_after_the_window_a_dispute_is_a_new_case_that_follows_the_old_one(
    running: RunningDesk, browser: httpx.Client
) -> None:
    number = told(running, subject="Printer on floor 2")
    path = link(running, number)
    travel(running, WINDOW)
    running.close_elapsed()
    travel(running, seconds=1)
    before = history(running, number)
    answered = page(post(browser, path, "it is broken again"))
    (new,) = set(re.findall(r"INC-\d{7}", answered))
    assert new != number
    case = read(running, new)
    assert (case["follow_up_of"], case["status"], case["channel"]) == (number, "logged", "self_service")
    assert (case["subject"], case["description"]) == ("Printer on floor 2", "it is broken again")
    assert case["customer"] == read(running, number)["customer"]
    assert history(running, number) == before
    assert answered == page(post(browser, path, "it is broken again"))  # sent twice, logged once


def test_r_5_9f_over_http_the_refusal_names_the_case_to_follow(running: RunningDesk) -> None:
    number = told(running)
    travel(running, WINDOW)
    running.close_elapsed()
    travel(running, seconds=1)
    problem = refused(
        owner_of(running, number).post(f"/cases/{number}/dispute", {"reason": "again"}), 409, "dispute-window-closed"
    )
    assert (problem["follow_up_of"], problem["follow_up"]) == (number, f"/cases/{number}/follow-up")


# no other key


def claims_of(desk: RunningDesk, number: str) -> dict[str, Any]:
    token = link(desk, number).rpartition("/")[2]
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def forged(desk: RunningDesk, number: str) -> dict[str, str]:
    """Tokens that look like the link's and are not."""
    claims, ours, header = claims_of(desk, number), desk.tokens._keys.private, {"typ": "dispute+jwt"}
    theirs, token = Ed25519PrivateKey.generate(), link(desk, number).rpartition("/")[2]
    head, body, signature = token.split(".")

    def signed(key: Ed25519PrivateKey = ours, typ: dict[str, str] = header, **changes: Any) -> str:
        return jwt.encode({**claims, **changes}, key, algorithm="EdDSA", headers=typ)

    other = signed(case="INC-0000001").split(".")[1]
    return {
        "signed by another": signed(theirs),
        "unsigned": jwt.encode(claims, "", algorithm="none", headers=header),
        "signed by a shared secret": jwt.encode(claims, "x" * 32, algorithm="HS256", headers=header),
        "of another case under this signature": f"{head}.{other}.{signature}",
        "cut short": token[:-4],
        "without its signature": f"{head}.{body}.",
        "expired": signed(exp=int(time.time()) - 1),
        "without an end": jwt.encode({n: v for n, v in claims.items() if n != "exp"}, ours, "EdDSA", headers=header),
        "for another purpose": signed(aud="caseledger"),
        "of another desk": signed(iss="https://elsewhere.example"),
        "an access token by its type": signed(typ={"typ": "at+jwt"}),
        "an access token": desk.tokens.issue(Role.CUSTOMER, claims["sub"], None, timedelta(hours=1)),
        "a technician's": desk.tokens.issue(Role.TECHNICIAN, "a.ortiz", None, timedelta(hours=1)),
        "of another customer": signed(sub=secrets.token_hex(16)),
        "of no case": signed(case="INC-0999999"),
        "no token": "x",
    }


def test_a_forged_expired_or_other_token_finds_nothing(
    running: RunningDesk, browser: httpx.Client, positions: Positions, subtests: pytest.Subtests
) -> None:
    number = told(running)
    tokens, before = forged(running, number), positions()
    for name, token in tokens.items():
        with subtests.test(name):
            for answer in (browser.get(f"/disputes/{token}"), post(browser, f"/disputes/{token}")):
                refused(answer, 404, "not-found")
    assert positions() == before
    assert read(running, number)["status"] == "resolved"


def test_once_its_customer_is_erased_the_link_opens_nothing_and_takes_nothing(
    running: RunningDesk, shared_database: TestDatabase, browser: httpx.Client, positions: Positions
) -> None:
    number = told(running, customer={"name": "Eve", "email": "eve.moe@agency.example"})
    path = link(running, number)
    page(browser.get(path))
    with open_desk(shared_database, running.clock, component="eraser") as eraser:
        four_eyes.erase(eraser, "eve.moe@agency.example", ErasureScope.CONTACT_AND_WORDS)
    before = positions()
    for answer in (browser.get(path), post(browser, path), browser.get("/disputes/x")):
        assert refused(answer, 404, "not-found")["detail"] == "This link is not valid, or no longer."
    assert positions() == before


def test_a_link_made_after_an_erasure_opens_until_the_next_one_whatever_the_clocks_say(
    running: RunningDesk, shared_database: TestDatabase, browser: httpx.Client
) -> None:
    eve = {"name": "Eve", "email": "eve.roe@agency.example"}

    def erased() -> None:
        with open_desk(shared_database, running.clock, component="eraser") as eraser:
            four_eyes.erase(eraser, eve["email"], ErasureScope.CONTACT_AND_WORDS)

    told(running, customer=eve)
    erased()
    path = link(running, told(running, customer=eve))
    page(browser.get(path))
    erased()
    refused(browser.get(path), 404, "not-found")


def test_a_link_of_an_older_release_is_void_once_its_customer_is_erased_after_it_was_made(
    running: RunningDesk, shared_database: TestDatabase, browser: httpx.Client
) -> None:
    travel(running, datetime.now(UTC) - running.clock.now())  # such links were dated by the machine's clock
    number = told(running, customer={"name": "Eve", "email": "eve.old@agency.example"})
    claims = {name: value for name, value in claims_of(running, number).items() if name != "erasures"}

    def path(made: timedelta) -> str:
        exp = int((running.clock.now() + made + timedelta(days=90)).timestamp())
        token = jwt.encode(
            {**claims, "exp": exp}, running.tokens._keys.private, "EdDSA", headers={"typ": "dispute+jwt"}
        )
        return f"/disputes/{token}"

    earlier, later = path(timedelta(0)), path(timedelta(minutes=1))
    page(browser.get(earlier))
    with open_desk(shared_database, running.clock, component="eraser") as eraser:
        four_eyes.erase(eraser, "eve.old@agency.example", ErasureScope.CONTACT_AND_WORDS)
    refused(browser.get(earlier), 404, "not-found")
    page(browser.get(later))


def test_links_to_one_case_are_used_so_often_an_hour_and_no_more(
    running: RunningDesk, browser: httpx.Client, positions: Positions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PER_LINK", 2)
    number = told(running)
    path = link(running, number)
    for reason in ("no", "really not"):
        page(post(browser, path, reason))
    before = positions()
    followed = running.tokens.follow_link(number, read(running, number)["customer"]["id"], 0)
    refused(browser.post(f"/self-service/cases/{followed}/notes", json={"text": "x"}), 429, "too-many-requests")
    answer = post(browser, path, "not at all")
    refused(answer, 429, "too-many-requests")
    assert int(answer.headers["retry-after"]) > 0
    assert positions() == before


def test_the_link_opens_nothing_else(running: RunningDesk) -> None:
    number = told(running)
    holder = running.anonymous(link(running, number).rpartition("/")[2])
    for path in (f"/cases/{number}", f"/cases/{number}/history", "/cases", "/queues"):
        refused(holder.get(path), 401, "unauthenticated")
    refused(holder.post(f"/cases/{number}/dispute", json={"reason": "x"}), 401, "unauthenticated")


# what is sent


def test_hostile_words_are_shown_as_words(running: RunningDesk, browser: httpx.Client) -> None:
    number = resolved(running, {**FIXED, "solution": HOSTILE}, subject=HOSTILE)
    running.send_mail()
    path = link(running, number)
    shown = page(browser.get(path))
    answered = page(post(browser, path, HOSTILE))
    again = page(post(browser, path, f"{HOSTILE} again"))
    for text in (shown, answered, again, page(browser.get(path))):
        assert "<script" not in text
        assert "<img" not in text
    assert shown.count("&lt;script&gt;") == 2
    assert last(running, number, "disputed")["reason"] == HOSTILE  # and kept as they were said
    assert notes(running, number) == [f"{HOSTILE} again"]


@pytest.mark.parametrize(
    ("body", "kind", "status", "slug"),
    [
        (b"reason=", "application/x-www-form-urlencoded", 422, "validation-failed"),
        (b"reason=%20%0A%00", "application/x-www-form-urlencoded", 422, "validation-failed"),
        (b"", "application/x-www-form-urlencoded", 422, "validation-failed"),
        (b"reason=" + b"x" * 10_001, "application/x-www-form-urlencoded", 422, "validation-failed"),
        (b"reason=" + b"x" * 2**20, "application/x-www-form-urlencoded", 413, "content-too-large"),
        (b'{"reason": "x"}', "application/json", 415, "unsupported-media-type"),
    ],
    ids=["empty", "blank", "nothing", "too long", "too large", "no form"],
)
def test_what_is_no_form_of_ours_disputes_nothing(
    running: RunningDesk, browser: httpx.Client, body: bytes, kind: str, status: int, slug: str
) -> None:
    number = told(running)
    before = history(running, number)
    refused(browser.post(link(running, number), content=body, headers={"Content-Type": kind}), status, slug)
    assert history(running, number) == before


def test_r_5_6c_a_duplicates_own_older_link_disputes_the_first_case(
    running: RunningDesk, browser: httpx.Client
) -> None:
    same: dict[str, Any] = {"subject": secrets.token_hex(8), "description": secrets.token_hex(8)}
    first, second = assigned(running, **same), told(running)
    path = link(running, second)
    assert "is reopened" in page(post(browser, path))
    done(running.technician.post(f"/cases/{second}/relate", {"case": first, "kind": "duplicate"}))
    assert f"{first} is being worked on" in page(post(browser, path)), "there is nothing to dispute yet"
    assert notes(running, first) == ["it still does not print"]
    for _ in range(2):
        resolve(running, first)
        running.send_mail()
        assert "spooler restarted" in page(browser.get(path))
        assert f"{first} is reopened" in page(post(browser, path))
        assert [read(running, number)["status"] for number in (first, second)] == ["assigned"] * 2
    resolve(running, first)
    running.send_mail()
    travel(running, WINDOW + timedelta(hours=1))
    running.close_elapsed()
    assert "We have opened" in page(post(browser, path))
    assert [read(running, number)["status"] for number in (first, second)] == ["closed"] * 2
