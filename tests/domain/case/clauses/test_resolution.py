"""SOP 5.8: how a case is resolved, and the Problem Case when the cause remains."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.case.status import Status
from domain.case.terms import CauseCorrected, ResolutionCode
from domain.errors import Invalid, InvalidTransition, ProblemLinkRequired, ServiceRequired
from domain.values import Nature
from tests.domain.cases import (
    FIXED,
    POLICY,
    assigned,
    at,
    by_team,
    in_diagnosis,
    last,
    moment,
    refused,
    resolved,
    resolved_at_the_desk,
    said,
    verified,
)


def test_the_desk_resolves_what_is_with_the_desk_and_the_team_what_is_with_the_team() -> None:
    with refused(with_team := verified(), InvalidTransition):
        with_team.resolve(FIXED, said(), POLICY, at(6))
    with refused(at_the_desk := in_diagnosis(), InvalidTransition):
        at_the_desk.resolve(FIXED, said(), POLICY, by_team(5))


# R-4.1b, R-4.2a, R-4.2c, R-5.8e


def test_r_4_1b_the_service_must_be_set_before_resolution() -> None:
    for code in (ResolutionCode.FIXED, ResolutionCode.AVERTED, ResolutionCode.NOT_REPRODUCIBLE):
        with refused(case := in_diagnosis(service=None), ServiceRequired):
            case.resolve(replace(FIXED, code=code), said(), POLICY, at(4))


def test_r_4_2c_what_is_no_incident_needs_no_service_and_leaves_the_figures() -> None:
    case = in_diagnosis(service=None)
    case.resolve(replace(FIXED, code=ResolutionCode.RECLASSIFIED_REQUEST), said(), POLICY, at(4))
    assert (case.status, last(case)["first_contact"]) == (Status.RESOLVED, False)


def test_r_4_2a_an_impending_incident_that_never_happened_is_averted() -> None:
    case = in_diagnosis(nature=Nature.IMPENDING)
    case.resolve(replace(FIXED, code=ResolutionCode.AVERTED), said(), POLICY, at(4))
    assert case.resolution is not None
    assert case.resolution.code is ResolutionCode.AVERTED
    with refused(happened := in_diagnosis(), Invalid, "not happened"):
        happened.resolve(replace(FIXED, code=ResolutionCode.AVERTED), said(), POLICY, at(4))


def test_r_5_8e_code_solution_and_whether_it_is_a_workaround_are_recorded() -> None:
    case = in_diagnosis()
    around = replace(FIXED, code=ResolutionCode.WORKAROUND, workaround=True)
    case.resolve(around, said("use the other tray"), POLICY, at(4), reason=said("no spare part"))
    event = last(case)
    assert (event["code"], event["workaround"], event["solution"]) == ("workaround", True, said("use the other tray"))
    assert (event["resolved_at"], event["reason"]) == (moment(4), said("no spare part"))
    assert (case.resolution, case.solution, case.resolved_at) == (around, said("use the other tray"), moment(4))


@pytest.mark.parametrize("code", ["referred", "duplicate", "not_recorded"])
def test_r_5_8e_a_code_that_another_command_gives_is_not_given_by_resolving(code: str) -> None:
    carries = replace(FIXED, code=ResolutionCode(code), cause_corrected=CauseCorrected.NOT_APPLICABLE)
    with refused(case := in_diagnosis(), Invalid):
        case.resolve(carries, said(), POLICY, at(4))


# R-5.5e


def test_r_5_5e_first_contact_is_the_desks_own_and_never_a_teams() -> None:
    assert last(resolved_at_the_desk())["first_contact"] is True
    assert last(resolved())["first_contact"] is False
    case = assigned()
    case.hand_back(said(), by_team(5))
    case.resolve(FIXED, said(), POLICY, at(6))
    assert last(case)["first_contact"] is False, "a team has had it"


# R-5.8.1a


@pytest.mark.parametrize("cause", [CauseCorrected.NO, CauseCorrected.UNKNOWN])
@pytest.mark.parametrize("code", [ResolutionCode.FIXED, ResolutionCode.WORKAROUND])
def test_r_5_8_1a_a_remaining_cause_needs_a_problem(code: ResolutionCode, cause: CauseCorrected) -> None:
    remaining = replace(FIXED, code=code, cause_corrected=cause)
    with refused(case := in_diagnosis(), ProblemLinkRequired):
        case.resolve(remaining, said(), POLICY, at(4))
    case.resolve(replace(remaining, problem="PRB-0000001"), said(), POLICY, at(4))
    assert (case.status, last(case)["problem"]) == (Status.RESOLVED, "PRB-0000001")


@pytest.mark.parametrize("cause", [CauseCorrected.NOT_APPLICABLE, CauseCorrected.NOT_RECORDED])
@pytest.mark.parametrize("code", [ResolutionCode.FIXED, ResolutionCode.WORKAROUND])
def test_r_5_8_1a_what_is_fixed_or_worked_around_states_its_cause(code: ResolutionCode, cause: CauseCorrected) -> None:
    with refused(case := in_diagnosis(), Invalid):
        case.resolve(replace(FIXED, code=code, cause_corrected=cause), said(), POLICY, at(4))


@pytest.mark.parametrize("code", ["averted", "reclassified_request", "not_reproducible"])
def test_r_5_8_1a_codes_without_a_cause_need_no_problem(code: str) -> None:
    case = in_diagnosis(nature=Nature.IMPENDING)
    case.resolve(replace(FIXED, code=ResolutionCode(code), cause_corrected=CauseCorrected.NO), said(), POLICY, at(4))
    assert case.status is Status.RESOLVED
