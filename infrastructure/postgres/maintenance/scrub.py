"""Takes what was erased from the disk as well: PostgreSQL leaves it in dead rows, samples and old log segments.

Appends and readers go on meanwhile (decision 21). It is for the embedded server, whose superuser we are; on an operator's
it needs their superuser, and what they copy from it (standbys, archives, backups) is beyond us.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from infrastructure.postgres.database import Database
from infrastructure.postgres.maintenance.table_rewrite import NotRewritten, Rewriting
from infrastructure.postgres.queries import load
from infrastructure.postgres.setup.migration import migrating

_SQL = load("scrub", "infrastructure.postgres.maintenance")
_PATIENCE = 60.0
"""Seconds to try for the tables, while others read them or see the past."""
_MOST_SEGMENTS = 200


class NotScrubbed(Exception):
    """What was erased may still lie on the disk, until the server's own housekeeping has come by."""


def scrub(database: Database) -> None:
    """Write anew what may hold dead copies, and end the old log. Raises NotScrubbed; psycopg.OperationalError when there is no server.

    It takes as long as copying the vault does, and as much room; nobody waits for it but who called.
    """
    where = conninfo_to_dict(database.for_component("eraser")).get("dbname")
    settings = migrating({**conninfo_to_dict(database.conninfo), "dbname": where})
    with psycopg.connect(make_conninfo("", **settings), autocommit=True) as connection:
        superuser, recycles = _one(connection, "may")
        if not superuser:
            raise NotScrubbed("rewriting the tables and the log needs a superuser")
        if not _one(connection, "take_turn")[0]:
            raise NotScrubbed(
                "another erasure is taking what it deleted from the disk; erase once more when it has ended"
            )
        connection.execute(_SQL["be_brief"])
        if not _one(connection, "take_rebuilds_turn")[0]:
            raise NotScrubbed("a rebuild of the views is going on; erase once more when it has ended")
        try:
            connection.execute(_SQL["drop_old_views"])
            _rewrite_tables(connection)
            _end_log(connection)
        except NotRewritten as error:
            raise NotScrubbed(f"others use the tables: {error}; erase once more later") from error
        except psycopg.errors.LockNotAvailable as error:
            raise NotScrubbed(f"others use the tables: {str(error).strip()}; erase once more later") from error
        except psycopg.Error as error:
            raise NotScrubbed(f"{str(error).strip()}; erase once more") from error
        if recycles:
            raise NotScrubbed("the server uses segments of its log again (wal_recycle), with what they held")


def _rewrite_tables(connection: psycopg.Connection[Any]) -> None:
    Rewriting(connection, _PATIENCE).run()
    connection.execute(_SQL["rewrite_samples"])


def _end_log(connection: psycopg.Connection[Any]) -> None:
    """Begin a new segment, beyond all there are, and let the old ones be removed."""
    connection.execute(_SQL["end_segment"])
    for _ in range(_MOST_SEGMENTS):
        connection.execute(_SQL["write_something"])
        if not _one(connection, "is_ahead")[0]:
            break
        connection.execute(_SQL["end_segment"])
    connection.execute(_SQL["checkpoint"])


def _one(connection: psycopg.Connection[Any], name: str, *values: Any) -> tuple[Any, ...]:
    row = connection.execute(_SQL[name], values or None).fetchone()
    assert row is not None
    return tuple(row)
