"""Reads whole histories of cases from the record, with the mails and problems that belong to them."""

from __future__ import annotations

from uuid import UUID

from application.reports.conformance.histories import HistoryPage, Known
from application.reports.conformance.history import Event, History
from infrastructure.views.questions.view_reader import Row, ViewReader, texts

_SQL = texts("histories")
_BEFORE_ALL = UUID(int=0)


class HistoryView:
    """Implements `application.reports.conformance.histories.Histories`."""

    def __init__(self, reader: ViewReader) -> None:
        self._reader = reader

    async def page(self, after: UUID | None, limit: int, known: Known) -> HistoryPage:
        """The next cases in the order of their ids. All pages up to one position are as of it: the record only grows."""
        wanted = {"after": after or _BEFORE_ALL, "limit": limit + 1, "position": known.position}
        cases = await self._reader.rows(_SQL["cases"], wanted)
        more, cases = len(cases) > limit, cases[:limit]
        return HistoryPage(await self._histories(cases, known), cases[-1]["id"] if more else None)

    async def of(self, number: str, known: Known) -> History | None:
        """The history of one case."""
        cases = await self._reader.rows(_SQL["case"], {"number": number})
        return next(iter(await self._histories(cases, known)), None)

    async def count(self) -> int:
        """How many cases there are."""
        return int((await self._reader.rows(_SQL["count"]))[0]["cases"])

    async def _histories(self, cases: list[Row], known: Known) -> list[History]:
        """The histories of cases that have any event by then."""
        ids, numbers = [case["id"] for case in cases], [case["number"] for case in cases]
        events: dict[str, list[Event]] = {number: [] for number in numbers}
        by_id = dict(zip(ids, numbers, strict=True))
        for row in await self._reader.rows(_SQL["events"], {"ids": ids, "position": known.position}):
            events[by_id[row["id"]]].append(_event(row))
        problems = {
            event.value("problem") for found in events.values() for event in found if event.topic == "case.resolved"
        }
        for row in await self._reader.rows(_SQL["mails"], {"numbers": numbers, "position": known.position}):
            events[row["number"]].append(_event(row))
        if named := sorted(problems - {None}):
            for row in await self._reader.rows(_SQL["problems"], {"problems": named, "position": known.position}):
                event = _event(row)
                event.tell(number=row["number"])
                if (incident := event.value("incident")) in events:
                    events[incident].append(event)
        return [History(number, found, known.at) for number, found in events.items() if found]


def _event(row: Row) -> Event:
    return Event(row["topic"], row["version"], row["position"], row["recorded_at"], row["state"])
