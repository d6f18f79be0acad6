"""Many at once: numbers stay distinct, one of two wins, and whatever was accepted is on the record."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from domain.values import Role
from tests.acceptance.conftest import VERIFIED, Answer, Caller, RunningDesk, done, incident, refused

Positions = Callable[[], int]


def at_once(threads: int, act: Callable[[int], Answer]) -> list[Answer]:
    ready = threading.Barrier(threads)

    def run(index: int) -> Answer:
        ready.wait(30)
        return act(index)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, range(threads)))


def persist(caller: Caller, path: str, body: Any, key: str) -> Answer:
    """Send as a good client does: the same key again when told to try again."""
    while (answer := caller.post(path, body, key=key)).status_code == 503:
        refused(answer, 503, "unavailable")
        assert int(answer.headers["retry-after"]) >= 1
    return answer


def topics(running: RunningDesk, number: str) -> Counter[str]:
    items = done(running.auditor.get(f"/cases/{number}/history"))["items"]
    assert [item["version"] for item in items] == list(range(1, len(items) + 1))
    return Counter(item["topic"] for item in items)


def test_r_4_2b_twenty_parallel_creates_give_twenty_distinct_numbers(
    running: RunningDesk, positions: Positions
) -> None:
    answers = at_once(20, lambda _: running.technician.post("/cases", incident()))
    assert len({done(answer)["number"] for answer in answers}) == 20
    assert len({answer.json()["id"] for answer in answers}) == 20
    assert len({answer.headers["Position"] for answer in answers}) == 20
    assert positions() == 20


def test_r_4_2b_numbers_are_distinct_across_two_api_processes(running: RunningDesk, second: RunningDesk) -> None:
    two = (running, second)
    answers = at_once(20, lambda i: two[i % 2].technician.post("/cases", incident()))
    assert len({done(answer)["number"] for answer in answers}) == 20


def test_parallel_resolutions_open_problems_of_distinct_numbers(running: RunningDesk) -> None:
    numbers = [running.verified() for _ in range(8)]
    body = {"code": "fixed", "solution": "s", "workaround": False, "cause_corrected": "unknown"}
    answers = at_once(8, lambda i: running.network.post(f"/cases/{numbers[i]}/resolve", body))
    assert len({done(answer)["problem"] for answer in answers}) == 8


def test_incidents_of_one_problem_resolved_at_once_all_join_it(running: RunningDesk) -> None:
    body = {"code": "fixed", "solution": "s", "workaround": False, "cause_corrected": "no"}
    problem = done(running.network.post(f"/cases/{running.verified()}/resolve", body))["problem"]
    numbers = [running.verified() for _ in range(4)]
    answers = at_once(
        4, lambda i: persist(running.network, f"/cases/{numbers[i]}/resolve", {**body, "problem": problem}, "k")
    )
    assert {done(answer)["problem"] for answer in answers} == {problem}
    linked = [
        event["data"]["incident"]
        for event in done(running.auditor.http.get("/events?limit=1000"))["items"]
        if event["topic"] == "problem.incident_linked"
    ]
    assert sorted(linked) == numbers


def test_of_two_technicians_with_the_same_version_exactly_one_wins(running: RunningDesk, positions: Positions) -> None:
    colleague = running.caller(Role.TECHNICIAN, "b.chen")
    for _ in range(10):
        number = running.prioritized()
        seen = running.technician.get(f"/cases/{number}").headers["etag"]
        before = positions()
        answers = at_once(
            2,
            lambda i, path=f"/cases/{number}/prioritize", seen=seen: (running.technician, colleague)[i].post(  # type: ignore[misc]
                path, {"impact": 2, "severity": i + 1}, match=seen
            ),
        )
        won, lost = sorted(answers, key=lambda answer: answer.status_code)
        assert done(won)["priority"] in (2, 3)
        problem = refused(lost, 412, "stale-version")
        assert lost.headers["etag"] == won.headers["etag"]
        assert [event["data"]["priority"] for event in problem["events"]] == [won.json()["priority"]]
        assert positions() == before + 1


def test_of_eight_assessments_of_one_version_seven_are_told_of_the_first(
    running: RunningDesk, positions: Positions
) -> None:
    number = running.prioritized()
    before = positions()
    answers = at_once(
        8, lambda _: running.technician.post(f"/cases/{number}/pend", {"reason_code": "vendor"}, match='"v3"')
    )
    assert Counter(answer.status_code for answer in answers) == {200: 1, 412: 7}
    assert positions() == before + 1


def test_whatever_it_is_now_loses_nothing_among_eight(running: RunningDesk) -> None:
    number, each = running.assigned(), 6

    def work(index: int) -> Answer:
        for turn in range(each):
            body = {"text": f"{index}.{turn}"}
            answer = persist(running.technician, f"/cases/{number}/notes", body, f"{index}.{turn}")
            done(answer)
        return persist(running.network, f"/cases/{number}/verify", VERIFIED, f"{index}")

    for answer in at_once(8, work):
        done(answer)
    counted = topics(running, number)
    assert (counted["case.noted"], counted["case.verified"]) == (8 * each, 8)
    said = [
        item["data"]["note"]["value"]["text"]
        for item in done(running.auditor.get(f"/cases/{number}/history"))["items"]
        if item["topic"] == "case.noted"
    ]
    assert sorted(said) == sorted(f"{index}.{turn}" for index in range(8) for turn in range(each))


def test_r_5_9f_notes_of_eight_clients_on_one_case_all_fit(running: RunningDesk, second: RunningDesk) -> None:
    """Additions compete with nobody's decision: through two processes at once, none is told to try again."""
    number, each = running.log()["number"], 15

    def work(index: int) -> list[int]:
        ready.wait(30)
        caller = (running, second)[index % 2].technician
        return [caller.post(f"/cases/{number}/notes", {"text": "x"}, match=None).status_code for _ in range(each)]

    ready = threading.Barrier(8)
    with ThreadPoolExecutor(8) as pool:
        statuses = pool.map(work, range(8))
        assert Counter(status for some in statuses for status in some) == {200: 8 * each}
    assert topics(running, number)["case.noted"] == 8 * each


def test_whatever_it_is_now_is_never_told_to_try_again(running: RunningDesk) -> None:
    """A command with `If-Match: *` is decided anew right after the one that was first."""
    number = running.prioritized()

    def work(index: int) -> Answer:
        return running.technician.post(f"/cases/{number}/prioritize", {"impact": 1 + index % 3, "severity": 2})

    assert Counter(answer.status_code for answer in at_once(16, work)) == {200: 16}


def test_pending_and_resuming_at_once_alternate(running: RunningDesk) -> None:
    number = running.prioritized()
    done(running.technician.post(f"/cases/{number}/pend", {"reason_code": "customer"}))

    def work(index: int) -> Answer:
        verb, body = ("resume", {}) if index % 2 else ("pend", {"reason_code": "vendor"})
        return persist(running.technician, f"/cases/{number}/{verb}", body, str(index))

    answers = at_once(8, work)
    for answer in answers:
        if answer.is_error:
            refused(answer, 409, "invalid-transition")
    items = done(running.auditor.get(f"/cases/{number}/history"))["items"]
    marks = [item["topic"] for item in items if item["topic"] in ("case.pended", "case.resumed")]
    assert len(marks) == 1 + sum(answer.is_success for answer in answers)
    assert marks == [("case.pended", "case.resumed")[turn % 2] for turn in range(len(marks))]


@pytest.mark.parametrize("key", [None, "same"])
def test_one_triage_of_sixteen_is_done(running: RunningDesk, positions: Positions, key: str | None) -> None:
    number = running.log()["number"]
    answers = at_once(16, lambda _: running.technician.post(f"/cases/{number}/triage", {"owner": "desk"}, key=key))
    statuses = Counter(answer.status_code for answer in answers)
    if key is None:
        assert statuses[200] == 1
        assert set(statuses) <= {200, 409, 503}
    else:
        assert statuses == {200: 16}
    assert positions() == 2
