"""Long aggregates are kept in memory, and read as if they were folded anew: always up to date, and without erased words."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import is_dataclass
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.utils import resolve_topic

from application.ports import Beside
from domain.aggregate import Root
from domain.case import Case
from domain.values import Disclosure, ErasureScope
from infrastructure.postgres.event_store import MAPPER, PostgresEventStore, open_event_store
from infrastructure.postgres.kept import KeptAggregates
from infrastructure.postgres.recorder import LedgerFactory, LedgerRecorder
from infrastructure.postgres.stored_event import LedgerEvent
from tests import four_eyes
from tests.application.cases import TECHNICIAN, log
from tests.blocking import open_desk
from tests.conftest import TestDatabase, grant_everybody
from tests.domain.cases import at, logged, said
from tests.infrastructure.everything import everything
from tests.infrastructure.histories import open_history

EMAIL = "jo.field@agency.example"


def keeping(most: int = 1_000_000, long: int = 1) -> KeptAggregates:
    """It takes every stream for a long one."""
    return KeptAggregates(MAPPER, long=long, most=most)


def on_store(database: TestDatabase, use: Callable[[PostgresEventStore], Awaitable[None]]) -> None:
    async def run() -> None:
        async with open_event_store(database, "api", size=2) as store:
            store.kept = keeping()
            await use(store)

    asyncio.run(run())


def streams(database: TestDatabase) -> list[list[LedgerEvent]]:
    """Every stream of a history in which everything happens."""
    with open_history(database) as history:
        everything(history)
    with LedgerFactory(database) as factory:
        recorder = factory.application_recorder()
        assert isinstance(recorder, LedgerRecorder)
        ids = recorder.rows(b"SELECT DISTINCT originator_id FROM ledger.stored_events")
        return [list(recorder.select_events(stream)) for (stream,) in ids]


def plain(value: Any) -> Any:
    """All that an aggregate holds, words included: disclosures are equal by their digests alone."""
    if isinstance(value, Disclosure):
        return value.digest, value.value
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, Root) or is_dataclass(value):
        return plain(vars(value))
    return value


def test_an_aggregate_kept_at_any_version_is_brought_up_to_date_and_stays_as_it_was(database: TestDatabase) -> None:
    erasing = 0
    for events in streams(database):
        anew = plain(keeping().folded(events))
        for version in range(1, len(events) + 1):
            aggregates = keeping()
            aggregates.folded(events[:version])
            kept = aggregates.find(UUID(str(events[0].originator_id)))
            assert kept is not None
            before = plain(kept.root)
            updated = aggregates.updated(kept, events[version - 1 :])
            assert plain(kept.root) == before, events[-1].topic
            if any(event.topic.endswith("erased") for event in events[version:]):
                erasing += 1
                assert updated is None
                assert aggregates.find(kept.root.id) is None
            else:
                assert plain(updated) == anew, events[-1].topic
    assert erasing


def test_every_event_that_erases_says_so() -> None:
    for kind in ("case", "problem", "message", "intake", "customer", "approval"):
        assert resolve_topic(f"{kind}.personal_data_erased").ERASES


def test_what_others_append_is_read_and_what_is_only_decided_is_not(database: TestDatabase) -> None:
    async def use(store: PostgresEventStore) -> None:
        case = logged()
        await store.append([case], Beside())
        decided = await store.load(case.id)
        assert isinstance(decided, Case)
        decided.triage("desk", at(1))  # refused by the store, or never sent
        async with open_event_store(database, "api", size=1) as other:
            case.note(said(), at(2))
            await other.append([case], Beside())
        again = await store.load(case.id)
        assert isinstance(again, Case)
        assert (again.version, again.status, again.pending_events) == (2, "logged", [])
        kept = store.kept.find(case.id)
        assert kept is not None
        assert kept.root.version == 2

    on_store(database, use)


def test_only_the_events_after_it_are_read(database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    async def use(store: PostgresEventStore) -> None:
        case = logged()
        for minute in range(9):
            case.note(said(f"{minute}"), at(minute))
        await store.append([case], Beside())
        asked = list[int]()
        rows = store.rows

        async def counted(*given: object) -> object:
            found = await rows(*given)  # type: ignore[arg-type]
            asked.append(len(found))
            return found

        monkeypatch.setattr(store, "rows", counted)
        await store.load(case.id)
        await store.load(case.id)
        assert asked == [10, 1]

    on_store(database, use)


def test_a_record_that_is_another_one_is_folded_anew(database: TestDatabase) -> None:
    """The database was restored to an earlier state while the process ran, and went on from there."""

    async def use(store: PostgresEventStore) -> None:
        case = logged()
        await store.append([case], Beside())
        await store.load(case.id)
        kept = store.kept.find(case.id)
        assert kept is not None
        vars(kept.root)["service"], kept.position = "of another record", 2
        again = await store.load(case.id)
        assert isinstance(again, Case)
        assert again.service == "printing"
        kept = store.kept.find(case.id)
        assert kept is not None
        assert (kept.position, store.kept.updated(kept, []), store.kept.find(case.id)) == (1, None, None)

    on_store(database, use)


def test_words_that_are_erased_are_gone_from_what_another_process_kept(database: TestDatabase) -> None:
    with open_desk(database, component="eraser") as desk, open_desk(database) as other:
        grant_everybody(desk)
        number = log(desk)
        store = other.target.runner.store
        store.kept = keeping()
        before = other.records.case(number, TECHNICIAN.actor)
        assert before.contact.text("email") == EMAIL
        assert store.kept.find(before.id) is not None
        four_eyes.erase(desk, EMAIL, ErasureScope.EVERYTHING)
        for _ in range(2):
            case = other.records.case(number, TECHNICIAN.actor)
            assert case.contact.texts is None
            assert case.words.texts is None


def event(root: Root) -> LedgerEvent:
    return LedgerEvent(root.id, root.version, "case.noted", b"{}", position=1)


def test_what_was_used_longest_ago_is_forgotten_first_and_what_is_short_or_too_large_is_not_kept() -> None:
    aggregates = keeping(most=100)
    one, two, three = (logged(f"INC-000000{number}") for number in (1, 2, 3))
    aggregates.keep(one, event(one), 40)
    aggregates.keep(two, event(two), 40)
    first = aggregates.find(one.id)
    assert first is not None
    aggregates.updated(first, [event(one)])  # it was used
    aggregates.keep(three, event(three), 40)
    assert [aggregates.find(each.id) is not None for each in (one, two, three)] == [True, False, True]
    assert aggregates.size == 80
    aggregates.keep(two, event(two), 101)
    assert aggregates.find(two.id) is None
    short = keeping(long=2)
    short.keep(one, event(one), 1)
    assert short.find(one.id) is None
