"""Opens the database that the settings name: the operator's, or the embedded one in the data directory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from infrastructure.postgres.database import Database
from infrastructure.postgres.embedded import embedded_server
from infrastructure.postgres.migrate import check_migrated, migrate
from infrastructure.settings import Settings


@contextmanager
def open_database(settings: Settings, *, migrating: bool = False) -> Iterator[Database]:
    """The database at the present schema; a server of ours runs at least for as long as it is open.

    Ours is migrated always. An operator's is migrated when asked, since its everyday users may not; else it is
    only looked at. Raises ServerUnavailable, Unsuitable, psycopg.OperationalError.
    """
    if settings.database_url is not None:
        database = Database(settings.database_url, embedded=False)
        if migrating:
            migrate(database)
        check_migrated(database)
        yield database
        return
    with embedded_server(settings.data_dir, binaries=settings.pg_bin) as conninfo:
        database = Database(conninfo, embedded=True)
        migrate(database)
        yield database
