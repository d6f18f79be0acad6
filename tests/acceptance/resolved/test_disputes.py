"""SOP 5.9: a dispute counts by when it was received; a closed case takes annotations and links only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.acceptance.conftest import FIXED, VERIFIED, RunningDesk, done, refused
from tests.acceptance.travelling import (
    WINDOW,
    fates,
    history,
    last,
    moment,
    on_monday,
    owed,
    owner_of,
    parsed,
    read,
    told,
    topics,
    travel,
)
from tests.conftest import TestDatabase

MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def desk(database: TestDatabase, tmp_path: Path) -> Iterator[RunningDesk]:
    with on_monday(database, tmp_path) as running:
        yield running


def test_r_5_9c_a_dispute_is_taken_on_every_channel_and_keeps_team_and_priority(
    desk: RunningDesk, subtests: pytest.Subtests
) -> None:
    for channel in ("phone", "email", "self_service", "chat", "walk_in"):
        with subtests.test(channel):
            number = told(desk)
            before = read(desk, number)
            case = done(desk.technician.post(f"/cases/{number}/dispute", {"reason": "no", "channel": channel}))
            kept = ("number", "priority", "team", "impact", "severity", "received_at")
            assert {name: case[name] for name in kept} == {name: before[name] for name in kept}
            assert (case["status"], case["dispute_until"]) == ("assigned", None)
            assert last(desk, number, "disputed")["data"]["channel"] == channel
            refused(desk.technician.post(f"/cases/{number}/dispute", {"reason": "no"}), 409, "invalid-transition")


def test_r_5_9c_a_mail_from_before_the_deadline_that_is_read_after_the_closure_reopens(desk: RunningDesk) -> None:
    number = told(desk)
    deadline = travel(desk, WINDOW)
    assert desk.close_elapsed() == 1
    travel(desk, hours=30)
    late = {"reason": "x", "received_at": (deadline + MICROSECOND).isoformat(), "channel": "email"}
    before = history(desk, number)
    refused(desk.technician.post(f"/cases/{number}/dispute", late), 409, "dispute-window-closed")
    refused(desk.technician.post(f"/cases/{number}/dispute", {"reason": "x"}), 409, "dispute-window-closed")
    assert history(desk, number) == before
    at_the_deadline = {**late, "received_at": deadline.isoformat()}
    assert done(desk.technician.post(f"/cases/{number}/dispute", at_the_deadline))["status"] == "assigned"
    assert topics(desk, number)[-3:] == ["closed", "disputed", "reopened"]
    assert read(desk, number)["closed_at"] is None


def test_r_5_9c_a_customers_own_word_for_when_he_disputed_does_not_count(desk: RunningDesk) -> None:
    number = told(desk)
    deadline = travel(desk, WINDOW)
    assert desk.close_elapsed() == 1
    travel(desk, MICROSECOND)
    earlier = {"reason": "x", "received_at": (deadline - timedelta(hours=1)).isoformat()}
    refused(owner_of(desk, number).post(f"/cases/{number}/dispute", earlier), 409, "dispute-window-closed")


@pytest.mark.parametrize("closed", [True, False])
def test_r_5_9c_a_mail_of_unclear_intent_that_is_upheld_reopens_also_after_the_closure(
    desk: RunningDesk, closed: bool
) -> None:
    number = told(desk)
    arrived = travel(desk, hours=71).isoformat()
    if closed:
        travel(desk, hours=1)
        assert desk.close_elapsed() == 1
    held = {"text": "and the other tray?", "received_at": arrived, "channel": "email"}
    case = done(desk.technician.post(f"/cases/{number}/suspect-dispute", held))
    assert (case["status"], parsed(case["dispute_candidate_since"])) == (
        "closed" if closed else "resolved", parsed(arrived),
    )  # fmt: skip
    assert set(owed(desk, number)) == {"decide_dispute"}
    refused(desk.technician.post(f"/cases/{number}/suspect-dispute", held), 409, "invalid-transition")
    refused(desk.network.post(f"/cases/{number}/uphold-dispute", {}), 403, "forbidden")
    travel(desk, days=3)
    assert (
        done(desk.technician.post(f"/cases/{number}/uphold-dispute", {"reason": "it is one"}))["status"] == "assigned"
    )
    assert parsed(last(desk, number, "disputed")["data"]["received_at"]) == parsed(arrived)
    assert owed(desk, number) == {}


def test_r_5_9c_a_mail_of_unclear_intent_from_after_the_window_holds_nothing(desk: RunningDesk) -> None:
    number = told(desk)
    travel(desk, WINDOW + MICROSECOND)
    assert desk.close_elapsed() == 1
    body = {"text": "and the other tray?"}
    refused(desk.technician.post(f"/cases/{number}/suspect-dispute", body), 409, "dispute-window-closed")


def test_r_5_9e_neither_monitors_nor_another_mail_move_the_deadline(desk: RunningDesk) -> None:
    number, other = told(desk), told(desk)
    until = read(desk, number)["dispute_until"]
    travel(desk, hours=5)
    done(desk.technician.post(f"/cases/{number}/relate", {"case": other, "kind": "related"}))
    body = {"field": "email", "value": "jo@agency.example", "reason": "she moved"}
    done(desk.technician.post(f"/cases/{number}/correct", body))
    desk.send_mail()
    assert (read(desk, number)["dispute_until"], fates(desk, number)) == (until, [["queued", "accepted"]])


def test_r_5_9f_a_closed_case_takes_annotations_and_links_and_nothing_else(desk: RunningDesk) -> None:
    number, other = told(desk), told(desk)
    travel(desk, WINDOW)
    assert desk.close_elapsed() == 2
    before = history(desk, number)
    refusals: list[tuple[str, dict[str, object]]] = [
        ("triage", {"owner": "desk"}),
        ("prioritize", {"impact": 1, "severity": 1}),
        ("diagnose", {"symptoms": "s", "findings": "f"}),
        ("assign", {"team": "network"}),
        ("nominate-major", {"reason": "x"}),
        ("pend", {"reason_code": "customer"}),
        ("verify", VERIFIED),
        ("reopen", {"reason": "x"}),
        ("close", {"confirmation": {"method": "phone", "by": "Jo", "at": moment(desk)}}),
        ("correct", {"field": "location", "value": "Room 7", "reason": "x"}),
        ("waive", {"reason": "x"}),
        ("consult", {"case": other}),
    ]
    for verb, body in refusals:
        refused(desk.technician.post(f"/cases/{number}/{verb}", body), 409, "invalid-transition")
    for verb in ("resolve", "hand-back", "accept"):
        of_the_team = {"resolve": FIXED, "hand-back": {"reason": "x"}}.get(verb, {})
        refused(desk.network.post(f"/cases/{number}/{verb}", of_the_team), 409, "invalid-transition")
    assert history(desk, number) == before
    done(desk.technician.post(f"/cases/{number}/notes", {"text": "she called to say thanks"}))
    done(desk.technician.post(f"/cases/{number}/relate", {"case": other, "kind": "related"}))
    done(desk.technician.post(f"/cases/{number}/unrelate", {"case": other, "reason": "not so"}))
    assert read(desk, number)["status"] == "closed"


def test_r_6_2_the_customer_closes_by_accepting_and_may_dispute_to_the_same_deadline(desk: RunningDesk) -> None:
    number = told(desk)
    owner, until = owner_of(desk, number), read(desk, number)["dispute_until"]
    accepted = done(owner.post(f"/cases/{number}/close", {}))
    assert (accepted["status"], accepted["dispute_until"]) == ("closed", until)
    assert last(desk, number, "closed")["by"]["role"] == "customer"
    travel(desk, WINDOW)
    assert desk.close_elapsed() == 0
    assert done(owner.post(f"/cases/{number}/dispute", {"reason": "no"}))["status"] == "assigned"
