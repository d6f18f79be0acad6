"""SOP 5.9, the end: 72 hours after the mail was accepted the case closes by itself, once, and no sooner."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from application.processes.automatic_closure import REQUEST, close_due
from domain.errors import InvalidTransition
from domain.values import Role
from infrastructure.views.questions.timers import PostgresTimers
from tests.acceptance.conftest import FIXED, VERIFIED, RunningDesk, done, refused
from tests.acceptance.travelling import (
    MONDAY,
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
    resolve,
    resolved,
    told,
    topics,
    travel,
)
from tests.blocking import open_desk
from tests.conftest import TestDatabase

MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def desk(database: TestDatabase, tmp_path: Path) -> Iterator[RunningDesk]:
    with on_monday(database, tmp_path) as running:
        yield running


def test_r_5_9d_from_the_phone_call_to_the_automatic_closure_72_h_after_the_mail_and_no_sooner(
    desk: RunningDesk,
) -> None:
    call = {
        "channel": "phone",
        "received_at": moment(desk, minutes=5),
        "customer": {"name": "Jo Field", "email": "jo.field@agency.example"},
        "service": "printing",
        "subject": "Badge printer",
        "description": "Nothing comes out.",
        "nature": "actual",
    }
    number = done(desk.technician.post("/cases", call))["number"]
    steps: list[tuple[str, dict[str, object]]] = [
        ("triage", {"owner": "desk"}),
        ("prioritize", {"impact": 2, "severity": 2}),
        ("diagnose", {"symptoms": "queue full", "findings": "server"}),
        ("assign", {"team": "network"}),
    ]
    for verb, body in steps:
        travel(desk, minutes=10)
        done(desk.technician.post(f"/cases/{number}/{verb}", body))
    travel(desk, hours=2)
    done(desk.network.post(f"/cases/{number}/verify", VERIFIED))
    done(desk.network.post(f"/cases/{number}/resolve", FIXED))
    assert read(desk, number)["dispute_until"] is None, "the window starts with the mail, not with the resolution"
    travel(desk, minutes=7)  # the mail server was slow
    accepted = desk.clock.now()
    assert desk.send_mail() == 1
    assert fates(desk, number) == [["queued", "accepted"]]
    assert parsed(read(desk, number)["dispute_until"]) == accepted + WINDOW
    travel(desk, WINDOW - MICROSECOND)
    assert desk.close_elapsed() == 0
    assert read(desk, number)["status"] == "resolved"
    travel(desk, MICROSECOND)
    assert desk.close_elapsed() == 1
    closed = last(desk, number, "closed")
    assert closed["by"] == {"subject": "system:auto-close", "role": "system", "team": None}
    assert closed["data"]["policy"] == "policy/1"
    assert parsed(closed["data"]["closed_at"]) == accepted + WINDOW
    assert topics(desk, number)[-3:] == ["resolved", "notified", "closed"]


def test_r_5_9d_a_timer_fired_twice_closes_once(desk: RunningDesk) -> None:
    number = told(desk)
    resolution = [item["version"] for item in history(desk, number) if item["topic"] == "case.resolved"][-1]
    travel(desk, WINDOW)
    desk.office.closure.close_elapsed(number, resolution, REQUEST)
    with pytest.raises(InvalidTransition):
        desk.office.closure.close_elapsed(number, resolution, REQUEST)
    assert desk.close_elapsed() == 0
    assert topics(desk, number).count("closed") == 1


def test_r_5_9d_two_workers_at_once_close_each_case_once(desk: RunningDesk, database: TestDatabase) -> None:
    numbers = [told(desk) for _ in range(4)]
    travel(desk, WINDOW)
    desk.catch_up()
    start, closed = threading.Barrier(2), list[int]()

    def work() -> None:
        with open_desk(database, desk.clock) as own, own.on_pool(database, "processes", PostgresTimers) as timers:
            start.wait(30)
            closed.append(own.run(close_due, timers))

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert sum(closed) == len(numbers)
    assert [topics(desk, number).count("closed") for number in numbers] == [1] * len(numbers)


@pytest.mark.parametrize("first", ["dispute", "closure"])
def test_r_5_9c_a_dispute_received_in_time_wins_whoever_comes_first(desk: RunningDesk, first: str) -> None:
    number = told(desk)
    in_time = travel(desk, WINDOW - timedelta(minutes=1)).isoformat()
    travel(desk, minutes=1)
    dispute = {"reason": "it is dead again", "received_at": in_time, "channel": "email"}
    if first == "closure":
        assert desk.close_elapsed() == 1
    assert done(desk.technician.post(f"/cases/{number}/dispute", dispute))["status"] == "assigned"
    assert desk.close_elapsed() == 0
    assert topics(desk, number).count("closed") == (first == "closure")


def test_r_5_9c_closure_and_dispute_at_the_same_moment_have_one_outcome(
    desk: RunningDesk, database: TestDatabase
) -> None:
    number = told(desk)
    travel(desk, WINDOW)
    desk.catch_up()
    owner, start = owner_of(desk, number), threading.Barrier(2)

    def close() -> None:
        with open_desk(database, desk.clock) as own, own.on_pool(database, "processes", PostgresTimers) as timers:
            start.wait(30)
            own.run(close_due, timers)

    worker = threading.Thread(target=close)
    worker.start()
    start.wait(30)
    answer = owner.post(f"/cases/{number}/dispute", {"reason": "no"})
    worker.join(60)
    # At the very deadline a dispute is in time: before the closure, or after it.
    assert answer.is_success, answer.text
    assert read(desk, number)["status"] == "assigned"
    assert topics(desk, number).count("disputed") == 1


def test_r_5_9d_a_mail_of_unclear_intent_holds_the_timer_and_the_window_runs_on(desk: RunningDesk) -> None:
    number = told(desk)
    until = parsed(read(desk, number)["dispute_until"])
    travel(desk, hours=10)
    done(desk.technician.post(f"/cases/{number}/suspect-dispute", {"text": "thanks, but the other one?"}))
    assert "decide_dispute" in owed(desk, number)
    travel(desk, WINDOW)
    assert desk.close_elapsed() == 0
    done(desk.technician.post(f"/cases/{number}/dismiss-dispute", {"reason": "about another printer"}))
    assert parsed(read(desk, number)["dispute_until"]) == until + WINDOW
    travel(desk, timedelta(hours=62) - MICROSECOND)
    assert desk.close_elapsed() == 0
    travel(desk, MICROSECOND)
    assert desk.close_elapsed() == 1


def test_r_5_9e_nothing_but_the_notification_moves_the_deadline(desk: RunningDesk) -> None:
    number = told(desk)
    until = read(desk, number)["dispute_until"]
    travel(desk, hours=5)
    edits: list[tuple[str, dict[str, object]]] = [
        ("notes", {"text": "called to say thanks"}),
        ("correct", {"field": "location", "value": "Room 7", "reason": "misheard"}),
        ("prioritize", {"impact": 3, "severity": 3}),
    ]
    for verb, body in edits:
        done(desk.technician.post(f"/cases/{number}/{verb}", body))
        assert read(desk, number)["dispute_until"] == until


def test_r_5_9f_after_the_window_a_dispute_is_refused_and_told_where_to_go(desk: RunningDesk) -> None:
    number = told(desk)
    travel(desk, WINDOW + MICROSECOND)
    assert desk.close_elapsed() == 1
    problem = refused(
        owner_of(desk, number).post(f"/cases/{number}/dispute", {"reason": "x"}), 409, "dispute-window-closed"
    )
    assert (problem["follow_up_of"], problem["follow_up"]) == (number, f"/cases/{number}/follow-up")


def test_r_5_5d_the_right_to_dispute_survives_a_closure_by_the_customers_word(desk: RunningDesk) -> None:
    number = told(desk)
    confirmation = {"method": "phone", "by": "Jo Field", "at": moment(desk)}
    done(desk.network.post(f"/cases/{number}/close", {"confirmation": confirmation}))
    travel(desk, WINDOW)
    assert done(owner_of(desk, number).post(f"/cases/{number}/dispute", {"reason": "again"}))["status"] == "assigned"


def test_r_5_9d_a_case_that_was_resolved_anew_has_a_window_anew(desk: RunningDesk) -> None:
    number = told(desk)
    travel(desk, hours=71)
    done(owner_of(desk, number).post(f"/cases/{number}/dispute", {"reason": "no"}))
    done(desk.network.post(f"/cases/{number}/verify", VERIFIED))
    done(desk.network.post(f"/cases/{number}/resolve", FIXED))
    travel(desk, hours=2)
    assert desk.close_elapsed() == 0
    desk.send_mail()
    assert parsed(read(desk, number)["dispute_until"]) == desk.clock.now() + WINDOW


def test_r_5_9d_the_window_may_run_to_the_end_of_a_business_day_and_never_less_than_72_h(desk: RunningDesk) -> None:
    admin = desk.caller(Role.ADMIN, "admin")
    for hours in ("PT71H59M", "P2D"):
        shorter = {"changes": {"dispute_window": hours}, "reason": "x"}
        refused(admin.post("/policy", shorter), 422, "validation-failed")
    before = told(desk)
    done(admin.post("/policy", {"changes": {"roll_to_business_day": True}, "reason": "nobody is here at 8"}))
    ends, noon = [parsed(read(desk, before)["dispute_until"])], timedelta(hours=4)
    travel(desk, noon)
    for _ in range(6):  # Monday to Saturday, 12:00 in Chicago
        number = resolved(desk)
        desk.send_mail()
        ends.append(parsed(read(desk, number)["dispute_until"]))
        travel(desk, days=1)
    at_noon, close = datetime(2026, 10, 8, 17, tzinfo=UTC), timedelta(hours=5)
    assert ends[0] == MONDAY + WINDOW  # decided before, and not moved
    assert [end - (at_noon + close) for end in ends[1:]] == [
        *(timedelta(days=days) for days in (0, 1, 4, 4, 4, 5)),  # Thursday, Friday, three times Monday, Tuesday
    ]
    assert last(desk, number, "notified")["data"]["policy"] == "policy/2"


def test_r_5_9d_the_closure_says_under_which_policy_it_was_decided(desk: RunningDesk) -> None:
    number = told(desk)
    done(desk.caller(Role.ADMIN, "admin").post("/policy", {"changes": {"goal_resolve": 0.8}, "reason": "x"}))
    travel(desk, WINDOW)
    assert desk.close_elapsed() == 1
    assert last(desk, number, "notified")["data"]["policy"] == "policy/1"
    assert last(desk, number, "closed")["data"]["policy"] == "policy/2"


def test_r_5_9d_when_it_fires_it_looks_again(desk: RunningDesk, subtests: pytest.Subtests) -> None:
    """The view of what is due may be behind: the case itself knows better."""
    for why in ("disputed", "reopened", "held", "resolved anew"):
        with subtests.test(why):
            number = told(desk)
            resolution = last(desk, number, "resolved")["version"]
            travel(desk, WINDOW - MICROSECOND)
            if why == "held":
                done(desk.technician.post(f"/cases/{number}/suspect-dispute", {"text": "hm"}))
            elif why == "disputed":
                done(owner_of(desk, number).post(f"/cases/{number}/dispute", {"reason": "no"}))
            else:
                done(desk.technician.post(f"/cases/{number}/reopen", {"reason": "no"}))
            if why == "resolved anew":
                resolve(desk, number)
                desk.send_mail()
            travel(desk, MICROSECOND)
            before = history(desk, number)
            with pytest.raises(InvalidTransition):
                desk.office.closure.close_elapsed(number, resolution, REQUEST)
            assert desk.close_elapsed() == 0
            assert history(desk, number) == before


def test_r_5_9d_the_timer_is_durable_a_process_that_starts_late_closes_what_was_due(
    running: RunningDesk, database: TestDatabase, tmp_path: Path
) -> None:
    number = running.resolved()
    running.send_mail()
    command = [sys.executable, "-m", "api.cli", "worker", "projector", "processes", "--once"]
    for ahead, status in (("71", "resolved"), ("73", "closed")):
        told_so = {"CASELEDGER_DATABASE_URL": database.superuser, "CASELEDGER_DATA_DIR": str(tmp_path)}
        environment = {**os.environ, **told_so, "CASELEDGER_CLOCK_AHEAD": ahead}
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)
        assert read(running, number)["status"] == status
    assert last(running, number, "closed")["by"]["subject"] == "system:auto-close"
