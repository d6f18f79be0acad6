"""Opens the database that the settings name: the operator's, or the embedded one in the data directory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from infrastructure.postgres.database import Database
from infrastructure.postgres.embedded import embedded_server
from infrastructure.postgres.migrate import migrate
from infrastructure.settings import Settings


@contextmanager
def open_database(settings: Settings, *, fsync: bool = True) -> Iterator[Database]:
    """The database, migrated; a server of ours runs at least for as long as it is open.

    Raises ServerUnavailable, Unsuitable, psycopg.OperationalError.
    """
    if settings.database_url is not None:
        database = Database(settings.database_url, embedded=False)
        migrate(database)
        yield database
        return
    with embedded_server(settings.data_dir, binaries=settings.pg_bin, fsync=fsync) as conninfo:
        database = Database(conninfo, embedded=True)
        migrate(database)
        yield database
