"""SOP 5.5: the initial diagnosis, by scripts and by what is known already."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.values import Role
from tests.acceptance.conftest import FIXED, Caller, RunningDesk, done, refused
from tests.acceptance.office import SCRIPT, open_office, prioritized, put, triaged
from tests.acceptance.travelling import (
    assigned,
    back_to_monday,
    last,
    moment,
    on_monday,
    topics,
)
from tests.conftest import TestDatabase

Positions = Callable[[], int]
DIAGNOSIS: dict[str, Any] = {"symptoms": "jobs stay queued", "findings": "the spooler has stopped"}
RUN: dict[str, Any] = {
    "script": "printing-basics",
    "steps": [{"step": "power", "answer": "yes, and it hums"}, {"step": "queue", "answer": "no"}],
    "outcome": "the print server",
}


@pytest.fixture(scope="module")
def running(shared_database: TestDatabase, keys: Path) -> Iterator[RunningDesk]:
    """The desk of this file: its clock stands still, and it has a script."""
    with on_monday(shared_database, keys) as desk:
        open_office(desk)
        yield desk


@pytest.fixture(autouse=True)
def _on_monday(running: RunningDesk) -> None:
    back_to_monday(running)


@pytest.fixture
def admin(running: RunningDesk) -> Caller:
    """The administrator, since Monday."""
    return running.caller(Role.ADMIN, "root")


def fresh(desk: RunningDesk, **changes: Any) -> str:
    """A prioritised case of now."""
    return prioritized(desk, received_at=moment(desk), **changes)


def diagnose(desk: RunningDesk, number: str, **more: Any) -> dict[str, Any]:
    case: dict[str, Any] = done(desk.technician.post(f"/cases/{number}/diagnose", {**DIAGNOSIS, **more}))
    return case


# R-5.5a


def test_r_5_5a_a_run_keeps_its_script_steps_answers_outcome_and_who_did_it(running: RunningDesk) -> None:
    number = fresh(running)
    version = done(running.technician.get("/scripts/printing-basics"))["version"]
    assert diagnose(running, number, **RUN)["status"] == "in_diagnosis"
    event = last(running, number, "diagnosed")
    data, said = event["data"], event["data"]["words"]["value"]
    assert (data["script"], data["script_version"]) == ("printing-basics", version)
    assert [step["step"] for step in data["steps"]] == ["power", "queue"]
    assert said == {**DIAGNOSIS, "steps": RUN["steps"], "outcome": "the print server"}
    assert (event["by"]["subject"], event["by"]["role"]) == ("a.ortiz", "technician")
    assert not event["deviations"]


def test_r_5_5a_scripts_are_versioned_and_an_old_run_keeps_the_version_it_followed(
    running: RunningDesk, admin: Caller
) -> None:
    code = f"script-{secrets.token_hex(3)}"
    done(put(admin, f"/scripts/{code}", copy.deepcopy(SCRIPT)))
    old, new = fresh(running), fresh(running)
    diagnose(running, old, script=code, steps=RUN["steps"])
    revised = copy.deepcopy(SCRIPT)
    revised["steps"][0]["question"] = "Is the printer plugged in and on?"
    refused(put(admin, f"/scripts/{code}", revised, match=None), 428, "precondition-required")
    assert done(put(admin, f"/scripts/{code}", revised, match='"v1"'))["version"] == 2
    diagnose(running, new, script=code, steps=RUN["steps"])
    assert last(running, old, "diagnosed")["data"]["script_version"] == 1
    assert last(running, new, "diagnosed")["data"]["script_version"] == 2
    then = done(running.technician.get(f"/scripts/{code}", version=1))
    assert then["steps"][0]["question"] == "Is the printer on?"
    now = done(running.technician.get(f"/scripts/{code}"))
    assert now["steps"][0]["question"] == "Is the printer plugged in and on?"


def test_r_5_5a_a_partial_run_is_kept_and_so_is_the_next_one(running: RunningDesk) -> None:
    number = fresh(running)
    diagnose(running, number, script="printing-basics", steps=RUN["steps"][:1])
    diagnose(running, number, **RUN)
    assert topics(running, number)[3:] == ["diagnosed", "diagnosed"]
    first = done(running.auditor.get(f"/cases/{number}/history"))["items"][3]["data"]
    assert [step["step"] for step in first["steps"]] == ["power"]
    assert "outcome" not in first["words"]["value"]


def test_r_5_5a_a_run_of_what_is_no_script_is_kept_and_says_so(running: RunningDesk) -> None:
    number = fresh(running)
    diagnose(running, number, script="read-the-tea-leaves", steps=RUN["steps"])
    assert last(running, number, "diagnosed")["deviations"] == ["script_not_in_catalogue"]
    strange = [*RUN["steps"], {"step": "kick", "answer": "it fell over"}]
    diagnose(running, number, script="printing-basics", steps=strange)
    event = last(running, number, "diagnosed")
    assert event["deviations"] == ["step_not_in_script"]
    assert event["data"]["words"]["value"]["steps"] == strange


def test_r_5_5a_a_run_is_taken_to_the_letter(
    running: RunningDesk, positions: Positions, subtests: pytest.Subtests
) -> None:
    number = fresh(running)
    before = positions()
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("/symptoms", {"findings": "f"}),
        ("/findings", {"symptoms": "s"}),
        ("/script", {**DIAGNOSIS, "script": "two\nlines"}),
        ("/steps/0/step", {**DIAGNOSIS, "steps": [{"answer": "yes"}]}),
        ("/steps/0/answer", {**DIAGNOSIS, "steps": [{"step": "power"}]}),
        ("/steps/0/colour", {**DIAGNOSIS, "steps": [{"step": "power", "answer": "yes", "colour": "red"}]}),
        ("/outcome", {**DIAGNOSIS, "outcome": 7}),
    ]
    for pointer, body in wrong:
        with subtests.test(pointer):
            problem = refused(running.technician.post(f"/cases/{number}/diagnose", body), 422, "validation-failed")
            assert pointer in [error["pointer"] for error in problem["errors"]]
    assert positions() == before


# R-5.5b


@pytest.fixture(scope="module")
def known(running: RunningDesk) -> str:
    """A known error."""
    problem = {"service": "printing", "title": "Print jobs stay queued", "description": "about once a week"}
    number = done(running.technician.post("/problems", problem))["number"]
    article = {
        "title": "Print jobs stay queued",
        "symptoms": "Jobs stay in the queue, nothing comes out, although the printer is on.",
        "workaround": "Restart the print spooler on the server.",
    }
    published = running.network.post(f"/problems/{number}/known-error", article)
    assert done(published)["status"] == "known_error"
    code: str = done(published)["known_error"]
    return code


def look_up(desk: RunningDesk, number: str, **body: Any) -> dict[str, Any]:
    case: dict[str, Any] = done(desk.technician.post(f"/cases/{number}/known-errors", body))
    return case


def test_r_5_5b_a_known_error_is_found_by_what_the_customer_says(running: RunningDesk, known: str) -> None:
    running.catch_up()
    for asked in ("jobs queued printer", "spooler", "nothing comes out of the queue", "prnt spoler"):
        found = done(running.technician.get("/known-errors", q=asked))["items"]
        assert [item["id"] for item in found] == [known], asked
        assert found[0]["workaround"] == "Restart the print spooler on the server."
    assert done(running.technician.get("/known-errors", q="payroll time sheet"))["items"] == []
    assert done(running.technician.get("/known-errors", q="spooler", service="email"))["items"] == []
    assert [item["id"] for item in done(running.network.get("/known-errors"))["items"]] == [known]
    customer = running.caller(Role.CUSTOMER, "jo.field")
    refused(customer.get("/known-errors", q="spooler"), 403, "forbidden")


def test_r_5_5b_a_look_up_keeps_the_query_what_was_shown_what_was_chosen_and_whether_it_was_applied(
    running: RunningDesk, known: str
) -> None:
    number = fresh(running)
    shown = [known, "KE-0000099"]
    case = look_up(running, number, query="jobs stay queued", shown=shown, chosen=known, applied=True)
    assert case["status"] == "in_diagnosis"
    event = last(running, number, "known_errors_searched")
    assert event["data"]["query"]["value"] == {"query": "jobs stay queued"}
    assert (event["data"]["shown"], event["data"]["chosen"], event["data"]["applied"]) == (shown, known, True)
    assert event["by"]["subject"] == "a.ortiz"
    look_up(running, number, query="jobs stay queued", shown=shown, chosen=known, applied=False)
    assert "applied" not in last(running, number, "known_errors_searched")["data"]


def test_r_5_5b_that_nothing_was_found_is_recorded_too(running: RunningDesk) -> None:
    number = fresh(running)
    assert look_up(running, number, query="smoke comes out", shown=[], applied=False)["status"] == "in_diagnosis"
    data = last(running, number, "known_errors_searched")["data"]
    assert data["query"]["value"] == {"query": "smoke comes out"}
    assert not {"shown", "chosen", "applied"} & data.keys()


def test_r_5_5b_the_team_looks_up_as_well_and_the_case_stays_with_it(running: RunningDesk, known: str) -> None:
    number = assigned(running)
    body = {"query": "queue", "shown": [known], "applied": False}
    refused(running.messaging.post(f"/cases/{number}/known-errors", body), 403, "not-assigned-team")
    assert done(running.network.post(f"/cases/{number}/known-errors", body))["status"] == "assigned"


def test_r_5_5b_what_was_chosen_is_among_what_was_shown(
    running: RunningDesk, known: str, positions: Positions, subtests: pytest.Subtests
) -> None:
    number = fresh(running)
    before = positions()
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("/chosen", {"query": "q", "shown": [], "chosen": known, "applied": False}),
        ("/chosen", {"query": "q", "shown": ["KE-0000099"], "chosen": known, "applied": True}),
        ("/applied", {"query": "q", "shown": [known], "applied": True}),
        ("/query", {"query": "", "shown": [], "applied": False}),
        ("/query", {"shown": [], "applied": False}),
        ("/shown", {"query": "q", "applied": False}),
        ("/shown/0", {"query": "q", "shown": ["two\nlines"], "applied": False}),
        ("/applied", {"query": "q", "shown": []}),
        ("/applied", {"query": "q", "shown": [], "applied": "no"}),
    ]
    for pointer, body in wrong:
        with subtests.test(f"{pointer} {body}"):
            answer = running.technician.post(f"/cases/{number}/known-errors", body)
            problem = refused(answer, 422, "validation-failed")
            assert pointer in [error["pointer"] for error in problem["errors"]]
    assert positions() == before


def test_r_5_5b_a_look_up_comes_after_the_priority(running: RunningDesk, positions: Positions) -> None:
    number, body = triaged(running, received_at=moment(running)), {"query": "q", "shown": [], "applied": False}
    before = positions()
    refused(running.technician.post(f"/cases/{number}/known-errors", body), 409, "priority-required")
    refused(running.technician.post(f"/cases/{number}/known-errors", body, match=None), 428, "precondition-required")
    refused(running.technician.post(f"/cases/{number}/known-errors", body, match='"v9"'), 412, "stale-version")
    refused(running.technician.post("/cases/INC-9999999/known-errors", body), 404, "not-found")
    assert positions() == before


# R-5.5c


def test_r_5_5c_without_symptoms_or_a_diagnosis_nothing_is_assigned(running: RunningDesk, positions: Positions) -> None:
    number = fresh(running)
    before = positions()
    refused(running.technician.post(f"/cases/{number}/assign", {"team": "network"}), 409, "diagnosis-required")
    assert positions() == before
    body = {"team": "network", "diagnosis": "the print server is down"}
    assert done(running.technician.post(f"/cases/{number}/assign", body))["status"] == "assigned"


def test_r_5_5c_a_look_up_is_no_diagnosis(running: RunningDesk, positions: Positions) -> None:
    number = fresh(running)
    look_up(running, number, query="q", shown=[], applied=False)
    before = positions()
    refused(running.technician.post(f"/cases/{number}/resolve", FIXED), 409, "diagnosis-required")
    refused(running.technician.post(f"/cases/{number}/assign", {"team": "network"}), 409, "diagnosis-required")
    assert positions() == before
    diagnose(running, number)
    assert done(running.technician.post(f"/cases/{number}/resolve", FIXED))["status"] == "resolved"


@pytest.mark.parametrize("how", ["logged", "corrected", "diagnosed"])
def test_r_5_5c_symptoms_are_enough_however_they_came_onto_the_case(running: RunningDesk, how: str) -> None:
    number = fresh(running, symptoms="jobs stay queued" if how == "logged" else None)
    if how == "corrected":
        body = {"field": "symptoms", "value": "jobs stay queued", "reason": "he called again"}
        done(running.technician.post(f"/cases/{number}/correct", body))
    elif how == "diagnosed":
        diagnose(running, number)
    assert done(running.technician.post(f"/cases/{number}/assign", {"team": "network"}))["status"] == "assigned"
