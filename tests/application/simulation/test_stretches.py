"""A simulated desk obeys the SOP: its commands are the desk's own, and what they recorded is checked once more."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import combinations

import pytest

from application.cases.likeness import likeness
from application.demo.simulation.people import INTERFACE, SOURCE
from application.demo.simulation.record import Commit
from application.demo.simulation.stretch import LONGEST, STRETCH, Plan, Simulation, Store
from application.ports import Entry
from application.views.open_reports import compared, terms_of
from application.views.similar import Match, Profile, shared
from domain.case import Case
from domain.case.clauses.assignment import Assigned
from domain.case.clauses.closure import Closed
from domain.case.clauses.logging import Logged
from domain.case.clauses.relations import FoundUnrelated, Linked
from domain.case.clauses.resolution import Resolved
from domain.case.status import SETTLED, Status
from domain.policy import first_policy
from domain.problem import Problem
from infrastructure.postgres.event_store import MAPPER
from tests.application.model.invariants import Known, check

LAST = date(2026, 10, 30)
STORE = Store(bytes(32), "desk@caseledger.example", first_policy())
BUSY = Plan(200_000, 3, LAST)
"""A stretch of it lasts nine days."""


def made(plan: Plan, *numbers: int) -> list[Commit]:
    """The commits of some stretches, in order of time."""

    async def make() -> list[Commit]:
        simulation = Simulation(plan, STORE)
        begun = await simulation.prelude()
        commits = [commit for number in numbers for commit in await simulation.stretch(number)]
        assert not simulation.refused
        return begun + sorted(commits, key=lambda commit: commit.at)

    return asyncio.run(make())


def entries(commits: list[Commit]) -> Iterator[Entry]:
    """The events as they are read back from the store."""
    position = 0
    for commit in commits:
        for event in commit.events:
            position += 1
            stored = replace(MAPPER.to_stored_event(event), recorded_at=commit.at)
            read = MAPPER.to_domain_event(stored)
            yield Entry(read, stored.state, position, commit.at, "demo", stored.disclosures)


@pytest.fixture(scope="module")
def busy() -> list[Commit]:
    """The commits of one stretch of a busy desk, in the middle of its years."""
    return made(BUSY, 120)


def test_the_same_plan_makes_the_same_desk(busy: list[Commit]) -> None:
    again = made(BUSY, 120)
    assert [entry.state for entry in entries(again)] == [entry.state for entry in entries(busy)]
    assert [commit.numbers for commit in again] == [commit.numbers for commit in busy]
    other = made(replace(BUSY, seed=4), 120)
    assert [entry.state for entry in entries(other)] != [entry.state for entry in entries(busy)]


def test_a_stretch_is_the_same_whatever_was_made_before_it(busy: list[Commit]) -> None:
    alone = {event.originator_id: event for commit in busy for event in commit.events}
    beside = {event.originator_id: event for commit in made(BUSY, 119, 120) for event in commit.events}
    assert alone.items() <= beside.items()


def test_every_case_of_a_busy_desk_keeps_the_invariants(busy: list[Commit]) -> None:
    histories: dict[object, list[Entry]] = {}
    for entry in entries(busy):
        histories.setdefault(entry.event.originator_id, []).append(entry)
    known = {}
    for history in histories.values():
        if not isinstance(history[0].event, Logged):
            continue
        case: Case | None = None
        for entry in history:
            case = entry.event.mutate(case)
        assert case is not None
        known[case.number] = Known(case)
        known[case.number].read(case, history)
    assert len(known) == STRETCH
    check(known, set(known))


def test_every_stream_replays_in_the_order_of_its_commits(busy: list[Commit]) -> None:
    roots: dict[object, object] = {}
    for entry in entries(busy):
        roots[entry.event.originator_id] = entry.event.mutate(roots.get(entry.event.originator_id))
    kinds = Counter(type(root) for root in roots.values())
    assert kinds[Case] == STRETCH
    assert kinds[Problem] > 20


def test_nobody_goes_on_with_a_case_before_they_have_decided_on_what_is_like_it(busy: list[Commit]) -> None:
    """The search in memory finds what the comparison of every report with every other finds (R-5.6b)."""
    reports, closed, decided = list[Profile](), dict[str, datetime](), set[frozenset[str]]()
    moved: dict[str, datetime] = {}
    numbers: dict[object, str] = {}
    for entry in entries(busy):
        event = entry.event
        if isinstance(event, Logged):
            terms = terms_of(compared((event.words and event.words.texts) or {}))
            numbers[event.originator_id] = event.number
            reports.append(Profile(event.number, event.service, event.received_at, event.external_ref, terms))
        elif isinstance(event, Closed):
            closed.setdefault(numbers[event.originator_id], entry.recorded_at)
        elif isinstance(event, Linked | FoundUnrelated):
            decided.add(frozenset((numbers[event.originator_id], event.case)))
        elif isinstance(event, Assigned | Resolved):
            moved.setdefault(numbers[event.originator_id], entry.recorded_at)
    policy, alike = STORE.policy, 0
    for first, one in combinations(reports, 2):
        both = shared(first.terms, one.terms)
        other = Match(first.number, first.service, first.received_at, first.external_ref, both)
        if likeness(one, other, policy.duplicate_horizon) < policy.duplicate_threshold:
            continue
        later = moved.get(one.number)
        over = closed.get(first.number)
        if later is not None and (over is None or later < over):
            alike += 1
            assert frozenset((first.number, one.number)) in decided, (first, one)
    assert 0 < alike < STRETCH // 20


def test_the_youngest_cases_have_every_status_and_a_tenth_is_open() -> None:
    plan = Plan(300, 1, LAST)
    cases: dict[object, Case] = {}
    for entry in entries(made(plan, 0)):
        if entry.event.TOPIC.startswith("case."):
            cases[entry.event.originator_id] = entry.event.mutate(cases.get(entry.event.originator_id))
    statuses = Counter(case.status for case in cases.values())
    assert sum(statuses.values()) == plan.cases
    assert set(statuses) == set(Status)
    assert 0.1 <= sum(many for status, many in statuses.items() if status not in SETTLED) / plan.cases <= 0.16


def test_five_years_of_business_hours_hold_all_of_it(busy: list[Commit]) -> None:
    simulation = Simulation(BUSY, STORE)
    assert timedelta(days=5 * 365) < simulation.hours.end - simulation.hours.start < timedelta(days=5 * 366)
    logged = [event.received_at for commit in busy for event in commit.events if isinstance(event, Logged)]
    calendar = STORE.policy.business
    at_work = sum(calendar.between(at, at + timedelta(minutes=10)) > timedelta() for at in logged)
    assert at_work > 0.97 * len(logged)
    first, last = simulation.starts(120), simulation.starts(121)
    assert all(first <= commit.at < last + LONGEST for commit in busy if commit.at > simulation.hours.start)


def test_every_kind_of_history_occurs_and_says_where_it_is_from(busy: list[Commit]) -> None:
    events = [event for commit in busy for event in commit.events]
    topics = Counter(event.TOPIC for event in events)
    for topic in (
        *("case.referred", "case.corrected", "case.known_errors_searched", "case.handed_back", "case.accepted"),
        *("case.pended", "case.resumed", "case.noted", "case.attached", "case.verified", "case.disputed"),
        *("case.reopened", "case.linked", "case.major_nominated", "case.alerted", "case.recovery_observed"),
        *("case.notified", "case.notification_failed", "case.informed", "case.message_received"),
        *("message.queued", "message.accepted", "message.deferred", "message.bounced"),
        *("problem.opened", "problem.incident_linked", "problem.known_error_published", "problem.closed"),
        *("intake.received", "intake.logged", "intake.joined", "intake.signalled", "alert.raised", "watch.observed"),
    ):
        assert topics[topic], topic
    histories = [event for event in events if event.TOPIC.partition(".")[0] not in ("service", "team", "access")]
    assert {event.via.interface for event in histories} <= {INTERFACE, "cli"}
    assert all(event.origin is None and event.occurred_at is None for event in events)
    assert any(event.by.subject == SOURCE for event in events)


def test_words_follow_zipf_and_have_a_long_tail(busy: list[Commit]) -> None:
    words: Counter[str] = Counter()
    for commit in busy:
        for event in commit.events:
            if isinstance(event, Logged) and event.words is not None:
                words.update(str(event.words.text("description")).casefold().split())
    frequent, once = words.most_common(1)[0][1], sum(many == 1 for many in words.values())
    assert frequent > STRETCH
    assert once > len(words) / 2
