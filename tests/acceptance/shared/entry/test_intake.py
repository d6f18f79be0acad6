"""Mail that a gateway hands in (SOP 5.1-5.2): it opens a case or waits where people see it; none is lost or counted twice."""

from __future__ import annotations

import hashlib
import secrets
from base64 import b64decode
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import psycopg
import pytest

from domain.values import Role
from tests.acceptance.conftest import Answer, Caller, RunningDesk, done, refused
from tests.conftest import TestDatabase

Positions = Callable[[], int]
RFC822 = "message/rfc822"


@pytest.fixture(scope="module")
def gateway(running: RunningDesk) -> Caller:
    """The mail server's own account."""
    return running.caller(Role.INTAKE, "mail.gateway")


def mail(*headers: str, text: str = "Nothing comes out.", sender: str | None = None) -> bytes:
    """A mail that a person wrote, another person and another mail each time, with headers added."""
    thing = secrets.token_hex(4)
    sender = sender or f"Jo Field <jo.{thing}@agency.example>"
    first = (f"From: {sender}", f"Subject: Printer {thing}", f"Message-ID: <{thing}@agency.example>")
    return "\r\n".join((*first, *headers, "", text, "")).encode()


def hand_in(gateway: Caller, raw: bytes, kind: str = RFC822) -> Answer:
    return gateway.http.post("/intake/email", content=raw, headers={"Content-Type": kind})


def quarantined(gateway: Caller, raw: bytes | None = None) -> str:
    answer = hand_in(gateway, mail(*["Received: from a by b"] * 51) if raw is None else raw)
    assert answer.status_code == 202
    message: str = done(answer)["message"]
    return message


def waiting(running: RunningDesk) -> dict[str, dict[str, Any]]:
    running.catch_up()
    found: dict[str, dict[str, Any]] = {}
    path = "/quarantine?limit=200"
    while path:
        answer = running.technician.http.get(path)
        found |= {item["id"]: item for item in done(answer)["items"]}
        path = answer.links["next"]["url"] if "next" in answer.links else ""
    return found


def kept(database: TestDatabase, message: str) -> bytes:
    """The bytes of a message as the vault has them."""
    with psycopg.connect(database.superuser) as connection:
        row = connection.execute(
            "SELECT value::json->>'raw' FROM vault.disclosures WHERE originator_id = %s AND kind = 'message'",
            (message,),
        ).fetchone()
    assert row is not None
    return b64decode(row[0])


def events_of(running: RunningDesk, message: str) -> list[dict[str, Any]]:
    last = running.office.position
    items = done(running.auditor.http.get(f"/events?limit=1000&after={max(0, last - 900)}"))["items"]
    return [item for item in items if item["stream"] == message]


def test_r_5_2b_a_mail_logs_a_case_with_no_technician_involved(running: RunningDesk, gateway: Caller) -> None:
    answer = hand_in(gateway, mail(text="Nothing comes out.\r\n\r\nJo", sender="Jo Field <jo.2@agency.example>"))
    told = done(answer)
    assert (answer.status_code, told["outcome"]) == (201, "opened")
    assert answer.headers["location"] == f"/cases/{told['case']}"
    case = done(running.technician.get(f"/cases/{told['case']}"))
    assert (case["channel"], case["status"], case["version"]) == ("email", "logged", 1)
    assert (case["customer"]["name"], case["customer"]["email"]) == ("Jo Field", "jo.2@agency.example")
    assert case["subject"].startswith("Printer ")
    assert case["description"] == "Nothing comes out.\n\nJo"
    assert {"agency", "service", "symptoms", "location", "callback"} == set(case["missing"])
    [logged] = done(running.auditor.get(f"/cases/{told['case']}/history"))["items"]
    assert logged["by"] == {"subject": "mail.gateway", "role": "intake", "team": None}
    assert logged["via"] == {"interface": "http", "channel": "email"}
    received, became = events_of(running, told["message"])
    assert (received["topic"], became["topic"]) == ("intake.received", "intake.logged")
    assert became["data"] == {"case": told["case"]}
    assert case["received_at"] == received["data"]["received_at"]
    assert case["received_at"] <= received["recorded_at"]
    assert int(answer.headers["position"]) == became["position"]


def test_r_5_2b_whoever_writes_by_mail_and_whoever_calls_from_that_address_are_one_customer(
    running: RunningDesk, gateway: Caller
) -> None:
    raw = mail(sender="jo.field@agency.example")
    case = done(running.technician.get(f"/cases/{done(hand_in(gateway, raw))['case']}"))
    assert case["customer"]["id"] == running.log()["customer"]["id"]


def test_r_5_2b_an_html_mail_reads_as_text(running: RunningDesk, gateway: Caller) -> None:
    told = done(hand_in(gateway, mail("Content-Type: text/html", text="<p>No <b>ink</b></p><script>x()</script>")))
    assert done(running.technician.get(f"/cases/{told['case']}"))["description"] == "No ink"


def test_r_5_1c_the_same_message_twice_gives_one_case_and_the_second_answer_names_the_first(
    running: RunningDesk, gateway: Caller, positions: Positions
) -> None:
    raw = mail()
    first, second = hand_in(gateway, raw), hand_in(gateway, raw, "application/octet-stream")
    assert (first.status_code, second.status_code) == (201, 200)
    assert done(second) == {**done(first), "outcome": "duplicate"}
    assert second.headers["position"] == first.headers["position"]
    assert positions() == 4  # with the acknowledgement
    held = mail("Auto-Submitted: auto-replied")
    told = [done(hand_in(gateway, held)) for _ in range(2)]
    assert [each["outcome"] for each in told] == ["recorded", "duplicate"]
    assert {each["message"] for each in told} == {told[0]["message"]}
    assert positions() == 6


def test_r_5_1c_the_same_message_id_over_other_bytes_is_another_message(gateway: Caller, positions: Positions) -> None:
    raw = mail()
    cases = {done(hand_in(gateway, given))["case"] for given in (raw, raw + b"P.S.\r\n")}
    assert len(cases) == 2
    assert positions() == 8


def test_r_5_1c_the_same_message_by_another_way_is_the_same(gateway: Caller, positions: Positions) -> None:
    """Each server on the way adds headers and may change how lines end (`intake.md`: mailbox, id and body)."""
    raw = mail(text="One.\r\nTwo.")
    first = done(hand_in(gateway, raw))
    other = b"Received: from a by b\r\nDelivered-To: service-desk@caseledger.example\r\n" + raw
    for given in (other, raw.replace(b"\r\n", b"\n"), other + b"\r\n"):
        assert done(hand_in(gateway, given)) == {**first, "outcome": "duplicate"}
    assert positions() == 4


def test_r_5_1c_a_message_without_an_id_is_known_by_its_digest(gateway: Caller) -> None:
    raw = b"\r\n".join(line for line in mail().split(b"\r\n") if not line.startswith(b"Message-ID"))
    first, second = done(hand_in(gateway, raw)), done(hand_in(gateway, raw))
    assert second == {**first, "outcome": "duplicate"}
    assert done(hand_in(gateway, raw.replace(b"\r\n", b"\n"))) == second, "lines end otherwise elsewhere"
    traced = b"Received: from a.example\r\n\tby b.example\r\nReturn-Path: <jo@x.example>\r\n" + raw
    assert done(hand_in(gateway, traced)) == second, "servers on the way write headers"


@pytest.mark.parametrize("headers", [(), ("Auto-Submitted: auto-generated",)], ids=["opens", "waits"])
def test_r_5_1c_the_same_message_at_once_from_two_processes_gives_one_case(
    running: RunningDesk, second: RunningDesk, gateway: Caller, positions: Positions, headers: tuple[str, ...]
) -> None:
    two = (gateway, second.caller(Role.INTAKE, "mail.gateway"))
    before = positions()
    for _ in range(5):
        raw, ready = mail(*headers), Barrier(8)

        def send(index: int, raw: bytes = raw, ready: Barrier = ready) -> Answer:
            ready.wait(30)
            return hand_in(two[index % 2], raw)

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(send, range(8)))
        first = {"opened", "recorded"}
        told = [done(answer) for answer in answers]
        assert Counter(each["outcome"] in first for each in told) == {True: 1, False: 7}
        assert len({(each["case"], each["message"]) for each in told}) == 1
    assert positions() == before + 5 * (2 if headers else 4)


def test_r_5_1d_bytes_and_digest_are_stored_before_the_answer(
    running: RunningDesk, gateway: Caller, shared_database: TestDatabase
) -> None:
    for raw in (mail(), mail("Auto-Submitted: auto-replied"), secrets.token_bytes(1000)):
        message = done(hand_in(gateway, raw))["message"]
        assert kept(shared_database, message) == raw
        [received, *_] = events_of(running, message)
        assert received["data"]["sha256"] == hashlib.sha256(raw).hexdigest()
        assert received["data"]["size"] == len(raw)
        assert received["data"]["raw"].keys() == {"digest", "subject", "kind"}, "no personal data in an event"


HOSTILE = {
    "empty": b"",
    "NULs": b"\0" * 1000,
    "NULs in a mail": b"From: jo@x.example\r\nSubject: a\0b\r\n\r\nc\0d\r\n",
    "line ends": b"\r\n" * 300_000,
    "10,000 headers": b"From: jo@x.example\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(10_000)) + b"\r\nhi",
    "a header without a colon": b"From jo@x.example\r\n\r\nhi",
    "no boundary": b"From: jo@x.example\r\nContent-Type: multipart/mixed\r\n\r\nhi",
    "nested without end": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(2000)
    ),
    "unknown charset": b"From: jo@x.example\r\nContent-Type: text/plain; charset=klingon\r\n\r\n\xff\xfe",
    "wrong base64": b"From: jo@x.example\r\nContent-Transfer-Encoding: base64\r\n\r\n=====A",
    "half a character": b"From: jo@x.example\r\nContent-Type: text/plain; charset=utf-7\r\n\r\n+2AA-",
    "a name without end": b"From: " + b"(" * 100_000 + b"\r\n\r\nhi",
    "hostile HTML": b"From: jo@x.example\r\nContent-Type: text/html\r\n\r\n" + b"<a " * 300_000,
    "one word": b"From: jo@x.example\r\n\r\n" + b"x" * 1_000_000,
    "one line of HTML in the subject": b"From: jo@x.example\r\nSubject: <script>alert(1)</script>\r\n\r\nhi",
    "Latin 1": b"From: J\xf6 <jo@x.example>\r\nSubject: \xdcber\r\n\r\nna\xefve",
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_r_5_1d_whatever_bytes_come_are_kept_and_seen(
    running: RunningDesk, gateway: Caller, shared_database: TestDatabase, raw: bytes
) -> None:
    answer = hand_in(gateway, raw)
    told = done(answer)
    assert answer.status_code == {"opened": 201, "quarantined": 202}[told["outcome"]]
    assert kept(shared_database, told["message"]) == raw
    if told["outcome"] == "quarantined":
        assert waiting(running)[told["message"]]["size"] == len(raw)
        assert done(running.technician.get(f"/quarantine/{told['message']}"))["size"] == len(raw)
        told = done(running.technician.post(f"/quarantine/{told['message']}/release", {}))
    case = done(running.technician.get(f"/cases/{told['case']}"))
    assert case["subject"]
    assert case["description"]
    running.catch_up()  # the views bear these words, too
    assert done(hand_in(gateway, raw)) == {**told, "outcome": "duplicate"}


@pytest.mark.parametrize(
    ("headers", "cause"),
    [
        (("Received: from a by b",) * 51, "looping"),
        (("X-Y: z",) * 1_100, "too-complex"),
        (("Content-Type: " + "(" * 3_000,), "unreadable"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_r_5_1d_what_is_out_of_bounds_waits_where_people_see_it(
    running: RunningDesk, gateway: Caller, positions: Positions, headers: tuple[str, ...], cause: str
) -> None:
    raw = mail(*headers)
    answer = hand_in(gateway, raw)
    told = done(answer)
    assert (answer.status_code, told["outcome"], told["case"]) == (202, "quarantined", None)
    assert "location" not in answer.headers
    assert positions() == 2
    item = waiting(running)[told["message"]]
    assert item.keys() == {"id", "received_at", "cause", "suggestion", "size"}
    assert (item["cause"], item["size"]) == (cause, len(raw))
    read = done(running.technician.get(f"/quarantine/{told['message']}"))
    assert (read["state"], read["cause"]) == ("quarantined", cause)
    assert read["sender"].startswith("jo.")
    queues = done(running.technician.get("/queues", after=int(answer.headers["position"])))["items"]
    assert {item["name"]: item["cases"] for item in queues}["quarantine"] == len(waiting(running))
    assert done(running.technician.get("/queues/quarantine"))["as_of_position"] >= int(answer.headers["position"])


def test_r_5_1d_a_message_that_is_released_is_a_case_since_it_came(
    running: RunningDesk, gateway: Caller, positions: Positions
) -> None:
    message = quarantined(gateway)
    item = waiting(running)[message]
    answer = running.technician.post(f"/quarantine/{message}/release", {"reason": "a person wrote it"})
    told = done(answer)
    assert (answer.status_code, told["outcome"], told["message"]) == (201, "opened", message)
    assert answer.headers["location"] == f"/cases/{told['case']}"
    case = done(running.technician.get(f"/cases/{told['case']}"))
    assert (case["channel"], case["received_at"]) == ("email", item["received_at"])
    assert case["customer"]["email"].startswith("jo.")
    assert case["description"] == "Nothing comes out."
    released = events_of(running, message)[-1]
    assert (released["topic"], released["by"]["subject"]) == ("intake.released", "a.ortiz")
    assert released["reason"].keys() == {"digest", "subject", "kind"}
    assert message not in waiting(running)
    assert positions() == 4


def test_r_5_1d_what_says_nothing_of_its_sender_is_released_as_well_as_can_be(
    running: RunningDesk, gateway: Caller
) -> None:
    message = quarantined(gateway, b"\xff\xfehelp, the printer!" + secrets.token_hex(4).encode())
    case = done(
        running.technician.get(f"/cases/{done(running.technician.post(f'/quarantine/{message}/release', {}))['case']}")
    )
    assert (case["customer"]["name"], case["customer"]["email"]) == ("unknown", None)
    assert case["subject"] == "(no subject)"
    assert "help, the printer!" in case["description"]
    assert case["customer"]["id"] == events_of(running, message)[0]["data"]["raw"]["subject"]


def test_r_5_1d_a_message_that_is_discarded_is_kept(
    running: RunningDesk, gateway: Caller, shared_database: TestDatabase, positions: Positions
) -> None:
    raw = mail(*["Received: from a by b"] * 51)
    message = quarantined(gateway, raw)
    refused(running.technician.post(f"/quarantine/{message}/discard", {}), 422, "validation-failed")
    answer = running.technician.post(f"/quarantine/{message}/discard", {"reason": "an advertisement"})
    assert done(answer) == {"outcome": "discarded", "case": None, "message": message}
    assert message not in waiting(running)
    assert kept(shared_database, message) == raw
    assert done(running.technician.get(f"/quarantine/{message}"))["state"] == "discarded"
    assert done(hand_in(gateway, raw))["outcome"] == "duplicate"
    assert positions() == 3


def test_a_message_is_decided_on_once(running: RunningDesk, gateway: Caller, positions: Positions) -> None:
    opened = done(hand_in(gateway, mail()))["message"]
    message = quarantined(gateway)
    first = running.technician.post(f"/quarantine/{message}/release", {}, key="release")
    again = running.technician.post(f"/quarantine/{message}/release", {}, key="release")
    assert done(again) == done(first)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["position"] == first.headers["position"]
    before = positions()
    for decided in (opened, message):
        for verb in ("release", "discard"):
            answer = running.technician.post(f"/quarantine/{decided}/{verb}", {"reason": "x"})
            refused(answer, 409, "invalid-transition")
    assert positions() == before


def test_released_by_two_at_once_it_is_one_case(running: RunningDesk, second: RunningDesk, gateway: Caller) -> None:
    message, ready = quarantined(gateway), Barrier(6)
    two = (running, second)

    def release(index: int) -> Answer:
        ready.wait(30)
        return two[index % 2].technician.post(f"/quarantine/{message}/release", {})

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(release, range(6)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 5}


def test_r_6a_only_machines_hand_in_and_only_technicians_decide(
    running: RunningDesk, gateway: Caller, positions: Positions
) -> None:
    message = quarantined(gateway)
    others = (running.network, running.auditor, running.caller(Role.ADMIN, "root"), running.caller(Role.CUSTOMER, "jo"))
    before = positions()
    for caller in (*others, running.technician):
        refused(hand_in(caller, mail()), 403, "forbidden")
    for caller in (*others, gateway):
        for verb in ("release", "discard"):
            refused(caller.post(f"/quarantine/{message}/{verb}", {"reason": "x"}), 403, "forbidden")
    assert positions() == before
    for caller in (gateway, others[3]):
        refused(caller.get("/quarantine"), 403, "forbidden")
        refused(caller.get(f"/quarantine/{message}"), 403, "forbidden")
    answer = running.anonymous().post("/intake/email", content=mail())
    refused(answer, 401, "unauthenticated")


def test_what_is_no_message_of_ours_is_not_found(running: RunningDesk) -> None:
    known = done(running.technician.get(f"/cases/{running.log()['number']}"))["id"]
    for unknown in ("0192f0c1-0000-7000-8000-000000000000", known, "x", "%00"):
        refused(running.technician.get(f"/quarantine/{unknown}"), 404, "not-found")
        refused(running.technician.post(f"/quarantine/{unknown}/release", b"{"), 404, "not-found")
        refused(running.technician.post(f"/quarantine/{unknown}/discard", {}), 404, "not-found")


def test_what_is_too_large_or_no_mail_is_refused_and_not_kept(gateway: Caller, positions: Positions) -> None:
    refused(hand_in(gateway, b"x" * 30_000_000), 413, "content-too-large")
    answer = gateway.http.post("/intake/email", content=iter([b"x" * 1_000_000] * 30), headers={"Content-Type": RFC822})
    refused(answer, 413, "content-too-large")
    refused(hand_in(gateway, mail(), "application/json"), 415, "unsupported-media-type")
    assert positions() == 0
    answer = gateway.http.post("/intake/email", content=mail())
    assert answer.status_code == 201, "without a type it is bytes (RFC 9110, 8.3)"


def test_of_a_version_that_is_not_the_present_one_nothing_is_decided(running: RunningDesk, gateway: Caller) -> None:
    message = quarantined(gateway)
    path = f"/quarantine/{message}/discard"
    assert running.technician.get(f"/quarantine/{message}").headers["etag"] == '"v2"'
    answer = running.technician.post(path, {"reason": "x"}, match='"v1"')
    stale = refused(answer, 412, "stale-version")
    assert stale["current_version"] == 2
    assert [event["topic"] for event in stale["events"]] == ["intake.quarantined"]
    assert answer.headers["etag"] == '"v2"'
    seen = running.technician.http.get(f"/quarantine/{message}", headers={"If-None-Match": '"v2"'})
    assert (seen.status_code, seen.content) == (304, b"")
    done(running.technician.post(path, {"reason": "x"}, match='"v2"'))
    done(running.technician.post(f"/quarantine/{quarantined(gateway)}/discard", {"reason": "x"}, match=None))


def test_the_quarantine_is_read_in_pages_oldest_first(running: RunningDesk, gateway: Caller) -> None:
    mine = [quarantined(gateway) for _ in range(5)]
    running.catch_up()
    found, path = [], "/quarantine?limit=2"
    while path:
        answer = running.technician.http.get(path)
        items = done(answer)["items"]
        assert len(items) <= 2
        found += [item["id"] for item in items]
        path = answer.links["next"]["url"] if "next" in answer.links else ""
    assert found[-5:] == mine
    assert len(set(found)) == len(found)
    refused(running.technician.get("/quarantine", cursor="x"), 400, "invalid-cursor")


def test_a_mail_with_20_mib_of_files_is_taken_and_one_of_30_mb_is_refused(
    running: RunningDesk, gateway: Caller, shared_database: TestDatabase
) -> None:
    files = (b"QUFB" * 19 + b"\r\n") * (20 * 2**20 * 4 // 3 // 78)
    kinds = ("MIME-Version: 1.0", "Content-Type: application/pdf; name=big.pdf", "Content-Transfer-Encoding: base64")
    raw = mail(*kinds, text="") + files
    told = done(hand_in(gateway, raw))
    assert told["outcome"] == "opened"
    assert kept(shared_database, told["message"]) == raw
    [item] = done(running.technician.get(f"/cases/{told['case']}/attachments"))["items"]
    assert (item["name"], item["type"]) == ("big.pdf", "text/plain"), "by what it is, not by what it says"
    assert item["size"] > 19 * 2**20
    assert done(hand_in(gateway, raw))["outcome"] == "duplicate"
    refused(hand_in(gateway, raw + files[: 30_000_000 - len(raw)]), 413, "content-too-large")
