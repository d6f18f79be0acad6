"""R-4.1a: catalogue and policy hold for the very next command, in whichever process it is given."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.persistence import OperationalError

from application.administration.catalogue import OPERATOR
from application.administration.entries import read_entry
from application.cases.documents import case_document
from application.execution.reference import References, entry_id
from domain.aggregate import Recorded
from domain.calendar import SupportCalendar
from domain.case.clauses.closure import Confirmation
from domain.case.clauses.notification import ContactAttempt
from domain.case.clauses.priority import Assessment
from domain.catalogue import HelpDesk, ListedService, ListedTeam, Script, ScriptStep, Service, Team
from domain.errors import Forbidden, Invalid
from domain.policy import Policy, first_policy
from domain.values import Actor, Level, Role
from tests.application.cases import MEDIUM, TECHNICIAN, assigned, log, resolved
from tests.application.conftest import ADMIN, events
from tests.blocking import BlockingDesk, because
from tests.domain.cases import at

PRINTING, EMAIL = Service("printing", "Printing", "network"), Service("email", "E-mail", "messaging")


# what a process remembers


run = asyncio.run


async def no_changes(_: int) -> list[tuple[int, Recorded]]:
    return []


class Record:
    """The events of one service, as the register would read them."""

    def __init__(self) -> None:
        self.service = ListedService.define(UUID(int=1), PRINTING, None, at())
        self.looks = 0

    async def changes(self, after: int) -> list[tuple[int, Recorded]]:
        self.looks += 1
        made: list[Any] = list(self.service.pending_events)
        return [(place, event) for place, event in enumerate(made, start=1) if place > after]

    def rename(self, name: str) -> None:
        self.service.change(replace(self.service.entry, name=name), None, at(1))


def test_what_is_known_is_not_looked_up_again_until_somebody_says_it_changed() -> None:
    record = Record()
    references = References(record.changes, first_policy)
    assert run(references.current()) is run(references.current())
    assert record.looks == 1
    record.rename("Print and scan")
    assert run(references.current()).position == 1
    references.invalidate()
    assert (run(references.current()).position, record.looks) == (2, 2)


def test_r_7_1_a_look_that_fails_is_no_look() -> None:
    """Nobody is answered by old grants until a look has succeeded."""
    record, broken = Record(), [True]

    async def changes(after: int) -> list[tuple[int, Recorded]]:
        if broken[0]:
            raise OperationalError("away")
        return await record.changes(after)

    references = References(changes, first_policy)
    broken[0] = False
    run(references.current())
    record.rename("Print and scan")
    references.invalidate()
    broken[0] = True
    for _ in range(2):
        with pytest.raises(OperationalError):
            run(references.current())
    broken[0] = False
    assert run(references.current()).position == 2


def test_r_7_1_while_nobody_listens_every_reader_looks() -> None:
    record = Record()
    references = References(record.changes, first_policy)
    references.listened(True)
    run(references.current())
    references.listened(False)
    record.rename("Print and scan")
    assert run(references.current()).position == 2
    record.rename("Copiers")
    assert references.known is None
    assert run(references.current()).position == 3
    references.listened(True)
    assert run(references.current()) is references.known


def test_a_change_that_is_told_during_a_look_is_looked_for_again() -> None:
    record = Record()

    async def changes(after: int) -> list[tuple[int, Recorded]]:
        found = await record.changes(after)
        if record.looks == 1:
            record.rename("Print and scan")
            references.invalidate()
        return found

    references = References(changes, first_policy)
    assert [run(references.current()).position, run(references.current()).position] == [1, 2]


def test_those_who_come_while_one_looks_share_the_next_look() -> None:
    """While the database is silent, forty readers wait for one deadline and not for forty."""

    async def nine() -> tuple[int, list[bool | BaseException]]:
        looks, begun, go_on = [0], asyncio.Event(), asyncio.Event()

        async def changes(_: int) -> list[tuple[int, Recorded]]:
            looks[0] += 1
            begun.set()
            await go_on.wait()
            raise OperationalError("away")

        references = References(changes, first_policy)
        readers = [asyncio.create_task(references.refresh()) for _ in range(9)]
        await begun.wait()
        await asyncio.sleep(0)  # the others have come
        go_on.set()
        return looks[0], await asyncio.gather(*readers, return_exceptions=True)

    looks, found = run(nine())
    assert looks <= 2
    assert [type(each) for each in found] == [OperationalError] * 9


def test_refreshing_says_whether_anything_had_changed() -> None:
    record = Record()
    references = References(record.changes, first_policy)
    assert run(references.refresh())
    assert not run(references.refresh())
    record.rename("Print and scan")
    assert run(references.refresh())


def test_whoever_reads_the_old_reference_keeps_it_as_it_was() -> None:
    record = Record()
    references = References(record.changes, first_policy)
    old = run(references.current())
    record.rename("Print and scan")
    run(references.refresh())
    stream = UUID(int=1)
    assert [reference.roots[stream].version for reference in (old, run(references.current()))] == [1, 2]
    assert isinstance(known := old.roots[stream], ListedService)
    assert known.entry.name == "Printing"


def test_a_desk_starts_with_the_first_policy_and_without_a_catalogue_takes_any_code() -> None:
    reference = run(References(no_changes, first_policy).current())
    assert (reference.position, reference.policy) == (0, first_policy())
    assert reference.service("anything") is None
    reference.team("anybody", "somebody")
    with pytest.raises(Invalid, match="directory"):
        reference.help_desk("dhs")


def test_customers_and_the_system_need_no_grant_and_nobody_else_has_one_by_himself() -> None:
    reference = run(References(no_changes, first_policy).current())
    for role in Role:
        may = reference.granted("somebody", role, None, at().at)
        assert may is (role in (Role.CUSTOMER, Role.SYSTEM))
    with pytest.raises(Forbidden, match="no grant of the role team_member of network"):
        reference.require_grant(Actor("t.lee", Role.TEAM_MEMBER, "network"), at().at)


# policy


def test_a_policy_holds_for_the_very_next_decision_of_another_process(desks: tuple[BlockingDesk, BlockingDesk]) -> None:
    office, desk = desks
    number = log(desk)
    desk.triage.triage(number, "desk", TECHNICIAN)
    office.policy.change(lambda p: replace(p, matrix=replace(p.matrix, rows=((1,) * 3,) * 3)), "a hard week", ADMIN)
    case = desk.diagnosis.prioritize(number, MEDIUM, TECHNICIAN).case
    assert (case.priority, case.matrix) == (1, "matrix/2")
    decided = desk.runner.store.history(case.id)[2].event
    assert vars(decided)["policy"] == "policy/2"


def test_what_was_decided_under_an_old_policy_reads_as_before(desks: tuple[BlockingDesk, BlockingDesk]) -> None:
    office, desk = desks
    number = assigned(desk)
    before = desk.records.case(number, TECHNICIAN.actor)
    office.policy.change(lambda p: replace(p, matrix=replace(p.matrix, rows=((1,) * 3,) * 3)), "a hard week", ADMIN)
    after = desk.records.case(number, TECHNICIAN.actor)
    assert (after.priority, after.matrix, after.resolve_by) == (before.priority, before.matrix, before.resolve_by)
    assert office.policy.book(1).policy.version == "policy/1"


def test_a_stricter_policy_refuses_the_very_next_command(desks: tuple[BlockingDesk, BlockingDesk]) -> None:
    office, desk = desks

    def strict(policy: Policy) -> Policy:
        return replace(policy, backdating_limit=timedelta(hours=1), backdating_unexplained=timedelta(hours=1))

    received = desk.clock.now() - timedelta(hours=2)
    log(desk, received_at=received)
    office.policy.change(strict, "no stories", ADMIN)
    with pytest.raises(Invalid, match="past"):
        log(desk, received_at=received)


def test_r_5_9d_a_closing_names_the_policy_in_force_when_it_closed(desks: tuple[BlockingDesk, BlockingDesk]) -> None:
    office, desk = desks
    number = resolved(desk)
    office.policy.change(lambda p: replace(p, notification_attempts=5), "more patience", ADMIN)
    case = desk.closure.close(number, Confirmation("phone", desk.clock.now()), "Jo Field", TECHNICIAN).case
    assert vars(desk.runner.store.history(case.id)[-1].event)["policy"] == "policy/2"


# R-4.1a: the catalogue


def test_r_4_1a_a_case_keeps_the_version_of_the_service_it_was_logged_with(
    desks: tuple[BlockingDesk, BlockingDesk],
) -> None:
    office, desk = desks
    for team in ("network", "messaging"):
        office.catalogue.put("teams", Team(team, team.title()), {}, ADMIN)
    office.catalogue.put("services", PRINTING, {}, ADMIN)
    old = log(desk)
    office.catalogue.put("services", replace(PRINTING, name="Print and scan"), {}, because(ADMIN, "one team now"))
    new = log(desk)
    kept = [desk.records.case(number, TECHNICIAN.actor) for number in (old, new)]
    assert [(case.service_version, case.service_name) for case in kept] == [(1, "Printing"), (2, "Print and scan")]


def test_r_4_1a_a_service_is_known_to_the_very_next_command_and_a_retired_one_refused(
    desks: tuple[BlockingDesk, BlockingDesk],
) -> None:
    office, desk = desks
    for team in ("network", "messaging"):
        office.catalogue.put("teams", Team(team, team.title()), {}, ADMIN)
    office.catalogue.put("services", PRINTING, {}, ADMIN)
    with pytest.raises(Invalid, match="no service email"):
        log(desk, service="email")
    office.catalogue.put("services", EMAIL, {}, ADMIN)
    number = log(desk, service="email")
    office.catalogue.put("services", replace(EMAIL, retired=True), {}, because(ADMIN, "bought elsewhere"))
    before = events(desk)
    with pytest.raises(Invalid, match="no service email"):
        log(desk, service="email")
    assert events(desk) == before
    assert desk.records.case(number, TECHNICIAN.actor).service_name == "E-mail"


def test_r_5_7a_a_team_and_its_members_are_those_of_the_catalogue(desks: tuple[BlockingDesk, BlockingDesk]) -> None:
    office, desk = desks
    number = assigned(desk)
    office.catalogue.put("teams", Team("messaging", "Mail", ("m.ruiz",)), {}, ADMIN)
    with pytest.raises(Invalid, match="no team network"):
        desk.assignment.assign(number, "network", None, None, TECHNICIAN)
    with pytest.raises(Invalid, match=r"t\.lee is not a member of the team"):
        desk.assignment.assign(number, "messaging", "t.lee", None, TECHNICIAN)
    assert desk.assignment.assign(number, "messaging", "m.ruiz", None, TECHNICIAN).case.team == "messaging"
    assert isinstance(office.references.current().roots[entry_id("team", "messaging")], ListedTeam)


def test_r_5_3b_a_help_desk_listed_elsewhere_is_referred_to_at_once(desks: tuple[BlockingDesk, BlockingDesk]) -> None:
    office, desk = desks
    number = log(desk)
    contact = ContactAttempt("phone", desk.clock.now(), informed=True)
    with pytest.raises(Invalid, match="directory"):
        desk.triage.refer(number, "dhs", contact, TECHNICIAN)
    office.catalogue.put("help-desks", HelpDesk("dhs", "Human Services", "DHS"), {"phone": "405-555-0100"}, ADMIN)
    case = desk.triage.refer(number, "dhs", contact, TECHNICIAN).case
    referred = vars(desk.runner.store.history(case.id)[1].event)
    assert referred["help_desk_version"] == 1
    assert referred["contact"].texts == {"agency": "Human Services", "desk": "DHS", "phone": "405-555-0100"}


def test_r_5_5a_a_run_names_the_version_of_its_script(desks: tuple[BlockingDesk, BlockingDesk]) -> None:
    office, desk = desks
    number = assigned(desk)
    script = Script("basics", "Basics", (ScriptStep("power", "On?"),))
    office.catalogue.put("scripts", script, {}, ADMIN)
    office.catalogue.put("scripts", replace(script, name="The basics"), {}, ADMIN)
    runs = (("basics", ("power",)), ("basics", ("power", "by heart")), ("by-heart", ()))
    found = []
    for name, steps in runs:
        case = desk.diagnosis.diagnose(number, {"findings": "off"}, name, steps, TECHNICIAN).case
        event = vars(desk.runner.store.history(case.id)[-1].event)
        found.append((event["script_version"], event["deviations"]))
    assert found == [(2, ()), (2, ("step_not_in_script",)), (None, ("script_not_in_catalogue",))]


def test_what_a_process_changed_itself_it_knows_at_once(desks: tuple[BlockingDesk, BlockingDesk]) -> None:
    office, _ = desks
    office.catalogue.put("teams", Team("network", "Network"), {}, ADMIN)
    office.catalogue.put("services", PRINTING, {}, ADMIN)
    assert office.references.current().service("printing") == (1, "Printing")
    assert [listed.number for listed in office.references.current().all(ListedService)] == ["printing"]


def test_a_command_decided_under_an_old_reference_is_decided_anew_and_committed_once(
    desks: tuple[BlockingDesk, BlockingDesk],
) -> None:
    office, desk = desks
    number = resolved(desk)
    for attempts in (4, 5, 6):
        office.policy.change(partial(replace, notification_attempts=attempts), "more", ADMIN)
        before = events(desk)
        desk.logging.note(number, "once", visible_to_customer=False, request=TECHNICIAN)
        assert events(desk) == before + 1


@pytest.mark.parametrize(
    ("teams", "services", "expected"),
    [
        (None, None, SupportCalendar("business", "policy")),
        ("always", None, SupportCalendar("always", "team", "night", 1)),
        ("always", "business", SupportCalendar("business", "service", "boilers", 1)),
        (None, "always", SupportCalendar("always", "service", "boilers", 1)),
    ],
)
def test_r_4_1a_targets_run_on_the_services_calendar_else_the_teams_else_the_policys(
    desk: BlockingDesk, teams: str | None, services: str | None, expected: SupportCalendar
) -> None:
    named = [{} if calendar is None else {"calendar": calendar} for calendar in (teams, services)]
    for kind, code, given in (
        ("teams", "night", {"name": "Night"} | named[0]),
        ("services", "boilers", {"name": "Boilers", "team": "night"} | named[1]),
    ):
        entry, contact = read_entry(kind, code, given)
        desk.catalogue.put(kind, entry, contact, OPERATOR)
    number = log(desk, service="boilers")
    desk.triage.triage(number, "desk", TECHNICIAN)
    desk.diagnosis.prioritize(number, Assessment(Level.LOW, Level.LOW), TECHNICIAN)
    case = desk.records.case(number, TECHNICIAN.actor)
    assert case.calendar == expected
    policy = desk.references.current().policy
    calendar, target = policy.named(expected.name), policy.targets[3]
    assert (case.respond_by, case.resolve_by) == (
        calendar.add(case.received_at, target.respond),
        calendar.add(case.received_at, target.resolve),
    )
    assert case_document(case)["calendar"] == vars(expected)


def test_r_4_1a_the_team_that_has_the_case_names_the_calendar_and_the_next_assessment_takes_it(
    desk: BlockingDesk,
) -> None:
    for code, calendar in (("network", "business"), ("night", "always")):
        desk.catalogue.put("teams", Team(code, code, calendar=calendar), {}, OPERATOR)
    desk.catalogue.put("services", replace(PRINTING, calendar=None), {}, OPERATOR)
    number = assigned(desk)
    assert desk.records.case(number, TECHNICIAN.actor).calendar == SupportCalendar("business", "team", "network", 1)
    desk.assignment.assign(number, "night", None, None, TECHNICIAN)
    case = desk.records.case(number, TECHNICIAN.actor)
    assert case.calendar == SupportCalendar("business", "team", "network", 1), "an assignment moves no target"
    desk.diagnosis.prioritize(number, MEDIUM, TECHNICIAN)
    assert desk.records.case(number, TECHNICIAN.actor).calendar == SupportCalendar("always", "team", "night", 1)
