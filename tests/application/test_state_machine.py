"""Random commands by random roles against the table of requirements.md, on real PostgreSQL, while time travels.

What the table forbids is refused and appends nothing; what succeeds the table allows; a history replayed is the case.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from random import Random
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
from tests.application.command_table import SETTLED, STATUSES, TABLE, refusals
from tests.application.commands import JO, LOU, SAM, Call, Commands, Picker
from tests.application.desk_model import AUDITOR, START, SYSTEM, WINDOW, DeskModel
from tests.conftest import TestDatabase, cloned, grant_everybody

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
    "triaged": ("triage",),
    "prioritized": ("triage", "prioritize"),
    "in diagnosis": _DIAGNOSED,
    "assigned": (*_DIAGNOSED, "assign"),
    "nominated": (*_DIAGNOSED, "assign", "nominate_major"),
    "verified": (*_DIAGNOSED, "assign", "verify"),
    "resolved at the desk": (*_DIAGNOSED, "resolve"),
    "resolved": _RESOLVED,
    "bounced": (*_RESOLVED, "bounce"),
    "held": (*_RESOLVED, "deliver", "suspect_dispute"),
    "closed": (*_RESOLVED, "deliver", "wait", "close_elapsed"),
    "closed for long": (*_RESOLVED, "deliver", "wait", "close_elapsed", "wait"),
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
_MOST_CASES, _IN_A_ROW, _OVERSTEPS = 5, 4, 20
CHANCE = st.randoms(use_true_random=True)
"""A die thrown by a seed of Hypothesis's: it would rather draw the first of what there is."""
LINKS = ("", "relate", "duplicate")
T = TypeVar("T")


class Chosen(Picker):
    """Chooses at random, each as likely."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance

    def __call__(self, options: Sequence[T]) -> T:
        return self._chance.choice(options)


class DeskMachine(RuleBasedStateMachine):
    """The desk, everybody who acts on it, and a clock."""

    model: ClassVar[DeskModel]
    visited: ClassVar[set[str]]

    def __init__(self) -> None:
        super().__init__()
        self.model.begin()
        self.customers = [Actor(self.model.desk.customer_id(contact), Role.CUSTOMER) for contact in (JO, SAM)]
        self.shared = uuid4().hex

    @initialize(ways=st.lists(st.sampled_from(sorted(WAYS)), min_size=2, max_size=3), link=st.sampled_from(LINKS))
    def open(self, ways: list[str], link: str) -> None:
        """Some cases to begin with, and now and then two that belong together."""
        for way in ways:
            self.come_to(way)
        if link:
            first, second = sorted(self.model.cases)[:2]
            call = Commands(self.model.desk, second, [first], Picker())[link]
            self.model.step(link, second, TECHNICIAN, call)

    @rule(way=st.sampled_from(sorted(WAYS)))
    def another(self, way: str) -> None:
        if len(self.model.cases) < _MOST_CASES:
            self.come_to(way)

    def come_to(self, way: str) -> None:
        number = self.model.log(TECHNICIAN, LOU if way.endswith("address") else JO, uuid4().hex)
        assert number is not None
        for command in WAYS[way]:
            if command in ("deliver", "bounce"):
                self.model.deliver(accepted=command == "deliver")
            elif command == "wait":
                self.model.clock.travel(WINDOW)
            else:
                assigned = self.model.cases[number].status == "assigned"
                by_team = assigned and command in ("verify", "resolve")
                who = SYSTEM if command == "close_elapsed" else NETWORK if by_team else TECHNICIAN
                resolution = self.model.cases[number].resolution_version or 0
                timer = command == "close_elapsed"
                call = self.fires(number, resolution) if timer else self.words(number, Picker())[command]
                assert self.model.step(command, number, who, call), command

    @rule(chance=CHANCE)
    def log(self, chance: Random) -> None:
        """Somebody reports an incident, now and then in the words of another; or is not allowed to."""
        if len(self.model.cases) < _MOST_CASES:
            who, contact = chance.choice((*STAFF, *self.customers)), chance.choice((JO, SAM, LOU))
            self.model.log(who, contact, chance.choice((self.shared, uuid4().hex)))

    @rule(chance=CHANCE)
    def act(self, chance: Random) -> None:
        """Commands that the table allows; whether a clause allows them too is another matter."""
        for _ in range(_IN_A_ROW):
            number = chance.choice(sorted(self.model.cases))
            allowed = self.pairs(number, allowed=True)
            command = chance.choice(sorted({command for command, _ in allowed}))
            who = chance.choice([who for may, who in allowed if may == command])
            self.model.step(command, number, who, self.words(number, Chosen(chance))[command])

    @rule(chance=CHANCE)
    def overstep(self, chance: Random) -> None:
        """What the table forbids: the wrong role, the wrong team, another's customer, the wrong status."""
        number = chance.choice(sorted(self.model.cases))
        for command, who in chance.sample(self.pairs(number, allowed=False), _OVERSTEPS):
            assert not self.model.step(command, number, who, self.words(number, Chosen(chance))[command])

    def pairs(self, number: str, *, allowed: bool) -> list[tuple[str, Actor]]:
        seen, people = self.model.seen(number), (*STAFF, *self.customers)
        return [(c, who) for c in BY_HAND for who in people if (not refusals(c, who, seen)) is allowed]

    def words(self, number: str, pick: Picker) -> Commands:
        others = [other for other in sorted(self.model.cases) if other != number]
        return Commands(self.model.desk, number, others, pick)

    @rule(hours=st.sampled_from((0.3, 26, 73)), accepted=st.sampled_from((True, True, False)))
    def time_passes(self, hours: float, accepted: bool) -> None:
        """What waits is sent; later the timers fire, whether they are due or not, and some for an older resolution."""
        self.model.deliver(accepted=accepted)
        self.model.clock.travel(timedelta(hours=hours))
        first = min(self.model.cases)
        for number, case in sorted(self.model.cases.items()):
            if case.status != "resolved" and number != first:
                continue
            resolution = case.resolution_version or 1
            assert not self.model.step("close_elapsed", number, SYSTEM, self.fires(number, resolution - 1))
            self.model.step("close_elapsed", number, SYSTEM, self.fires(number, resolution))

    def fires(self, number: str, resolution: int) -> Call:
        return lambda request: self.model.desk.close_elapsed(number, resolution, request)

    @invariant()
    def nothing_is_lost(self) -> None:
        waiting: list[Message] = [self.model.desk.repository.get(mail) for mail in self.model.mails]
        told_of = {(mail.case, mail.resolution) for mail in waiting}
        for number, case in self.model.cases.items():
            self.visited.add(case.status)
            assert (case.team is not None) is (case.status == "assigned") or case.status in SETTLED, "R-6b"
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


@contextmanager
def staffed(database: TestDatabase) -> Iterator[DeskModel]:
    """A desk with everybody who acts on it, and a clock that is driven."""
    clock = TravelClock(START)
    with open_desk(database, clock) as desk:
        grant_everybody(desk)
        for who in STAFF:
            desk.ensure_granted(who.subject, who.role, who.team, None, OPERATOR, anew=False)
        desk.list_entry("help-desks", HelpDesk("dhs", "Human Services", "DHS"), {"phone": "1"}, None, OPERATOR)
        yield DeskModel(desk, clock)


@pytest.fixture
def machine(server: str) -> Iterator[type[DeskMachine]]:
    """The machine on a desk of its own, whose cases and clock it drives."""
    with cloned(server) as database, staffed(database) as model:
        yield type("OfThisDesk", (DeskMachine,), {"model": model, "visited": set()})


def test_r_6a_no_command_outside_the_table_appends_anything(machine: type[DeskMachine]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=50,
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
    assert min(map(len, tried.values())) > 0.7 * len(TABLE), "most commands succeeded, and were refused, somewhere"
