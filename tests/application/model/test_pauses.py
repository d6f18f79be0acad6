"""R-5.4c: paused time is conserved by every sequence of commands: no command loses a pause, and none invents one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import repeat
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.views.cases import new_fold
from domain.case import Case
from domain.case.clauses.closure import Confirmation
from domain.case.clauses.history_import import Observation
from domain.case.clauses.priority import Assessment
from domain.case.status import SETTLED, Status
from domain.case.terms import LinkKind, PendingReason
from domain.errors import DomainError
from domain.policy import Policy
from domain.values import Level, Role
from tests.domain.cases import (
    FIRST,
    FIXED,
    HIGH,
    POLICY,
    SECOND,
    at,
    by_system,
    by_team,
    calendar_of,
    in_diagnosis,
    logged,
    moment,
    positive,
    report,
    said,
    verified,
)

CODES = [("customer",), (), ("vendor", "problem"), ("customer", "vendor", "evidence")]


@dataclass
class Stopwatch:
    """Measures a case from outside: what it waits for and whether it is resolved, looked at after every command."""

    since: datetime | None = None
    waits_for: PendingReason | None = None
    settled_since: datetime | None = None
    stood_still: list[tuple[datetime, datetime]] = field(default_factory=list)

    def look(self, case: Case, now: datetime, policy: Policy) -> None:
        waits_for = case.pending.reason if case.pending else None
        if waits_for is not self.waits_for:
            if self.since is not None and self.waits_for in policy.pausing:
                self.stood_still.append((self.since, now))
            self.since, self.waits_for = (now if waits_for else None), waits_for
        resolved_at = case.resolved_at if case.status in SETTLED else None
        if resolved_at != self.settled_since:
            if self.settled_since is not None:
                self.stood_still.append((self.settled_since, now))
            self.settled_since = resolved_at

    @property
    def total(self) -> timedelta:
        return sum((until - since for since, until in self.stood_still), timedelta())


def total(case: Case) -> timedelta:
    return sum((until - since for since, until in case.pauses), timedelta())


@dataclass
class Act:
    """One command on one of two cases, with what follows on the other one."""

    case: Case
    other: Case
    policy: Policy
    minutes: int

    def pend(self, reason: str) -> None:
        self.case.pend(PendingReason(reason), at(self.minutes))

    def resume(self) -> None:
        self.case.resume(self.policy, at(self.minutes))

    def prioritize(self, level: str) -> None:
        self.case.prioritize(Assessment(Level(int(level)), Level(int(level))), self.policy, at(self.minutes))

    def assign(self) -> None:
        self.case.assign("network", at(self.minutes))

    def hand_back(self) -> None:
        self.case.hand_back(said(), by_team(self.minutes))

    def resolve(self) -> None:
        by = by_team(self.minutes) if self.case.team else at(self.minutes)
        self.case.verify(positive(self.minutes), by)
        self.case.resolve(FIXED, said(), self.policy, by)
        self._take_along()

    def follow(self) -> None:
        self.case.resolve_with(self.other.number, FIXED, said(), self.policy, by_team(self.minutes))
        self._take_along()

    def dispute(self) -> None:
        self.case.dispute(moment(self.minutes), self.policy, at(self.minutes, Role.CUSTOMER))
        self._take_along()

    def reopen(self) -> None:
        self.case.reopen(said(), self.policy, at(self.minutes))
        self._take_along()

    def _take_along(self) -> None:
        if self.case.links.get(self.other.number) is LinkKind.DUPLICATE:
            self.other.follow(self.case, self.policy, by_system(self.minutes))

    def close(self) -> None:
        confirmation = Confirmation("phone", moment(self.minutes))
        self.case.close(self.policy, at(self.minutes), confirmation=confirmation)
        self._take_along()

    def tell(self) -> None:
        self.case.notified("<1@desk>", self.case.resolution_version or 0, self.policy, by_system(self.minutes))

    def relate(self) -> None:
        self.case.relate(self.other, None, at(self.minutes))
        self.other.mirror(self.case.number, LinkKind.RELATED, at(self.minutes))

    def duplicate(self) -> None:
        self.case.duplicate(self.other, None, self.policy, at(self.minutes))
        self.other.mirror(self.case.number, LinkKind.DUPLICATE_OF, at(self.minutes))

    def unrelate(self) -> None:
        self.case.unrelate(self.other.number, self.policy, at(self.minutes))
        self.other.unmirror(self.case.number, self.policy, at(self.minutes))


VERBS = (
    *("pend customer", "pend vendor", "pend problem", "resume", "prioritize 1", "prioritize 2", "prioritize 3"),
    *("assign", "hand_back", "resolve", "dispute", "reopen", "close", "tell", "relate", "follow"),
    *("duplicate", "unrelate", "duplicate", "unrelate"),
)
STEPS = st.lists(
    st.tuples(st.sampled_from(VERBS), st.booleans(), st.integers(1, 600), st.sampled_from(CODES)), max_size=25
)


@settings(max_examples=300, deadline=None)
@given(steps=STEPS)
def test_r_5_4c_paused_time_is_conserved_by_every_sequence_of_commands(
    steps: list[tuple[str, bool, int, tuple[str, ...]]],
) -> None:
    first, second = in_diagnosis(number=FIRST), in_diagnosis(number=SECOND)
    watches = {FIRST: Stopwatch(), SECOND: Stopwatch()}
    minutes = 10
    for name, swapped, later, pausing in steps:
        minutes += later
        policy = replace(POLICY, pausing=pausing)
        case, other = (second, first) if swapped else (first, second)
        verb, *what = name.split()
        with suppress(DomainError):
            getattr(Act(case, other, policy, minutes), verb)(*what)
        for case in (first, second):
            watch = watches[case.number]
            watch.look(case, moment(minutes), policy)
            assert total(case) == watch.total, (name, case.number)
            assert reported(case) == watch.total, "one definition for targets and reports"
            assert sorted(case.pauses) == list(case.pauses), "pauses follow one another"
            assert case.priority is not None
            target, calendar = POLICY.targets[case.priority - 1], calendar_of(case.priority)
            assert case.resolve_by == calendar.add(case.received_at, target.resolve, watch.stood_still), name


ROWS = st.lists(
    st.tuples(
        st.sampled_from(
            [Status.IN_DIAGNOSIS, Status.IN_DIAGNOSIS, Status.IN_DIAGNOSIS, Status.RESOLVED, Status.CLOSED]
        ),
        st.sampled_from([None, *PendingReason]),
        st.integers(1, 600),
        st.sampled_from(CODES),
    ),
    max_size=15,
)


@settings(max_examples=100, deadline=None)
@given(rows=ROWS)
def test_r_5_4c_the_pauses_of_imported_history_count_like_our_own(
    rows: list[tuple[Status, PendingReason | None, int, tuple[str, ...]]],
) -> None:
    case, watch, minutes = Case.log_imported(UUID(int=1), FIRST, report(), at()), Stopwatch(), 0
    for status, waiting_for, later, pausing in rows:
        minutes += later
        policy, waits_for = replace(POLICY, pausing=pausing), waiting_for if status is Status.IN_DIAGNOSIS else None
        case.observe(Observation(status, waits_for), policy, moment(minutes), repeat(at(minutes)))
        watch.look(case, moment(minutes), policy)
        assert total(case) == watch.total
        assert reported(case) == watch.total
    if case.status is Status.IN_DIAGNOSIS:
        case.prioritize(HIGH, POLICY, at(minutes + 1))
        assert case.resolve_by == calendar_of(1).add(moment(), POLICY.targets[0].resolve, watch.stood_still)


def reported(case: Case) -> timedelta:
    """The paused time of a case as the reports have it."""
    opening, *events = case.pending_events
    fold = new_fold(opening)  # type: ignore[arg-type]
    for position, event in enumerate((opening, *events), start=1):
        fold.fold(event, position)  # type: ignore[arg-type]
    return timedelta(seconds=fold.paused_seconds + fold.settled_seconds)


def test_r_5_4c_undoing_a_duplicate_keeps_the_pause_that_ran_and_the_time_it_was_resolved() -> None:
    case = in_diagnosis(number=SECOND)
    case.prioritize(HIGH, POLICY, at(4))
    case.pend(PendingReason.CUSTOMER, at(10))
    case.duplicate(logged(FIRST), None, POLICY, at(40))
    assert case.resolve_by == moment(120 + 30), "the wait that the resolution ended"
    case.unrelate(FIRST, POLICY, at(70))
    assert total(case) == timedelta(minutes=60)
    assert case.resolve_by == moment(120 + 60)


def test_r_5_4c_the_codes_in_force_when_a_wait_ends_decide_on_all_of_it() -> None:
    for pausing, minutes in (((), 0), (("vendor",), 30)):
        case = verified()
        case.pend(PendingReason.VENDOR, by_team(10))
        case.resolve(FIXED, said(), replace(POLICY, pausing=pausing), by_team(40))
        assert total(case) == timedelta(minutes=minutes)
        case.reopen(said(), replace(POLICY, pausing=("customer", "vendor")), at(50))
        assert total(case) == timedelta(minutes=minutes + 10), "a later policy changes nothing of a wait that is over"


@pytest.mark.parametrize("reason", PendingReason)
def test_r_5_4c_the_event_that_ends_a_wait_says_whether_the_clock_stood_still(reason: PendingReason) -> None:
    case = verified()
    case.pend(reason, by_team(10))
    case.resume(POLICY, by_team(20))
    assert vars(case.pending_events[-1])["paused"] is (reason is PendingReason.CUSTOMER)
    case.pend(reason, by_team(30))
    case.resolve(FIXED, said(), POLICY, by_team(40))
    assert vars(case.pending_events[-1])["paused"] is (reason is PendingReason.CUSTOMER)
