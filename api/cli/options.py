"""The options every command takes after its name, and what they open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer

from api.cli.console import could_not_run, err
from infrastructure.postgres.database import Database
from infrastructure.postgres.embedded.programs import ServerUnavailable
from infrastructure.postgres.setup.migration import Unsuitable
from infrastructure.postgres.setup.open_database import open_database, require_desk
from infrastructure.settings import Settings, misspelt

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Keys and the embedded server's data. [CASELEDGER_DATA_DIR, .data]")
]
DatabaseUrl = Annotated[
    str | None, typer.Option("--database-url", help="A PostgreSQL of yours instead. [CASELEDGER_DATABASE_URL]")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document instead of text.")]


def settings_of_process(data_dir: Path | None, database_url: str | None, **others: Any) -> Settings:
    """The same for what keeps running. Exit 2 when a setting is misspelt: nobody would notice what it changes not."""
    if slips := [each for each in misspelt() if each.slip]:
        could_not_run("; ".join(map(str, slips)))
    return settings_of(data_dir, database_url, **others)


def settings_of(data_dir: Path | None, database_url: str | None = None, **others: Any) -> Settings:
    """The settings of the environment, with the options of this command before them. Warns of what looks like one."""
    for each in misspelt():
        err.print(f"caseledger: warning: {each}", style="yellow", markup=False)
    given = {"data_dir": data_dir, "database_url": database_url, **others}
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValueError as error:
        could_not_run(error)


def moment_of(given: str | None) -> datetime | None:
    """A time that an option names, in UTC. Exit 2 when it is none."""
    if given is None:
        return None
    try:
        moment = datetime.fromisoformat(given)
        if moment.tzinfo is None:
            could_not_run(f"{given} has no time zone; add Z or an offset")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        could_not_run(f"{given} is no RFC 3339 time")


@contextmanager
def database_of(settings: Settings, *, migrating: bool = False, making: bool = False) -> Iterator[Database]:
    """The database of the settings: joined when it runs, else started for as long as this takes. Exit 2 if not.

    Only a command that is ``making`` starts a desk where there is none: any other would answer from an empty one.
    """
    try:
        if not making:
            require_desk(settings)
        with open_database(settings, migrating=migrating) as database:
            yield database
    except (ServerUnavailable, Unsuitable) as error:
        could_not_run(error)
    except psycopg.OperationalError as error:
        could_not_run(f"the database cannot be reached: {str(error).strip()}")
