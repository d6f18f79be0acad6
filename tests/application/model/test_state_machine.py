"""Random commands by random roles against the table of requirements.md, on real PostgreSQL, while time travels.

What the table forbids is refused and appends nothing; what succeeds the table allows; a history replayed is the case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from random import Random
from typing import ClassVar, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from application.administration.catalogue import OPERATOR
from domain.catalogue import HelpDesk
from domain.outgoing_mail import Message
from domain.values import Actor, Role
from tests.application.model.command_table import STATUSES, TABLE, refusals
from tests.application.model.commands import JO, LOU, SAM, Call, Commands, Picker
from tests.application.model.desk_model import AUDITOR, START, SYSTEM, WINDOW, DeskModel
from tests.blocking import open_desk
from tests.conftest import TestDatabase, cloned, grant_everybody
from tests.travel_clock import TravelClock

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
    "assigned without an address": (*_DIAGNOSED, "assign"),
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
CASES = 4
"""How many there are from the beginning: enough for a first case, its duplicate, one related, and another customer's."""
_MOST_CASES, _TRIES, _OVERSTEPS, _ACCEPTED = 6, 3, 3, 0.7
PARTS, RARELY = 4, 20
"""Into how many tests the examples are dealt, and in how many examples each command must have succeeded once."""
CHANCE = st.randoms(use_true_random=True)
"""A die thrown by a seed of Hypothesis's: it would rather draw the first of what there is."""
LINKS = ("relate", "duplicate", "duplicate", "unrelate")
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
        self.succeeded = Counter[str]()
        self.mails = dict[UUID, tuple[str, int | None]]()
        self.joined = dict[str, int]()
        self.customers = [Actor(self.model.desk.pseudonyms.of(contact), Role.CUSTOMER) for contact in (JO, SAM)]
        self.shared = self.model.fresh_words()

    @initialize(ways=st.lists(st.sampled_from(sorted(WAYS)), min_size=CASES, max_size=CASES), chance=CHANCE)
    def open(self, ways: list[str], chance: Random) -> None:
        """Cases to begin with, linked with one another as far as their states allow."""
        for way in ways:
            self.come_to(way)
        numbers = sorted(self.model.cases)
        for number, first in zip(numbers[1:], numbers, strict=False):
            link = chance.choice(LINKS)
            call = Commands(self.model.desk, number, [chance.choice((first, numbers[0]))], Picker())[link]
            self.model.step(link, number, TECHNICIAN, call)

    @rule(chance=CHANCE)
    def one_step(self, chance: Random) -> None:
        """Mostly a command that the table allows; else one that it forbids, another report, or time that passes."""
        (do,) = chance.choices((self.act, self.overstep, self.log, self.time_passes), (14, 2, 1, 3))
        do(chance)

    def come_to(self, way: str) -> None:
        number = self.model.log(TECHNICIAN, LOU if way.endswith("address") else JO, self.model.fresh_words())
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

    def log(self, chance: Random) -> None:
        """Somebody reports an incident, now and then in the words of another; or is not allowed to."""
        if len(self.model.cases) < _MOST_CASES:
            who, contact = chance.choice((*STAFF, *self.customers)), chance.choice((JO, SAM, LOU))
            self.model.log(who, contact, chance.choice((self.shared, self.model.fresh_words())))

    def act(self, chance: Random) -> None:
        """A command that the table allows, rather one that rarely succeeded; where a clause refuses it, another."""
        for _ in range(_TRIES):
            number = chance.choice(sorted(self.model.cases))
            allowed = self.pairs(number, allowed=True)
            commands = sorted({command for command, _ in allowed})
            if waiting := set(commands) & self.awaited(number):
                commands = sorted(waiting)
            (command,) = chance.choices(commands, [1 / (1 + self.succeeded[each]) for each in commands])
            who = chance.choice([who for may, who in allowed if may == command])
            if self.model.step(command, number, who, self.words(number, Chosen(chance))[command]):
                self.succeeded[command] += 1
                break

    def awaited(self, number: str) -> set[str]:
        """The decisions that a case waits for."""
        case = self.model.cases[number]
        disputed = {"uphold_dispute", "dismiss_dispute"} if case.suspected_at is not None else set()
        nominated = {"declare_major", "reject_major"} if case.major == "nominated" else set()
        return {*disputed, *nominated, *({"waive"} if case.incomplete else ())}

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

    def time_passes(self, chance: Random) -> None:
        """What waits is sent; later a timer fires, whether it is due or not, or for an older resolution."""
        self.model.deliver(accepted=chance.random() < _ACCEPTED)
        self.model.clock.travel(timedelta(hours=chance.choice((0.3, 26, 73))))
        resolved = [number for number, case in self.model.cases.items() if case.status == "resolved"]
        number = chance.choice(resolved or sorted(self.model.cases))
        resolution = self.model.cases[number].resolution_version or 1
        assert not self.model.step("close_elapsed", number, SYSTEM, self.fires(number, resolution - 1))
        self.model.step("close_elapsed", number, SYSTEM, self.fires(number, resolution))

    def fires(self, number: str, resolution: int) -> Call:
        return lambda request: self.model.desk.closure.close_elapsed(number, resolution, request)

    def about(self, mail: UUID) -> tuple[str, int | None]:
        """The case and the resolution that a mail tells of. They never change."""
        if mail not in self.mails:
            message: Message = self.model.desk.runner.store.load(mail)
            self.mails[mail] = message.case, message.resolution
        return self.mails[mail]

    @invariant()
    def nothing_is_lost(self) -> None:
        told_of = {self.about(mail) for mail in self.model.mails}
        for number, case in self.model.cases.items():
            self.visited.add(case.status)
            if case.resolution is not None and case.resolution.needs_problem:
                assert case.resolution.problem is not None, "R-5.8.1a"
                if self.joined.get(number) != case.version:  # it has changed since it was looked at
                    assert number in self.model.desk.problems.problem(case.resolution.problem, AUDITOR).incidents
                    self.joined[number] = case.version
            if case.status == "resolved" and not case.continued:
                assert case.closes_at or case.obligations or (number, case.resolution_version) in told_of, "R-5.9g"


@contextmanager
def staffed(database: TestDatabase) -> Iterator[DeskModel]:
    """A desk with everybody who acts on it, and a clock that is driven."""
    clock = TravelClock(START)
    with open_desk(database, clock) as desk:
        grant_everybody(desk)
        for who in STAFF:
            desk.grants.ensure(who.subject, who.role, who.team, None, OPERATOR, anew=False)
        desk.catalogue.put("help-desks", HelpDesk("dhs", "Human Services", "DHS"), {"phone": "1"}, OPERATOR)
        yield DeskModel(desk, clock)


@pytest.fixture
def machine(server: str) -> Iterator[type[DeskMachine]]:
    """The machine on a desk of its own, whose cases and clock it drives."""
    with cloned(server) as database, staffed(database) as model:
        yield type("OfThisDesk", (DeskMachine,), {"model": model, "visited": set()})


@pytest.mark.parametrize("part", range(PARTS))
def test_r_6a_the_rules_hold_together_over_linked_cases(
    machine: type[DeskMachine],
    part: int,
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    """100 examples of 100 steps in all; `--examples 2000` takes more. What the table forbids appends nothing."""
    examples = request.config.getoption("--examples") // PARTS
    run_state_machine_as_test(
        seed(part)(machine),
        settings=settings(
            max_examples=examples,
            stateful_step_count=100,
            database=None,
            deadline=None,
            # A failure is told as it was found: to make it small takes minutes on a real database.
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
    succeeded = {command: machine.model.done[command, True] for command in TABLE}
    record_property("commands that succeeded", ", ".join(f"{command} {times}" for command, times in succeeded.items()))
    assert machine.visited == set(STATUSES)
    assert min(succeeded.values()) >= examples // RARELY, succeeded
    refused = [command for command in TABLE if machine.model.done[command, False]]
    assert len(refused) > 0.9 * len(TABLE), "nearly each was refused somewhere"
