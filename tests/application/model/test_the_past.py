"""What was, at random points of random histories, is what a fold of only the events up to there says.

The fold is made from scratch, in a fresh database that holds no other event, and asked for "now".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis.stateful import initialize, run_state_machine_as_test

from application.cases.documents import case_document
from application.views.questions import Point
from domain.errors import NotFound
from infrastructure.views.projector import Projector
from tests.acceptance.imports.logs import imported, row
from tests.application.model.desk_model import AUDITOR, START
from tests.application.model.test_state_machine import CHANCE, DeskMachine, staffed
from tests.application.model.the_past import ALARM, ATTENTION, KEYS, QUEUES, Happened, Questions, asked, happened, only
from tests.blocking import BlockingDesk, open_desk
from tests.conftest import TestDatabase, cloned
from tests.infrastructure.everything import everything
from tests.infrastructure.histories import open_history

MOMENT = timedelta(microseconds=1)
LOOKS = 3
_AS_FOUND: dict[str, Any] = {"derandomize": True, "database": None, "deadline": None, "phases": (Phase.generate,)}
"""A failure is told as it was found: to make it small takes minutes on real databases."""


class Past:
    """The past of a database, held against folds from scratch. ``seen`` counts what the answers had in them."""

    def __init__(self, server: str, database: TestDatabase) -> None:
        self.server, self.database = server, database
        self.seen: Counter[str] = Counter()

    def look_back(self, chance: Random, desk: BlockingDesk | None = None) -> None:
        """Look at a random point: at a position or a moment of recording, and now and then by when it happened."""
        with self.database.connect("projector") as connection:
            Projector(connection).catch_up()
        events = happened(self.database)
        if chance.choice((True, False)):
            recorded = chance.choice(events).recorded_at + chance.choice((-1, 0, 0, 1)) * MOMENT
            with asked(self.database) as views:
                position = views.positions.at(recorded)
            assert position == max((e.position for e in events if e.recorded_at <= recorded), default=0)
            then: dict[str, Any] = {"as_of": recorded}
        else:
            position = chance.randint(0, events[-1].position)
            then = {"position": position}
        known = [event for event in events if event.position <= position]
        self._hold(chance, known, Point(position), desk, then)
        if known and chance.random() < 0.5:
            moment = chance.choice(known).at + chance.choice((-1, 0, 0, 1)) * MOMENT
            by_then = [event for event in known if event.at <= moment]
            self._hold(chance, by_then, Point(position, moment), None, then)

    def _hold(
        self, chance: Random, known: list[Happened], point: Point, desk: BlockingDesk | None, then: dict[str, Any]
    ) -> None:
        note(f"{point} of {len(known)} events")
        moments = sorted({event.at for event in known}) or [START]
        since, until = sorted(chance.choices(moments, k=2))
        window_ends = chance.choice(moments) if point.effective_at or chance.choice((True, False)) else None
        questions = Questions(
            max(moments) + chance.choice((timedelta(), ALARM, timedelta(days=4))),
            window_ends,
            chance.choice((None, since)),
            chance.choice((None, until)),
            chance.randrange(len(KEYS)),
        )
        with only(self.server, self.database, known) as fresh, asked(fresh) as anew, asked(self.database) as views:
            expected = questions.answers(anew, Point())
            assert questions.answers(views, point) == expected
            counted = anew.lists.queues(questions.asked(Point()))
            counts = {**counted.queues, **counted.attention}
            listed = {name: len(expected[f"queue {name}"]) for name in (*QUEUES, *ATTENTION)}
            assert {name: cases for name, cases in counts.items() if name in listed} == {
                name: cases for name, cases in listed.items() if cases
            }
            self.seen.update({name: 1 for name, answer in expected.items() if answer})
            if desk is not None:
                self._hold_cases(desk, fresh, then)

    def _hold_cases(self, desk: BlockingDesk, fresh: TestDatabase, then: dict[str, Any]) -> None:
        """Each case reads as it was, and as it is where nothing later is known; or was not there."""
        with self.database.connect("api") as connection:
            numbers = [number for (number,) in connection.execute("SELECT number FROM ledger.numbers")]
        with open_desk(fresh) as anew:
            for number in numbers:
                if not number.startswith("INC-"):
                    continue
                try:
                    expected = case_document(anew.records.case(number, AUDITOR))
                except NotFound:
                    with pytest.raises(NotFound):
                        desk.records.case(number, AUDITOR, **then)
                    self.seen["no case"] += 1
                else:
                    assert case_document(desk.records.case(number, AUDITOR, **then)) == expected
                    self.seen["case"] += 1


class LookingBack(DeskMachine):
    """The machine of all commands, and one who looks back on what it did, and on all that it did before."""

    past: ClassVar[Past]
    chance: Random

    @initialize(chance=CHANCE)
    def meet(self, chance: Random) -> None:
        self.chance = chance

    def teardown(self) -> None:
        for _ in range(LOOKS):
            self.past.look_back(self.chance, self.model.desk)


@pytest.fixture
def machine(server: str, database: TestDatabase) -> Iterator[type[LookingBack]]:
    with staffed(database) as model:
        members = {"model": model, "visited": set(), "past": Past(server, database)}
        yield type("OfThisDesk", (LookingBack,), members)


def test_the_past_of_random_histories_is_what_a_fold_up_to_there_says(machine: type[LookingBack]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=10, stateful_step_count=20, suppress_health_check=list(HealthCheck), **_AS_FOUND
        ),
    )
    seen = machine.past.seen
    asked_of = {"obligations", "case", "no case", *(f"queue {name}" for name in QUEUES if name != "messaging")}
    assert min(seen[name] for name in asked_of) > 0  # else this test says less than it should


@pytest.fixture
def lived(server: str, database: TestDatabase) -> Past:
    """A history in which everything happened, also long before it was recorded."""
    with open_history(database) as history:
        everything(history)
    return Past(server, database)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], **_AS_FOUND)
@given(chance=CHANCE)
def test_the_past_of_all_that_can_happen_is_what_a_fold_up_to_there_says(lived: Past, chance: Random) -> None:
    lived.look_back(chance)


STATES = ("New", "Active", "Active", "Awaiting User Info", "Resolved", "Resolved", "Closed")


def imported_row(chance: Random, number: int) -> dict[str, str]:
    """A row of a log whose clock jumps, now and then with what was known in hindsight only."""
    when = datetime(2016, 3, 1, tzinfo=UTC) + timedelta(hours=chance.randint(0, 99))
    told = {"incident_state": chance.choice(STATES), "sys_updated_at": f"{when:%d/%m/%Y %H:%M}"}
    told["assignment_group"] = chance.choice(("network", "messaging", "?"))
    if told["incident_state"] == "Closed":
        told |= {"resolved_at": "2/3/2016 08:00", "closed_code": "code 5"}
    return row(number=f"INC{number:07d}", **told)


@settings(max_examples=5, **_AS_FOUND)
@given(chance=CHANCE)
def test_the_past_of_random_imports_is_what_a_fold_up_to_there_says(server: str, chance: Random) -> None:
    rows = [imported_row(chance, number) for number in range(4) for _ in range(8)]
    with cloned(server) as database, open_desk(database) as desk:
        imported(desk, rows)
        past = Past(server, database)
        for _ in range(LOOKS):
            past.look_back(chance, desk)
