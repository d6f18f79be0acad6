"""The library's own, synchronous interfaces on our schema and our group commit: its contract suites hold them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from eventsourcing.persistence import (
    ApplicationRecorder,
    Mapper,
    Notification,
    OperationalError,
    ProcessRecorder,
    StoredEvent,
    TrackingRecorder,
)
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore, PostgresFactory
from eventsourcing.utils import Environment
from psycopg.rows import dict_row, tuple_row

from application.ports import Answered, Erasure
from infrastructure.postgres.append import Append
from infrastructure.postgres.database import Component, Database
from infrastructure.postgres.event_store import Writers, joined
from infrastructure.postgres.mapper import StateMapper
from infrastructure.postgres.queries import load
from infrastructure.postgres.stored_event import LedgerEvent, LedgerNotification

_SQL = load("recorder")
_LAST = 2**63 - 1
P = ParamSpec("P")
T = TypeVar("T")


class LedgerDatastore(PostgresDatastore):
    """The library's datastore on a pool of ours: sockets, TLS, roles and limits as the operator and `Database` say."""

    def __init__(self, database: Database, component: Component, *, size: int = 16) -> None:
        super().__init__("", "", 0, "", "", schema="ledger")
        self.pool = database.pool(component, size=size, least=4, row_factory=dict_row)  # type: ignore[assignment]


class LedgerRecorder(PostgresApplicationRecorder):
    """Append-only, gap-safe for tailing readers, exact about each command of a shared commit.

    Migrations own the schema: it creates nothing. ``insert_events`` takes, beside the events, the command's
    ``answered`` (idempotency), the ``numbers`` it gave out, the position of the reference data it was decided
    under (``known``), what is deleted from the vault with it (``erasing``), and the numbers of the cases that it
    closes (``closes``); all of it is committed together or not at all.
    """

    def __init__(self, datastore: PostgresDatastore, database: Database, component: Component) -> None:
        super().__init__(datastore, events_table_name="stored_events")
        self.writers = Writers(database, component)
        self._loop = asyncio.new_event_loop()
        self._running = threading.Thread(target=self._loop.run_forever, name="recorder", daemon=True)
        self._running.start()

    def insert_events(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        answered: Answered | None = None,
        numbers: Sequence[tuple[str, UUID]] = (),
        known: int | None = None,
        erasing: Erasure | None = None,
        closes: Sequence[str] = (),
        **_: Any,
    ) -> Sequence[int] | None:
        """Commit the events of one command. Raises IntegrityError, KeyTaken, ReferenceMoved, MailUnread, OperationalError."""
        if not stored_events:
            return []
        events = [e if isinstance(e, LedgerEvent) else LedgerEvent(**vars(e)) for e in stored_events]
        append = Append(events, answered, numbers, known, erasing, closes)
        return [position for position, _ in self.run(self.writers.of(append).append, append)]

    def run(self, do: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a coroutine in the event loop of the writers, and wait for it. Raises what it raises, OperationalError."""
        if self._loop.is_closed():
            raise OperationalError("the event store is closed")
        return asyncio.run_coroutine_threadsafe(do(*args, **kwargs), self._loop).result()

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[LedgerEvent]:
        """The events of an aggregate, disclosures joined."""
        query = (
            "select_events" if limit is None and not desc else "select_last_events" if desc else "select_first_events"
        )
        wanted = {
            "id": originator_id,
            "gt": -1 if gt is None else gt,
            "lte": _LAST if lte is None else lte,
            "limit": _LAST if limit is None else limit,
        }
        return list(joined(self.rows(_SQL[query], wanted)))

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Events in the order they were committed."""
        first = 0 if start is None else start if inclusive_of_start else start + 1
        wanted = {"start": first, "stop": _LAST if stop is None else stop, "limit": limit, "topics": list(topics)}
        query = "select_notifications_by_topic" if topics else "select_notifications"
        return [
            LedgerNotification(stream, version, topic, state, position, recorded_at, db_role)
            for position, stream, version, topic, state, recorded_at, db_role in self.rows(_SQL[query], wanted)
        ]

    def max_notification_id(self) -> int | None:
        """The position of the last event."""
        position: int | None = self.rows(_SQL["max_notification_id"])[0][0]
        return position

    def rows(self, query: bytes, wanted: Mapping[str, Any] | Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a reading query on the pool, as binary tuples. Raises OperationalError."""
        with (
            self.datastore.get_connection() as connection,
            connection.cursor(row_factory=tuple_row, binary=True) as cursor,
        ):
            return cursor.execute(query, wanted, prepare=True).fetchall()

    def close(self) -> None:
        """Commit what waits, then close."""
        if not self._loop.is_closed():
            self.run(self.writers.close)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._running.join()
            self._loop.close()


class LedgerFactory(PostgresFactory):
    """The library's factory for our recorder and mapper; it reads no environment and creates no table."""

    def __init__(self, database: Database, component: Component = "api") -> None:
        self.env = Environment("", {})
        self.database, self.component = database, component
        self.datastore = LedgerDatastore(database, component)
        self.recorder: LedgerRecorder | None = None

    def mapper(self, *_: Any, **__: Any) -> Mapper[Any]:
        return StateMapper()

    def application_recorder(self) -> ApplicationRecorder:
        if self.recorder is None:
            self.recorder = LedgerRecorder(self.datastore, self.database, self.component)
        return self.recorder

    def tracking_recorder(self, *_: Any, **__: Any) -> TrackingRecorder:  # type: ignore[override]
        raise NotImplementedError("views track their position themselves, in their own transaction")

    def process_recorder(self) -> ProcessRecorder:
        raise NotImplementedError("views track their position themselves, in their own transaction")

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self.recorder is not None:
            self.recorder.close()
        super().close()
