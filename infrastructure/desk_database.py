"""The database that the settings name: an operator's, or the embedded one in the data directory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from infrastructure.postgres.database import Database
from infrastructure.postgres.embedded.account import account_for, open_way
from infrastructure.postgres.embedded.cluster import has_cluster
from infrastructure.postgres.embedded.programs import ServerUnavailable
from infrastructure.postgres.embedded.server import embedded_server
from infrastructure.postgres.setup.migration import check_migrated, migrate
from infrastructure.settings import Settings


def prepare_data_dir(settings: Settings) -> None:
    """Create the data directory, open to the embedded server's account whatever the umask.

    Raises ServerUnavailable, OSError.
    """
    if settings.database_url is None:
        folder = settings.data_dir.resolve()
        open_way(folder, account_for(folder))
    else:
        settings.data_dir.mkdir(parents=True, exist_ok=True)


def require_desk(settings: Settings) -> None:
    """Raise ServerUnavailable where the data directory holds no desk. An operator's database is not looked at."""
    if settings.database_url is None and not has_cluster(settings.data_dir):
        raise ServerUnavailable(
            f"there is no desk in {settings.data_dir.resolve()}. `caseledger serve` makes one there; --data-dir or "
            "CASELEDGER_DATA_DIR names another folder, --database-url your own PostgreSQL"
        )


@contextmanager
def open_database(settings: Settings, *, migrating: bool = False) -> Iterator[Database]:
    """The database at the present schema. An embedded server runs at least while it is open.

    The embedded database is always migrated. An operator's is migrated only on request, since its everyday accounts may
    not, and is checked otherwise. Raises ServerUnavailable, Unsuitable, psycopg.OperationalError.
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
        migrate(database, guarding=migrating)
        yield database
