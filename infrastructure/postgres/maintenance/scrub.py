"""Removes erased data from the disk: PostgreSQL leaves it in dead rows, samples of columns and old log segments.

Appends and readers go on meanwhile (docs/decisions/0021). The embedded server's superuser is ours. An operator's server
needs its own superuser, and its standbys, archives and backups are out of reach.
"""

from __future__ import annotations

import time
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from infrastructure.postgres.database import Database
from infrastructure.postgres.maintenance.table_rewrite import NotRewritten, TableRewrite
from infrastructure.postgres.queries import load
from infrastructure.postgres.setup.migration import migrating

_SQL = load("scrub", "infrastructure.postgres.maintenance")
_PATIENCE = 60.0
"""Seconds to try for the tables while others read them, and for old segments to go."""
_LOOKS = 0.2
"""Seconds between two looks whether old segments of the log are gone."""
_MOST_SEGMENTS = 200


class NotScrubbed(Exception):
    """Erased data may still lie on the disk, until the server's own housekeeping removes it."""


def scrub(database: Database) -> None:
    """Rewrite the tables that may hold dead rows, and let the old log segments be removed.

    It takes the time and the room of a copy of the vault; only the caller waits for it. Raises NotScrubbed, and
    psycopg.OperationalError when the server cannot be reached.
    """
    where = conninfo_to_dict(database.for_component("eraser")).get("dbname")
    settings = migrating({**conninfo_to_dict(database.conninfo), "dbname": where})
    with psycopg.connect(make_conninfo("", **settings), autocommit=True) as connection:
        superuser, recycles = _one(connection, "may")
        if not superuser:
            raise NotScrubbed("rewriting the tables and the log needs a superuser")
        if not _one(connection, "take_turn")[0]:
            raise NotScrubbed("another erasure is being removed from the disk; erase again when it has ended")
        connection.execute(_SQL["be_brief"])
        if not _one(connection, "take_rebuilds_turn")[0]:
            raise NotScrubbed("a rebuild of the views is running; erase again when it has ended")
        try:
            connection.execute(_SQL["drop_old_views"])
            TableRewrite(connection, _PATIENCE).run()
            connection.execute(_SQL["rewrite_samples"])
            _end_log(connection)
        except (NotRewritten, psycopg.errors.LockNotAvailable) as error:
            raise NotScrubbed(f"others use the tables: {str(error).strip()}; erase again later") from error
        except psycopg.Error as error:
            raise NotScrubbed(f"{str(error).strip()}; erase again") from error
        if recycles:
            raise NotScrubbed("the server reuses segments of its log (wal_recycle), and with them their old content")


def _end_log(connection: psycopg.Connection[Any]) -> None:
    """Switch to a segment beyond all existing ones, and let checkpoints remove the older ones. Raises NotScrubbed.

    The server keeps segments that it has not summarized yet, and those that a backup, a standby or an archive still needs.
    """
    connection.execute(_SQL["end_segment"])
    for _ in range(_MOST_SEGMENTS):
        connection.execute(_SQL["write_something"])
        if not _one(connection, "is_ahead")[0]:
            break
        connection.execute(_SQL["end_segment"])
    (first,) = _one(connection, "present_segment")
    end = time.monotonic() + _PATIENCE
    while True:
        connection.execute(_SQL["checkpoint"])
        row = connection.execute(_SQL["older_segments"], (first,)).fetchone()
        if row is None or not row[0]:
            return
        if time.monotonic() > end:
            raise NotScrubbed(
                f"the server keeps {row[0]} older segments of its log, for a backup that is being made, a standby or an "
                "archive; erase again when it no longer needs them"
            )
        time.sleep(_LOOKS)


def _one(connection: psycopg.Connection[Any], name: str) -> tuple[Any, ...]:
    row = connection.execute(_SQL[name]).fetchone()
    assert row is not None
    return tuple(row)
