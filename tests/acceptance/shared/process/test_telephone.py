"""SOP 5.1, 5.2, 5.6 at the telephone: who reports and who is affected, and what may be about the same."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from typing import Any

import pytest

from application.cases.candidates import HintBudget
from domain.values import Role
from tests.acceptance.conftest import RunningDesk, done, incident

SAME: dict[str, Any] = {"subject": "Scanner S-77 jams", "description": "S-77 jams on every page", "symptoms": "jams"}


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is time to look, however much was looked for before."""
    monkeypatch.setattr(HintBudget, "allowed", lambda _: nullcontext(True))


@pytest.mark.usefixtures("unhurried")
def test_r_5_6a_whoever_logs_is_shown_at_once_what_may_be_about_the_same(running: RunningDesk) -> None:
    first = running.log(**SAME)
    assert first["candidates"] == []
    second = running.log(**SAME)
    assert [each["case"] for each in second["candidates"]] == [first["number"]]
    assert 0 < second["candidates"][0]["score"] <= 1
    shown = done(running.auditor.get(f"/cases/{second['number']}/history"))["items"][0]["data"]["candidates"]
    assert shown == second["candidates"], "it is on the record what they were shown"
    related = {"case": first["number"], "kind": "unrelated"}
    done(running.technician.post(f"/cases/{second['number']}/relate", related))
    assert done(running.technician.get(f"/cases/{second['number']}"))["candidates"] == []


def test_a_repetition_is_the_same_answer_whatever_was_logged_since(running: RunningDesk) -> None:
    body = {**incident(), **SAME, "subject": "Scanner S-78 jams", "description": "S-78 jams"}
    first = running.technician.post("/cases", body, key="first")
    for _ in range(2):
        done(running.technician.post("/cases", body))
    again = running.technician.post("/cases", body, key="first")
    assert again.headers["idempotency-replayed"] == "true"
    assert again.content == first.content


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize(("role", "told"), [(Role.CUSTOMER, "nothing"), (Role.INTAKE, "none")])
def test_only_staff_are_shown_others_cases(running: RunningDesk, role: Role, told: str) -> None:
    running.log(**SAME)
    by = running.caller(role, "jo.field" if role is Role.CUSTOMER else "mail.gateway")
    case = done(by.post("/cases", {**incident(), **SAME}))
    assert case.get("candidates", "nothing") == ("nothing" if told == "nothing" else None)
    if role is Role.CUSTOMER:
        item = done(by.get(f"/cases/{case['number']}/history"))["items"][0]
        assert "candidates" not in item["data"]
        assert "candidates" not in done(by.get(f"/cases/{case['number']}"))
    by_phone = running.log(**SAME, customer={"name": "Kim", "phone": "405-555-0177"})
    kim = running.caller(Role.CUSTOMER, by_phone["customer"]["id"])
    assert by_phone["candidates"]
    assert "candidates" not in done(kim.get(f"/cases/{by_phone['number']}"))
    assert "candidates" not in done(kim.get(f"/cases/{by_phone['number']}/history"))["items"][0]["data"]


def test_whoever_logs_when_the_time_for_hints_is_spent_is_shown_none_and_not_held_up(
    running: RunningDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HintBudget, "allowed", lambda _: nullcontext(False))
    running.log(**SAME)
    assert running.log(**SAME)["candidates"] is None


def test_hints_take_a_share_of_the_time_and_no_more() -> None:
    none_left, two = HintBudget(share=0.0, most=0.0), HintBudget(share=0.0, most=1_000.0, at_once=2)
    with none_left.allowed() as may:
        assert not may
    with two.allowed() as one, two.allowed() as other, two.allowed() as third:
        assert (one, other, third) == (True, True, False)
    short = HintBudget(share=0.0, most=1e-9)
    with short.allowed() as may:
        assert may
        threading.Event().wait(0.001)
    with short.allowed() as may:
        assert not may


def test_r_5_1b_reporter_and_affected_customer_are_kept_apart(running: RunningDesk) -> None:
    reporter = {"name": "Al Reed", "email": "al.reed@agency.example"}
    case, own = running.log(reporter=reporter), running.log()
    data = done(running.auditor.get(f"/cases/{case['number']}/history"))["items"][0]["data"]
    assert case["on_behalf_of"] == case["customer"]["id"] == data["customer"]
    assert data["reporter"] == data["reported_by"]["subject"] != data["customer"]
    assert case["reporter"] == reporter
    assert (own["reporter"], own["on_behalf_of"]) == (None, None)
    himself = running.log(reporter={"name": "Jo Field", "email": "jo.field@agency.example"})
    assert himself["on_behalf_of"] is None
