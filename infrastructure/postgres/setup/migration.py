"""Brings a database to the present schema: roles and database first, then the numbered migrations (yoyo)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from typing import Any
from urllib.parse import quote, urlencode

import psycopg
import structlog
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from yoyo import get_backend, read_migrations  # type: ignore[import-untyped]

from infrastructure.postgres.connections import within_limits
from infrastructure.postgres.database import NAME, Database
from infrastructure.postgres.queries import load
from infrastructure.postgres.setup.releases import LEVEL, NEEDS, why_too_new, why_too_old

_SQL = load("bootstrap", "infrastructure.postgres.setup")
OLDEST = 170000
MIGRATION = "-c caseledger.migration=on"
"""The option of a session that may change the record's definition (migrations/0009). No other session may."""

_TURN = 4850712374
"""The advisory lock of a setup: roles, database, migrations and guards write rows that two sessions cannot write at once."""
_PATIENCE = "15min"
"""How long others wait for the lock: a migration of a large desk may take minutes."""

log = structlog.get_logger()


class Unsuitable(Exception):
    """The server cannot hold the ledger: it is too old, the user may not set it up, or another release has changed it."""


def migrate(database: Database, *, guarding: bool = True) -> int:
    """Set up what is missing; returns how many migrations were applied. Raises Unsuitable, psycopg.OperationalError.

    Of several processes that start at once, one sets up and the others find nothing left to do. Missing or disabled
    event triggers are made again, with a warning in the log. With ``guarding=False`` that happens only after a migration:
    a command that looks for such damage must not repair it first.
    """
    with _turn(database) as connection:
        settings = _bootstrap(database, connection)
        _refuse_newer(settings)
        applied = _apply(database)
        if applied:
            _say_level(database)
        if guarding or applied:
            _guard(settings, anew=not applied)
    return applied


@contextmanager
def _turn(database: Database) -> Iterator[psycopg.Connection[Any]]:
    """The one connection that may set up. Raises Unsuitable when another one takes too long."""
    with psycopg.connect(within_limits(database.conninfo), autocommit=True) as connection:
        try:
            connection.execute(_SQL["wait_for_turn"].replace(b"{patience}", _PATIENCE.encode()))
            connection.execute(_SQL["take_turn"], (_TURN,))
        except psycopg.errors.LockNotAvailable:
            raise Unsuitable(f"another process has been setting up this database for {_PATIENCE}") from None
        yield connection


def _apply(database: Database) -> int:
    settings = migrating(conninfo_to_dict(database.for_component("migrator")))
    with as_file(files("infrastructure.postgres").joinpath("migrations")) as folder:
        migrations = read_migrations(str(folder))
        # Not under yoyo's own lock: a table row, which a killed process leaves behind for ever.
        with get_backend(_uri(settings)) as backend:
            pending = backend.to_apply(migrations)
            backend.apply_migrations(pending)
            return len(pending)


def migrating(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings of a connection that may change the record's definition."""
    return {**settings, "options": f"{settings.get('options', '')} {MIGRATION}".strip()}


def check_migrated(database: Database) -> None:
    """Raise Unsuitable for a database without a ledger, or one that this release cannot work with.

    Raises psycopg.OperationalError.
    """
    with psycopg.connect(within_limits(database.conninfo), autocommit=True) as connection:
        if connection.execute(_SQL["is_migrated"]).fetchone() is None:
            raise Unsuitable("the database holds no ledger yet: run `caseledger migrate` as a user who may set it up")
        level, needs = _levels(connection)
        if (why := why_too_old(needs) or why_too_new(level)) is not None:
            raise Unsuitable(why)


def _levels(connection: psycopg.Connection[Any]) -> tuple[int | None, int | None]:
    """Up to which migration the database is, and which one a process must know. None where an older release made it."""
    row = connection.execute(_SQL["may_read_levels"]).fetchone()
    if row is None:
        return None, None
    if not row[0]:  # an account that may not look; its processes' own accounts may
        return LEVEL, NEEDS
    return connection.execute(_SQL["levels"]).fetchone() or (None, None)


def _refuse_newer(settings: dict[str, Any]) -> None:
    with psycopg.connect(make_conninfo("", **settings), autocommit=True) as connection:
        if (why := why_too_old(_levels(connection)[1])) is not None:
            raise Unsuitable(why)


def _say_level(database: Database) -> None:
    """Say of the database which releases may work with it. What a newer release has said of it stays."""
    settings = migrating(conninfo_to_dict(database.for_component("migrator")))
    with psycopg.connect(make_conninfo("", **settings), autocommit=True) as connection:
        connection.execute(_SQL["say_level"], (LEVEL, NEEDS))


def _bootstrap(database: Database, connection: psycopg.Connection[Any]) -> dict[str, Any]:
    """Create roles, database and extensions; returns the settings of a connection to the database in the same role."""
    settings = conninfo_to_dict(database.conninfo)
    if connection.info.server_version < OLDEST:
        raise Unsuitable(f"PostgreSQL 17 or newer is needed; this is {connection.info.server_version // 10000}")
    try:
        connection.execute(_SQL["roles"])
        if database.embedded:
            if connection.execute(_SQL["database_exists"]).fetchone() is None:
                connection.execute(_SQL["create_database"])
            settings["dbname"] = NAME
    except psycopg.errors.InsufficientPrivilege as error:
        raise Unsuitable(f"the database user may not set up roles: {error}") from error
    with psycopg.connect(make_conninfo("", **settings), autocommit=True) as inside:
        inside.execute(_SQL["database_grants"])
        inside.execute(_SQL["extensions"])
    return settings


def _guard(settings: dict[str, Any], *, anew: bool) -> None:
    with psycopg.connect(make_conninfo("", **migrating(settings)), autocommit=True) as connection:
        if anew:  # somebody has removed a trigger, or a backup was restored
            connection.add_notice_handler(lambda notice: log.warning(notice.message_primary))
        connection.execute(_SQL["guards"])


def _uri(settings: dict[str, Any]) -> str:
    """The settings as a URL for yoyo. They go into its query, which can also hold a socket's folder."""
    database = quote(str(settings.pop("dbname", NAME)))
    return f"postgresql+psycopg:///{database}?{urlencode({k: str(v) for k, v in settings.items()})}"
