"""Which cases arrive when, and how far each comes: most are closed, a tenth is left open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from application.demo.simulation.alerts import alert
from application.demo.simulation.chance import Chance
from application.demo.simulation.deviations import RULES, deviate
from application.demo.simulation.hours import Hours
from application.demo.simulation.incident import Incident
from application.demo.simulation.lives import Stage, live, report_again
from application.demo.simulation.outages import outage
from application.demo.simulation.setting import Setting

_OPEN, _BEND = 0.1, 4
"""The share of cases left open. Most of them are of the last years: their number grows with this power of the time."""
_STUCK_TEAM, _STUCK = "network", 0.048
"""The team whose queue is long, and its share of the cases left open."""
_LEFT = {
    Stage.LOGGED: 0.93,
    Stage.TRIAGED: 0.04,
    Stage.PRIORITIZED: 0.01,
    Stage.IN_DIAGNOSIS: 0.01,
    Stage.WAITING: 0.01,
}
"""How far the others have come."""
_ALERTS, _REPEATED, _OUTAGES = 0.02, 0.015, 0.0008
"""The shares of arrivals that are an alert, that are reported twice, and that are an outage."""
_ROOM = timedelta(days=5)
"""How long before the end the last reports of a group begin."""
_YOUNG = (*Stage, *Stage)[:-1]
"""How far the youngest cases have come: the smallest desk has every status."""
_SPREAD, _QUICK = 480.0, 0.04
"""Minutes over which the youngest arrive, and the pace at which they are worked on."""


_PLANTED = 0.75
"""The share of the cases, from the first on, among which deviations are planted: all of them end within the span."""


def planted(cases: int, many: int, chance: Chance) -> dict[int, str]:
    """Which cases contradict which rule: so many, each rule as often as the others."""
    places = sorted(chance.sample(range(int(cases * _PLANTED)), many))
    return {place: RULES[number % len(RULES)] for number, place in enumerate(places)}


class Arrivals:
    """Begins the histories of a plan's cases."""

    def __init__(self, hours: Hours, cases: int, planted: Mapping[int, str]) -> None:
        self._hours, self._cases, self._planted = hours, cases, planted
        self._young = max(0, cases - len(_YOUNG))
        """The first of the youngest cases."""

    def earliest(self, first: int) -> datetime:
        """No case from this one on arrives earlier."""
        return min(self._hours.arrival(first / self._cases), self._hours.before_the_end(_SPREAD))

    def begin(self, at: Setting, first: int, many: int) -> None:
        """Begin the histories of so many cases."""
        place, end = first, first + many
        while place < end:
            place += self._begin(at, place, end - place)

    def _begin(self, at: Setting, place: int, most: int) -> int:
        """Begin one history. Returns how many cases it has, at most ``most``."""
        if place >= self._young:
            self._begin_young(at, place)
            return 1
        moment = self._hours.arrival((place + at.chance.random()) / self._cases)
        if place in self._planted:
            at.schedule.begin(deviate(at, self._planted[place]), moment)
            return 1
        return self._begin_old(at, place, most, moment)

    def _begin_old(self, at: Setting, place: int, most: int, moment: datetime) -> int:
        if self._is_left(place):
            self._begin_left(at, moment)
            return 1
        kind = at.chance.random()
        if kind < _ALERTS:
            at.schedule.begin(alert(at), moment)
            return 1
        if moment + _ROOM < self._hours.end:
            if kind < _ALERTS + _OUTAGES and (many := self._free(place, min(most, 4 + at.chance.getrandbits(2)))) > 1:
                at.schedule.begin(outage(at, many - 1), moment)
                return many
            if kind < _ALERTS + _OUTAGES + _REPEATED and self._free(place, min(most, 2)) == 2:
                twice = Incident.of(at)
                at.schedule.begin(live(at, Stage.CLOSED, twice), moment)
                again = self._hours.after(moment, at.chance.between(20, 1000))
                at.schedule.begin(report_again(at, twice), again)
                return 2
        at.schedule.begin(live(at), moment)
        return 1

    def _free(self, place: int, many: int) -> int:
        """How many cases from here on, at most so many, are neither young nor left, and plant nothing."""
        for other in range(place, place + many):
            if other >= self._young or other in self._planted or self._is_left(other):
                return other - place
        return many

    def _is_left(self, place: int) -> bool:
        return int(self._left(place + 1)) > int(self._left(place))

    def _left(self, places: int) -> float:
        """How many of the first cases are left open."""
        return self._cases * _OPEN * (places / self._cases) ** _BEND

    def _begin_left(self, at: Setting, moment: datetime) -> None:
        if at.chance.happens(_STUCK):
            at.schedule.begin(live(at, Stage.ASSIGNED, team=_STUCK_TEAM), moment)
        else:
            at.schedule.begin(live(at, at.chance.weighted(_LEFT)), moment)

    def _begin_young(self, at: Setting, place: int) -> None:
        young = self._cases - place
        moment = self._hours.before_the_end(_SPREAD * young / (len(_YOUNG) + 1))
        at.schedule.begin(live(replace(at, pace=_QUICK), _YOUNG[young - 1]), moment)
