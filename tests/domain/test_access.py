"""SOP 7.1: access is granted by a recorded authorisation, for a time, and taken back by another."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from domain.access import NOT_GRANTED, Access, Grant
from domain.errors import Invalid
from domain.values import Role
from tests.domain.cases import at, last, moment, refused, replayed, said, state

TECHNICIAN = Grant(Role.TECHNICIAN, None, "operator", moment(0))
NETWORK = Grant(Role.TEAM_MEMBER, "network", "root", moment(0), moment(60))


def access(*grants: Grant) -> Access:
    record = Access.of(UUID(int=1), "t.lee", at(0, Role.ADMIN))
    for grant in grants:
        record.grant(grant, at(0, Role.ADMIN))
    return record


def test_r_7_1_a_grant_says_who_role_team_approved_by_from_and_to() -> None:
    record = access()
    record.grant(NETWORK, at(0, Role.ADMIN), reason=said("joins the team"))
    event = last(record)
    assert (record.subject, event["role"], event["team"], event["approved_by"]) == (
        "t.lee",
        "team_member",
        "network",
        "root",
    )
    assert (event["since"], event["until"], event["reason"]) == (moment(0), moment(60), said("joins the team"))
    assert state(replayed(record)) == state(record)


def test_r_7_1_a_grant_is_in_force_from_its_start_until_its_end() -> None:
    record = access(replace(NETWORK, since=moment(10)))
    in_force = {
        minutes: record.may_act_as(Role.TEAM_MEMBER, "network", moment(minutes)) for minutes in (9.99, 10, 59.99, 60)
    }
    assert list(in_force.values()) == [False, True, True, False]
    assert access(TECHNICIAN).may_act_as(Role.TECHNICIAN, None, moment(10**6))


def test_r_7_1_nobody_acts_in_a_role_or_for_a_team_that_he_was_not_granted() -> None:
    record = access(NETWORK)
    assert not record.may_act_as(Role.TEAM_MEMBER, "messaging", moment(1))
    assert not record.may_act_as(Role.TEAM_MEMBER, None, moment(1))
    for role in Role:
        if role is not Role.TEAM_MEMBER:
            assert not record.may_act_as(role, "network", moment(1))


def test_r_7_1_a_technicians_grant_is_of_no_team_whatever_his_token_says() -> None:
    assert access(TECHNICIAN).may_act_as(Role.TECHNICIAN, "network", moment(1))


def test_r_7_1_a_revoked_grant_is_in_force_no_more_and_its_history_stays() -> None:
    record = access(TECHNICIAN, NETWORK)
    record.revoke(Role.TEAM_MEMBER, "network", at(5, Role.ADMIN), reason=said("left the team"))
    assert not record.may_act_as(Role.TEAM_MEMBER, "network", moment(6))
    assert record.may_act_as(Role.TECHNICIAN, None, moment(6))
    assert last(record)["reason"] == said("left the team")
    assert [event.TOPIC for event in record.pending_events] == [  # type: ignore[attr-defined]
        "access.opened",
        "access.granted",
        "access.granted",
        "access.revoked",
    ]
    assert state(replayed(record)) == state(record)


def test_r_7_1_what_was_revoked_may_be_granted_again() -> None:
    record = access(TECHNICIAN)
    record.revoke(Role.TECHNICIAN, None, at(5, Role.ADMIN))
    with refused(record, Invalid, "no such grant"):
        record.revoke(Role.TECHNICIAN, None, at(6, Role.ADMIN))
    record.grant(replace(TECHNICIAN, since=moment(7)), at(7, Role.ADMIN))
    assert not record.may_act_as(Role.TECHNICIAN, None, moment(6))
    assert record.may_act_as(Role.TECHNICIAN, None, moment(7))


def test_r_7_1_a_new_grant_leaves_no_gap_where_one_was_in_force() -> None:
    record = access(NETWORK)
    with refused(record, Invalid, "start now"):
        record.grant(replace(NETWORK, since=moment(30), until=moment(90)), at(10, Role.ADMIN))
    record.grant(replace(NETWORK, since=moment(90), until=moment(120)), at(70, Role.ADMIN))
    assert not record.may_act_as(Role.TEAM_MEMBER, "network", moment(80))


def test_r_7_1_the_latest_grant_of_a_role_counts() -> None:
    record = access(NETWORK)
    record.grant(replace(NETWORK, until=moment(30)), at(1, Role.ADMIN))
    assert not record.may_act_as(Role.TEAM_MEMBER, "network", moment(30))


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        *((replace(TECHNICIAN, role=role), "/role") for role in sorted(NOT_GRANTED)),
        (replace(NETWORK, team=None), "/team"),
        (replace(TECHNICIAN, team="network"), "/team"),
        (replace(NETWORK, until=moment(0)), "/until"),
        (replace(NETWORK, since=moment(-60), until=moment(-1)), "/until"),
    ],
)
def test_r_7_1_a_grant_that_says_nothing_is_refused(wrong: Grant, pointer: str) -> None:
    record = access()
    with refused(record, Invalid):
        record.grant(wrong, at(0, Role.ADMIN))
    with pytest.raises(Invalid) as refusal:
        record.grant(wrong, at(0, Role.ADMIN))
    assert refusal.value.pointer == pointer
