"""Random commands by random roles against the table of requirements.md, on real PostgreSQL, while time travels.

What the table forbids is refused and appends nothing; what succeeds the table allows; a history replayed is the case.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import ClassVar, TypeVar
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from api.main import open_desk
from application.catalogue import OPERATOR
from domain.case.state import LinkKind
from domain.catalogue import HelpDesk
from domain.clocks import TravelClock
from domain.message import Message
from domain.values import Actor, Role
from tests.application.command_table import STATUSES, TABLE, refusals
from tests.application.commands import JO, LOU, SAM, Commands, Picker
from tests.application.desk_model import AUDITOR, START, SYSTEM, WINDOW, DeskModel
from tests.conftest import cloned, grant_everybody

TECHNICIAN, NETWORK = Actor("a.ortiz", Role.TECHNICIAN), Actor("t.lee", Role.TEAM_MEMBER, "network")
STAFF = (
    TECHNICIAN,
    NETWORK,
    Actor("m.ruiz", Role.TEAM_MEMBER, "messaging"),
    Actor("d.manager", Role.DUTY_MANAGER),
    AUDITOR,
    Actor("monthly.report", Role.REPORTER),
    Actor("mail.gateway", Role.INTAKE),
    Actor("root", Role.ADMIN),
)
_DIAGNOSED = ("triage", "prioritize", "diagnose")
_RESOLVED = (*_DIAGNOSED, "assign", "verify", "resolve")
WAYS: dict[str, tuple[str, ...]] = {
    "logged": (),
    "logged without an address": (),
    "referred": ("refer",),
    "prioritized": ("triage", "prioritize"),
    "in diagnosis": _DIAGNOSED,
    "assigned": (*_DIAGNOSED, "assign"),
    "nominated": (*_DIAGNOSED, "assign", "nominate_major"),
    "verified": (*_DIAGNOSED, "assign", "verify"),
    "resolved at the desk": (*_DIAGNOSED, "resolve"),
    "resolved": _RESOLVED,
    "held": (*_RESOLVED, "deliver", "suspect_dispute"),
    "closed": (*_RESOLVED, "deliver", "wait", "close_elapsed"),
}
"""How a case comes to where the random commands begin."""
BY_HAND = tuple(command for command in TABLE if command != "close_elapsed")
_SYMMETRIC = {
    (LinkKind.RELATED, LinkKind.RELATED),
    (LinkKind.DUPLICATE, LinkKind.DUPLICATE_OF),
    (LinkKind.DUPLICATE_OF, LinkKind.DUPLICATE),
    (LinkKind.MAJOR, LinkKind.PART),
    (LinkKind.PART, LinkKind.MAJOR),
}
_MOST_CASES, _IN_A_ROW = 5, 4
T = TypeVar("T")


class Drawn(Picker):
    """Chooses at random."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data

    def __call__(self, options: Sequence[T]) -> T:
        return self._data.draw(st.sampled_from(options))


class DeskMachine(RuleBasedStateMachine):
    """The desk, everybody who acts on it, and a clock."""

    model: ClassVar[DeskModel]
    visited: ClassVar[set[str]]

    def __init__(self) -> None:
        super().__init__()
        self.model.begin()
        self.customers = [Actor(self.model.desk.customer_id(contact), Role.CUSTOMER) for contact in (JO, SAM)]
        self.shared = uuid4().hex

    @initialize(ways=st.lists(st.sampled_from(sorted(WAYS)), min_size=2, max_size=3), linked=st.booleans())
    def open(self, ways: list[str], linked: bool) -> None:
        """Some cases to begin with, now and then two that belong together."""
        for way in ways:
            self.come_to(way)
        if linked:
            first, second = sorted(self.model.cases)[:2]
            call = Commands(self.model.desk, second, [first], Picker())["relate"]
            assert self.model.step("relate", second, TECHNICIAN, call)

    @rule(way=st.sampled_from(sorted(WAYS)))
    def another(self, way: str) -> None:
        if len(self.model.cases) < _MOST_CASES:
            self.come_to(way)

    def come_to(self, way: str) -> None:
        number = self.model.log(TECHNICIAN, LOU if way.endswith("address") else JO, uuid4().hex)
        assert number is not None
        for command in WAYS[way]:
            if command == "deliver":
                self.model.deliver(accepted=True)
            elif command == "wait":
                self.model.clock.travel(WINDOW)
            else:
                assigned = self.model.cases[number].status == "assigned"
                by_team = assigned and command in ("verify", "resolve")
                who = SYSTEM if command == "close_elapsed" else NETWORK if by_team else TECHNICIAN
                call = Commands(self.model.desk, number, (), Picker())[command]
                assert self.model.step(command, number, who, call), command

    @rule(data=st.data(), alike=st.booleans())
    def log(self, data: st.DataObject, alike: bool) -> None:
        """Somebody reports an incident, now and then in the words of another; or is not allowed to."""
        pick = Drawn(data)
        if len(self.model.cases) < _MOST_CASES:
            who, contact = pick((*STAFF, *self.customers)), pick((JO, SAM, LOU))
            self.model.log(who, contact, self.shared if alike else uuid4().hex)

    @rule(data=st.data())
    def act_as_they_should(self, data: st.DataObject) -> None:
        """Commands that the table has for the case's status, by those who may."""
        for _ in range(_IN_A_ROW):
            self.act(Drawn(data), seriously=True)

    @rule(data=st.data())
    def act_as_they_like(self, data: st.DataObject) -> None:
        """Any command by anybody."""
        for _ in range(_IN_A_ROW):
            self.act(Drawn(data), seriously=False)

    @rule(data=st.data())
    def act_mostly_as_they_should(self, data: st.DataObject) -> None:
        pick = Drawn(data)
        for _ in range(_IN_A_ROW):
            self.act(pick, seriously=pick((True, True, True, False)))

    def act(self, pick: Picker, *, seriously: bool) -> None:
        number = pick(sorted(self.model.cases))
        seen, people = self.model.seen(number), (*STAFF, *self.customers)
        may = {c: [who for who in people if not refusals(c, who, seen)] for c in BY_HAND}
        command = pick([c for c in BY_HAND if may[c] or not seriously])
        who = pick(may[command] if seriously else people)
        others = [other for other in sorted(self.model.cases) if other != number]
        self.model.step(command, number, who, Commands(self.model.desk, number, others, pick)[command])

    @rule(hours=st.sampled_from((0.3, 26, 73)), accepted=st.sampled_from((True, True, False)), data=st.data())
    def time_passes(self, hours: float, accepted: bool, data: st.DataObject) -> None:
        """What waits is sent; later all timers fire, whether they are due or not, and for whatever resolution."""
        self.model.deliver(accepted=accepted)
        self.model.clock.travel(timedelta(hours=hours))
        for number in sorted(self.model.cases):
            call = Commands(self.model.desk, number, (), Drawn(data))["close_elapsed"]
            self.model.step("close_elapsed", number, SYSTEM, call)

    @invariant()
    def nothing_is_lost(self) -> None:
        waiting: list[Message] = [self.model.desk.repository.get(mail) for mail in self.model.mails]
        told_of = {(mail.case, mail.resolution) for mail in waiting}
        for number, case in self.model.cases.items():
            self.visited.add(case.status)
            assert case.team is not None or case.status != "assigned", "R-6b"
            if case.resolution is not None and case.resolution.needs_problem:
                assert case.resolution.problem is not None, "R-5.8.1a"
                assert number in self.model.desk.problem(case.resolution.problem, AUDITOR).incidents
            if case.status == "resolved" and case.continued:
                assert case.duplicate_of is not None
                assert self.model.cases[case.duplicate_of].status != "closed", "R-5.6c: it closes with the first"
            elif case.status == "resolved":
                assert case.closes_at or case.obligations or (number, case.resolution_version) in told_of, "R-5.9g"
            for other, kind in case.links.items():
                assert (kind, self.model.cases[other].links[number]) in _SYMMETRIC, "R-5.6c"


@pytest.fixture
def machine(server: str) -> Iterator[type[DeskMachine]]:
    """The machine on a desk of its own, whose cases and clock it drives."""
    clock = TravelClock(START)
    with cloned(server) as database, open_desk(database, clock) as desk:
        grant_everybody(desk)
        for who in STAFF:
            desk.ensure_granted(who.subject, who.role, who.team, None, OPERATOR, anew=False)
        desk.list_entry("help-desks", HelpDesk("dhs", "Human Services", "DHS"), {"phone": "1"}, None, OPERATOR)
        yield type("OfThisDesk", (DeskMachine,), {"model": DeskModel(desk, clock), "visited": set()})


def test_r_6a_no_command_outside_the_table_appends_anything(machine: type[DeskMachine]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=30,
            derandomize=True,
            database=None,
            deadline=None,
            # A failure is told as it was found: to make it small takes minutes on a real database.
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
    done = machine.model.done
    assert machine.visited == set(STATUSES)
    tried = {outcome: {command for command in TABLE if done[command, outcome]} for outcome in (True, False)}
    assert min(map(len, tried.values())) > 0.8 * len(TABLE), "most commands succeeded, and were refused, somewhere"
