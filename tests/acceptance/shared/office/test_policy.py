"""What the organisation decided is data: changed by an event with a reason, and frozen on each decision it was in force for."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from domain.values import Role
from tests.acceptance.conftest import Answer, Caller, RunningDesk, done, incident, refused
from tests.acceptance.office import DHS, administrator, ago, change_policy, put, triaged
from tests.acceptance.travelling import last, read

Positions = Callable[[], int]
SOP = [[1, 2, 3], [2, 3, 4], [3, 4, 4]]
"""The matrix of requirements.md: rows are impact, columns severity, both high to low."""
READ_ONLY = ("version", "book_version", "fields")
FLAT = [[1, 1, 1], [2, 2, 2], [3, 3, 3]]


@pytest.fixture(scope="module")
def admin(running: RunningDesk) -> Caller:
    """The administrator."""
    return administrator(running)


@pytest.fixture(autouse=True)
def _as_it_was(running: RunningDesk, admin: Caller) -> Iterator[None]:
    """After each test the policy says again what the SOP says."""
    yield
    first = done(admin.get("/policy", version=1))
    kept = {name: value for name, value in first.items() if name not in (*READ_ONLY, "matrix")}
    change_policy(admin, **kept, matrix=SOP)


def policy(running: RunningDesk, **given: Any) -> dict[str, Any]:
    said: dict[str, Any] = done(running.auditor.get("/policy", **given))
    return said


def prioritize(running: RunningDesk, number: str, impact: int = 2, severity: int = 2) -> dict[str, Any]:
    body = {"impact": impact, "severity": severity}
    case: dict[str, Any] = done(running.technician.post(f"/cases/{number}/prioritize", body))
    return case


def test_a_desk_starts_with_the_figures_of_the_sop(running: RunningDesk) -> None:
    said = policy(running, version=1)
    assert (said["version"], said["matrix"]) == ("policy/1", {"version": "matrix/1", "rows": SOP})
    assert [(t["respond"], t["resolve"], t["around_the_clock"]) for t in said["targets"]] == [
        ("PT900S", "PT7200S", True),
        ("PT1800S", "PT14400S", False),
        ("PT7200S", "PT32400S", False),
        ("PT32400S", "P1DT75600S", False),
    ]
    hours = said["business"]
    assert (hours["opens"], hours["closes"], hours["weekdays"]) == ("08:00", "17:00", [0, 1, 2, 3, 4])
    assert hours["time_zone"] == "America/Chicago"
    assert {day[5:] for day in hours["holidays"]} >= {"01-01", "07-04", "12-25"}
    assert (said["goal_respond"], said["goal_resolve"], said["pausing"]) == (0.95, 0.9, ["customer"])
    assert (said["dispute_window"], said["backdating_limit"]) == ("P3D", "P3D")


def test_every_field_says_its_unit_and_its_meaning(running: RunningDesk) -> None:
    said = policy(running)
    assert said["fields"].keys() == said.keys() - {"book_version", "fields"}
    assert said["fields"]["business"]["fields"].keys() == said["business"].keys()
    assert said["fields"]["dispute_window"] == {
        "unit": "Interval, wall clock, at least 72 hours",
        "meaning": "From the accepted notification to the automatic closure (R-5.9d).",
    }


def test_r_5_4a_a_changed_matrix_counts_for_the_next_decision_and_for_no_earlier_one(
    running: RunningDesk, admin: Caller
) -> None:
    before = policy(running)
    old = triaged(running)
    assert prioritize(running, old)["priority"] == 3
    decided = last(running, old, "prioritized")["data"]
    assert (decided["matrix"], decided["policy"]) == (before["matrix"]["version"], before["version"])
    changed = change_policy(admin, matrix=FLAT)
    number = before["book_version"] + 1
    assert (changed["version"], changed["matrix"]["version"]) == (f"policy/{number}", f"matrix/{number}")
    new = triaged(running)
    assert prioritize(running, new)["priority"] == 2
    assert last(running, new, "prioritized")["data"]["matrix"] == f"matrix/{number}"
    assert (read(running, old)["priority"], read(running, old)["matrix"]) == (3, before["matrix"]["version"])
    assert last(running, old, "prioritized")["data"] == decided
    again = prioritize(running, old)
    assert (again["priority"], again["matrix"]) == (2, f"matrix/{number}")


def test_r_5_4a_a_change_of_something_else_leaves_the_matrix_its_version(running: RunningDesk, admin: Caller) -> None:
    before = policy(running)
    changed = change_policy(admin, unprioritized_alarm="PT45M")
    assert changed["version"] != before["version"]
    assert changed["matrix"] == before["matrix"]
    number = triaged(running)
    prioritize(running, number)
    decided = last(running, number, "prioritized")["data"]
    assert (decided["policy"], decided["matrix"]) == (changed["version"], before["matrix"]["version"])


def test_every_version_stays_readable(running: RunningDesk, admin: Caller) -> None:
    before = policy(running)
    change_policy(admin, nomination_answer="PT20M")
    assert policy(running)["nomination_answer"] == "PT1200S"
    assert policy(running, version=before["book_version"]) == before
    refused(running.auditor.get("/policy", version=10_000), 404, "not-found")
    refused(running.auditor.get("/policy", version=0), 422, "validation-failed")


def test_r_5_4a_a_changed_policy_counts_in_a_second_process_at_once(
    running: RunningDesk, second: RunningDesk, admin: Caller
) -> None:
    for rows, expected in ((FLAT, 2), (SOP, 3)) * 4:
        changed = change_policy(admin, matrix=rows)
        case = prioritize(second, triaged(second))
        assert (case["priority"], case["matrix"]) == (expected, changed["matrix"]["version"])


def test_a_change_says_who_changed_it_and_why(running: RunningDesk, admin: Caller) -> None:
    answer = admin.post("/policy", {"changes": {"consultation_answer": "PT10M"}, "reason": "the team asked for it"})
    position = int(answer.headers["Position"])
    assert answer.headers["etag"] == f'"v{done(answer)["book_version"]}"'
    (event,) = done(running.auditor.http.get("/events", params={"after": position - 1, "limit": 1}))["items"]
    assert (event["topic"], event["by"]["subject"]) == ("policy.changed", "root")
    assert event["reason"]["digest"]
    assert event["data"]["policy"]["consultation_answer"] == "PT600S"


def test_what_says_the_same_again_is_no_new_version(admin: Caller, positions: Positions) -> None:
    before = done(admin.get("/policy"))
    assert change_policy(admin, matrix=SOP, roll_to_business_day=False) == before
    assert positions() == 0


def test_only_the_administrator_changes_it(
    running: RunningDesk, admin: Caller, positions: Positions, subtests: pytest.Subtests
) -> None:
    manager = running.caller(Role.DUTY_MANAGER, "d.manager")
    others = {"technician": running.technician, "team": running.network, "manager": manager, "auditor": running.auditor}
    before = positions()
    for who, by in others.items():
        with subtests.test(who):
            assert "admin" in refused(by.post("/policy", {"changes": {}, "reason": "x"}), 403, "forbidden")["detail"]
    assert positions() == before


def test_it_is_changed_by_who_has_seen_it(admin: Caller, positions: Positions) -> None:
    body = {"changes": {"roll_to_business_day": True}, "reason": "x"}
    seen = admin.get("/policy").headers["etag"]
    refused(admin.post("/policy", body, match=None), 428, "precondition-required")
    stale = admin.post("/policy", body, match='"v99"')
    refused(stale, 412, "stale-version")
    assert stale.headers["etag"] == seen
    assert positions() == 0
    done(admin.post("/policy", body, match=seen))
    refused(admin.post("/policy", body, match=seen), 412, "stale-version")


def test_of_two_changes_of_one_version_one_is_made(running: RunningDesk, admin: Caller, positions: Positions) -> None:
    seen, both = admin.get("/policy").headers["etag"], threading.Barrier(2)
    other = administrator(running, "root.too")
    before = positions()

    def change(turn: int) -> Answer:
        both.wait(30)
        body = {"changes": {"nomination_answer": f"PT{30 + turn}M"}, "reason": "x"}
        return (admin, other)[turn].post("/policy", body, match=seen)

    with ThreadPoolExecutor(2) as pool:
        won, lost = sorted(pool.map(change, range(2)), key=lambda answer: answer.status_code)
    done(won)
    refused(lost, 412, "stale-version")
    assert positions() == before + 1


def test_a_repeated_change_is_made_once(admin: Caller, positions: Positions) -> None:
    body, key = {"changes": {"nomination_answer": "PT25M"}, "reason": "x"}, uuid.uuid4().hex
    first = admin.post("/policy", body, key=key)
    again = admin.post("/policy", body, key=key)
    assert done(again) == done(first)
    assert again.headers["etag"] == first.headers["etag"]
    refused(admin.post("/policy", {**body, "reason": "y"}, key=key), 422, "idempotency-key-reused")
    assert positions() == 1


@pytest.mark.parametrize(
    ("place", "changes"),
    [
        ("/changes/colour", {"colour": "red"}),
        ("/changes/version", {"version": "policy/99"}),
        ("/changes/dispute_window", {"dispute_window": "PT71H"}),
        ("/changes/inform_customer", {"inform_customer": "-PT1H"}),
        ("/changes/dispute_window", {"dispute_window": "soon"}),
        ("/changes/matrix/rows", {"matrix": [[1, 2, 3], [2, 3, 4]]}),
        ("/changes/matrix/rows/0", {"matrix": [[1, 2], [2, 3, 4], [3, 4, 4]]}),
        ("/changes/matrix", {"matrix": [[1, 2, 3], [2, 3, 4], [3, 4, 5]]}),
        ("/changes/duplicate_threshold", {"duplicate_threshold": 1.5}),
        ("/changes/verification_attempts", {"verification_attempts": 0}),
        ("/changes/verification_methods", {"verification_methods": 4}),
        ("/changes/business", {"business": {"opens": "17:00", "closes": "08:00"}}),
        ("/changes/business/opnes", {"business": {"opnes": "07:00"}}),
        ("/changes/business", {"business": {"time_zone": "Oklahoma"}}),
        ("/changes/targets", {"targets": []}),
        ("/changes/pausing", {"pausing": ["costumer"]}),
        ("/changes/required_information", {"required_information": ["contact", "colour"]}),
        ("/changes/acknowledged", {"acknowledged": ["smoke"]}),
        ("/changes/refused_types", {"refused_types": ["exe"]}),
        ("/changes/refused_endings", {"refused_endings": [".exe"]}),
        ("/changes/contact_methods", {"contact_methods": []}),
        ("/changes/goal_resolve", {"goal_resolve": 90}),
        ("/changes/targets/0/respnd", {"targets": [{"respond": "PT1H", "resolve": "PT2H", "respnd": "PT3H"}] * 4}),
    ],
    ids=lambda value: str(value)[:60],
)
def test_no_policy_says_what_the_sop_does_not_allow(
    admin: Caller, positions: Positions, place: str, changes: dict[str, Any]
) -> None:
    problem = refused(admin.post("/policy", {"changes": changes, "reason": "x"}), 422, "validation-failed")
    assert [error["pointer"] for error in problem["errors"]] == [place]
    assert positions() == 0


def test_what_is_not_allowed_is_refused_before_the_precondition_is_looked_at(admin: Caller) -> None:
    body = {"changes": {"dispute_window": "PT71H"}, "reason": "x"}
    for match in (None, '"v99"'):
        refused(admin.post("/policy", body, match=match), 422, "validation-failed")


def test_new_hours_keep_the_holidays(admin: Caller) -> None:
    before = done(admin.get("/policy"))["business"]
    changed = change_policy(admin, business={"opens": "07:00"})["business"]
    assert changed == {**before, "opens": "07:00"}
    assert len(changed["holidays"]) > 10


def test_a_change_needs_a_reason(admin: Caller, positions: Positions) -> None:
    wrong: tuple[dict[str, Any], ...] = (
        {"changes": {}},
        {"changes": {}, "reason": ""},
        {"reason": "x"},
        {"changes": 7, "reason": "x"},
    )
    for body in wrong:
        refused(admin.post("/policy", body), 422, "validation-failed")
    assert positions() == 0


def test_r_5_2a_how_far_a_contact_may_lie_back_is_policy(running: RunningDesk, admin: Caller) -> None:
    body = {**incident(), "received_at": ago(hours=20), "reason": "the line was down"}
    done(running.technician.post("/cases", body))
    change_policy(admin, backdating_limit="PT12H")
    refused(running.technician.post("/cases", {**body, "subject": "another"}), 422, "validation-failed")
    unexplained = {**incident(), "received_at": ago(hours=2)}
    done(running.technician.post("/cases", unexplained))
    change_policy(admin, backdating_unexplained="PT1H")
    refused(running.technician.post("/cases", unexplained), 422, "validation-failed")


def test_r_5_2c_what_a_case_must_have_is_policy(running: RunningDesk, admin: Caller) -> None:
    before = running.log()
    assert (before["incomplete"], "location" in before["missing"]) == (False, True)
    change_policy(admin, required_information=["contact", "location"])
    assert running.log()["incomplete"] is True
    assert running.log(asset="p-17")["incomplete"] is False
    assert read(running, before["number"])["incomplete"] is False


def test_a_method_of_contact_is_one_of_the_policys_by_whichever_command(
    running: RunningDesk, admin: Caller, positions: Positions
) -> None:
    number = running.log()["number"]
    by = {"method": "carrier pigeon", "at": ago(minutes=1)}
    wrong = {
        ("refer", "/contact/method"): {"help_desk": "dhs", "contact": {**by, "outcome": "informed"}},
        ("verify", "/method"): {**by, "satisfactory": True, "able_to_work": True},
        ("close", "/confirmation/method"): {"confirmation": {**by, "by": "Jo"}},
        ("discharge", "/method"): {**by, "obligation": "inform_customer", "outcome": "informed"},
    }
    before = positions()
    for (verb, pointer), body in wrong.items():
        problem = refused(running.technician.post(f"/cases/{number}/{verb}", body), 422, "unknown-reference")
        assert [error["pointer"] for error in problem["errors"]] == [pointer], verb
        assert "in_person" in problem["errors"][0]["detail"], "the known ones are named"
    assert positions() == before
    change_policy(admin, contact_methods=["phone", "carrier_pigeon"])
    done(put(admin, "/help-desks/dhs", DHS))
    done(running.technician.post(f"/cases/{triaged(running)}/refer", wrong["refer", "/contact/method"]))


def test_r_5_8c_a_method_is_recorded_in_one_spelling(running: RunningDesk, admin: Caller) -> None:
    number = triaged(running)
    done(put(admin, "/help-desks/dhs", DHS))
    told = {"help_desk": "dhs", "contact": {"method": "In person", "outcome": "informed"}}
    done(running.technician.post(f"/cases/{number}/refer", told))
    assert last(running, number, "informed")["data"]["method"] == "in_person"


def test_what_would_have_been_under_another_policy_is_answered_and_not_recorded(
    running: RunningDesk, admin: Caller, positions: Positions
) -> None:
    number = triaged(running)
    prioritize(running, number)
    body = {"changes": {"matrix": FLAT}, "from": ago(hours=1)}
    running.catch_up()
    before = positions()
    answer = done(admin.post("/policy/what-if", body))
    assert {"from": 3, "to": 2} in [
        {key: move[key] for key in ("from", "to")} for move in answer["priorities"]["moves"]
    ]
    assert [answer["changes"]["matrix"][which]["rows"] for which in ("from", "to")] == [SOP, FLAT]
    assert {each["why"] for each in answer["cannot_know"]}
    assert positions() == before
    assert policy(running)["matrix"]["rows"] == SOP


def test_who_may_ask_what_if_and_what_is_no_policy(running: RunningDesk, admin: Caller) -> None:
    body = {"changes": {"dispute_window": "PT96H"}}
    done(running.auditor.post("/policy/what-if", body))
    refused(running.technician.post("/policy/what-if", body), 403, "forbidden")
    refused(admin.post("/policy/what-if", {"changes": {"dispute_window": "PT1H"}}), 422, "validation-failed")
    refused(admin.post("/policy/what-if", {"changes": {"nothing": 1}}), 422, "validation-failed")
