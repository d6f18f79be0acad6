"""The recorded state of the alerts that a message names."""

from __future__ import annotations

from collections.abc import Collection

from application.execution.repository import Repository
from application.monitoring.plan import Situation
from application.monitoring.signals import Delivery
from domain.case import Case
from domain.monitoring.alert import Alert, Watch, alert_id, watch_id


class Situations:
    """Loads the situation of a message."""

    def __init__(self, repository: Repository) -> None:
        self._repository, self._register = repository, repository.register

    async def of(self, source: str, delivery: Delivery) -> Situation:
        """Load the alerts that a message names, their cases, and the watches of these cases."""
        named = {*(signal.identity for signal in delivery.signals), *delivery.about}
        known = await self.alerts([(source, name) for name in sorted(named)])
        alerts = {each.seen.fingerprint: each for each in known}
        numbers, loaded = sorted({alert.case for alert in alerts.values()}), dict[str, Case]()
        cases = {number: await self._first(number, loaded) for number in numbers}
        found = await self._register.latest([watch_id(number) for number in numbers]) if numbers else ()
        watches: list[Watch] = [event.mutate(None) for event in found]
        return Situation(alerts, {watch.case: watch for watch in watches}, cases)

    async def alerts(self, named: Collection[tuple[str, str]]) -> list[Alert]:
        """Load the known alerts among those named by source and fingerprint."""
        found = await self._register.latest([alert_id(*name) for name in named]) if named else ()
        return [event.mutate(None) for event in found]

    async def _first(self, number: str, loaded: dict[str, Case]) -> Case:
        """Load a case, or the first case of a duplicate (R-5.6c). Each loads once."""
        case = await self._loaded(number, loaded)
        return case if case.goes_with is None else await self._loaded(case.goes_with, loaded)

    async def _loaded(self, number: str, loaded: dict[str, Case]) -> Case:
        if number not in loaded:
            loaded[number] = await self._repository.get(Case, number)
        return loaded[number]
