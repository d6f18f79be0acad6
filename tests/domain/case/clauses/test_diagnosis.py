"""SOP 5.5: the initial diagnosis, diagnostic scripts and known errors."""

from __future__ import annotations

import pytest

from domain.case.clauses.diagnosis import ScriptRun, StepTaken
from domain.case.status import Status
from domain.errors import DiagnosisRequired, Invalid, InvalidTransition, VerificationRequired
from tests.domain.cases import (
    FIXED,
    POLICY,
    assigned,
    at,
    by_team,
    in_diagnosis,
    last,
    logged,
    prioritized,
    refused,
    resolved,
    said,
    verified,
)


def test_r_5_5a_a_run_keeps_its_script_version_steps_and_actor() -> None:
    case = prioritized()
    run = ScriptRun("printing-basics", 2, (StepTaken("power"), StepTaken("queue")))
    case.diagnose(said("answers"), at(3), run=run)
    event = last(case)
    assert (event["script"], event["script_version"], event["steps"]) == ("printing-basics", 2, run.steps)
    assert (event["words"], vars(event["by"])["subject"]) == (said("answers"), "somebody")
    assert case.status is Status.IN_DIAGNOSIS


def test_r_5_5a_a_partial_run_is_kept_and_so_is_the_next_one() -> None:
    case = prioritized()
    case.diagnose(said("cut off"), at(3), run=ScriptRun("printing-basics", 2, (StepTaken("power"),)))
    case.diagnose(
        said("called back"), at(4), run=ScriptRun("printing-basics", 2, (StepTaken("power"), StepTaken("queue")))
    )
    taken = [vars(event)["steps"] for event in case.pending_events if event.TOPIC == "case.diagnosed"]  # type: ignore[attr-defined]
    assert [len(steps) for steps in taken] == [1, 2]


def test_r_5_5a_what_a_script_does_not_have_is_kept_and_said_to_be_so() -> None:
    case = prioritized()
    case.diagnose(said(), at(3), run=ScriptRun("by-heart", None, (StepTaken("any"),), ("script_not_in_catalogue",)))
    assert (last(case)["script_version"], last(case)["deviations"]) == (None, ("script_not_in_catalogue",))


def test_r_5_5a_a_team_diagnoses_its_case_where_it_is() -> None:
    case = assigned()
    case.diagnose(said(), by_team(5))
    assert case.status is Status.ASSIGNED
    for refuses in (logged(), resolved()):
        with refused(refuses, InvalidTransition):
            refuses.diagnose(said(), at(9))


# R-5.5b


def test_r_5_5b_a_look_up_keeps_what_was_asked_shown_chosen_and_whether_it_was_applied() -> None:
    case = prioritized()
    case.search_known_errors(said("queue stuck"), ("KE-1", "KE-2"), "KE-2", True, at(3), reason=said("fits"))
    event = last(case)
    assert (event["query"], event["shown"], event["chosen"]) == (said("queue stuck"), ("KE-1", "KE-2"), "KE-2")
    assert (event["applied"], event["reason"]) == (True, said("fits"))
    assert case.status is Status.IN_DIAGNOSIS


@pytest.mark.parametrize("shown", [(), ("KE-1",)])
def test_r_5_5b_choosing_none_is_recorded_too(shown: tuple[str, ...]) -> None:
    case = prioritized()
    case.search_known_errors(said(), shown, None, False, at(3))
    assert (last(case)["shown"], last(case)["chosen"], last(case)["applied"]) == (shown, None, False)


def test_r_5_5b_only_what_was_shown_is_chosen_and_only_what_was_chosen_is_applied() -> None:
    case = prioritized()
    with refused(case, Invalid, "shown"):
        case.search_known_errors(said(), ("KE-1",), "KE-2", False, at(3))
    with refused(case, Invalid, "applied"):
        case.search_known_errors(said(), ("KE-1",), None, True, at(3))
    for other in (logged(), resolved()):
        with refused(other, InvalidTransition):
            other.search_known_errors(said(), (), None, False, at(9))


def test_r_5_8a_applying_a_known_error_is_work_and_looking_is_not() -> None:
    case = verified()
    case.search_known_errors(said(), ("KE-1",), "KE-1", False, by_team(6))
    assert case.verified_since_last_work
    case.search_known_errors(said(), ("KE-1",), "KE-1", True, by_team(7))
    with refused(case, VerificationRequired):
        case.resolve(FIXED, said(), POLICY, by_team(8))


# R-5.5c


def test_r_5_5c_symptoms_or_a_diagnosis_are_required_before_assignment() -> None:
    with refused(case := prioritized(), DiagnosisRequired):
        case.assign("network", at(4))
    by_symptoms, by_correction, by_diagnosis, by_words = (
        prioritized(symptomatic=True),
        prioritized(),
        in_diagnosis(),
        prioritized(),
    )
    by_correction.correct("symptoms", at(3), value=None, words=said(), reason=None)
    for ready in (by_symptoms, by_correction, by_diagnosis):
        ready.assign("network", at(4))
    by_words.assign("network", at(4), words=said())
    assert by_words.team == "network"


def test_r_5_5c_symptoms_or_a_diagnosis_are_required_before_resolution() -> None:
    case = prioritized()
    case.search_known_errors(said(), (), None, False, at(3))  # looks, but finds out nothing
    with refused(case, DiagnosisRequired):
        case.resolve(FIXED, said(), POLICY, at(4))
    case.diagnose(said(), at(4))
    case.resolve(FIXED, said(), POLICY, at(5))


def test_r_5_5c_other_corrections_are_no_symptoms() -> None:
    case = prioritized()
    case.correct("location", at(3), value=None, words=said("floor 2"), reason=None)
    with refused(case, DiagnosisRequired):
        case.assign("network", at(4))
