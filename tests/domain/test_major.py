"""SOP 5.7: major incidents are nominated, answered in time, declared, spoken of, reviewed, and fanned out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from domain.case import Case
from domain.case.clauses.major_incident import Declaration
from domain.case.clauses.resolution import Verifier
from domain.case.status import Status
from domain.case.terms import CauseCorrected, LinkKind, Major, Resolution, ResolutionCode
from domain.errors import (
    DiagnosisRequired,
    Forbidden,
    InformationRequired,
    Invalid,
    InvalidTransition,
    ProblemLinkRequired,
    ServiceRequired,
)
from domain.obligation import Obligation, ObligationKind
from domain.values import Nature, Provenance, Role
from tests.domain.cases import (
    FIRST,
    FIXED,
    HOUR,
    POLICY,
    SECOND,
    assigned,
    at,
    by_system,
    by_team,
    closed,
    elapsed,
    in_diagnosis,
    last,
    logged,
    moment,
    positive,
    prioritized,
    refused,
    resolved,
    said,
    triaged,
    version_resolved,
)

DECLARATION = Declaration("t.lee", timedelta(minutes=30), said("the CIO's office"))
LATE = 10 + POLICY.nomination_answer / timedelta(minutes=1)


def nominated() -> Case:
    """With its team, nominated at minute 10."""
    case = assigned()
    case.nominate(POLICY, at(10), reason=said("three floors"))
    return case


def declared() -> Case:
    """Declared at minute 11."""
    case = nominated()
    case.declare(DECLARATION, POLICY, by_team(11))
    return case


def by_manager(minutes: float) -> Provenance:
    return at(minutes, Role.DUTY_MANAGER, subject="d.manager")


# R-5.7b


@pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.INTAKE, Role.SYSTEM])
@pytest.mark.parametrize("make", [logged, triaged, prioritized, in_diagnosis, assigned, resolved])
def test_r_5_7b_desk_and_monitoring_nominate_any_open_case(make: Callable[[], Case], role: Role) -> None:
    case = make()
    case.nominate(POLICY, at(10, role), reason=said("three floors"))
    assert (case.major, last(case)["reason"]) == (Major.NOMINATED, said("three floors"))


def test_r_5_7b_a_closed_case_is_not_nominated_nor_one_twice() -> None:
    for case in (closed(), nominated(), declared()):
        with refused(case, InvalidTransition):
            case.nominate(POLICY, at(20))


def test_r_5_7b_the_team_owes_an_answer_by_a_time() -> None:
    assert nominated().obligations == {
        "answer_nomination": Obligation(ObligationKind.ANSWER_NOMINATION, moment(LATE), Role.TEAM_MEMBER, "network")
    }


def test_r_5_7b_the_team_rejects_with_a_reason() -> None:
    case = nominated()
    case.reject(said("one printer"), by_team(11))
    assert (case.major, case.obligations, last(case)["reason"]) == (Major.REJECTED, {}, said("one printer"))
    assert last(case)["deviations"] == ()
    with refused(case, InvalidTransition, "not nominated"):
        case.reject(said(), by_team(12))
    case.nominate(POLICY, at(13))
    assert case.major is Major.NOMINATED


def test_r_5_7b_the_team_declares_with_or_without_a_nomination() -> None:
    for case in (nominated(), assigned()):
        case.declare(DECLARATION, POLICY, by_team(11))
        assert (case.major, last(case)["deviations"]) == (Major.DECLARED, ())
        assert "answer_nomination" not in case.obligations
        with refused(case, InvalidTransition, "declared already"):
            case.declare(DECLARATION, POLICY, by_team(12))
        with refused(case, InvalidTransition, "not nominated"):
            case.reject(said(), by_team(12))


@pytest.mark.parametrize("make", [logged, prioritized, in_diagnosis, resolved])
def test_r_5_7b_only_an_assigned_case_is_declared(make: Callable[[], Case]) -> None:
    with refused(case := make(), InvalidTransition):
        case.declare(DECLARATION, POLICY, by_team(11))


def test_r_5_7b_the_duty_manager_declares_only_when_the_team_is_late_which_is_a_deviation() -> None:
    case = nominated()
    just_before = by_manager(LATE - 1e-6)
    with refused(case, Forbidden, "in time"):
        case.declare(DECLARATION, POLICY, just_before)
    with refused(case, Forbidden, "in time"):
        case.reject(said(), just_before)
    case.declare(DECLARATION, POLICY, by_manager(LATE))
    assert (case.major, last(case)["deviations"]) == (Major.DECLARED, ("declared_by_duty_manager",))
    assert "answer_nomination" not in case.obligations


def test_r_5_7b_the_duty_manager_may_reject_a_late_one_too() -> None:
    case = nominated()
    case.reject(said(), by_manager(LATE))
    assert (case.major, last(case)["deviations"]) == (Major.REJECTED, ("rejected_by_duty_manager",))


def test_r_5_7b_without_a_nomination_the_duty_manager_declares_nothing() -> None:
    with refused(case := assigned(), Forbidden):
        case.declare(DECLARATION, POLICY, by_manager(1000))
    case = nominated()
    case.reject(said(), by_team(11))
    with refused(case, Forbidden):
        case.declare(DECLARATION, POLICY, by_manager(1000))


def test_r_5_7b_what_is_resolved_is_rejected_no_more() -> None:
    case = nominated()
    case.verify(positive(11), by_team(11))
    case.resolve(FIXED, said(), POLICY, by_team(12))
    with refused(case, InvalidTransition, "resolved"):
        case.reject(said(), by_team(13))


def test_r_5_7b_a_late_team_may_still_answer() -> None:
    case = nominated()
    case.declare(DECLARATION, POLICY, by_team(LATE + 60))
    assert last(case)["deviations"] == ()


def test_r_5_7b_nobody_owes_an_answer_about_what_is_settled() -> None:
    case = assigned()
    case.verify(positive(5), by_team(5))
    case.nominate(POLICY, at(6))
    case.resolve(FIXED, said(), POLICY, by_team(7))
    assert case.obligations == {}
    case = resolved()
    case.nominate(POLICY, at(8))
    case.close(POLICY, at(9, Role.CUSTOMER))
    assert case.obligations == {}


# R-5.7c


def test_r_5_7c_declaring_names_an_owner_a_schedule_management_and_a_review() -> None:
    case, event = declared(), last(declared())
    assert (case.major_owner, case.communication_every) == ("t.lee", timedelta(minutes=30))
    assert (event["management"], event["outage_report"]) == (said("the CIO's office"), "outage-report/1")
    assert {key: (owed.due_at, owed.role, owed.team) for key, owed in case.obligations.items()} == {
        "inform_management": (moment(11) + POLICY.inform_management, Role.TEAM_MEMBER, "network"),
        "communicate": (moment(41), Role.TEAM_MEMBER, "network"),
        "review_major": (moment(11) + POLICY.major_review, Role.TEAM_MEMBER, "network"),
    }


def test_r_5_7c_management_is_informed_once_and_messages_recur() -> None:
    case = declared()
    case.discharge("inform_management", "phone", moment(12), by_team(12), words=said("told"))
    assert set(case.obligations) == {"communicate", "review_major"}
    assert (last(case)["method"], last(case)["at"], last(case)["words"]) == ("phone", moment(12), said("told"))
    for minute in (40, 75):  # one in time, one late: the next is due from when it was done
        case.discharge("communicate", "mail", moment(minute), by_team(minute))
        owed = case.obligations["communicate"]
        assert (owed.due_at, owed.team) == (moment(minute + 30), "network")
    with refused(case, InvalidTransition, "not owing"):
        case.discharge("inform_management", "phone", moment(80), by_team(80))


def test_r_5_7c_the_resolution_ends_the_schedule_and_the_review_remains_after_the_closing() -> None:
    case = declared()
    case.verify(positive(12), by_team(12))
    case.resolve(FIXED, said(), POLICY, by_team(13))
    assert set(case.obligations) == {"inform_management", "review_major"}
    case.close(POLICY, at(14, Role.CUSTOMER))
    case.discharge("review_major", "meeting", moment(10000), by_team(10000))
    assert set(case.obligations) == {"inform_management"}


# R-5.7d


def parts() -> tuple[Case, Case]:
    """A major incident, resolved, and a case that is part of it."""
    parent, part = declared(), logged(SECOND, customer="sam", symptomatic=True)
    part.mirror(FIRST, LinkKind.PART, by_team(11))
    parent.mirror(SECOND, LinkKind.MAJOR, by_team(11))
    parent.verify(positive(12), by_team(12))
    parent.resolve(FIXED, said(), POLICY, by_team(13))
    return parent, part


def test_r_5_7d_a_part_follows_only_by_an_explicit_fan_out() -> None:
    parent, part = parts()
    assert (part.status, part.links, parent.parts()) == (Status.LOGGED, {FIRST: LinkKind.MAJOR}, [SECOND])
    assert parent.resolution is not None
    part.resolve_with(FIRST, parent.resolution, said("the switch"), POLICY, by_team(14))
    parent.fanned_out((SECOND,), by_team(14))
    assert (part.status, last(part)["verifier"], last(part)["first_contact"]) == (
        Status.RESOLVED,
        Verifier.PARENT,
        False,
    )
    assert (last(parent)["cases"], part.solution) == ((SECOND,), said("the switch"))


def test_r_5_7d_every_case_has_its_own_window_and_returns_to_where_it_was() -> None:
    parent, part = parts()
    part.resolve_with(FIRST, FIXED, said(), POLICY, by_team(14))
    parent.notified("<1@desk>", version_resolved(parent), POLICY, by_system(15))
    assert part.dispute_until is None
    part.notified("<2@desk>", version_resolved(part), POLICY, by_system(20))
    assert part.dispute_until == moment(20 + 72 * HOUR)
    part.dispute(moment(30), POLICY, at(30))
    assert (part.status, parent.status) == (Status.LOGGED, Status.RESOLVED)


def test_r_5_7d_only_what_is_linked_and_open_follows() -> None:
    with refused(case := in_diagnosis(number=SECOND), InvalidTransition, "not linked"):
        case.resolve_with(FIRST, FIXED, said(), POLICY, by_team(14))
    for settled in (resolved(number=SECOND), closed(number=SECOND)):
        settled.mirror(FIRST, LinkKind.PART, by_team(11))
        with refused(settled, InvalidTransition):
            settled.resolve_with(FIRST, FIXED, said(), POLICY, by_team(14))


def test_r_5_7d_a_fan_out_is_of_what_is_settled() -> None:
    for case in (assigned(), in_diagnosis()):
        with refused(case, InvalidTransition):
            case.fanned_out((SECOND,), by_team(14))
    elapsed().fanned_out((SECOND,), by_team(5000))


def test_r_5_7d_what_follows_is_held_to_the_same_rules_of_what_it_is() -> None:
    changes: list[tuple[dict[str, object], type[Exception]]] = [
        ({"service": None}, ServiceRequired),  # R-4.1b
        ({"required": ("contact",), "missing": ("contact",)}, InformationRequired),  # R-5.2c
        ({"symptomatic": False}, DiagnosisRequired),  # R-5.5c
    ]
    for change, error in changes:
        part = logged(SECOND, **{"symptomatic": True, **change})
        part.mirror(FIRST, LinkKind.PART, by_team(11))
        with refused(part, error):  # type: ignore[arg-type]
            part.resolve_with(FIRST, FIXED, said(), POLICY, by_team(14))


def test_r_4_2a_only_what_has_not_happened_follows_as_averted() -> None:
    averted = Resolution(ResolutionCode.AVERTED, workaround=False, cause_corrected=CauseCorrected.NOT_APPLICABLE)
    for nature, status in ((Nature.ACTUAL, Status.LOGGED), (Nature.IMPENDING, Status.RESOLVED)):
        part = logged(SECOND, symptomatic=True, nature=nature)
        part.mirror(FIRST, LinkKind.PART, by_team(11))
        with suppress(Invalid):
            part.resolve_with(FIRST, averted, said(), POLICY, by_team(14))
        assert part.status is status


def test_r_5_8_1a_what_follows_needs_the_problem_too() -> None:
    _, part = parts()
    remaining = type(FIXED)(ResolutionCode.FIXED, False, "no")  # type: ignore[arg-type]
    with refused(part, ProblemLinkRequired):
        part.resolve_with(FIRST, remaining, said(), POLICY, by_team(14))


@pytest.mark.parametrize("code", [ResolutionCode.REFERRED, ResolutionCode.DUPLICATE])
def test_r_5_7d_nothing_follows_a_referral_or_a_duplicate(code: ResolutionCode) -> None:
    _, part = parts()
    with refused(part, Invalid):
        part.resolve_with(FIRST, type(FIXED)(code, False, FIXED.cause_corrected), said(), POLICY, by_team(14))
