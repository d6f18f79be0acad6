"""A body that cannot be taken is answered with a problem that says where, and leaves no trace on the record."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.values import Role
from tests.acceptance.conftest import FIXED, VERIFIED, Answer, RunningDesk, done, incident, refused

Positions = Callable[[], int]
LARGEST = 1_048_576


def ago(**interval: float) -> str:
    return (datetime.now(UTC) - timedelta(**interval)).isoformat()


def invalid(answer: Answer, pointer: str) -> None:
    problem = refused(answer, 422, "validation-failed")
    assert pointer in [error["pointer"] for error in problem["errors"]], problem
    assert all(error["detail"] for error in problem["errors"])


def raw(**changes: str) -> bytes:
    """A body for `POST /cases` in which some fields hold the given JSON text, whatever that is."""
    fields = {name: json.dumps(value) for name, value in incident().items()} | changes
    return ("{" + ",".join(f'"{name}":{text}' for name, text in fields.items()) + "}").encode()


def test_a_body_that_is_no_json_is_malformed(
    running: RunningDesk, positions: Positions, subtests: pytest.Subtests
) -> None:
    good = json.dumps(incident()).encode()
    bodies = {
        "text": b"hello",
        "cut short": good[:-5],
        "something after it": good + b"}",
        "single quotes": b"{'channel': 'phone'}",
        "invalid UTF-8": good.replace(b"Jo Field", b"Jo \xff\xfe Field"),
        "UTF-16": good.decode().encode("utf-16"),
        "a lone surrogate": raw(subject='"lost \\ud800 half"'),
        "a raw control character": raw(subject='"a\x01b"'),
        "a number of 5,000 digits": raw(subject="9" * 5_000),
        "nested too deeply": raw(subject="[" * 50_000 + "]" * 50_000),
        "blanks only": b"   ",
        "a name twice": raw(nature='"actual","nature":"impending"'),
        "a name twice, nested": raw(customer='{"name":"Jo","name":"Al"}'),
    }
    for what, body in bodies.items():
        with subtests.test(what):
            refused(running.technician.post("/cases", body), 400, "malformed")
    assert positions() == 0


def test_a_body_that_is_not_the_object_asked_for_fails_validation(
    running: RunningDesk, positions: Positions, subtests: pytest.Subtests
) -> None:
    for body in (b"", b"{}", b"[]", b'"x"', b"null", b"1"):
        with subtests.test(body.decode()):
            problem = refused(running.technician.post("/cases", body), 422, "validation-failed")
            assert problem["errors"]
    invalid(running.technician.post("/cases", {}), "/customer")
    assert positions() == 0


def test_each_field_is_taken_to_the_letter(
    running: RunningDesk, positions: Positions, subtests: pytest.Subtests
) -> None:
    nobody: dict[str, Any] = {"name": "Jo"}
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("/colour", {"colour": "red"}),
        ("/customer/shoe_size", {"customer": {**nobody, "shoe_size": 44}}),
        ("/reporter/title", {"reporter": {**nobody, "title": "Dr"}}),
        ("/a~1b", {"a/b": 1}),
        ("/channel", {"channel": "carrier pigeon"}),
        ("/channel", {"channel": ["phone"]}),
        ("/nature", {"nature": "imaginary"}),
        ("/subject", {"subject": ""}),
        ("/subject", {"subject": None}),
        ("/subject", {"subject": 7}),
        ("/subject", {"subject": "x" * 501}),
        ("/subject", {"subject": "nothing\0ness"}),
        ("/description", {"description": "nothing\0ness"}),
        ("/customer/name", {"customer": {"name": "Jo\0"}}),
        ("/customer/email", {"customer": {**nobody, "email": "no address"}}),
        ("/customer/agency", {"customer": {**nobody, "agency": "d\tot"}}),
        ("/customer", {"customer": "Jo"}),
        ("/service", {"service": "print\ning"}),
        ("/service", {"service": "printing\n"}),
        ("/service", {"service": "\x1b[31mprinting"}),
        ("/service", {"service": "printing\u2028"}),
        ("/service", {"service": ""}),
        ("/external_ref", {"external_ref": "x" * 129}),
        ("/received_at", {"received_at": "2026-11-23T08:00:00"}),
        ("/received_at", {"received_at": "2026-11-23"}),
        ("/received_at", {"received_at": "yesterday"}),
        ("/received_at", {"received_at": 1_700_000_000}),
        ("/received_at", {"received_at": str(int(datetime.now(UTC).timestamp()))}),
        ("/received_at", {"received_at": ago(minutes=-10)}),
        ("/received_at", {"received_at": ago(hours=72.1), "reason": "the line was down"}),
        ("/received_at", {"received_at": "0001-01-01T00:00:00+14:00", "reason": "long ago"}),
        ("/reason", {"received_at": ago(hours=71)}),
    ]
    for pointer, changes in wrong:
        with subtests.test(f"{pointer} {str(changes)[:60]!r}"):
            invalid(running.technician.post("/cases", {**incident(), **changes}), pointer)
    assert positions() == 0


def test_the_bodies_of_decisions_are_taken_to_the_letter_too(
    running: RunningDesk, positions: Positions, subtests: pytest.Subtests
) -> None:
    number = running.assigned()
    before = positions()
    said = {"method": "phone", "by": "Jo Field", "at": ago(minutes=1)}
    wrong: list[tuple[str, str, dict[str, Any]]] = [
        ("triage", "/owner", {"owner": "dhs"}),
        ("prioritize", "/impact", {"impact": "2", "severity": 2}),
        ("prioritize", "/impact", {"impact": True, "severity": 2}),
        ("prioritize", "/impact", {"impact": 2.5, "severity": 2}),
        ("prioritize", "/impact", {"impact": 0, "severity": 2}),
        ("prioritize", "/impact", {"impact": 4, "severity": 2}),
        ("prioritize", "/severity", {"impact": 2, "severity": -1}),
        ("prioritize", "/severity", {"impact": 2, "severity": 10**30}),
        ("prioritize", "/severity", {"impact": 2}),
        ("prioritize", "/override/reason", {"impact": 2, "severity": 2, "override": {"priority": 1}}),
        ("prioritize", "/override/priority", {"impact": 2, "severity": 2, "override": {"priority": 5, "reason": "x"}}),
        ("diagnose", "/findings", {"symptoms": "x"}),
        ("diagnose", "/steps/0/answer", {"symptoms": "x", "findings": "y", "steps": [{"step": "s"}]}),
        ("assign", "/team", {"team": "net\rwork"}),
        ("hand-back", "/reason", {}),
        ("pend", "/reason_code", {"reason_code": "lunch"}),
        ("verify", "/satisfactory", {**VERIFIED, "satisfactory": 1}),
        ("verify", "/able_to_work", {**VERIFIED, "able_to_work": "true"}),
        ("verify", "/at", {**VERIFIED, "at": "2026-11-23T08:00:00"}),
        ("verify", "/at", {**VERIFIED, "at": ago(minutes=-10)}),
        ("verify", "/outcome", {**VERIFIED, "outcome": "maybe"}),
        ("resolve", "/code", {**FIXED, "code": "referred"}),
        ("resolve", "/cause_corrected", {**FIXED, "cause_corrected": "perhaps"}),
        ("resolve", "/problem", {**FIXED, "problem": "INC-0000001"}),
        ("resolve", "/solution", {name: value for name, value in FIXED.items() if name != "solution"}),
        ("close", "/confirmation/at", {"confirmation": {**said, "at": "2026-11-23T08:00:00"}}),
        ("close", "/confirmation/method", {"confirmation": {**said, "method": "by\x00phone"}}),
        ("dispute", "/received_at", {"reason": "no", "received_at": "2026-11-23T08:00:00"}),
        ("notes", "/text", {"text": ""}),
        ("notes", "/visible_to_customer", {"text": "x", "visible_to_customer": "yes"}),
        ("correct", "/field", {"field": "channel", "value": "email", "reason": "x"}),
        ("correct", "/field", {"field": "status", "value": "closed", "reason": "x"}),
        ("correct", "/value", {"field": "service", "value": "email\n", "reason": "x"}),
        ("correct", "/value", {"field": "nature", "value": "imaginary", "reason": "x"}),
        ("correct", "/value", {"field": "email", "value": "no address", "reason": "x"}),
        ("correct", "/value", {"field": "subject", "value": "x" * 501, "reason": "x"}),
        ("correct", "/value", {"field": "subject", "value": "nothing\0ness", "reason": "x"}),
    ]
    for verb, pointer, body in wrong:
        by = running.network if verb == "hand-back" else running.technician
        with subtests.test(f"{verb} {str(body)[:70]}"):
            invalid(by.post(f"/cases/{number}/{verb}", body), pointer)
    assert positions() == before
    assert done(running.technician.get(f"/cases/{number}"))["service"] == "printing"


def test_a_body_of_two_megabytes_is_too_large_however_it_is_sent(running: RunningDesk, positions: Positions) -> None:
    body = json.dumps({**incident(), "description": "x" * 2 * LARGEST}).encode()

    def chunks() -> Iterator[bytes]:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    json_type = {"Content-Type": "application/json"}
    refused(running.technician.post("/cases", body), 413, "content-too-large")
    refused(running.technician.http.post("/cases", content=chunks(), headers=json_type), 413, "content-too-large")
    assert positions() == 0
    done(running.technician.post("/cases", incident()))  # on the same connection: it is not left half read
    assert positions() == 1


def test_a_body_may_have_exactly_one_mebibyte(running: RunningDesk, positions: Positions) -> None:
    good = json.dumps(incident()).encode()
    done(running.technician.post("/cases", good + b" " * (LARGEST - len(good))))
    refused(running.technician.post("/cases", good + b" " * (LARGEST - len(good) + 1)), 413, "content-too-large")
    assert positions() == 1


def test_another_content_type_is_not_understood(
    running: RunningDesk, positions: Positions, subtests: pytest.Subtests
) -> None:
    body = json.dumps(incident()).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonx", "multipart/form-data", "x"):
        with subtests.test(kind):
            sent = running.technician.http.post("/cases", content=body, headers={"Content-Type": kind})
            refused(sent, 415, "unsupported-media-type")
    assert positions() == 0
    charset = {"Content-Type": "Application/JSON; charset=utf-8"}
    done(running.technician.http.post("/cases", content=body, headers=charset))


def test_r_5_2a_a_later_contact_is_bounded_and_explained_like_the_first(
    running: RunningDesk, positions: Positions
) -> None:
    number = running.closed()
    before = positions()
    follow_up = f"/cases/{number}/follow-up"
    invalid(running.technician.post(follow_up, {**incident(), "received_at": ago(hours=20)}), "/reason")
    invalid(running.technician.post(follow_up, {**incident(), "received_at": ago(hours=73)}), "/received_at")
    assert positions() == before
    explained = {**incident(), "received_at": ago(hours=20), "reason": "found on the machine"}
    new = done(running.technician.post(follow_up, explained))["number"]
    history = done(running.technician.get(f"/cases/{new}/history"))["items"]
    assert history[0]["reason"] == "found on the machine"


def test_nobody_breaks_the_views_with_a_time_before_time(alone: RunningDesk, subtests: pytest.Subtests) -> None:
    before_time = {**incident(), "received_at": "0001-01-01T00:00:00+14:00", "reason": "x"}
    for role, channel in ((Role.CUSTOMER, "self_service"), (Role.INTAKE, "monitoring")):
        by = alone.caller(role, f"some.{role}")
        with subtests.test(str(role)):
            invalid(by.post("/cases", {**before_time, "channel": channel}), "/received_at")
    logged = alone.technician.post("/cases", incident())
    done(alone.technician.get("/cases", after=int(logged.headers["Position"])))
