"""SOP 5.3: ours, or another agency's? Then the customer is told where to go, and the case is resolved by that."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.values import Role
from tests.acceptance.conftest import Caller, RunningDesk, done, refused
from tests.acceptance.office import DHS, open_office, prioritized, put, triaged
from tests.acceptance.travelling import (
    WINDOW,
    back_to_monday,
    history,
    last,
    logged,
    mails,
    moment,
    on_monday,
    owed,
    owner_of,
    parsed,
    read,
    topics,
    travel,
)
from tests.conftest import TestDatabase

Positions = Callable[[], int]
TOLD: dict[str, Any] = {"help_desk": "dhs", "contact": {"method": "phone", "outcome": "informed"}}
NOT_TOLD: dict[str, Any] = {"help_desk": "dhs", "contact": {"method": "phone", "outcome": "failed"}}
BY_PHONE_ONLY: dict[str, Any] = {"customer": {"name": "Jo Field", "phone": "405-555-0001"}}


@pytest.fixture(scope="module")
def running(shared_database: TestDatabase, keys: Path) -> Iterator[RunningDesk]:
    """The desk of this file: its clock stands still, and it has a directory."""
    with on_monday(shared_database, keys) as desk:
        open_office(desk)
        yield desk


@pytest.fixture(autouse=True)
def _on_monday(running: RunningDesk) -> None:
    back_to_monday(running)


def refer(desk: RunningDesk, number: str, body: dict[str, Any] = TOLD, by: Caller | None = None) -> dict[str, Any]:
    case: dict[str, Any] = done((by or desk.technician).post(f"/cases/{number}/refer", body))
    return case


def figures(desk: RunningDesk, report: str) -> dict[str, Any]:
    desk.catch_up()
    totals: dict[str, Any] = done(desk.auditor.get(f"/reports/{report}"))["totals"]
    return totals


# R-5.3a


def test_r_5_3a_that_a_case_is_ours_is_recorded_with_who_when_and_why(running: RunningDesk) -> None:
    number = logged(running)
    body = {"owner": "desk", "reason": "a printer of ours"}
    case = done(running.technician.post(f"/cases/{number}/triage", body))
    assert case["status"] == "triaged"
    event = last(running, number, "triaged")
    assert (event["data"]["owner"], event["reason"]) == ("desk", "a printer of ours")
    assert (event["by"]["subject"], parsed(event["occurred_at"])) == ("a.ortiz", running.clock.now())
    refused(running.technician.post(f"/cases/{number}/triage", body), 409, "invalid-transition")


def test_r_5_3a_that_a_case_is_anothers_is_recorded_with_who_when_and_why(running: RunningDesk) -> None:
    number = logged(running)
    refer(running, number, {**TOLD, "reason": "benefits are theirs"})
    event = last(running, number, "referred")
    assert (event["data"]["help_desk"], event["reason"]) == ("dhs", "benefits are theirs")
    assert (event["by"]["subject"], parsed(event["occurred_at"])) == ("a.ortiz", running.clock.now())


@pytest.mark.parametrize("decided", [False, True], ids=["logged", "triaged"])
def test_r_5_3a_a_referral_needs_no_priority(running: RunningDesk, decided: bool) -> None:
    number = triaged(running, received_at=moment(running)) if decided else logged(running)
    case = refer(running, number)
    assert (case["status"], case["priority"], case["resolution"]["code"]) == ("resolved", None, "referred")


def test_r_5_3a_what_is_worked_on_is_ours(running: RunningDesk, positions: Positions) -> None:
    number = prioritized(running, received_at=moment(running))
    before = positions()
    refused(running.technician.post(f"/cases/{number}/refer", TOLD), 409, "invalid-transition")
    refused(running.network.post(f"/cases/{number}/refer", TOLD), 403, "forbidden")
    assert positions() == before


# R-5.3b


def test_r_5_3b_the_desk_referred_to_is_in_the_directory(
    running: RunningDesk, positions: Positions, subtests: pytest.Subtests
) -> None:
    number = logged(running)
    done(put(running.caller(Role.ADMIN, "root"), "/help-desks/gone", {**copy.deepcopy(DHS), "retired": True}))
    before = positions()
    contact = TOLD["contact"]
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("/help_desk", {**TOLD, "help_desk": "nasa"}),
        ("/help_desk", {**TOLD, "help_desk": "gone"}),
        ("/help_desk", {**TOLD, "help_desk": "d\ths"}),
        ("/help_desk", {"contact": contact}),
        ("/contact", {"help_desk": "dhs"}),
        ("/contact/outcome", {**TOLD, "contact": {**contact, "outcome": "perhaps"}}),
        ("/contact/method", {**TOLD, "contact": {"outcome": "informed"}}),
        ("/contact/at", {**TOLD, "contact": {**contact, "at": moment(running, minutes=-10)}}),
        ("/contact/at", {**TOLD, "contact": {**contact, "at": "2026-10-05T08:00:00"}}),
    ]
    for pointer, body in wrong:
        with subtests.test(f"{pointer} {body}"):
            slug = "unknown-reference" if body.get("help_desk") in ("nasa", "gone") else "validation-failed"
            problem = refused(running.technician.post(f"/cases/{number}/refer", body), 422, slug)
            assert pointer in [error["pointer"] for error in problem["errors"]]
    refused(running.technician.post(f"/cases/{number}/refer", TOLD, match=None), 428, "precondition-required")
    refused(running.technician.post(f"/cases/{number}/refer", TOLD, match='"v9"'), 412, "stale-version")
    refused(running.technician.post("/cases/INC-9999999/refer", TOLD), 404, "not-found")
    assert positions() == before


def test_r_5_3b_without_a_directory_nothing_is_referred(alone: RunningDesk) -> None:
    number = alone.log()["number"]
    refused(alone.technician.post(f"/cases/{number}/refer", TOLD), 422, "unknown-reference")


def test_r_5_3b_the_entry_is_copied_into_the_event_as_it_was(running: RunningDesk) -> None:
    number, admin = logged(running), running.caller(Role.ADMIN, "root")
    version = done(running.technician.get("/help-desks/dhs"))["version"]
    refer(running, number)
    moved = {**DHS, "name": "DHS Service Center", "contact": {**DHS["contact"], "phone": "405-555-0199"}}
    assert done(put(admin, "/help-desks/dhs", moved))["version"] == version + 1
    data = last(running, number, "referred")["data"]
    assert (data["help_desk"], data["help_desk_version"]) == ("dhs", version)
    assert data["contact"]["value"] == {"agency": DHS["agency"], "desk": DHS["name"], **DHS["contact"]}
    later = logged(running)
    refer(running, later)
    data = last(running, later, "referred")["data"]
    assert (data["help_desk_version"], data["contact"]["value"]["phone"]) == (version + 1, "405-555-0199")
    done(put(admin, "/help-desks/dhs", copy.deepcopy(DHS)))


# R-5.3c


def test_r_5_3c_a_referred_case_is_resolved_and_the_contact_is_recorded(running: RunningDesk) -> None:
    number = logged(running)
    at = running.clock.now() - timedelta(minutes=5)
    body = {**TOLD, "contact": {"method": "phone", "outcome": "informed", "at": at.isoformat()}}
    case = refer(running, number, body)
    assert (case["status"], case["resolution"]["code"], case["problem"]) == ("resolved", "referred", None)
    assert topics(running, number) == ["logged", "referred", "resolved", "informed"]
    told = last(running, number, "informed")
    assert (told["data"]["method"], told["data"]["informed"], parsed(told["data"]["at"])) == ("phone", True, at)
    assert told["by"]["subject"] == "a.ortiz"
    assert owed(running, number) == {}
    until = running.clock.now() + WINDOW
    assert parsed(case["dispute_until"]) == until, "from the successful contact on, and not from before the referral"


def test_r_5_3c_a_referral_is_one_transaction(running: RunningDesk, positions: Positions) -> None:
    number = logged(running)
    before = positions()
    first = running.technician.post(f"/cases/{number}/refer", TOLD, key="refer once")
    assert positions() == before + 4  # three on the case, and its mail
    again = running.technician.post(f"/cases/{number}/refer", TOLD, key="refer once")
    assert (done(again), again.headers["etag"]) == (done(first), first.headers["etag"])
    assert positions() == before + 4


def test_r_5_3c_the_mail_tells_how_to_reach_the_other_desk(running: RunningDesk) -> None:
    number = logged(running)
    refer(running, number)
    assert mails(running, number) == []
    running.send_mail()
    (mail,) = mails(running, number)
    assert list(mail.recipients) == ["jo.field@agency.example"]
    for words in (number, DHS["agency"], DHS["name"], *DHS["contact"].values()):
        assert words in mail.text
        assert words.replace("'", "&#39;") in mail.html


def test_r_5_3c_when_the_contact_fails_the_case_is_resolved_and_the_customer_is_still_to_be_told(
    running: RunningDesk,
) -> None:
    number = logged(running, **BY_PHONE_ONLY)
    case = refer(running, number, NOT_TOLD)
    assert (case["status"], case["resolution"]["code"], case["dispute_until"]) == ("resolved", "referred", None)
    debt = owed(running, number)["inform_customer"]
    assert parsed(debt["due_at"]) > running.clock.now()
    assert debt["overdue"] is False
    travel(running, days=30)
    assert owed(running, number)["inform_customer"]["overdue"] is True
    running.close_elapsed()
    assert read(running, number)["status"] == "resolved", "no window has started"
    body = {"obligation": "inform_customer", "method": "phone", "outcome": "informed"}
    told = done(running.technician.post(f"/cases/{number}/discharge", body))
    assert parsed(told["dispute_until"]) == running.clock.now() + WINDOW
    assert owed(running, number) == {}
    travel(running, WINDOW)
    running.close_elapsed()
    assert read(running, number)["status"] == "closed"


def test_r_5_3c_the_accepted_mail_starts_the_window_when_the_contact_failed(running: RunningDesk) -> None:
    number = logged(running)
    assert refer(running, number, NOT_TOLD)["dispute_until"] is None
    travel(running, hours=1)
    running.send_mail()
    until = running.clock.now() + WINDOW
    assert parsed(read(running, number)["dispute_until"]) == until
    assert "inform_customer" in owed(running, number), "a person still owes the call"
    travel(running, hours=1)
    body = {"obligation": "inform_customer", "method": "phone", "outcome": "informed"}
    done(running.technician.post(f"/cases/{number}/discharge", body))
    assert parsed(read(running, number)["dispute_until"]) == until, "the first of the two counts"
    assert owed(running, number) == {}


def test_r_5_3c_a_successful_contact_starts_the_window_and_the_mail_does_not_move_it(running: RunningDesk) -> None:
    number = logged(running)
    until = parsed(refer(running, number)["dispute_until"])
    travel(running, hours=5)
    running.send_mail()
    assert "notified" in topics(running, number)
    assert parsed(read(running, number)["dispute_until"]) == until == running.clock.now() - timedelta(hours=5) + WINDOW
    travel(running, hours=67)
    running.close_elapsed()
    assert read(running, number)["status"] == "closed"


# R-5.3d


def test_r_5_3d_referred_cases_are_reported_apart(running: RunningDesk) -> None:
    before, resolutions = figures(running, "outcomes"), figures(running, "resolution")
    number = logged(running)
    refer(running, number)
    travel(running, hours=73)
    running.close_elapsed()
    assert read(running, number)["status"] == "closed"
    after = figures(running, "outcomes")
    assert after["referred"] == before["referred"] + 1
    for name in ("resolved", "window_ended", "first_contact"):
        assert after[name] == before[name], name
    assert figures(running, "resolution") == resolutions
    assert "first_contact" not in last(running, number, "resolved")["data"]


# R-5.3e


@pytest.mark.parametrize("decided", [False, True], ids=["logged", "triaged"])
def test_r_5_3e_a_disputed_referral_returns_to_triage(running: RunningDesk, decided: bool) -> None:
    number = triaged(running, received_at=moment(running)) if decided else logged(running)
    refer(running, number)
    customer = owner_of(running, number)
    reopened = done(customer.post(f"/cases/{number}/dispute", {"reason": "they sent me back to you"}))
    assert (reopened["number"], reopened["status"], reopened["resolution"]) == (number, "triaged", None)
    assert (reopened["dispute_until"], reopened["reopenings"]) == (None, 1)
    again = refer(running, number)  # to another desk, or to them with better words
    assert again["status"] == "resolved"
    assert done(customer.post(f"/cases/{number}/dispute", {"reason": "again"}))["status"] == "triaged"
    done(running.technician.post(f"/cases/{number}/prioritize", {"impact": 2, "severity": 2}))


def test_r_5_3e_a_referral_is_disputed_until_its_window_ends(running: RunningDesk, positions: Positions) -> None:
    number = logged(running)
    refer(running, number)
    travel(running, WINDOW + timedelta(seconds=1))
    running.close_elapsed()
    before = positions()
    late = running.technician.post(f"/cases/{number}/dispute", {"reason": "they sent me back"})
    assert refused(late, 409, "dispute-window-closed")["follow_up_of"] == number
    assert positions() == before


def test_r_5_3e_a_dispute_settles_what_was_owed_for_the_referral(running: RunningDesk) -> None:
    number = logged(running)
    refer(running, number, NOT_TOLD)
    assert owed(running, number)
    done(running.technician.post(f"/cases/{number}/dispute", {"reason": "he called us instead"}))
    assert owed(running, number) == {}
    assert history(running, number)[-1]["topic"] == "case.reopened"
