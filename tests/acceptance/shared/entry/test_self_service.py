"""SOP 5.1, 5.9 by self service: report, follow, dispute; by an identity or by a signed link, and by nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from psycopg import OperationalError
from structlog.testing import capture_logs

from api.http.entrance.limits import HOUR, PER_ADDRESS, PER_LINK, Limits, network_of
from api.http.problems import Problem
from application.customers.case_link import CaseLinks
from domain.policy import LARGEST_ATTACHMENT
from domain.values import ErasureScope, Role
from tests import four_eyes
from tests.acceptance.conftest import FIXED, VERIFIED, RunningDesk, Serve, done, incident, refused
from tests.acceptance.mail.correspondence import mail, reply, sent_in
from tests.acceptance.travelling import WINDOW, mails, messages, on_monday, owner_of, told, travel
from tests.blocking import open_desk
from tests.conftest import TestDatabase, cloned

REPORT = {"name": "Pat Moe", "email": "pat.moe@agency.example", "subject": "No sound", "description": "It is silent."}
HOSTILE = "<script>alert('x')</script><img src=x onerror=alert(1)>"


@pytest.fixture(autouse=True)
def _unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted here is counted in a test of its own."""
    monkeypatch.setattr(Limits, "count", lambda *_: None)


@pytest.fixture
def browser(running: RunningDesk) -> httpx.Client:
    return running.anonymous()


def case_of(running: RunningDesk, number: str) -> dict[str, Any]:
    case: dict[str, Any] = done(running.technician.get(f"/cases/{number}"))
    return case


def link(running: RunningDesk, number: str) -> str:
    """The path of the link that follows a case."""
    return f"/self-service/cases/{running.tokens.follow_link(number, case_of(running, number)['customer']['id'], 0)}"


def resolved(running: RunningDesk, **changes: Any) -> str:
    number: str = running.log(**changes)["number"]
    done(running.technician.post(f"/cases/{number}/triage", {"owner": "desk"}))
    done(running.technician.post(f"/cases/{number}/prioritize", {"impact": 2, "severity": 2}))
    done(running.technician.post(f"/cases/{number}/diagnose", {"symptoms": "secret-s", "findings": "secret-f"}))
    done(running.technician.post(f"/cases/{number}/assign", {"team": "network", "reason": "secret-reason"}))
    done(running.network.post(f"/cases/{number}/verify", VERIFIED))
    done(running.network.post(f"/cases/{number}/resolve", FIXED))
    return number


# with an identity


def test_r_5_2b_a_customer_logs_by_self_service_and_now_whatever_he_says(running: RunningDesk) -> None:
    customer = running.caller(Role.CUSTOMER, "kim.doe")
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    case = done(customer.post("/cases", {**incident(), "channel": "phone", "received_at": yesterday}))
    (event,) = done(customer.get(f"/cases/{case['number']}/history"))["items"]
    assert (case["channel"], event["via"]["channel"], case["technician"]) == ("self_service", "self_service", None)
    assert case["received_at"] > yesterday
    assert (case["customer"]["id"], case["priority"], case["unverified"]) == ("kim.doe", None, False)


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"reporter": {"name": "Al"}}, "/reporter"),
        ({"external_ref": "x-1"}, "/external_ref"),
        ({"priority": 1}, "/priority"),
    ],
)
def test_what_is_not_a_customers_to_give_is_refused(
    running: RunningDesk, positions: Callable[[], int], given: dict[str, Any], pointer: str
) -> None:
    customer = running.caller(Role.CUSTOMER, "kim.doe")
    problem = refused(customer.post("/cases", {**incident(), **given}), 422, "validation-failed")
    assert problem["errors"][0]["pointer"] == pointer
    assert positions() == 0


def test_a_customer_follows_notes_attaches_disputes_and_accepts_his_own(running: RunningDesk) -> None:
    number = resolved(running, customer={"name": "Kim", "phone": "405-555-0101"})
    kim = running.caller(Role.CUSTOMER, case_of(running, number)["customer"]["id"])
    done(kim.post(f"/cases/{number}/notes", {"text": "thanks"}))
    done(kim.http.post(f"/cases/{number}/attachments", content=b"a log", params={"name": "a.txt"}))
    disputed = done(kim.post(f"/cases/{number}/dispute", {"reason": "no", "channel": "phone"}))
    assert disputed["status"] == "assigned"
    event = next(e for e in done(kim.get(f"/cases/{number}/history"))["items"] if e["topic"] == "case.disputed")
    assert event["data"]["channel"] == "self_service"
    done(running.network.post(f"/cases/{number}/verify", VERIFIED))
    done(running.network.post(f"/cases/{number}/resolve", FIXED))
    assert done(kim.post(f"/cases/{number}/close", {}))["status"] == "closed"
    running.catch_up()
    assert [item["number"] for item in done(kim.get("/cases"))["items"]] == [number]


def test_a_report_with_a_token_is_the_customers_own(running: RunningDesk) -> None:
    kim = running.caller(Role.CUSTOMER, "kim.doe")
    answer = kim.post("/self-service/reports", {**REPORT, "email": None}, key="report-1")
    case = done(answer)
    assert (answer.status_code, case["customer"]["id"], case["unverified"]) == (201, "kim.doe", False)
    assert kim.post("/self-service/reports", {**REPORT, "email": None}, key="report-1").content == answer.content
    refused(running.technician.post("/self-service/reports", REPORT), 403, "forbidden")
    nobody = running.anonymous("not.a.token")
    refused(nobody.post("/self-service/reports", json=REPORT), 401, "unauthenticated")


# without one


def test_a_report_without_an_identity_is_a_case_of_an_unverified_contact(
    running: RunningDesk, browser: httpx.Client
) -> None:
    answer = browser.post("/self-service/reports", json=REPORT)
    assert (answer.status_code, set(done(answer))) == (201, {"number", "follow"})
    case = case_of(running, done(answer)["number"])
    assert (case["unverified"], case["channel"], case["status"]) == (True, "self_service", "logged")
    assert case["customer"]["email"] == REPORT["email"]
    known = running.log(customer={"name": "Pat Moe", "email": REPORT["email"]})
    again = browser.post("/self-service/reports", json={**REPORT, "subject": "Still no sound"})
    assert set(done(again)) == {"number", "follow"}, "it is not told whom the desk knows"
    assert case_of(running, done(again)["number"])["customer"]["id"] == known["customer"]["id"]


def test_a_report_sent_twice_under_a_key_is_one_case(browser: httpx.Client, positions: Callable[[], int]) -> None:
    first, again = (
        browser.post("/self-service/reports", json=REPORT, headers={"Idempotency-Key": '"k"'}) for _ in range(2)
    )
    assert again.content == first.content
    assert positions() == 2  # with the acknowledgement


# the mail with the link


def followed(running: RunningDesk, number: str) -> dict[str, Any]:
    """The case behind the link of its acknowledgement, which is all that was mailed about it."""
    running.send_mail()
    (letter,) = mails(running, number)
    said = letter.parsed
    assert (said["Auto-Submitted"], said["X-Auto-Response-Suppress"]) == ("auto-replied", "All")
    assert letter.envelope_from == "<>"
    (url,) = re.findall(r"https?://\S+", letter.text)
    assert f'href="{url}"' in letter.html
    assert url.startswith(running.url)
    document: dict[str, Any] = done(running.anonymous().get(url.removeprefix(running.url)))
    return document


def test_whoever_reports_without_an_identity_gets_the_link_to_his_case_by_mail(
    running: RunningDesk, browser: httpx.Client
) -> None:
    hostile = {"name": "Win at http://evil.example", "email": "liz.moe@agency.example"}
    number = done(browser.post("/self-service/reports", json={**REPORT, **hostile}))["number"]
    assert (followed(running, number)["number"], "dispute" in followed(running, number)["can"]) == (number, False)
    (letter,) = mails(running, number)
    assert letter.recipients == ("liz.moe@agency.example",)
    assert b"evil" not in letter.raw, "a stranger has no words carried to somebody else"
    assert [event["data"]["kind"] for event in messages(running, number)[0][:1]] == ["acknowledged"]


def test_whoever_reports_with_an_identity_or_by_mail_gets_it_too(running: RunningDesk) -> None:
    kim = running.caller(Role.CUSTOMER, "kim.roe")
    address = {"name": "Kim", "email": "kim.roe@agency.example"}
    for number in (
        done(kim.post("/cases", {**incident(), "customer": address}))["number"],
        done(kim.post("/self-service/reports", {**REPORT, **address}))["number"],
        sent_in(running, mail(sender="ben.roe@agency.example"))["case"],
    ):
        assert followed(running, number)["number"] == number


def test_what_is_logged_at_the_telephone_is_told_there_and_not_by_mail(running: RunningDesk) -> None:
    number = running.log(customer={"name": "Zoe", "email": "zoe.moe@agency.example"})["number"]
    running.send_mail()
    assert mails(running, number) == []


def test_nobody_is_mailed_more_than_five_times_an_hour_by_who_reports_in_his_name(
    running: RunningDesk, browser: httpx.Client
) -> None:
    victim = {**REPORT, "email": "vic.moe@agency.example"}
    for number in range(8):
        body = {
            **victim,
            "subject": f"No sound {number}",
            "email": victim["email"].upper() if number % 2 else victim["email"],
        }
        done(browser.post("/self-service/reports", json=body))
    running.send_mail()
    told = [letter for letter in running.mail.messages() if "vic.moe" in letter.recipients[0].lower()]
    assert len(told) == 5


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({**REPORT, "email": None}, "/email"),
        ({**REPORT, "email": "nobody"}, "/email"),
        ({**REPORT, "channel": "phone"}, "/channel"),
        ({**REPORT, "received_at": "2026-01-01T00:00:00Z"}, "/received_at"),
        ({**REPORT, "customer": {"name": "x"}}, "/customer"),
    ],
)
def test_a_report_says_what_a_report_may_say(
    browser: httpx.Client, positions: Callable[[], int], body: dict[str, Any], pointer: str
) -> None:
    answer = browser.post("/self-service/reports", json=body)
    assert refused(answer, 422, "validation-failed")["errors"][0]["pointer"] == pointer
    assert positions() == 0


# the link


def test_the_link_shows_the_case_and_nothing_of_the_desks_own(running: RunningDesk, browser: httpx.Client) -> None:
    number = resolved(running, subject="Printer on floor 2")
    done(running.technician.post(f"/cases/{number}/notes", {"text": "secret-note"}))
    done(running.technician.post(f"/cases/{number}/notes", {"text": "for you", "visible_to_customer": True}))
    hidden = running.technician.http.post(f"/cases/{number}/attachments", content=b"x", params={"name": "secret.txt"})
    answer = browser.get(link(running, number), headers={"Accept": "application/json"})
    shown = done(answer)
    assert (shown["number"], shown["status"], shown["subject"]) == (number, "resolved", "Printer on floor 2")
    assert shown["solution"] == FIXED["solution"]
    assert shown["can"] == ["notes", "attachments", "dispute", "accept"]
    assert [item["what"] for item in shown["history"]][:2] == ["received", "taken on"]
    assert "for you" in [item["text"] for item in shown["history"]]
    for word in ("secret", "a.ortiz", "t.lee", "network"):
        assert word not in answer.text
    digest = done(hidden)["attachments"][0]["digest"]
    refused(browser.get(f"{link(running, number)}/attachments/{digest}"), 404, "not-found")


def test_his_own_mails_are_shown_and_what_others_wrote_is_theirs(running: RunningDesk, browser: httpx.Client) -> None:
    number = sent_in(running, mail(sender="amy.roe@agency.example"))["case"]
    running.send_mail()
    colleague, attached = "colleague@agency.example", {"Content-Type": 'application/pdf; name="hers.pdf"'}
    suggested = sent_in(running, reply(running, number, "secret of hers", colleague))
    done(running.technician.post(f"/quarantine/{suggested['message']}/join", {}))
    for answer in (
        reply(running, number, "It smokes now."),
        reply(running, number, "secret too", colleague, **attached),
        reply(running, number, "secret absence", Auto_Submitted="auto-replied"),
    ):
        sent_in(running, answer)
    shown = browser.get(link(running, number))
    told = [(item["what"], item["by"], item["text"]) for item in done(shown)["history"]]
    assert told == [
        ("received", "the desk", None),
        ("mail received", "you", "It smokes now."),
        ("file added", "somebody else", None),
    ]
    assert [file["by"] for file in done(shown)["attachments"]] == ["somebody else"]
    assert "secret" not in shown.text


def test_a_page_shows_the_same_to_a_person_and_runs_nothing(running: RunningDesk, browser: httpx.Client) -> None:
    number = resolved(running, subject=HOSTILE, description=HOSTILE)
    path = link(running, number)
    done(browser.post(f"{path}/notes", json={"text": HOSTILE}))
    answer = browser.get(path, headers={"Accept": "text/html,application/xhtml+xml"})
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<script" not in answer.text
    assert "<img" not in answer.text
    assert "&lt;script&gt;" in answer.text
    for act in ("notes", "dispute", "accept"):
        assert f'action="{path}/{act}"' in answer.text


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_nothing_of_it_is_kept_by_anybody_else(running: RunningDesk, browser: httpx.Client, accept: str) -> None:
    path = link(running, running.log()["number"])
    for answer in (
        browser.get(path, headers={"Accept": accept}),
        browser.get("/self-service/cases/x", headers={"Accept": accept}),
        browser.post(f"{path}/accept", headers={"Accept": accept}),
        browser.post(f"{path}/notes", json={"text": "x"}, headers={"Accept": accept}),
    ):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-robots-tag"] == "noindex"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_looking_changes_nothing(running: RunningDesk, browser: httpx.Client, positions: Callable[[], int]) -> None:
    path = link(running, resolved(running))
    before = positions()
    for act in ("", "/notes", "/dispute", "/accept"):
        browser.get(path + act, params={"text": "x", "reason": "x"})
        browser.head(path + act)
        browser.options(path + act)
    assert positions() == before


def test_a_note_and_a_file_by_the_link_are_the_customers_own(running: RunningDesk, browser: httpx.Client) -> None:
    number = running.closed()
    path = link(running, number)
    noted_answer = browser.post(f"{path}/notes", json={"text": "one more thing"})
    noted = done(noted_answer)
    assert noted["history"][-1]["text"] == "one more thing"
    attached = browser.post(f"{path}/attachments", content=b"a log", params={"name": "../x.txt"})
    (file,) = done(attached)["attachments"]
    assert (attached.status_code, file["name"], file["by"]) == (201, "x.txt", "you")
    given = browser.get(f"{path}/attachments/{file['digest']}")
    assert (given.content, given.headers["content-security-policy"]) == (b"a log", "default-src 'none'; sandbox")
    assert attached.headers["location"] == f"{path}/attachments/{file['digest']}"
    events = done(running.auditor.get(f"/cases/{number}/history"))["items"][-2:]
    assert [(answer.headers["position"], answer.headers["etag"]) for answer in (noted_answer, attached)] == [
        (str(event["position"]), f'"v{event["version"]}"') for event in events
    ]
    assert {(e["by"]["role"], e["via"]["interface"], e["data"]["visible_to_customer"]) for e in events} == {
        ("customer", "link", True)
    }
    refused(browser.post(f"{path}/attachments", content=bytes(LARGEST_ATTACHMENT + 1)), 413, "content-too-large")
    refused(browser.post(f"{path}/attachments", content=b"MZ\x90\x00\x03"), 415, "unsupported-media-type")


def test_what_is_said_by_the_link_again_under_its_key_is_answered_as_it_was(
    running: RunningDesk, browser: httpx.Client
) -> None:
    path = link(running, running.log()["number"])

    def note(text: str, key: str) -> httpx.Response:
        return browser.post(f"{path}/notes", json={"text": text}, headers={"Idempotency-Key": f'"{key}"'})

    def attach(key: str) -> httpx.Response:
        headers = {"Idempotency-Key": f'"{key}"'}
        return browser.post(f"{path}/attachments", content=b"a log", params={"name": "a.txt"}, headers=headers)

    noted, attached, _ = note("one", "k1"), attach("k2"), note("another", "k3")
    noted_again, attached_again = note("one", "k1"), attach("k2")
    assert (noted_again.content, attached_again.content) == (noted.content, attached.content)
    assert noted_again.headers["etag"] == noted.headers["etag"]


def test_r_5_9c_a_dispute_by_the_link_reopens_and_later_ones_are_noted(
    running: RunningDesk, browser: httpx.Client
) -> None:
    number = resolved(running)
    path = link(running, number)
    first = done(browser.post(f"{path}/dispute", json={"reason": "it still does not print"}))
    assert (first["outcome"], first["case"], first["follow"], first["status"]) == ("reopened", number, None, "assigned")
    second = done(browser.post(f"{path}/dispute", json={"reason": "really not"}))
    assert second["outcome"] == "noted"
    assert "dispute" not in second["can"]


def test_r_5_9f_after_the_window_a_new_case_is_opened_and_followed_by_a_link_of_its_own(
    server: str, tmp_path: Path
) -> None:
    with cloned(server) as database, on_monday(database, tmp_path) as desk:
        number = told(desk)
        travel(desk, WINDOW + timedelta(hours=1))
        desk.close_elapsed()
        answer = done(desk.anonymous().post(f"{link(desk, number)}/dispute", json={"reason": "it is back"}))
        assert answer["outcome"] == "followed_up"
        follow = re.sub(r"^https?://[^/]+", "", answer["follow"])
        assert done(desk.anonymous().get(follow))["number"] == answer["case"] != number


def test_a_resolution_is_accepted_by_the_link(running: RunningDesk, browser: httpx.Client) -> None:
    number = resolved(running)
    path = link(running, number)
    assert done(browser.post(f"{path}/accept"))["status"] == "closed"
    refused(browser.post(f"{path}/accept"), 409, "invalid-transition")


def test_r_5_6c_a_duplicates_link_disputes_the_first_case_and_accepts_nothing(
    running: RunningDesk, browser: httpx.Client
) -> None:
    first = resolved(running)
    done(owner_of(running, first).post(f"/cases/{first}/dispute", {"reason": "no"}))
    second = running.log()["number"]
    done(running.technician.post(f"/cases/{second}/relate", {"case": first, "kind": "duplicate"}))
    path = link(running, second)
    assert done(browser.get(path))["can"] == ["notes", "attachments"]
    done(running.network.post(f"/cases/{first}/verify", VERIFIED))
    done(running.network.post(f"/cases/{first}/resolve", FIXED))
    assert done(browser.get(path))["can"] == ["notes", "attachments", "dispute"]
    refused(browser.post(f"{path}/accept"), 409, "invalid-transition")
    answer = done(browser.post(f"{path}/dispute", json={"reason": "it still does not print"}))
    assert (answer["outcome"], answer["case"], answer["number"]) == ("reopened", first, second)
    assert case_of(running, first)["status"] == "assigned"
    assert answer["status"] == "logged"


def test_what_goes_wrong_behind_a_link_is_logged_without_the_link(
    running: RunningDesk, browser: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = link(running, running.log()["number"])

    def fail(*_: object) -> None:
        raise OperationalError

    monkeypatch.setattr(CaseLinks, "followed", fail)
    with capture_logs() as logged:
        refused(browser.get(path), 503, "unavailable")
    assert [entry["path"] for entry in logged] == ["/self-service/cases/..."]


def test_a_form_sent_twice_is_carried_out_once(
    running: RunningDesk, browser: httpx.Client, positions: Callable[[], int]
) -> None:
    path = link(running, running.log()["number"])
    page = browser.get(path, headers={"Accept": "text/html"}).text
    once = re.search(r'name="once" value="(\w+)"', page)
    assert once
    before = positions()
    for _ in range(2):
        form = {"text": "one more thing", "once": once[1]}
        answer = browser.post(f"{path}/notes", data=form, headers={"Accept": "text/html"})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert f'href="{path}"' in answer.text
    assert positions() == before + 1
    other = {"text": "and another", "once": once[1]}
    assert browser.post(f"{path}/notes", data=other).status_code == 200, "by the browser's way back"
    assert positions() == before + 2


def test_a_resolution_accepted_twice_by_a_form_is_accepted_once(
    running: RunningDesk, browser: httpx.Client, positions: Callable[[], int]
) -> None:
    path = link(running, resolved(running))
    form = browser.get(path, headers={"Accept": "text/html"}).text.partition(f'{path}/accept">')[2]
    once = re.search(r'name="once" value="(\w+)"', form)
    assert once
    before = positions()
    for _ in range(2):
        done(browser.post(f"{path}/accept", data={"once": once[1]}))
    assert positions() == before + 1


@pytest.mark.parametrize(
    ("body", "headers", "status", "slug"),
    [
        (b"{}", {}, 422, "validation-failed"),
        (b'{"text": ""}', {}, 422, "validation-failed"),
        (b'{"text": 1}', {}, 422, "validation-failed"),
        (b'{"text": "x", "visible_to_customer": false}', {}, 422, "validation-failed"),
        (b'{"text": "%s"}' % (b"x" * 10_001), {}, 422, "validation-failed"),
        (b"[" * 100_000, {}, 400, "malformed"),
        (b'{"text": "\\ud800"}', {}, 400, "malformed"),
        ('{"text": "x"}'.encode("utf-16"), {}, 400, "malformed"),
        (b'{"text": "\xff"}', {}, 400, "malformed"),
        (b"x" * 1_048_577, {}, 413, "content-too-large"),
        (b"text=x", {"Content-Type": "text/plain"}, 415, "unsupported-media-type"),
        (b"&".join([b"a=1"] * 1_000), {"Content-Type": "application/x-www-form-urlencoded"}, 400, "malformed"),
    ],
)
def test_what_is_sent_by_a_link_is_bounded(
    running: RunningDesk,
    browser: httpx.Client,
    positions: Callable[[], int],
    body: bytes,
    headers: dict[str, str],
    status: int,
    slug: str,
) -> None:
    path = link(running, running.log()["number"])
    before = positions()
    given = {"Content-Type": "application/json", **headers}
    refused(browser.post(f"{path}/notes", content=body, headers=given), status, slug)
    assert positions() == before


# which links open nothing


def test_every_link_that_opens_nothing_is_refused_in_the_same_words(
    running: RunningDesk, shared_database: TestDatabase, browser: httpx.Client, positions: Callable[[], int]
) -> None:
    mine = running.log(customer={"name": "Eve", "email": "eve.moe@agency.example"})
    number, eve = mine["number"], mine["customer"]["id"]
    other, tokens = running.log()["number"], running.tokens
    good = tokens.follow_link(number, eve, 0)
    done(browser.get(f"/self-service/cases/{good}"))
    claims = jwt.decode(good, options={"verify_signature": False})
    expired = jwt.encode({**claims, "exp": 1}, tokens._keys.private, algorithm="EdDSA", headers={"typ": "follow+jwt"})
    undated = jwt.encode(
        {n: v for n, v in claims.items() if n != "iat"},
        tokens._keys.private,
        algorithm="EdDSA",
        headers={"typ": "follow+jwt"},
    )
    head, body, signature = good.split(".")
    wrong = {
        "nothing": "x",
        "altered": f"{head}.{body}.{signature[:-4]}AAAA",
        "another's case": tokens.follow_link(other, eve, 0),
        "no case": tokens.follow_link("INC-9999999", eve, 0),
        "no number": tokens.follow_link("x", eve, 0),
        "a dispute's": tokens.dispute_link(number, 1, eve, 0),
        "an access token": tokens.issue(Role.CUSTOMER, eve, None, timedelta(hours=1)),
        "expired": expired,
        "undated": undated,
        "unsigned": jwt.encode(claims, "", algorithm="none", headers={"typ": "follow+jwt"}),
    }
    with open_desk(shared_database, component="eraser") as eraser:
        four_eyes.erase(eraser, "eve.moe@agency.example", ErasureScope.CONTACT_AND_WORDS)
    wrong["of somebody erased"] = good
    before, words = positions(), set[str]()
    for what, token in wrong.items():
        path = f"/self-service/cases/{token}"
        for answer in (
            browser.get(path),
            browser.get(f"{path}/attachments/{'0' * 64}"),
            browser.post(f"{path}/notes", json={"text": "x"}),
            browser.post(f"{path}/dispute", json={"reason": "x"}),
            browser.post(f"{path}/accept"),
            browser.post(f"{path}/attachments", content=b"x"),
        ):
            problem = refused(answer, 404, "not-found")
            words.add(json.dumps({**problem, "instance": "", "trace_id": ""}))
        refused(running.anonymous(good).get(f"/cases/{number}"), 401, "unauthenticated")
        assert len(words) == 1, what
    assert positions() == before
    assert browser.get(f"/disputes/{good}").status_code == 404


# how often


def test_too_many_reports_are_refused_before_they_are_read(
    serve: Serve, database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("CASELEDGER_REPORTS_PER_HOUR", "2")
    desk = serve(database, tmp_path)
    browser = desk.anonymous()
    done(browser.post("/self-service/reports", json=REPORT))
    refused(browser.post("/self-service/reports", content=b"{"), 400, "malformed")
    answer = browser.post("/self-service/reports", content=b"{")
    refused(answer, 429, "too-many-requests")
    assert int(answer.headers["retry-after"]) > 0
    done(desk.caller(Role.CUSTOMER, "kim.doe").post("/self-service/reports", REPORT))


def test_reports_without_an_identity_can_be_switched_off(
    serve: Serve, database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASELEDGER_REPORTS_PER_HOUR", "0")
    desk = serve(database, tmp_path)
    refused(desk.anonymous().post("/self-service/reports", json=REPORT), 401, "unauthenticated")


def test_an_address_and_a_link_are_used_so_often_and_no_more(
    running: RunningDesk, browser: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = list[tuple[str, int]]()
    monkeypatch.setattr(Limits, "count", lambda _, what, who, most: counted.append((what, most)))
    browser.post("/self-service/reports", json=REPORT)
    path = link(running, running.log()["number"])
    browser.get(path)
    browser.post(f"{path}/notes", json={"text": "x"})
    browser.post(f"{path}/attachments", content=b"x")
    reports = [("reports from", 20), ("reports as", PER_ADDRESS)]
    assert counted == [*reports, ("by the link", PER_LINK), ("by the link", PER_LINK)]


def test_whoever_has_a_network_of_addresses_is_one() -> None:
    near, far = "2001:db8:1:2::1", "2001:db8:1:3::1"
    assert network_of(near) == network_of("2001:db8:1:2:ffff::9") != network_of(far)
    assert (network_of("192.0.2.1"), network_of("unix")) == ("192.0.2.1", "unix")


def test_a_limit_counts_by_who_and_forgets_after_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    now = [0.0]
    limits = Limits(2, lambda: now[0])
    for _ in range(2):
        limits.count("x", "jo", 2)
    with pytest.raises(Problem, match="at most 2 an hour") as refusal:
        limits.count("x", "jo", 2)
    assert refusal.value.headers == {"Retry-After": "3600"}
    limits.count("x", "al", 2)
    limits.count("y", "jo", 2)
    now[0] = HOUR
    limits.count("x", "jo", 2)
    for n in range(30_000):
        limits.count("z", str(n), 2)
    assert len(limits._counted) <= 20_000
