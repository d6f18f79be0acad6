"""Warnings before the targets of a case, and their breaches: once for each due time, and never while the clock stands still."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest

from domain.case import Case
from domain.case.clauses.priority import Assessment
from domain.case.target_watch import TargetBreached, TargetWarned, TargetWatch, findings, target_watch_id
from domain.case.targets import TargetKind, watched
from domain.case.terms import PendingReason
from domain.errors import Invalid
from domain.policy import Policy
from domain.policy_book import check_policy
from domain.values import Level
from tests.domain.cases import (
    FIXED,
    HOUR,
    POLICY,
    assigned,
    at,
    by_system,
    by_team,
    closed,
    logged,
    moment,
    positive,
    replayed,
    resolved_at_the_desk,
    said,
    state,
    triaged,
)

RESPOND, RESOLVE = TargetKind.RESPOND, TargetKind.RESOLVE
LOW = Assessment(Level.LOW, Level.LOW)


class Watching:
    """A case, and the timer that looks at it."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.watch: TargetWatch | None = None

    def look(self, minutes: float, policy: Policy = POLICY) -> list[tuple[TargetKind, str]]:
        """What the timer records some minutes after the case was received."""
        found = []
        stream = target_watch_id(self.case.id)
        for finding in list(findings(self.watch, self.case, policy, moment(minutes))):
            by = by_system(minutes)
            self.watch = TargetWatch.found(self.watch, self.case, stream, finding, policy, by)
            found.append((finding.target.kind, "breached" if finding.breached else "warned"))
        return found


@pytest.fixture
def medium() -> Watching:
    """Priority 3 in business hours: to answer in 2 h, to resolve in 9 h. The day closes 9 h after it was received."""
    return Watching(assigned())


def test_r_5_2e_the_clock_starts_when_the_contact_reached_the_desk() -> None:
    case = logged(received_at=moment(-60))
    case.triage("desk", at(1))
    case.prioritize(Assessment(Level.MEDIUM, Level.MEDIUM), POLICY, at(2))
    assert case.respond_by == moment(2 * HOUR), "it was received an hour before the day opened"
    case.prioritize(Assessment(Level.HIGH, Level.HIGH), POLICY, at(3))
    assert Watching(case).look(3) == [(RESPOND, "breached")], "around the clock, since it was received"
    assert [(each.kind, each.due_at) for each in watched(case)] == [(RESPOND, moment(-45)), (RESOLVE, moment(60))]


def test_r_5_2e_each_target_is_warned_of_at_the_share_of_its_time_and_breached_at_its_end(medium: Watching) -> None:
    assert medium.look(89.9) == []
    assert medium.look(90) == [(RESPOND, "warned")]
    assert medium.look(119.9) == []
    assert medium.look(120) == [(RESPOND, "breached")]
    assert medium.look(6.7 * HOUR) == []
    assert medium.look(6.75 * HOUR) == [(RESOLVE, "warned")]
    assert medium.look(9 * HOUR) == [(RESOLVE, "breached")]
    assert medium.look(500 * HOUR) == []


def test_r_5_2e_a_timer_that_comes_late_records_the_breach_alone(medium: Watching) -> None:
    assert medium.look(400 * HOUR) == [(RESPOND, "breached"), (RESOLVE, "breached")]
    assert medium.look(400 * HOUR) == []


def test_r_5_2e_the_share_is_the_policys_and_frozen_with_the_target() -> None:
    early = replace(POLICY, target_warning=0.5)
    case = triaged()
    case.prioritize(Assessment(Level.MEDIUM, Level.MEDIUM), early, at(2))
    assert (case.respond_warning_at, case.resolve_warning_at) == (moment(60), moment(4.5 * HOUR))
    assert Watching(case).look(61) == [(RESPOND, "warned")]


def test_r_5_2e_a_response_in_time_ends_its_target_and_one_too_late_does_not(medium: Watching) -> None:
    medium.case.note(said(), by_team(100), visible_to_customer=True)
    assert medium.look(121) == []
    late = Watching(assigned())
    late.case.note(said(), by_team(130), visible_to_customer=True)
    assert late.look(131) == [(RESPOND, "breached")], "the timer had not come by yet"
    assert late.watch is not None
    (event,) = late.watch.pending_events
    assert isinstance(event, TargetBreached)
    assert (event.due_at, event.ended_at) == (moment(120), moment(130))


def test_r_5_4c_a_pause_moves_the_target_and_the_warning_before_they_fall_due(medium: Watching) -> None:
    medium.case.pend(PendingReason.CUSTOMER, by_team(6 * HOUR), question=said())
    assert medium.look(8 * HOUR) == [(RESPOND, "breached")], (
        "asked after the time to answer; the other clock stands still"
    )
    assert medium.look(300 * HOUR) == []
    medium.case.resume(POLICY, by_team(8 * HOUR))
    assert medium.case.resolve_by == moment(26 * HOUR), "two hours of the next business day"
    assert medium.case.resolve_warning_at == moment(8.75 * HOUR)
    assert medium.look(8.75 * HOUR) == [(RESOLVE, "warned")]
    assert medium.look(25.9 * HOUR) == []
    assert medium.look(26 * HOUR) == [(RESOLVE, "breached")]


def test_r_5_4c_only_what_the_policy_names_stops_the_clock(medium: Watching) -> None:
    medium.case.pend(PendingReason.VENDOR, by_team(10))
    assert medium.look(9 * HOUR) == [(RESPOND, "breached"), (RESOLVE, "breached")]
    other = Watching(assigned())
    other.case.pend(PendingReason.VENDOR, by_team(10))
    vendors = replace(POLICY, pausing=("vendor",))
    assert other.look(9 * HOUR, vendors) == [(RESPOND, "breached")]


def test_r_5_4c_a_pause_after_the_breach_is_no_second_breach(medium: Watching) -> None:
    assert medium.look(9 * HOUR) == [(RESPOND, "breached"), (RESOLVE, "breached")]
    medium.case.pend(PendingReason.CUSTOMER, by_team(25 * HOUR), question=said())
    medium.case.resume(POLICY, by_team(28 * HOUR))
    assert medium.case.resolve_by == moment(9 * HOUR)
    assert medium.look(400 * HOUR) == []


def test_r_5_4c_a_pause_that_began_after_the_target_hides_no_breach(medium: Watching) -> None:
    medium.case.pend(PendingReason.CUSTOMER, by_team(25 * HOUR), question=said())
    assert (RESOLVE, "breached") in medium.look(26 * HOUR)


def test_r_5_4c_a_reassessment_sets_a_new_target_which_may_be_breached_anew(medium: Watching) -> None:
    assert medium.look(121) == [(RESPOND, "breached")]
    medium.case.prioritize(LOW, POLICY, at(130))
    assert medium.look(6 * HOUR) == [], "priority 4 has a day, and a week"
    medium.case.prioritize(Assessment(Level.MEDIUM, Level.MEDIUM), POLICY, at(9 * HOUR))
    assert medium.look(9 * HOUR) == [(RESOLVE, "breached")], "and that to answer was recorded for the same due time"
    medium.case.prioritize(Assessment(Level.HIGH, Level.HIGH), POLICY, at(9 * HOUR))
    assert medium.look(9 * HOUR) == [(RESPOND, "breached"), (RESOLVE, "breached")]


def test_r_5_4c_a_reopened_case_runs_on_with_what_was_left() -> None:
    case = resolved_at_the_desk()
    watching = Watching(case)
    assert watching.look(9 * HOUR) == []
    case.reopen(said(), POLICY, at(9 * HOUR))
    assert case.resolve_by == moment(33 * HOUR - 4), "all but four minutes of the next business day"
    assert watching.look(33 * HOUR) == [(RESPOND, "breached"), (RESOLVE, "breached")]


def test_r_5_4c_a_case_that_was_late_when_it_was_resolved_is_not_late_twice(medium: Watching) -> None:
    assert medium.look(25 * HOUR) == [(RESPOND, "breached"), (RESOLVE, "breached")]
    medium.case.verify(positive(26 * HOUR), by_team(26 * HOUR))
    medium.case.resolve(FIXED, said(), POLICY, by_team(26 * HOUR))
    medium.case.reopen(said(), POLICY, by_team(28 * HOUR))
    assert medium.look(400 * HOUR) == []


def test_what_was_resolved_too_late_is_recorded_until_it_closes(medium: Watching) -> None:
    medium.case.verify(positive(100), by_team(100))
    medium.case.resolve(FIXED, said(), POLICY, by_team(9.1 * HOUR))
    assert medium.look(10 * HOUR) == [(RESOLVE, "breached")]
    assert list(watched(closed())) == []


def test_without_a_priority_there_is_no_target() -> None:
    assert list(watched(triaged())) == []


def test_the_watch_stands_beside_the_case_and_replays(medium: Watching) -> None:
    before = medium.case.version
    medium.look(95)
    medium.look(125)
    watch = medium.watch
    assert watch is not None
    assert medium.case.version == before
    assert [type(event) for event in watch.pending_events] == [TargetWarned, TargetBreached]
    assert watch.id == target_watch_id(medium.case.id) != target_watch_id(uuid4())
    watch.escalate(medium.case, next(watched(medium.case)), ["d.manager"], POLICY, by_system(125))
    assert state(replayed(watch)) == state(watch)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.5, 1.5])
def test_a_warning_comes_before_its_target(share: float) -> None:
    with pytest.raises(Invalid, match="above 0 and below 1"):
        check_policy(replace(POLICY, target_warning=share))


@pytest.mark.parametrize(("name", "value"), [("escalates_to", ("customer",)), ("escalations_an_hour", 101)])
def test_a_policy_escalates_to_staff_and_not_without_end(name: str, value: object) -> None:
    with pytest.raises(Invalid):
        check_policy(replace(POLICY, **{name: value}))  # type: ignore[arg-type]
