"""R-7.1: a grant holds, and its revocation too, for the very next command, in whichever process it is given."""

from __future__ import annotations

from datetime import timedelta

import pytest

from application.administration.catalogue import OPERATOR
from application.execution.principals import Principal
from application.execution.requests import Request
from domain.access import Grant
from domain.catalogue import Service
from domain.errors import Forbidden, NotFound
from domain.values import Actor, Role
from tests.application.cases import NETWORK, TECHNICIAN, assigned, log
from tests.application.conftest import ADMIN, events
from tests.blocking import BlockingDesk, because, open_desk
from tests.conftest import TestDatabase, grant_everybody

PRINTING = Service("printing", "Printing", "network")


def test_r_7_1_a_revoked_grant_is_gone_for_the_very_next_command_of_another_process(
    desks: tuple[BlockingDesk, BlockingDesk],
) -> None:
    office, desk = desks
    number = log(desk)
    office.grants.revoke("a.ortiz", Role.TECHNICIAN, None, because(ADMIN, "left"))
    before = events(desk)
    with pytest.raises(Forbidden, match=r"no grant of the role technician is in force for a\.ortiz"):
        desk.triage.triage(number, "desk", TECHNICIAN)
    assert events(desk) == before
    with pytest.raises(Forbidden):
        log(desk)
    office.grants.grant("a.ortiz", Grant(Role.TECHNICIAN, None, "root", office.clock.now()), ADMIN)
    desk.triage.triage(number, "desk", TECHNICIAN)


def test_r_7_1_who_leaves_a_team_stays_in_his_other_one(desks: tuple[BlockingDesk, BlockingDesk]) -> None:
    office, desk = desks
    number = assigned(desk)
    office.grants.grant("t.lee", Grant(Role.TEAM_MEMBER, "messaging", "root", office.clock.now()), ADMIN)
    office.grants.revoke("t.lee", Role.TEAM_MEMBER, "network", ADMIN)
    with pytest.raises(Forbidden, match="of network"):
        desk.assignment.accept(number, NETWORK)
    desk.assignment.assign(number, "messaging", None, None, TECHNICIAN)
    desk.assignment.accept(number, Request(Actor("t.lee", Role.TEAM_MEMBER, "messaging"), "test"))


def test_r_7_1_a_new_grant_counts_for_the_very_next_command_too(desks: tuple[BlockingDesk, BlockingDesk]) -> None:
    office, desk = desks
    diaz = Request(Actor("k.diaz", Role.TEAM_MEMBER, "network"), "test")
    number = assigned(desk)
    with pytest.raises(Forbidden):
        desk.assignment.accept(number, diaz)
    office.grants.grant(
        "k.diaz", Grant(Role.TEAM_MEMBER, "network", "root", office.clock.now()), because(ADMIN, "joins")
    )
    assert desk.assignment.accept(number, diaz).case.technician == "k.diaz"


def test_r_7_1_a_reader_is_refused_as_soon_as_their_process_has_heard(desks: tuple[BlockingDesk, BlockingDesk]) -> None:
    office, desk = desks
    ortiz = Principal("a.ortiz", (Role.TECHNICIAN,))
    assert desk.admission.admit(ortiz, (Role.TECHNICIAN,)) == Actor("a.ortiz", Role.TECHNICIAN)
    office.grants.revoke("a.ortiz", Role.TECHNICIAN, None, ADMIN)
    desk.references.invalidate()
    for process in desks:
        with pytest.raises(Forbidden, match="no grant"):
            process.admission.admit(ortiz, (Role.TECHNICIAN,))


def test_r_7_1_a_caller_acts_in_the_first_granted_role_that_may(desks: tuple[BlockingDesk, BlockingDesk]) -> None:
    _, desk = desks
    both = Principal("d.manager", (Role.AUDITOR, Role.DUTY_MANAGER, Role.TECHNICIAN))
    assert desk.admission.admit(both, (Role.DUTY_MANAGER, Role.TECHNICIAN)).role is Role.DUTY_MANAGER
    assert desk.admission.admit(both, (Role.ADMIN,)).role is Role.DUTY_MANAGER, "the one they have is refused by name"


def test_r_7_1_access_runs_out_by_itself(desks: tuple[BlockingDesk, BlockingDesk]) -> None:
    office, _ = desks
    now = office.clock.now()
    office.grants.grant("temp", Grant(Role.TECHNICIAN, None, "root", now, now + timedelta(hours=1)), ADMIN)
    reference = office.references.current()
    assert reference.granted("temp", Role.TECHNICIAN, None, now + timedelta(minutes=59))
    assert not reference.granted("temp", Role.TECHNICIAN, None, now + timedelta(hours=1))


def test_r_7_1_only_the_administrator_and_the_operator_grant(desks: tuple[BlockingDesk, BlockingDesk]) -> None:
    office, _ = desks
    before = events(office)
    for request in (TECHNICIAN, NETWORK, Request(Actor("r.audit", Role.AUDITOR), "test")):
        with pytest.raises(Forbidden, match="admin"):
            office.grants.grant("friend", Grant(Role.ADMIN, None, "me", office.clock.now()), request)
        with pytest.raises(Forbidden, match="admin"):
            office.grants.revoke("d.manager", Role.DUTY_MANAGER, None, request)
        with pytest.raises(Forbidden, match="admin"):
            office.policy.change(lambda policy: policy, "mine", request)
        with pytest.raises(Forbidden, match="admin"):
            office.catalogue.put("services", PRINTING, {}, request)
    assert events(office) == before


def test_r_7_1_an_administrator_whose_grant_was_revoked_administers_no_more(
    desks: tuple[BlockingDesk, BlockingDesk],
) -> None:
    office, desk = desks
    office.grants.revoke("root", Role.ADMIN, None, OPERATOR)
    with pytest.raises(Forbidden, match="no grant"):
        desk.grants.grant("root", Grant(Role.ADMIN, None, "root", desk.clock.now()), ADMIN)


def test_r_7_1_a_restart_grants_nothing_that_was_revoked(
    desks: tuple[BlockingDesk, BlockingDesk], database: TestDatabase
) -> None:
    office, _ = desks
    office.grants.revoke("a.ortiz", Role.TECHNICIAN, None, ADMIN)
    with open_desk(database) as restarted:
        grant_everybody(restarted)
        assert not restarted.grants.access("a.ortiz").grants
        restarted.grants.ensure("a.ortiz", Role.TECHNICIAN, None, None, OPERATOR, anew=True)
        restarted.triage.triage(log(restarted), "desk", TECHNICIAN)
        with pytest.raises(NotFound):
            restarted.grants.access("stranger")


def test_r_7_1_a_token_made_where_a_revocation_was_not_heard_of_yet_records_its_grant(
    desks: tuple[BlockingDesk, BlockingDesk],
) -> None:
    office, desk = desks
    office.grants.revoke("a.ortiz", Role.TECHNICIAN, None, because(ADMIN, "left"))
    desk.grants.ensure("a.ortiz", Role.TECHNICIAN, None, None, OPERATOR, anew=True)
    assert log(office), "they may act again, in either process"
