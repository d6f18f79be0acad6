"""R-5.2e, R-5.4c: warnings before the targets of a case, breaches and their escalation, beside the case and once."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from application.administration.catalogue import OPERATOR
from application.processes.target_timers import record_due_targets
from domain.catalogue import Customer
from domain.values import Role
from infrastructure.views.questions.timers import PostgresTimers
from tests.acceptance.conftest import RunningDesk, done, refused
from tests.acceptance.travelling import (
    assigned,
    fates,
    in_diagnosis,
    logged,
    mails,
    on_monday,
    owner_of,
    parsed,
    read,
    resolve,
    travel,
)
from tests.blocking import open_desk
from tests.conftest import TestDatabase

MANAGER = {"name": "Dee Manager", "email": "d.manager@desk.example"}
HIGH = {"impact": 1, "severity": 1}
_PATIENCE = 120
"""Events, or seconds without one, until the workers must be done."""


@pytest.fixture
def desk(database: TestDatabase, tmp_path: Path) -> Iterator[RunningDesk]:
    """On a Monday morning, with a duty manager whose address the directory knows."""
    with on_monday(database, tmp_path) as running:
        running.office.catalogue.put("customers", Customer("d.manager"), MANAGER, OPERATOR)
        yield running


def urgent(desk: RunningDesk) -> str:
    """A case of priority 1: to be answered in 15 minutes, and resolved in 2 hours."""
    number = logged(desk)
    done(desk.technician.post(f"/cases/{number}/triage", {"owner": "desk"}))
    done(desk.technician.post(f"/cases/{number}/prioritize", HIGH))
    return number


def targets(desk: RunningDesk, number: str) -> dict[str, Any]:
    shown: dict[str, Any] = done(desk.technician.get(f"/cases/{number}/targets"))
    return shown


def found(desk: RunningDesk, number: str) -> list[tuple[str, str]]:
    """What is on record about the targets of a case, in order."""
    return [(each["data"]["kind"], each["topic"].removeprefix("target.")) for each in targets(desk, number)["events"]]


def test_r_5_2e_from_the_warning_to_the_escalation_and_the_case_does_not_change(desk: RunningDesk) -> None:
    number = urgent(desk)
    before = desk.technician.get(f"/cases/{number}")
    received = parsed(before.json()["received_at"])
    shown = targets(desk, number)["respond"]
    assert (parsed(shown["due_at"]), parsed(shown["warning_at"])) == (
        received + timedelta(minutes=15),
        received + timedelta(minutes=11, seconds=15),
    )
    assert (shown["warned_at"], shown["breached_at"], shown["escalated_to"]) == (None, None, [])

    travel(desk, minutes=11)
    assert desk.record_due_targets() == 0
    warned_at = travel(desk, minutes=1)
    assert desk.record_due_targets() == 1
    breached_at = travel(desk, minutes=3)
    assert desk.record_due_targets() == 1
    assert desk.record_due_targets() == 0
    assert found(desk, number) == [("respond", "warned"), ("respond", "breached"), ("respond", "escalated")]

    shown = targets(desk, number)["respond"]
    assert (parsed(shown["warned_at"]), parsed(shown["breached_at"])) == (warned_at, breached_at)
    assert (shown["escalated_to"], shown["informed"]) == (["duty_manager"], ["d.manager"])
    event = targets(desk, number)["events"][1]
    assert (event["by"]["subject"], event["version"]) == ("system:targets", 2)
    assert {"priority": 1, "service": "printing", "policy": "policy/1"}.items() <= event["data"].items()
    after = desk.technician.get(f"/cases/{number}")
    assert (after.headers["ETag"], after.json()) == (before.headers["ETag"], before.json())


def test_r_5_2e_the_escalation_is_mailed_to_who_holds_the_role(desk: RunningDesk) -> None:
    number = urgent(desk)
    travel(desk, minutes=20)
    desk.record_due_targets()
    assert desk.send_mail() == 1
    assert fates(desk, number) == [["queued", "accepted"]]
    (letter,) = mails(desk, number)
    assert letter.recipients == (MANAGER["email"],)
    assert "Overdue" in letter.subject
    for form in (letter.text, letter.html):
        assert "answer the customer" in form
        assert "08:15 CDT" in form
        assert "resolve it" not in form, "that one is not breached yet"


def test_r_5_2e_one_mail_tells_of_both_targets(desk: RunningDesk) -> None:
    number = urgent(desk)
    travel(desk, hours=3)
    assert desk.record_due_targets() == 1
    assert Counter(topic for _, topic in found(desk, number)) == {"breached": 2, "escalated": 2}
    assert desk.send_mail() == 1
    (letter,) = mails(desk, number)
    assert "answer the customer" in letter.text
    assert "resolve it" in letter.text


def test_r_5_2e_a_mail_that_comes_too_late_is_withdrawn(desk: RunningDesk) -> None:
    number = assigned(desk)
    travel(desk, hours=10)
    desk.record_due_targets()
    resolve(desk, number)
    desk.send_mail()
    assert sorted(fates(desk, number)) == [["queued", "accepted"], ["queued", "withdrawn"]]
    assert found(desk, number)[-1] == ("resolve", "escalated")


def test_r_5_2e_the_policy_says_who_is_told_and_how_often(desk: RunningDesk) -> None:
    admin = desk.caller(Role.ADMIN, "admin")
    desk.office.catalogue.put("customers", Customer("t.lee"), {"email": "t.lee@desk.example"}, OPERATOR)
    changes = {"escalates_to": ["team_member"], "escalations_an_hour": 2, "target_warning": 0.5}
    done(admin.post("/policy", {"changes": changes, "reason": "the team first"}))
    numbers = [assigned(desk) for _ in range(3)]
    assert parsed(targets(desk, numbers[0])["respond"]["warning_at"]) == desk.clock.now() + timedelta(hours=1)
    travel(desk, hours=2)
    assert desk.record_due_targets() == 3
    told = [targets(desk, number)["respond"] for number in numbers]
    assert [each["escalated_to"] for each in told] == [["team_member"]] * 3
    assert sorted(each["informed"] for each in told) == [[], ["t.lee"], ["t.lee"]]
    done(admin.post("/policy", {"changes": {"escalates_to": []}, "reason": "nobody"}))
    number = assigned(desk)
    travel(desk, hours=2)
    desk.record_due_targets()
    assert found(desk, number) == [("respond", "breached")]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"target_warning": 1}, "/changes/target_warning"),
        ({"target_warning": 0}, "/changes/target_warning"),
        ({"escalates_to": ["customer"]}, "/changes/escalates_to"),
        ({"escalations_an_hour": 101}, "/changes/escalations_an_hour"),
    ],
)
def test_r_5_2e_a_policy_that_makes_no_sense_is_refused(
    desk: RunningDesk, changes: dict[str, Any], pointer: str
) -> None:
    answer = desk.caller(Role.ADMIN, "admin").post("/policy", {"changes": changes, "reason": "x"})
    assert [each["pointer"] for each in refused(answer, 422, "validation-failed")["errors"]] == [pointer]


def test_r_5_4c_a_target_that_moved_before_it_fell_due_falls_due_at_its_new_time(desk: RunningDesk) -> None:
    number = assigned(desk)
    travel(desk, hours=1)
    done(desk.network.post(f"/cases/{number}/pend", {"reason_code": "customer", "question": "Which room?"}))
    travel(desk, hours=20)
    assert desk.record_due_targets() == 0
    assert targets(desk, number)["resolve"]["paused_since"] is not None
    travel(desk, hours=4)  # nine in the morning of the next day
    done(desk.network.post(f"/cases/{number}/resume", {"reason": "they answered"}))
    due_at = parsed(read(desk, number)["resolve_by"])
    travel(desk, due_at - desk.clock.now() - timedelta(seconds=1))
    desk.record_due_targets()
    assert found(desk, number) == [("resolve", "warned")]
    travel(desk, seconds=1)
    desk.record_due_targets()
    assert found(desk, number) == [("resolve", "warned"), ("resolve", "breached"), ("resolve", "escalated")]


def test_r_5_4c_a_reassessment_moves_the_targets_and_a_new_one_may_be_breached_anew(desk: RunningDesk) -> None:
    number = urgent(desk)
    travel(desk, minutes=14)
    done(desk.technician.post(f"/cases/{number}/prioritize", {"impact": 2, "severity": 2}))
    travel(desk, minutes=50)
    assert desk.record_due_targets() == 0
    done(desk.technician.post(f"/cases/{number}/prioritize", HIGH))
    desk.record_due_targets()
    assert found(desk, number) == [("respond", "breached"), ("respond", "escalated")]
    done(desk.technician.post(f"/cases/{number}/prioritize", {"impact": 2, "severity": 2}))
    travel(desk, minutes=56)
    desk.record_due_targets()
    assert found(desk, number)[2:] == [("respond", "breached"), ("respond", "escalated")]
    assert targets(desk, number)["respond"]["met_at"] is None


def test_r_5_2e_an_answer_in_time_meets_the_target(desk: RunningDesk) -> None:
    number = urgent(desk)
    answered_at = travel(desk, minutes=5)
    done(desk.technician.post(f"/cases/{number}/notes", {"text": "on our way", "visible_to_customer": True}))
    travel(desk, minutes=60)
    assert desk.record_due_targets() == 0
    assert parsed(targets(desk, number)["respond"]["met_at"]) == answered_at
    assert parsed(read(desk, number)["responded_at"]) == answered_at


def test_r_2_1a_targets_are_read_by_staff(desk: RunningDesk) -> None:
    number = in_diagnosis(desk)
    refused(owner_of(desk, number).get(f"/cases/{number}/targets"), 403, "forbidden")
    refused(desk.technician.get("/cases/INC-9999999/targets"), 404, "not-found")
    without = targets(desk, logged(desk))
    assert (without["respond"], without["resolve"], without["events"]) == (None, None, [])


def test_r_5_2e_two_workers_at_once_record_each_target_once(desk: RunningDesk, database: TestDatabase) -> None:
    numbers = [urgent(desk) for _ in range(4)]
    travel(desk, minutes=20)
    desk.catch_up()
    start, recorded = threading.Barrier(2), list[int]()

    def work() -> None:
        with open_desk(database, desk.clock) as own, own.on_pool(database, "processes", PostgresTimers) as timers:
            start.wait(30)
            recorded.append(own.run(record_due_targets, timers))

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert sum(recorded) == len(numbers)
    assert [found(desk, number) for number in numbers] == [[("respond", "breached"), ("respond", "escalated")]] * 4
    assert [len(fates(desk, number)) for number in numbers] == [1] * 4


def test_r_5_2e_a_worker_that_is_killed_leaves_nothing_out_and_records_nothing_twice(
    running: RunningDesk, database: TestDatabase, tmp_path: Path
) -> None:
    """A worker is killed once it has recorded something. Two others find what it has left."""
    running.office.catalogue.put("customers", Customer("d.manager"), MANAGER, OPERATOR)
    running.caller(Role.DUTY_MANAGER, "d.manager")
    numbers = [urgent(running) for _ in range(20)]
    running.catch_up()
    told_so = {"CASELEDGER_DATABASE_URL": database.superuser, "CASELEDGER_DATA_DIR": str(tmp_path)}
    environment = {**os.environ, **told_so, "CASELEDGER_CLOCK_AHEAD": "1"}
    command = [sys.executable, "-m", "api.cli", "worker", "processes"]
    with psycopg.connect(database.superuser, autocommit=True) as listener, ExitStack() as ending:
        listener.execute("LISTEN stored_events")

        def start() -> subprocess.Popen[bytes]:
            worker = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
            ending.callback(worker.wait, 60)
            ending.callback(worker.kill)
            return worker

        def wait_until(breached: int) -> None:
            statement = "SELECT count(*) FROM ledger.stored_events WHERE topic = 'target.breached'"
            for _ in range(_PATIENCE):
                if listener.execute(statement).fetchall()[0][0] >= breached:
                    return
                for _ in listener.notifies(timeout=1, stop_after=1):
                    pass
            raise AssertionError(f"fewer than {breached} breaches are on record")

        first = start()
        wait_until(1)
        first.kill()
        for _ in range(2):
            start()
        wait_until(len(numbers))
    assert [found(running, number) for number in numbers] == [[("respond", "breached"), ("respond", "escalated")]] * 20
    informed = [len(targets(running, number)["respond"]["informed"]) for number in numbers]
    assert [len(fates(running, number)) for number in numbers] == informed, "a mail for each escalation that names one"
    assert sum(informed) == 10, "the most of an hour"
