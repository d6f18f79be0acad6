"""Personal data: what a hold keeps, what an erasure says, and what each scope takes (audit.md)."""

from __future__ import annotations

import msgspec
import pytest

from domain.case import Case
from domain.case.status import authorise
from domain.case.terms import LegalHold
from domain.data_subject import DataSubject, subject_id
from domain.errors import Forbidden, Invalid, InvalidTransition, OnHold
from domain.policy import Policy, first_policy
from domain.policy_book import check_policy
from domain.values import DisclosureKind, ErasureScope, Role
from tests.domain.cases import assigned, at, by_system, closed, last, logged, moment, referred, refused, resolved, said

EVERYTHING = ErasureScope.EVERYTHING
STATES = [logged, assigned, resolved, referred, closed]


@pytest.mark.parametrize("state", STATES, ids=lambda state: str(state.__name__))
def test_r_5_9f_a_case_is_held_released_and_erased_in_any_status(state: object) -> None:
    case: Case = state()  # type: ignore[operator]
    status, before = case.status, case.version
    case.place_hold("r.audit", said(), at(60, Role.ADMIN))
    assert case.hold == LegalHold(moment(60), "r.audit")
    case.release_hold("r.audit", said(), by_system(61))
    assert case.hold is None
    case.erase("jo", EVERYTHING, at(62, Role.ADMIN), reason=said())
    assert (case.status, case.version) == (status, before + 3)
    assert (last(case)["subject"], last(case)["scope"]) == ("jo", EVERYTHING)


def test_a_hold_keeps_what_was_said_and_says_in_which_case() -> None:
    case = logged()
    case.place_hold("r.audit", said(), at(1, Role.ADMIN))
    for version in (2, 2):
        with pytest.raises(OnHold, match="INC-0000001 is on legal hold") as held:
            case.erase("jo", EVERYTHING, at(2, Role.ADMIN))
        assert (held.value.cases, case.version) == (("INC-0000001",), version)


def test_a_case_is_held_once_and_released_once() -> None:
    case = logged()
    with refused(case, InvalidTransition, "not on hold"):
        case.release_hold("r.audit", said(), at(1, Role.ADMIN))
    case.place_hold("r.audit", said(), at(2, Role.ADMIN))
    with refused(case, InvalidTransition, "on hold already"):
        case.place_hold("r.audit", said(), at(3, Role.ADMIN))


def test_nobody_but_those_of_the_table_may() -> None:
    for role in set(Role) - {Role.ADMIN, Role.SYSTEM}:
        for command in ("hold", "release_hold", "erase"):
            with pytest.raises(Forbidden, match="admin or system"):
                authorise(at(0, role).by, command)


def test_by_default_what_staff_wrote_stays() -> None:
    assert ErasureScope.CONTACT_AND_WORDS.kinds == set(DisclosureKind) - {DisclosureKind.STAFF_WORDS}
    assert EVERYTHING.kinds == set(DisclosureKind)


def test_a_subject_is_the_same_stream_whoever_erases_him_and_remembers_each_time() -> None:
    subject = DataSubject.of("jo", at(0, Role.ADMIN))
    assert subject.id == subject_id("jo") != subject_id("sam")
    for minute in (1, 2):
        subject.erase(EVERYTHING, "r.audit", 7, said(), at(minute, Role.ADMIN))
    assert (subject.erasures, subject.erased_at, subject.version) == (2, moment(2), 3)
    told = last(subject)
    assert (told["subject"], told["scope"], told["approved_by"], told["disclosures"]) == (
        "jo",
        EVERYTHING,
        "r.audit",
        7,
    )


def test_a_policy_of_before_keeps_what_was_said_for_three_years() -> None:
    stored = msgspec.to_builtins(first_policy())
    del stored["retention"]
    assert msgspec.convert(stored, Policy) == first_policy()


def test_the_retention_period_outlasts_the_dispute_window() -> None:
    policy = first_policy()
    assert policy.retention.days == 3 * 365
    with pytest.raises(Invalid, match="can be disputed"):
        check_policy(Policy(**{**vars(policy), "retention": policy.dispute_window / 2}))
