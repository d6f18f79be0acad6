"""The options that every command takes, the settings they give, and the database they open."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import psycopg
import typer

from api.cli.console import configure_logging, could_not_run, err
from application.reports.periods import moment_of as moment_of_day
from application.reports.periods import zone_named
from domain.errors import Invalid
from infrastructure.desk_database import open_database, require_desk
from infrastructure.postgres.database import Database
from infrastructure.postgres.embedded.programs import ServerUnavailable
from infrastructure.postgres.setup.migration import Unsuitable
from infrastructure.setting_names import misspelt
from infrastructure.settings import Settings
from infrastructure.traces import TracesUnavailable, start_tracing

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Keys and the embedded server's data. [CASELEDGER_DATA_DIR, .data]")
]
DatabaseUrl = Annotated[
    str | None, typer.Option("--database-url", help="A PostgreSQL of yours instead. [CASELEDGER_DATABASE_URL]")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document instead of text.")]


def settings_of_process(data_dir: Path | None, database_url: str | None, **others: Any) -> Settings:
    """The settings of a process that keeps running. Exit 2 when one is misspelt: nobody would notice that it has no effect."""
    if slips := [each for each in misspelt() if each.slip]:
        could_not_run("; ".join(map(str, slips)))
    return settings_of(data_dir, database_url, **others)


def settings_of(data_dir: Path | None, database_url: str | None = None, **others: Any) -> Settings:
    """The settings of the environment, overridden by the options of this command. Warns of variables that look misspelt."""
    for each in misspelt():
        err.print(f"caseledger: warning: {each}", style="yellow", markup=False)
    given = {"data_dir": data_dir, "database_url": database_url, **others}
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
    except ValueError as error:
        could_not_run(error)
    configure_logging(settings.log_level)
    return settings


def trace(settings: Settings, process: str) -> None:
    """Send this process's spans where the settings say. Exit 2 when what sends them is not installed."""
    try:
        start_tracing(settings.traces_url, process)
    except TracesUnavailable as error:
        could_not_run(error)


def moment_of(given: str | None) -> datetime | None:
    """Parse the time that an option gives, as UTC. Exit 2 for any other text."""
    if given is None:
        return None
    try:
        moment = datetime.fromisoformat(given)
        if moment.tzinfo is None:
            could_not_run(f"{given} has no time zone; add Z or an offset")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        could_not_run(f"{given} is no RFC 3339 time")


def zone_of(name: str) -> ZoneInfo:
    """The time zone that an option or the policy names. Exit 2 for a name that the IANA database does not have."""
    try:
        return zone_named(name)
    except Invalid as invalid:
        could_not_run(invalid)


def bound_of(given: str | None, zone: ZoneInfo) -> datetime | None:
    """One end of a period: a time, or a date for its first moment in the zone. Exit 2 for any other text."""
    try:
        day = date.fromisoformat(given) if given and _DATE.fullmatch(given) else None
        return moment_of(given) if day is None else moment_of_day(day, zone, "from")
    except (ValueError, Invalid):
        could_not_run(f"{given} is no date")


@contextmanager
def database_of(settings: Settings, *, migrating: bool = False, making: bool = False) -> Iterator[Database]:
    """Open the database of the settings. The embedded server is joined when it runs, else started for this time. Exit 2 on failure.

    Only a command that is ``making`` creates a desk where there is none. Any other would answer from an empty one.
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
