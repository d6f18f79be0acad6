"""The event store against the library's own contract suites, and what it promises beyond them."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError, StoredEvent
from eventsourcing.tests.persistence import (
    AggregateRecorderTestCase,
    ApplicationRecorderTestCase,
    NonInterleavingNotificationIDsBaseCase,
)

from application.ports import Answered, KeyTaken
from domain.values import Disclosure, DisclosureKind
from infrastructure.postgres.append import Append
from infrastructure.postgres.recorder import LedgerFactory, LedgerRecorder
from infrastructure.postgres.stored_event import LedgerEvent
from tests.conftest import TestDatabase


@pytest.fixture
def recorder(database: TestDatabase) -> Iterator[LedgerRecorder]:
    with LedgerFactory(database) as factory:
        made = factory.application_recorder()
        assert isinstance(made, LedgerRecorder)
        yield made


class Plain(LedgerRecorder):
    """An aggregate recorder answers no positions, and its suite compares events with the library's own class."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> None:
        super().insert_events(stored_events, **kwargs)

    def select_events(self, *args: Any, **kwargs: Any) -> Any:
        return [
            StoredEvent(e.originator_id, e.originator_version, e.topic, e.state)
            for e in super().select_events(*args, **kwargs)
        ]


class OnAFreshDatabase:
    """Gives the library's suites, which are unittest's, a recorder on a database of their own."""

    recorder_class: type[LedgerRecorder] = LedgerRecorder

    @pytest.fixture(autouse=True)
    def _fresh(self, database: TestDatabase) -> Iterator[None]:
        with LedgerFactory(database) as factory:
            factory.recorder = self.recorder_class(factory.datastore, database, "api")
            self._recorder, self._database = factory.recorder, database
            yield

    def create_recorder(self) -> Any:
        return self._recorder


class TestAsAggregateRecorder(OnAFreshDatabase, AggregateRecorderTestCase):
    recorder_class = Plain


class TestAsApplicationRecorder(OnAFreshDatabase, ApplicationRecorderTestCase):
    def test_insert_subscribe(self) -> None:
        """The library's subscriber looks when it is notified; one that began to listen a moment after a commit waits for
        the next one. Here somebody goes on notifying, as the next commits would."""
        stop = threading.Event()

        def notify() -> None:
            with self._database.connect("api") as connection:
                while not stop.wait(0.2):
                    connection.execute("NOTIFY stored_events")

        commits = threading.Thread(target=notify)
        commits.start()
        try:
            self.optional_test_insert_subscribe()
        finally:
            stop.set()
            commits.join()


class TestPositionsDoNotInterleave(OnAFreshDatabase, NonInterleavingNotificationIDsBaseCase):
    pass


def event(stream: UUID | None = None, version: int = 1, **more: Any) -> LedgerEvent:
    return LedgerEvent(stream or uuid4(), version, "case.noted", b"{}", **more)


def answered(of: LedgerEvent, key: bytes | None = None) -> Answered:
    assert isinstance(of.originator_id, UUID)
    return Answered(key or os.urandom(32), b"request", 200, of.originator_id, of.originator_version)


def test_a_tailing_reader_misses_nothing_under_eight_writers(database: TestDatabase) -> None:
    """Two processes' worth of recorders, four threads each: positions come in the order of commits."""
    seen: list[int] = []
    done = threading.Event()

    with LedgerFactory(database) as one, LedgerFactory(database) as two, LedgerFactory(database) as three:
        reader = three.application_recorder()

        def tail() -> None:
            while True:
                over = done.is_set()
                fresh = reader.select_notifications(seen[-1] if seen else 0, 100, inclusive_of_start=False)
                seen.extend(notification.id for notification in fresh)
                if over and not fresh:
                    return

        def write(recorder: Any) -> list[int]:
            return [recorder.insert_events([event(), event()])[i] for _ in range(60) for i in (0,)]

        tailing = threading.Thread(target=tail)
        tailing.start()
        with ThreadPoolExecutor(8) as writers:
            wanted = [one.application_recorder(), two.application_recorder()] * 4
            written = [position for some in writers.map(write, wanted) for position in some]
        done.set()
        tailing.join()

    assert len(seen) == 8 * 60 * 2
    assert seen == sorted(set(seen))
    assert set(written) <= set(seen)


def test_each_command_of_a_mixed_batch_gets_its_own_answer(recorder: LedgerRecorder) -> None:
    known = event()
    recorder.insert_events([known], answered=answered(known, b"k" * 32))
    stale, reused, good, both = event(known.originator_id), event(), event(), event()  # type: ignore[arg-type]
    second = event(good.originator_id, 2)  # type: ignore[arg-type]
    batch = [
        Append([stale]),
        Append([reused], answered(reused, b"k" * 32)),
        Append([good, second], answered(second)),
        Append([both], answered(both)),
    ]
    recorder.run(recorder.writers.group._commit, batch)

    with pytest.raises(IntegrityError):
        batch[0].answer()
    with pytest.raises(KeyTaken):
        batch[1].answer()
    assert [position for position, _ in batch[2].answer()] == [2, 3]
    assert [position for position, _ in batch[3].answer()] == [4]


def test_two_who_want_the_same_version_at_once_are_told_apart(recorder: LedgerRecorder) -> None:
    stream, outcomes = uuid4(), []

    def write(_: int) -> str:
        try:
            recorder.insert_events([event(stream)])
        except IntegrityError:
            return "stale"
        return "done"

    with ThreadPoolExecutor(8) as writers:
        outcomes = list(writers.map(write, range(32)))
    assert sorted(outcomes) == ["done"] + ["stale"] * 31


def test_a_command_that_the_database_cannot_take_does_not_fail_its_neighbours(recorder: LedgerRecorder) -> None:
    bad = event(disclosures=(Disclosure("ab" * 32, "nul\0", DisclosureKind.CONTACT, "x", b"s" * 16),))
    good = event()
    batch = [Append([bad]), Append([good])]
    recorder.run(recorder.writers.group._commit, batch)
    with pytest.raises(Exception, match=r"NUL|0x00"):
        batch[0].answer()
    assert batch[1].answer()


def test_an_append_whose_answer_was_lost_is_found_again(recorder: LedgerRecorder) -> None:
    """The connection broke after the commit: the retry recognises its own bytes and answers their positions."""
    mine = event()
    recorder.insert_events([mine])
    again = Append([mine])
    again.in_doubt = True
    recorder.run(recorder.writers.group._commit, [again])
    assert [position for position, _ in again.answer()] == [1]

    other = Append([LedgerEvent(mine.originator_id, 1, "case.noted", b'{"other":1}')])
    other.in_doubt = True
    recorder.run(recorder.writers.group._commit, [other])
    with pytest.raises(IntegrityError):
        other.answer()


def test_a_file_is_found_again_with_its_append_and_goes_with_a_refused_one(
    recorder: LedgerRecorder, database: TestDatabase
) -> None:
    def said() -> Disclosure:
        made = Disclosure.of("jo", DisclosureKind.ATTACHMENT, {"size": 1}, os.urandom, b"x")
        assert made is not None
        return made

    mine = event(disclosures=(said(),))
    recorder.insert_events([mine])
    again, other = Append([mine]), Append([replace(mine, state=b'{"other":1}', disclosures=(said(),))])
    for append in (again, other):
        append.in_doubt = True
        recorder.run(recorder.writers.carrier._commit, [append])
    assert [position for position, _ in again.answer()] == [1]
    with pytest.raises(IntegrityError):
        other.answer()
    with psycopg.connect(database.superuser) as superuser:
        assert superuser.execute("SELECT count(*) FROM vault.blobs").fetchone() == (1,)


def test_a_broken_connection_is_made_anew_and_nothing_is_written_twice(
    recorder: LedgerRecorder, database: TestDatabase
) -> None:
    recorder.insert_events([event()])
    with psycopg.connect(database.superuser, autocommit=True) as attacker:
        attacker.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            (database.name,),
        )
    assert recorder.insert_events([event()]) == [2]
    assert recorder.max_notification_id() == 2


def test_disclosures_travel_with_their_event_and_come_back_with_it(recorder: LedgerRecorder) -> None:
    stream = uuid4()
    said = [
        Disclosure.of("jo", kind, {"text": text}, os.urandom)
        for kind, text in ((DisclosureKind.CONTACT, "jo@x"), (DisclosureKind.CUSTOMER_WORDS, "it is\0broken"))
    ]
    disclosures = tuple(disclosure for disclosure in said if disclosure)
    recorder.insert_events([event(stream, disclosures=disclosures), event(stream, 2)])
    first, second = recorder.select_events(stream)
    assert {d.digest: d.texts for d in first.disclosures} == {d.digest: d.texts for d in disclosures}
    assert second.disclosures == ()


def test_after_closing_it_refuses_instead_of_waiting_for_ever(database: TestDatabase) -> None:
    factory = LedgerFactory(database)
    recorder = factory.application_recorder()
    recorder.insert_events([event()])
    factory.close()
    with pytest.raises(Exception, match="closed"):
        recorder.insert_events([event()])


def test_large_bytes_are_written_before_the_lock_of_all_appends(
    database: TestDatabase, recorder: LedgerRecorder
) -> None:
    """A raw mail that is still being written holds up nobody; what is refused leaves none of it behind."""
    said = Disclosure.of("jo", DisclosureKind.MESSAGE, {"raw": "x" * 100_000}, os.urandom)
    assert said is not None
    stream = uuid4()
    mail = LedgerEvent(stream, 1, "intake.received", b"{}", (said,))
    row = (stream, bytes.fromhex(said.digest), said.salt, said.value)
    with psycopg.connect(database.superuser) as slow, ThreadPoolExecutor(1) as others:
        slow.execute(  # the mail's row waits for this one, wherever it is written
            "INSERT INTO vault.disclosures (originator_id, originator_version, digest, salt, kind, subject, value)"
            " VALUES (%s, 1, %s, %s, 'message', 'jo', %s)",
            row,
        )
        writing = others.submit(recorder.insert_events, [mail])
        with psycopg.connect(database.superuser, autocommit=True) as looking:
            waits = (
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            while looking.execute(waits).fetchone() == (0,):
                assert not writing.done()
        assert recorder.insert_events([LedgerEvent(uuid4(), 1, "case.noted", b"{}")])
        slow.rollback()
        assert writing.result(60)
    (stored,) = recorder.select_events(stream)
    assert [(d.digest, d.value) for d in stored.disclosures] == [(said.digest, said.value)]
    again = Disclosure.of("jo", DisclosureKind.MESSAGE, {"raw": "y" * 100_000}, os.urandom)
    assert again is not None
    with pytest.raises(IntegrityError):
        recorder.insert_events([LedgerEvent(stream, 1, "intake.received", b"{}", (again,))])
    (stored,) = recorder.select_events(stream)
    assert [d.digest for d in stored.disclosures] == [said.digest]
