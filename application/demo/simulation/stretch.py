"""A simulation in stretches: each makes some of the cases, from their report to their end, by itself.

So stretches can be made beside each other. Their commits are merged by time.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from application.demo.simulation.arrivals import Arrivals, planted
from application.demo.simulation.chance import Chance
from application.demo.simulation.hours import Hours, span_of
from application.demo.simulation.people import INTERFACE, People
from application.demo.simulation.processes import Processes
from application.demo.simulation.record import Commit, SimulatedRecord
from application.demo.simulation.schedule import OnTheSpot, Schedule
from application.demo.simulation.setting import Setting
from application.desk import desk_on
from application.execution.requests import Request
from application.imports.catalogue_file import carry_out, read_catalogue
from application.mail_out.addresses import Addresses
from domain.policy import Policy
from domain.values import Actor, Role

YEARS = 5
STRETCH = 1_000
"""Cases of a stretch."""
LONGEST = timedelta(days=140)
"""No history takes longer."""
_NAME = re.compile(r"demo load: (\d+) cases, seed (\d+), until (\d{4}-\d\d-\d\d)(?:, (\d+) deviations)?")
_PROBLEMS = STRETCH // 5
"""Most problems that a stretch opens; their numbers are kept free for it."""


@dataclass(frozen=True)
class Plan:
    """Which desk: equal plans make equal desks, but for what follows from the secret of a store."""

    cases: int
    seed: int
    last: date
    """The last day."""
    deviations: int = 0
    """How many cases contradict a rule of the SOP."""

    def __str__(self) -> str:
        name = f"demo load: {self.cases} cases, seed {self.seed}, until {self.last}"
        return f"{name}, {self.deviations} deviations" if self.deviations else name

    @classmethod
    def parse(cls, text: str | None) -> Plan | None:
        """The plan with this name; None for any other text."""
        found = _NAME.fullmatch(text or "")
        return found and cls(int(found[1]), int(found[2]), date.fromisoformat(found[3]), int(found[4] or 0))

    @property
    def stretches(self) -> int:
        """How many stretches there are."""
        return -(-self.cases // STRETCH)

    @property
    def most_problems(self) -> int:
        """The highest number that a problem can have."""
        return (self.stretches + 1) * _PROBLEMS


@dataclass(frozen=True)
class Store:
    """What a simulation must know of the store that it is made for."""

    pseudonym_key: bytes
    mailbox: str
    policy: Policy


class Simulation:
    """Makes the stretches of a plan, in any order. Belongs to the event loop that opens it."""

    def __init__(self, plan: Plan, store: Store) -> None:
        self._plan = plan
        self.hours = Hours(store.policy.business, *span_of(YEARS, plan.last))
        self._people, self._chance = People(plan.cases), Chance()
        self._chance.seed(f"{plan.seed} deviations")
        self._arrivals = Arrivals(self.hours, plan.cases, planted(plan.cases, plan.deviations, self._chance))
        self._schedule = Schedule(self.hours.start - timedelta(minutes=1))
        self._record = SimulatedRecord(self._schedule, store.pseudonym_key)
        self._desk = desk_on(
            self._record,
            self._record,
            self._record,
            clock=self._schedule,
            first_policy=lambda: store.policy,
            random=self._chance.randbytes,
            addresses=Addresses(store.pseudonym_key, store.mailbox),
        )

    async def prelude(self) -> list[Commit]:
        """Policy, catalogue and grants, as they stand before the first case. The first event names the plan."""
        asyncio.get_running_loop().set_default_executor(OnTheSpot())
        made = self._begin("prelude")
        self._record.heard = made.append
        origin = Request(Actor("operator", Role.SYSTEM), INTERFACE, request_id=str(self._plan))
        await self._desk.policy.adopt(origin)
        found = await read_catalogue(self._desk, self._people.document)
        assert not found.findings, found.findings
        await carry_out(self._desk, found)
        return made

    async def stretch(self, number: int) -> list[Commit]:
        """The commits of one stretch, in order of time. `prelude` comes before the first."""
        made, first = self._begin(f"stretch {number}"), number * STRETCH
        many = min(STRETCH, self._plan.cases - first)
        self._record.forget(first + 1, (number + 1) * _PROBLEMS + 1)
        self._schedule.restart(self.starts(number))
        at = Setting(self._desk, self._schedule, self.hours, self._people, self._chance, problems_left=_PROBLEMS)
        processes = Processes(at)

        def hear(commit: Commit) -> None:
            made.append(commit)
            processes.notice(commit)

        self._record.heard = hear
        self._arrivals.begin(at, first, many)
        await self._schedule.run(self.hours.end)
        return made

    @property
    def refused(self) -> int:
        """How many histories ended with a refusal so far."""
        return self._schedule.refused

    def starts(self, number: int) -> datetime:
        """No event of this stretch, nor of a later one, is earlier."""
        return self._arrivals.earliest(number * STRETCH)

    def _begin(self, what: str) -> list[Commit]:
        self._chance.seed(f"{self._plan.seed} {what}")
        return []
