"""SOP 5.7: what the desk cannot resolve goes to the appropriate service team."""

from __future__ import annotations

from domain.case.status import Status
from domain.errors import InvalidTransition, ServiceRequired
from domain.values import Role
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


def test_r_4_1b_the_service_must_be_set_before_assignment() -> None:
    case = in_diagnosis(service=None)
    with refused(case, ServiceRequired):
        case.assign("network", at(4))
    case.correct("service", at(5), value="printing", words=None, reason=None)
    case.assign("network", at(6))


def test_r_5_7a_a_case_goes_to_a_team_with_its_diagnosis() -> None:
    case = prioritized()
    case.assign("network", at(4), words=said("spooler"), reason=said("theirs"))
    event = last(case)
    assert (case.status, case.team, case.technician) == (Status.ASSIGNED, "network", None)
    assert (event["words"], event["reason"]) == (said("spooler"), said("theirs"))


def test_r_5_7a_a_technician_is_optional_and_may_take_the_case_himself() -> None:
    case = in_diagnosis()
    case.assign("network", at(4), technician="t.lee")
    assert case.technician == "t.lee"
    case.assign("network", at(5))
    assert case.technician is None
    case.accept(at(6, Role.TEAM_MEMBER, "network", subject="k.diaz"))
    assert (case.technician, case.status) == ("k.diaz", Status.ASSIGNED)


def test_r_5_7a_a_team_assigns_its_case_to_another_team() -> None:
    case = assigned()
    case.accept(by_team(5))
    case.assign("messaging", by_team(6))
    assert (case.team, case.technician, case.status) == ("messaging", None, Status.ASSIGNED)


def test_r_5_7a_a_hand_back_is_counted_and_returns_the_case_to_the_desk() -> None:
    case = assigned()
    case.accept(by_team(5))
    case.hand_back(said("not ours"), by_team(5))
    assert (case.status, case.team, case.technician, case.hand_backs) == (Status.IN_DIAGNOSIS, None, None, 1)
    assert (last(case)["team"], last(case)["reason"]) == ("network", said("not ours"))
    case.assign("network", at(6))
    case.hand_back(said("still not"), by_team(7))
    assert case.hand_backs == 2


def test_r_5_8a_a_hand_back_makes_a_verification_old_news() -> None:
    case = verified()
    case.hand_back(said(), by_team(6))
    assert not case.verified_since_last_work


def test_r_5_5c_the_diagnosis_that_a_case_was_assigned_with_stays_one() -> None:
    case = prioritized()
    case.assign("network", at(4), words=said("spooler"))
    case.hand_back(said("not ours"), by_team(5))
    case.assign("messaging", at(6))
    case.hand_back(said("nor ours"), at(7, Role.TEAM_MEMBER, "messaging"))
    case.resolve(FIXED, said(), POLICY, at(8))
    assert case.status is Status.RESOLVED


def test_r_5_7a_only_an_assigned_case_is_accepted_or_handed_back() -> None:
    for case in (logged(), in_diagnosis(), resolved()):
        with refused(case, InvalidTransition):
            case.accept(by_team(9))
        with refused(case, InvalidTransition):
            case.hand_back(said(), by_team(9))
