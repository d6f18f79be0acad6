"""`backup` and `restore`: copies of the embedded server's data, and the way back. `upgrade-database`: a newer PostgreSQL.

`lost`: what another server has and this one lacks.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer
from rich.table import Table

from api.cli.console import FINDINGS, could_not_run, out, print_json, progress
from api.cli.options import AsJson, DatabaseUrl, DataDir, database_of, settings_of
from infrastructure.desk_database import open_database, require_desk
from infrastructure.postgres.database import Database
from infrastructure.postgres.embedded.backups import Backup, BackupFailed, Backups
from infrastructure.postgres.embedded.programs import ServerUnavailable
from infrastructure.postgres.embedded.upgrade import UpgradeFailed, upgrade
from infrastructure.postgres.maintenance.lost import LostEvent, lost_events
from infrastructure.postgres.setup.migration import Unsuitable
from infrastructure.settings import Settings
from infrastructure.transparency.log_reader import latest

Folder = Annotated[Path, typer.Argument(help="The folder of the backups, on another disk.", file_okay=False)]
_NOT_IN_IT = "Not in it: {keys} and {sealer}. Keep copies of them apart from it, and from each other (docs/backups.md)."


def backup(
    folder: Folder,
    incremental: Annotated[
        bool, typer.Option("--incremental", help="Copy only what changed since the latest backup in the folder.")
    ] = False,
    keep: Annotated[
        int | None,
        typer.Option("--keep", help="Afterwards delete all but so many full backups and their increments.", min=1),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the backups in the folder, and make none.")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Back up the embedded server's data while the desk works, and check the copy. Exit 2 when there is none.

    The folder holds the record, its words and the views. The keys and the sealer's folder are not in it. docs/backups.md says
    how to back up a PostgreSQL of your own.
    """
    settings = _embedded(settings_of(data_dir, database_url))
    try:
        backups = Backups(folder, settings.pg_bin)
        if listed:
            _print_list(backups.listed(), as_json=as_json)
            return
        require_desk(settings)
        with open_database(settings) as database, progress("copying kB", None) as advance:
            base = backups.chain_of(None)[-1].name if incremental else None
            made = _described(database, base)
            backups.take(database.conninfo, settings.data_dir, made, _Advancing(advance))
        gone = backups.forget(keep) if keep is not None else []
    except (BackupFailed, ServerUnavailable, Unsuitable, OSError) as error:
        could_not_run(error)
    if as_json:
        print_json({"folder": folder, **asdict(made), "deleted": gone})
        return
    out.print(f"{made.name} is in {folder} and checked. It holds {_holds(made)}.", markup=False)
    for name in gone:
        out.print(f"{name} is deleted.", markup=False)
    out.print(_NOT_IN_IT.format(keys=settings.data_dir / "keys", sealer=settings.sealer_folder), markup=False)


def restore(
    folder: Folder,
    name: Annotated[str | None, typer.Option("--name", help="The backup to restore. Default: the latest.")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Restore a backup into a data directory without a desk. Exit 2 when it cannot be restored.

    Put the keys and the sealer's folder back beside it, from their own copies. The sealer then tells what was lost.
    """
    settings = _embedded(settings_of(data_dir, database_url))
    try:
        backups = Backups(folder, settings.pg_bin)
        chain = backups.chain_of(name)
        backups.restore(chain, settings.data_dir)
    except (BackupFailed, ServerUnavailable, OSError) as error:
        could_not_run(error)
    restored = chain[-1]
    if as_json:
        print_json({"data_dir": settings.data_dir, **asdict(restored), "chain": [each.name for each in chain]})
        return
    out.print(f"{restored.name} is restored to {settings.data_dir}. It holds {_holds(restored)}.", markup=False)
    out.print(
        "Next: caseledger verify --held CHECKPOINT, with one kept outside. If it lacks events that were sealed:",
        markup=False,
    )
    out.print("caseledger tlog restart --reason ... (docs/backups.md).", markup=False)


def upgrade_database(
    old_binaries: Annotated[
        Path,
        typer.Option("--old-binaries", help="The folder with the programs of the PostgreSQL that the data are of."),
    ],
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Upgrade the embedded server's data to the PostgreSQL of this release, while no desk runs. Exit 2 when they are as before.

    It copies the data and keeps the old ones. Killed at any moment, the same command goes on (docs/operating.md).
    """
    settings = _embedded(settings_of(data_dir, database_url))
    try:
        require_desk(settings)
        done = upgrade(settings.data_dir, old_binaries, settings.pg_bin)
    except (UpgradeFailed, ServerUnavailable, OSError) as error:
        could_not_run(error)
    if as_json:
        print_json({"data_dir": settings.data_dir, **asdict(done)})
        return
    out.print(f"The data in {settings.data_dir} are of PostgreSQL {done.version} now.", markup=False)
    out.print("Next: caseledger verify, caseledger serve, and a full caseledger backup.", markup=False)
    out.print(f"{done.kept} holds the data as they were. No erasure reaches them: delete them in time.", markup=False)


def lost(
    other: Annotated[
        str, typer.Argument(metavar="URL", help="A server that once led this database, such as the one that failed.")
    ],
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """List the events that a server has and this database lacks, after a failover that lost some. Exit 1 when there are any.

    It reads both as the auditor, and changes neither (docs/high-availability.md).
    """
    with database_of(settings_of(data_dir, database_url)) as database:
        elsewhere = Database(other, embedded=database.embedded)
        try:
            with database.connect("auditor") as ours, elsewhere.connect("auditor") as theirs:
                found = lost_events(ours, theirs)
        except (ValueError, psycopg.Error) as error:
            could_not_run(error)
    if as_json:
        print_json({"lost": [asdict(each) for each in found]})
    else:
        _print_lost(found)
    if found:
        raise typer.Exit(FINDINGS)


def _print_lost(found: list[LostEvent]) -> None:
    table = Table("position", "case", "version", "event", "recorded", "by", box=None)
    for each in found:
        row = (each.position, each.number or "", each.version, each.topic, each.recorded_at.isoformat(), each.by or "")
        table.add_row(*map(str, row))
    out.print(table if found else "Nothing is lost: every event of that server is in this database.")


def _embedded(settings: Settings) -> Settings:
    if settings.database_url is not None:
        could_not_run(
            "this is for the embedded server; docs/backups.md and docs/operating.md tell of a PostgreSQL of your own"
        )
    return settings


def _holds(backup: Backup) -> str:
    return f"every event up to position {backup.position}, and those that came until it was complete"


def _described(database: Database, base: str | None) -> Backup:
    """The backup that begins now."""
    with database.connect("auditor") as connection:
        sealed = latest(connection)
    return Backup(
        name=f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}",
        base=base,
        position=0 if sealed is None else sealed.position,
        checkpoint=None if sealed is None else sealed.note,
        release=version("caseledger"),
    )


class _Advancing:
    """A progress bar that is told totals, where it takes steps."""

    def __init__(self, advance: Any) -> None:
        self._advance, self._done = advance, 0

    def __call__(self, done: int, total: int) -> None:
        self._advance(done - self._done)
        self._done = done


def _print_list(backups: list[Backup], *, as_json: bool) -> None:
    if as_json:
        print_json({"backups": [asdict(each) for each in backups]})
        return
    table = Table("backup", "builds on", "events up to", "made by", box=None)
    for each in backups:
        table.add_row(each.name, each.base or "", str(each.position), each.release)
    out.print(table)
