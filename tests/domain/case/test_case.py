"""What holds for a case whatever the clause: its history is its state, and the table decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise, repeat

import pytest

from domain.case import EVENTS, Case
from domain.case.clauses.history_import import Observation
from domain.case.status import COMMANDS, Status, authorise, authorise_reading, authorise_team, hide_from_others
from domain.errors import DomainError, Forbidden, InvalidTransition, NotAssignedTeam, NotFound
from domain.values import Actor, Origin, Role
from tests.domain.cases import (
    FIXED,
    NOW,
    POLICY,
    assigned,
    at,
    by_team,
    closed,
    duplicates,
    elapsed,
    in_diagnosis,
    logged,
    notified,
    prioritized,
    referred,
    refused,
    replayed,
    report,
    resolved,
    said,
    state,
    triaged,
)

STATES: tuple[Callable[[], Case], ...] = (
    logged,
    triaged,
    referred,
    prioritized,
    in_diagnosis,
    assigned,
    resolved,
    notified,
    closed,
    elapsed,
    lambda: duplicates()[1],
)


@pytest.mark.parametrize("make", STATES)
def test_replaying_the_events_yields_the_same_case(make: Callable[[], Case]) -> None:
    case = make()
    assert state(replayed(case)) == state(case)


def test_a_refused_command_records_nothing() -> None:
    case = assigned()
    with refused(case, InvalidTransition):
        case.triage("desk", at(5))
    with refused(case, DomainError):
        case.resolve(FIXED, said(), POLICY, at(5))


def test_every_event_has_a_nonce_and_says_who_acted() -> None:
    events = assigned().pending_events
    assert all(len(vars(event)["nonce"]) == 22 and vars(event)["by"].subject == "somebody" for event in events)
    assert all(b.originator_version == a.originator_version + 1 for a, b in pairwise(events))


def test_an_event_that_happened_at_another_time_than_it_was_recorded_says_so() -> None:
    earlier = replace(at(5), occurred_at=NOW)
    case = logged()
    case.triage("desk", earlier)
    assert (case.pending_events[-1].timestamp, vars(case.pending_events[-1])["occurred_at"]) == (NOW, NOW)


def test_imported_history_remembers_the_rows_it_was_read_from_the_first_one_too() -> None:
    origins = [Origin("servicenow", "log.csv", row, f"digest {row}") for row in (1, 2)]
    case = Case.log_imported(logged().id, "INC-0000001", report(), replace(at(), origin=origins[0]))
    case.observe(Observation(status=None), POLICY, NOW, repeat(replace(at(1), origin=origins[1])))
    assert case.imported_rows == {"digest 1", "digest 2"}
    assert (case.source_system, case.version) == ("servicenow", 2)


def test_a_case_is_opened_once() -> None:
    case = logged()
    with pytest.raises(ValueError, match="open already"):
        case.pending_events[0].mutate(case)


def test_every_event_is_stored_under_a_topic_of_cases() -> None:
    assert all(topic.startswith("case.") and topic == event.TOPIC for topic, event in EVENTS.items())


# R-6a: the table


def test_the_table_names_a_role_for_every_command() -> None:
    assert all(row.roles for rows in COMMANDS.values() for row in rows)


def test_r_6a_a_role_that_may_not_is_told_which_may() -> None:
    with pytest.raises(Forbidden, match="triage needs the role technician; you are auditor"):
        authorise(Actor("r.audit", Role.AUDITOR), "triage")
    authorise(Actor("a.ortiz", Role.TECHNICIAN), "triage")


@pytest.mark.parametrize("team", [None, "messaging"])
def test_r_6a_a_member_of_another_team_is_refused(team: str | None) -> None:
    lee = Actor("t.lee", Role.TEAM_MEMBER, "network")
    with pytest.raises(NotAssignedTeam):
        authorise_team(lee, "diagnose", team)
    authorise_team(lee, "diagnose", "network")
    authorise_team(lee, "note", team)  # whoever may see the case
    authorise_team(Actor("a.ortiz", Role.TECHNICIAN), "diagnose", team)


def test_r_6a_intake_and_admin_read_no_cases_and_customers_only_their_own() -> None:
    for role in (Role.INTAKE, Role.ADMIN, Role.SYSTEM):
        with pytest.raises(Forbidden):
            authorise_reading(Actor("somebody", role))
    jo = Actor("jo", Role.CUSTOMER)
    authorise_reading(jo)
    hide_from_others(jo, "INC-0000001", "jo")
    with pytest.raises(NotFound):
        hide_from_others(jo, "INC-0000001", "sam")
    hide_from_others(Actor("r.audit", Role.AUDITOR), "INC-0000001", "sam")


def test_r_6b_a_case_with_a_team_is_no_case_of_nobodys() -> None:
    """The desk owns what no team has: only `assigned` cases are with a team, and they always are."""
    for make in STATES:
        case = make()
        assert (case.status is not Status.ASSIGNED) or case.team is not None


# 5.9: after closing


def test_r_5_9f_after_closing_only_notes_links_and_a_follow_up_remain() -> None:
    case = elapsed()
    case.note(said(), at(5000))
    case.relate(logged("INC-0000009"), None, at(5000))
    case.unrelate("INC-0000009", POLICY, at(5000))
    commands: tuple[Callable[[], object], ...] = (
        lambda: case.correct("service", at(5001), value="email", words=None, reason=None),
        lambda: case.reopen(said(), POLICY, at(5001)),
        lambda: case.close(POLICY, at(5001, Role.CUSTOMER)),
        lambda: case.assign("network", at(5001)),
        lambda: case.triage("desk", at(5001)),
        lambda: case.nominate(POLICY, at(5001)),
        lambda: case.resolve(FIXED, said(), POLICY, by_team(5001)),
        lambda: case.waive(said(), at(5001)),
    )
    for command in commands:
        with refused(case, InvalidTransition):
            command()


def test_r_5_9f_a_later_contact_is_a_new_case_that_names_the_old_one() -> None:
    case = closed()
    later = case.follow_up(logged("INC-0000002").id, "INC-0000002", report(), POLICY, at(9))
    assert (later.follow_up_of, later.number, later.status) == ("INC-0000001", "INC-0000002", Status.LOGGED)
    with refused(open_case := resolved(), InvalidTransition):
        open_case.follow_up(later.id, "INC-0000002", report(), POLICY, at(9))
