"""What is decided of message after message: nothing is counted twice, and a recovery is observed once."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from application.monitoring.mapping import Target
from application.monitoring.plan import Situation, plan
from application.monitoring.signals import Signal
from domain.case import Case
from domain.monitoring.alert import Alert, Watch
from domain.values import Role
from tests.domain.cases import at, closed, logged, moment

SAID = st.tuples(st.sampled_from("abcd"), st.booleans(), st.none() | st.integers(0, 4))
MESSAGES = st.lists(st.tuples(st.lists(SAID, max_size=4), st.booleans()), max_size=12)
TARGET, RECEIPT = Target("printing"), UUID(int=1)


class World:
    """Alerts, their cases, and what is counted of these, as they are once each message was taken in."""

    def __init__(self) -> None:
        self.alerts: dict[str, Alert] = {}
        self.watches: dict[str, Watch] = {}
        self.cases: dict[str, Case] = {}

    def take(self, said: list[tuple[str, bool, int | None]], minute: int) -> set[str]:
        """Returns the cases whose alerts all have recovered."""
        signals = [self._signal(*each) for each in dict.fromkeys(said)]
        numbers = {self.alerts[s.identity].case for s in signals if s.identity in self.alerts}
        watches = {number: self.watches[number] for number in numbers}
        known = Situation(
            {s.identity: self.alerts[s.identity] for s in signals if s.identity in self.alerts}, watches, self.cases
        )
        made, p = plan([(signal, TARGET) for signal in signals], known, moment(minute)), at(minute, Role.INTAKE)
        for steps in made.opening():
            number = f"INC-{len(self.cases) + 1:07d}"
            self.cases[number] = logged()
            for step in steps:
                made.begins(step, number, moment(minute))
        cases = {step.signal.identity: step.case for step in made.steps if step.case}
        for name, seen in made.seen.items():
            self.alerts[name] = Alert.raised("prom", seen, cases[name], RECEIPT, p)
        for number, tally in made.tallies.items():
            if tally.changed and number not in self.watches:
                self.watches[number] = Watch.begin_on("prom", number, tally.alerts, RECEIPT, p)
            elif tally.changed:
                self.watches[number].observe(tally.alerts, tally.firing, tally.ended_at, RECEIPT, p)
        return made.recovered

    def _signal(self, name: str, firing: bool, episode: int | None) -> Signal:
        started = None if episode is None else moment(episode)
        ended = None if firing else (started or moment(50)) + timedelta(seconds=30)
        return Signal(name, firing, name, episode=started, started_at=started, ended_at=ended)


@settings(max_examples=300, deadline=None)
@given(MESSAGES)
def test_what_is_counted_is_what_is_seen_and_a_recovery_is_observed_once(
    messages: list[tuple[list[tuple[str, bool, int | None]], bool]],
) -> None:
    world, quiet = World(), set[str]()
    for minute, (said, closes) in enumerate(messages, start=100):
        recovered = world.take(said, minute)
        firing = {alert.case for alert in world.alerts.values() if alert.seen.firing}
        assert not recovered & (quiet | firing)
        quiet = set(world.cases) - firing
        for number, watch in world.watches.items():
            own = [alert for alert in world.alerts.values() if alert.case == number]
            assert (watch.alerts, watch.firing) == (len(own), sum(alert.seen.firing for alert in own))
        if closes:
            world.cases = dict.fromkeys(world.cases, closed())
