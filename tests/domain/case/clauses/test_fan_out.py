"""SOP 5.7: linked cases follow a major incident's resolution by an explicit fan-out (R-5.7d)."""

from __future__ import annotations

from contextlib import suppress

import pytest

from domain.case import Case
from domain.case.clauses.resolution import Verifier
from domain.case.status import Status
from domain.case.terms import CauseCorrected, LinkKind, Resolution, ResolutionCode
from domain.errors import (
    DiagnosisRequired,
    InformationRequired,
    Invalid,
    InvalidTransition,
    ProblemLinkRequired,
    ServiceRequired,
)
from domain.values import Nature
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
    declared,
    elapsed,
    in_diagnosis,
    last,
    logged,
    moment,
    positive,
    refused,
    resolved,
    said,
    version_resolved,
)


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
