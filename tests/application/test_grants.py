"""R-7.1: a grant holds, and its revocation too, for the very next command, in whichever process it is given."""

from __future__ import annotations

from datetime import timedelta

import pytest

from api.main import open_desk
from application.catalogue import OPERATOR
from application.desk import Desk
from application.execution.principals import Principal
from application.execution.requests import Request
from domain.access import Grant
from domain.catalogue import Service
from domain.errors import Forbidden, NotFound
from domain.values import Actor, Role
from tests.application.cases import NETWORK, TECHNICIAN, assigned, log
from tests.application.conftest import ADMIN, events
from tests.conftest import TestDatabase, grant_everybody

PRINTING = Service("printing", "Printing", "network")


def test_r_7_1_a_revoked_grant_is_gone_for_the_very_next_command_of_another_process(desks: tuple[Desk, Desk]) -> None:
    office, desk = desks
    number = log(desk)
    office.revoke("a.ortiz", Role.TECHNICIAN, None, "left", ADMIN)
    before = events(desk)
    with pytest.raises(Forbidden, match=r"no grant of the role technician is in force for a\.ortiz"):
        desk.triage(number, "desk", None, TECHNICIAN)
    assert events(desk) == before
    with pytest.raises(Forbidden):
        log(desk)
    office.grant("a.ortiz", Grant(Role.TECHNICIAN, None, "root", office.clock.now()), None, ADMIN)
    desk.triage(number, "desk", None, TECHNICIAN)


def test_r_7_1_who_leaves_a_team_stays_in_his_other_one(desks: tuple[Desk, Desk]) -> None:
    office, desk = desks
    number = assigned(desk)
    office.grant("t.lee", Grant(Role.TEAM_MEMBER, "messaging", "root", office.clock.now()), None, ADMIN)
    office.revoke("t.lee", Role.TEAM_MEMBER, "network", None, ADMIN)
    with pytest.raises(Forbidden, match="of network"):
        desk.accept(number, NETWORK)
    desk.assign(number, "messaging", None, None, None, TECHNICIAN)
    desk.accept(number, Request(Actor("t.lee", Role.TEAM_MEMBER, "messaging"), "test"))


def test_r_7_1_a_new_grant_counts_for_the_very_next_command_too(desks: tuple[Desk, Desk]) -> None:
    office, desk = desks
    diaz = Request(Actor("k.diaz", Role.TEAM_MEMBER, "network"), "test")
    number = assigned(desk)
    with pytest.raises(Forbidden):
        desk.accept(number, diaz)
    office.grant("k.diaz", Grant(Role.TEAM_MEMBER, "network", "root", office.clock.now()), "joins", ADMIN)
    assert desk.accept(number, diaz).case.technician == "k.diaz"


def test_r_7_1_a_reader_is_refused_as_soon_as_his_process_has_heard(desks: tuple[Desk, Desk]) -> None:
    office, desk = desks
    ortiz = Principal("a.ortiz", (Role.TECHNICIAN,))
    assert desk.admit(ortiz, (Role.TECHNICIAN,)) == Actor("a.ortiz", Role.TECHNICIAN)
    office.revoke("a.ortiz", Role.TECHNICIAN, None, None, ADMIN)
    desk.references.invalidate()
    for process in desks:
        with pytest.raises(Forbidden, match="no grant"):
            process.admit(ortiz, (Role.TECHNICIAN,))


def test_r_7_1_a_caller_acts_in_the_first_granted_role_that_may(desks: tuple[Desk, Desk]) -> None:
    _, desk = desks
    both = Principal("d.manager", (Role.AUDITOR, Role.DUTY_MANAGER, Role.TECHNICIAN))
    assert desk.admit(both, (Role.DUTY_MANAGER, Role.TECHNICIAN)).role is Role.DUTY_MANAGER
    assert desk.admit(both, (Role.ADMIN,)).role is Role.DUTY_MANAGER, "the one he has is refused by name"


def test_r_7_1_access_runs_out_by_itself(desks: tuple[Desk, Desk]) -> None:
    office, _ = desks
    now = office.clock.now()
    office.grant("temp", Grant(Role.TECHNICIAN, None, "root", now, now + timedelta(hours=1)), None, ADMIN)
    reference = office.references.current()
    assert reference.granted("temp", Role.TECHNICIAN, None, now + timedelta(minutes=59))
    assert not reference.granted("temp", Role.TECHNICIAN, None, now + timedelta(hours=1))


def test_r_7_1_only_the_administrator_and_the_operator_grant(desks: tuple[Desk, Desk]) -> None:
    office, _ = desks
    before = events(office)
    for request in (TECHNICIAN, NETWORK, Request(Actor("r.audit", Role.AUDITOR), "test")):
        with pytest.raises(Forbidden, match="admin"):
            office.grant("friend", Grant(Role.ADMIN, None, "me", office.clock.now()), None, request)
        with pytest.raises(Forbidden, match="admin"):
            office.revoke("d.manager", Role.DUTY_MANAGER, None, None, request)
        with pytest.raises(Forbidden, match="admin"):
            office.change_policy(lambda policy: policy, "mine", request)
        with pytest.raises(Forbidden, match="admin"):
            office.list_entry("services", PRINTING, {}, None, request)
    assert events(office) == before


def test_r_7_1_an_administrator_whose_grant_was_revoked_administers_no_more(desks: tuple[Desk, Desk]) -> None:
    office, desk = desks
    office.revoke("root", Role.ADMIN, None, None, OPERATOR)
    with pytest.raises(Forbidden, match="no grant"):
        desk.grant("root", Grant(Role.ADMIN, None, "root", desk.clock.now()), None, ADMIN)


def test_r_7_1_a_restart_grants_nothing_that_was_revoked(desks: tuple[Desk, Desk], database: TestDatabase) -> None:
    office, _ = desks
    office.revoke("a.ortiz", Role.TECHNICIAN, None, None, ADMIN)
    with open_desk(database) as restarted:
        grant_everybody(restarted)
        assert not restarted.access("a.ortiz").grants
        restarted.ensure_granted("a.ortiz", Role.TECHNICIAN, None, None, OPERATOR, anew=True)
        restarted.triage(log(restarted), "desk", None, TECHNICIAN)
        with pytest.raises(NotFound):
            restarted.access("stranger")


def test_r_7_1_a_token_made_where_a_revocation_was_not_heard_of_yet_records_its_grant(desks: tuple[Desk, Desk]) -> None:
    office, desk = desks
    office.revoke("a.ortiz", Role.TECHNICIAN, None, "left", ADMIN)
    desk.ensure_granted("a.ortiz", Role.TECHNICIAN, None, None, OPERATOR, anew=True)
    assert log(office), "he may act again, in either process"
