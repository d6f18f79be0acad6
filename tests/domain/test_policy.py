"""What the organisation decided is versioned data, and no policy gives the customer less than the SOP does."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import get_type_hints
from uuid import UUID

import msgspec
import pytest

from domain.errors import Invalid
from domain.policy import GroupRole, Matrix, Policy, Target, first_policy
from domain.policy_book import PolicyAdopted, PolicyBook, check_policy
from domain.values import Level, Role
from tests.domain.cases import POLICY, at, calendar_of, last, moment, refused, replayed, said, state

BACKWARDS = Target(timedelta(hours=2), timedelta(hours=1))
NEVER = Target(timedelta(0), timedelta(hours=1))
OTHER_ROWS = ((1, 1, 2), (2, 3, 4), (3, 4, 4))


def book() -> PolicyBook:
    return PolicyBook.open(PolicyAdopted, UUID(int=1), at(), policy=POLICY)


def test_the_first_policy_says_what_requirements_say() -> None:
    assert POLICY.matrix.rows == ((1, 2, 3), (2, 3, 4), (3, 4, 4))
    assert POLICY.targets == (
        Target(timedelta(minutes=15), timedelta(hours=2), around_the_clock=True),
        Target(timedelta(minutes=30), timedelta(hours=4)),
        Target(timedelta(hours=2), timedelta(hours=9)),
        Target(timedelta(hours=9), timedelta(hours=45)),
    )
    assert (POLICY.goal_respond, POLICY.goal_resolve) == (0.95, 0.90)
    assert (POLICY.dispute_window, POLICY.backdating_limit, POLICY.pausing) == (
        timedelta(hours=72),
        timedelta(hours=72),
        ("customer",),
    )
    assert (POLICY.verification_attempts, POLICY.verification_days, POLICY.verification_methods) == (3, 2, 2)
    assert POLICY.notification_attempts == 3
    business = POLICY.business
    assert (business.time_zone, business.opens, business.closes) == ("America/Chicago", "08:00", "17:00")
    assert business.weekdays == (0, 1, 2, 3, 4)
    check_policy(POLICY)


def test_holidays_are_data() -> None:
    thanksgiving = date(2026, 11, 26)
    policy = first_policy((thanksgiving,))
    assert policy.business.holidays == (thanksgiving,)
    assert not policy.business.is_business_day(thanksgiving)


def test_r_5_4a_impact_is_the_row_and_severity_the_column() -> None:
    matrix = Matrix("m", ((1, 2, 3), (4, 1, 2), (3, 4, 1)))
    assert matrix.priority(Level.HIGH, Level.LOW) == 3
    assert matrix.priority(Level.MEDIUM, Level.HIGH) == 4
    assert matrix.priority(Level.LOW, Level.HIGH) == 3


def test_only_priority_1_runs_around_the_clock() -> None:
    assert [calendar_of(priority).name for priority in (1, 2, 3, 4)] == ["always", *["business"] * 3]


def test_r_5_9d_the_window_is_72_hours_of_wall_clock() -> None:
    assert POLICY.window_from(moment(5)) == moment(5) + timedelta(hours=72)


# versions


def test_a_change_is_an_event_with_the_next_version_and_the_old_one_stays() -> None:
    kept = book()
    kept.change(replace(POLICY, notification_attempts=5), at(1), reason=said("too few"))
    assert (kept.policy.version, kept.policy.notification_attempts, kept.version) == ("policy/2", 5, 2)
    assert (last(kept)["reason"], vars(kept.pending_events[0])["policy"]) == (said("too few"), POLICY)
    assert kept.policy.matrix.version == "matrix/1", "the matrix is the same one"
    assert state(replayed(kept)) == state(kept)


def test_r_5_4a_a_changed_matrix_gets_a_version_that_no_other_had() -> None:
    kept = book()
    kept.change(replace(POLICY, matrix=Matrix("matrix/1", OTHER_ROWS)), at(1), reason=None)
    assert (kept.policy.matrix.version, kept.policy.version) == ("matrix/2", "policy/2")
    kept.change(replace(kept.policy, notification_attempts=5), at(2), reason=None)
    assert (kept.policy.matrix.version, kept.policy.version) == ("matrix/2", "policy/3")
    kept.change(replace(kept.policy, matrix=POLICY.matrix), at(3), reason=None)
    assert (kept.policy.matrix.version, kept.policy.matrix.rows) == ("matrix/4", POLICY.matrix.rows)


def test_nobody_chooses_a_version() -> None:
    kept = book()
    kept.change(replace(POLICY, version="policy/99", notification_attempts=5), at(1), reason=None)
    assert kept.policy.version == "policy/2"


def test_saying_the_same_again_records_nothing() -> None:
    kept = book()
    kept.change(POLICY, at(1), reason=said())
    assert kept.version == 1


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        (replace(POLICY, dispute_window=timedelta(hours=72) - timedelta(microseconds=1)), "/dispute_window"),
        (replace(POLICY, matrix=Matrix("m", ((0, 2, 3), (2, 3, 4), (3, 4, 4)))), "/matrix"),
        (replace(POLICY, matrix=Matrix("m", ((1, 2, 3), (2, 3, 4), (3, 4, 5)))), "/matrix"),
        (replace(POLICY, targets=(BACKWARDS, *POLICY.targets[1:])), "/targets"),
        (replace(POLICY, targets=(*POLICY.targets[:3], NEVER)), "/targets"),
        (replace(POLICY, duplicate_threshold=0), "/duplicate_threshold"),
        (replace(POLICY, duplicate_threshold=1.01), "/duplicate_threshold"),
        (replace(POLICY, verification_attempts=0), "/verification_attempts"),
        (replace(POLICY, verification_days=0), "/verification_attempts"),
        (replace(POLICY, notification_attempts=0), "/verification_attempts"),
        (replace(POLICY, verification_methods=4), "/verification_methods"),
        (replace(POLICY, groups=(GroupRole(" ", Role.TECHNICIAN),)), "/groups/0/group"),
        (replace(POLICY, groups=(GroupRole("desk", Role.SYSTEM),)), "/groups/0/role"),
        (replace(POLICY, groups=(GroupRole("desk", Role.TEAM_MEMBER),)), "/groups/0/team"),
        (replace(POLICY, groups=(GroupRole("desk", Role.TECHNICIAN, "network"),)), "/groups/0/team"),
        (replace(POLICY, groups=2 * (GroupRole("desk", Role.TECHNICIAN),)), "/groups"),
    ],
)
def test_no_policy_says_what_the_sop_does_not_allow(wrong: Policy, pointer: str) -> None:
    kept = book()
    with refused(kept, Invalid):
        kept.change(wrong, at(1), reason=None)
    with pytest.raises(Invalid) as refusal:
        check_policy(wrong)
    assert refusal.value.pointer == pointer


def test_r_5_9d_a_longer_window_is_allowed() -> None:
    check_policy(replace(POLICY, dispute_window=timedelta(days=5), roll_to_business_day=True))


def test_a_policy_from_before_there_were_acknowledgements_has_the_limits_of_the_first() -> None:
    stored = msgspec.to_builtins(POLICY)
    limits = ("acknowledged", "acknowledgement_interval", "automatic_mails_an_hour", "cases_an_hour")
    for name in limits:
        del stored[name]
    assert msgspec.convert(stored, Policy, strict=False) == POLICY
    assert [getattr(POLICY, name) for name in limits] == [("email", "self_service"), timedelta(days=1), 5, 10]


@pytest.mark.parametrize(
    "wrong",
    [
        {"acknowledged": ("smoke signals",)},
        {"acknowledgement_interval": timedelta(-1)},
        {"automatic_mails_an_hour": 0},
        {"cases_an_hour": 0},
    ],
)
def test_limits_that_are_none_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        check_policy(replace(POLICY, **wrong))  # type: ignore[arg-type]


CODE_LISTS = sorted(name for name, hint in get_type_hints(Policy).items() if hint == tuple[str, ...])


def test_the_lists_of_codes_are_those_that_are_checked_here() -> None:
    assert set(CODE_LISTS) == {*ASTRAY, "refused_types", "refused_endings", "contact_methods", "criticalities"}


@pytest.mark.parametrize("name", CODE_LISTS)
def test_r_5_4c_no_list_of_the_policy_takes_a_code_that_does_not_exist(name: str) -> None:
    for code in ("no such code!", "Costumer", ".exe", ""):
        with pytest.raises(Invalid) as refusal:
            check_policy(replace(POLICY, **{name: (*getattr(POLICY, name), code)}))  # type: ignore[arg-type]
        assert refusal.value.pointer == f"/{name}"


ASTRAY = {"pausing": "costumer", "escalates_to": "manager", "required_information": "contacts", "acknowledged": "mail"}


@pytest.mark.parametrize("name", ASTRAY)
def test_r_5_4c_a_misspelt_code_is_refused_and_the_known_ones_are_named(name: str) -> None:
    with pytest.raises(Invalid, match=f"Unknown: {ASTRAY[name]}") as refusal:
        check_policy(replace(POLICY, **{name: (ASTRAY[name],)}))  # type: ignore[arg-type]
    assert all(known in str(refusal.value) for known in getattr(POLICY, name))


@pytest.mark.parametrize("goal", ["goal_respond", "goal_resolve"])
def test_a_goal_is_a_share(goal: str) -> None:
    for wrong in (0, -0.1, 95):
        with pytest.raises(Invalid) as refusal:
            check_policy(replace(POLICY, **{goal: wrong}))  # type: ignore[arg-type]
        assert refusal.value.pointer == f"/{goal}"


# methods of contact


@pytest.mark.parametrize(
    ("given", "method"),
    [("Phone", "phone"), ("In person", "in_person"), ("walk-in", "walk_in"), ("E-Mail", "email"), ("mail", "email")],
)
def test_r_5_8c_a_method_of_contact_has_one_spelling(given: str, method: str) -> None:
    assert POLICY.contact_method(given) == method


@pytest.mark.parametrize("given", ["carrier pigeon", "phne", "-", "alert_recovery", "Monitoring"])
def test_a_method_of_contact_is_one_of_the_policys(given: str) -> None:
    with pytest.raises(Invalid) as refusal:
        POLICY.contact_method(given, "/contact/method")
    assert refusal.value.pointer == "/contact/method"


def test_a_policy_has_as_many_methods_of_contact_as_a_verification_needs() -> None:
    for wrong in ((), ("phone",), ("phone", "phone"), ("phone", "mail"), ("phone", "monitoring")):
        with pytest.raises(Invalid) as refusal:
            check_policy(replace(POLICY, contact_methods=wrong))
        assert refusal.value.pointer == "/contact_methods"
    check_policy(replace(POLICY, contact_methods=("phone", "carrier_pigeon")))
