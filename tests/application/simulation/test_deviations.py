"""A simulated desk conforms to the SOP's model, but for the cases that a plan plants."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from application.demo.simulation.deviations import PLANTED, RULES
from application.demo.simulation.record import Commit
from application.demo.simulation.stretch import Plan
from application.reports.conformance.check import Deviation
from infrastructure.postgres.event_store import MAPPER
from tests.application.conformance.heard import Heard
from tests.application.simulation.test_stretches import LAST, made

PLAN = Plan(1_000, 5, LAST)


def heard(commits: list[Commit]) -> Heard:
    """The histories of a simulation, as its load would store them."""
    found, position = Heard(), 0
    for commit in commits:
        for event in commit.events:
            position += 1
            found.hear([(MAPPER.to_stored_event(event), position, commit.at)])
    return found


def found_in(plan: Plan) -> list[Deviation]:
    histories = heard(made(plan, *range(plan.stretches)))
    return histories.deviations(histories.events.keys() - {""})


def test_a_simulated_desk_conforms() -> None:
    assert found_in(PLAN) == []


def test_conformance_finds_every_planted_deviation_and_no_other() -> None:
    many = 3 * len(RULES)
    commits = made(replace(PLAN, deviations=many), 0)
    planted = Counter(
        (event.request_id or "").removeprefix(PLANTED)
        for commit in commits
        for event in commit.events[:1]
        if (event.request_id or "").startswith(PLANTED)
    )
    assert planted == dict.fromkeys(RULES, 3)
    histories = heard(commits)
    assert Counter(deviation.rule for deviation in histories.deviations(histories.events.keys() - {""})) == planted


def test_a_plan_says_how_many_it_plants() -> None:
    for plan in (PLAN, replace(PLAN, deviations=7)):
        assert Plan.parse(str(plan)) == plan
