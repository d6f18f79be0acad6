"""SOP 5.8.1: Problem Cases, from the incident whose cause remains to the known error and the solution."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from domain.errors import Forbidden, Invalid, InvalidTransition
from domain.problem import COMMANDS, EVENTS, Problem, ProblemStatus, authorise_problem
from domain.values import Actor, Role
from tests.domain.cases import at, last, moment, refused, replayed, said, state

NUMBER = "PRB-0000001"


def opened() -> Problem:
    return Problem.open_for(UUID(int=1), NUMBER, "INC-0000001", "printing", said("other tray"), at(), priority=2)


def investigated() -> Problem:
    problem = opened()
    problem.find_root_cause(said("the driver leaks"), at(1))
    return problem


def published() -> Problem:
    problem = investigated()
    problem.publish_known_error("KE-0000001", said("spooler hangs"), at(2))
    return problem


def resolved() -> Problem:
    problem = published()
    problem.resolve(said("driver 4.3"), at(3))
    return problem


def closed() -> Problem:
    problem = resolved()
    problem.close(at(4))
    return problem


@pytest.mark.parametrize("make", [opened, investigated, published, resolved, closed])
def test_replaying_the_events_yields_the_same_problem(make: Callable[[], Problem]) -> None:
    problem = make()
    assert state(replayed(problem)) == state(problem)


def test_r_5_8_1b_a_problem_keeps_its_incidents_workaround_and_priority() -> None:
    problem = opened()
    assert (problem.incidents, problem.service, problem.workaround) == (
        ("INC-0000001",),
        "printing",
        said("other tray"),
    )
    assert (problem.priority, problem.status, problem.opened_at) == (2, ProblemStatus.OPEN, moment())
    problem.link("INC-0000002", at(1))
    before = problem.version
    problem.link("INC-0000002", at(2))
    assert (problem.incidents, problem.version) == (("INC-0000001", "INC-0000002"), before)


def test_r_5_8_1b_it_has_no_resolution_target() -> None:
    assert not [name for name in vars(opened()) if name.endswith("_by")]


def test_r_5_8_1b_a_problem_may_be_opened_before_any_incident() -> None:
    problem = Problem.open_for(UUID(int=1), NUMBER, None, None, None, at(), words=said("weekly"))
    assert (problem.incidents, problem.words, problem.number) == ((), said("weekly"), NUMBER)


@pytest.mark.parametrize("make", [opened, investigated, published])
def test_r_5_8_1a_incidents_are_linked_to_an_open_problem(make: Callable[[], Problem]) -> None:
    problem = make()
    assert problem.is_open
    problem.link("INC-0000009", at(9))


@pytest.mark.parametrize("make", [resolved, closed])
def test_r_5_8_1a_no_incident_is_linked_to_one_that_is_done(make: Callable[[], Problem]) -> None:
    problem = make()
    assert not problem.is_open
    with refused(problem, InvalidTransition):
        problem.link("INC-0000009", at(9))


def test_an_investigation_leads_from_open_to_investigated() -> None:
    assert investigated().status is ProblemStatus.INVESTIGATED
    problem = opened()
    problem.investigate(said("memory grows"), at(1))
    assert (problem.status, last(problem)["findings"]) == (ProblemStatus.INVESTIGATED, said("memory grows"))
    problem.find_root_cause(said("the driver leaks"), at(2))
    assert (problem.status, problem.root_cause) == (ProblemStatus.INVESTIGATED, said("the driver leaks"))


def test_r_5_8_1b_a_known_error_is_published_and_worded_anew_under_the_same_number() -> None:
    problem = published()
    assert (problem.status, problem.known_error) == (ProblemStatus.KNOWN_ERROR, "KE-0000001")
    problem.publish_known_error("KE-0000002", said("spooler hangs on Mondays"), at(3))
    assert (problem.known_error, problem.article) == ("KE-0000001", said("spooler hangs on Mondays"))
    problem.investigate(said("more"), at(4))
    problem.find_root_cause(said("two leaks"), at(5))
    assert problem.status is ProblemStatus.KNOWN_ERROR, "looking further takes back no known error"


def test_a_way_around_is_published_before_the_cause_is_known() -> None:
    problem = opened()
    problem.publish_known_error("KE-0000001", said(), at(1))
    assert problem.status is ProblemStatus.KNOWN_ERROR


@pytest.mark.parametrize("priority", [0, 5])
def test_r_5_8_1b_a_problems_priority_is_1_to_4(priority: int) -> None:
    problem = opened()
    with refused(problem, Invalid, "1 to 4"):
        problem.prioritize(priority, at(1))
    problem.prioritize(1, at(1), reason=said("again"))
    assert (problem.priority, last(problem)["reason"]) == (1, said("again"))


def test_a_problem_is_resolved_only_when_its_root_cause_is_known() -> None:
    problem = opened()
    problem.publish_known_error("KE-0000001", said(), at(1))
    with refused(problem, InvalidTransition, "root cause"):
        problem.resolve(said(), at(2))
    problem.find_root_cause(said(), at(2))
    problem.resolve(said("driver 4.3"), at(3))
    assert (problem.status, problem.solution, problem.resolved_at) == (
        ProblemStatus.RESOLVED,
        said("driver 4.3"),
        moment(3),
    )


def test_a_problem_closes_once_resolved_and_reopens_until_then() -> None:
    problem = resolved()
    problem.reopen(said("it leaks again"), at(4))
    assert (problem.status, problem.resolved_at) == (ProblemStatus.INVESTIGATED, None)
    with refused(problem, InvalidTransition):
        problem.close(at(5))
    problem.resolve(said(), at(6))
    problem.close(at(7))
    assert (problem.status, problem.closed_at) == (ProblemStatus.CLOSED, moment(7))


def test_a_closed_problem_changes_no_more() -> None:
    problem = closed()
    commands: tuple[Callable[[], None], ...] = (
        lambda: problem.investigate(said(), at(9)),
        lambda: problem.find_root_cause(said(), at(9)),
        lambda: problem.publish_known_error("KE-1", said(), at(9)),
        lambda: problem.prioritize(1, at(9)),
        lambda: problem.resolve(said(), at(9)),
        lambda: problem.reopen(said(), at(9)),
        lambda: problem.close(at(9)),
    )
    for command in commands:
        with refused(problem, InvalidTransition):
            command()


@pytest.mark.parametrize("command", COMMANDS)
def test_r_6a_staff_work_on_problems_and_nobody_else(command: str) -> None:
    for role in Role:
        actor = Actor("somebody", role)
        if role in (Role.TECHNICIAN, Role.TEAM_MEMBER):
            authorise_problem(actor, command)
        else:
            with pytest.raises(Forbidden, match=f"you are {role}"):
                authorise_problem(actor, command)


def test_every_event_is_stored_under_a_topic_of_problems() -> None:
    assert all(topic.startswith("problem.") for topic in EVENTS)
