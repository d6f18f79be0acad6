"""Opens the database that the settings name: the operator's, or the embedded one in the data directory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from infrastructure.postgres.database import Database
from infrastructure.postgres.embedded.programs import ServerUnavailable, account_for, open_way
from infrastructure.postgres.embedded.server import embedded_server, has_cluster
from infrastructure.postgres.setup.migration import check_migrated, migrate
from infrastructure.settings import Settings


def prepare_data_dir(settings: Settings) -> None:
    """Create the data directory, so that the embedded server's user may pass it whatever the umask says.

    Raises ServerUnavailable, OSError.
    """
    if settings.database_url is None:
        folder = settings.data_dir.resolve()
        open_way(folder, account_for(folder))
    else:
        settings.data_dir.mkdir(parents=True, exist_ok=True)


def require_desk(settings: Settings) -> None:
    """Raises ServerUnavailable where the data directory holds no desk; an operator's database is asked when it is opened."""
    if settings.database_url is None and not has_cluster(settings.data_dir):
        raise ServerUnavailable(
            f"there is no desk in {settings.data_dir.resolve()}. `caseledger serve` makes one there; "
            "--data-dir or CASELEDGER_DATA_DIR names another folder, --database-url a PostgreSQL of yours"
        )


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
        migrate(database, guarding=migrating)
        yield database
