"""`tlog`: the transparency log's copies, keys and restarts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.cli.bundle import sealed_log
from api.cli.console import FINDINGS, could_not_run, err, out, print_json, progress
from api.cli.options import AsJson, DatabaseUrl, DataDir, database_of, settings_of
from api.cli.processes.sealer import seal_all, sealer_folder_of
from api.main import on_desk
from application.administration.catalogue import OPERATOR
from application.transparency_log import NotSealed
from infrastructure.postgres.database import Database
from infrastructure.postgres.workers.turns import Turn
from infrastructure.settings import Settings
from infrastructure.transparency.formats.checkpoint import Checkpoint
from infrastructure.transparency.formats.note import Signer, Verifier
from infrastructure.transparency.log_copy import BrokenCopy, export
from infrastructure.transparency.log_reader import LogReader, latest
from infrastructure.transparency.sealer import Sealer
from infrastructure.transparency.sealer_folder import SealingRefused

app = typer.Typer(
    help="The transparency log: its copies, its keys, and its restart after a restore.", no_args_is_help=True
)
Reason = Annotated[str, typer.Option(help="Why; it goes on the record.")]
_CATCH_UP = 60.0
"""Seconds that an export waits for events that are not sealed yet."""


@app.callback()
def _group() -> None:
    """The transparency log: its copies, its keys, and its restart after a restore."""


@app.command("export")
def export_command(
    folder: Annotated[Path, typer.Argument(help="Where the copy goes. A copy that is there is brought up to date.")],
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Write the log to a folder in the layout of C2SP tlog-tiles, once all events up to now are sealed.

    Exit 1 when the log does not continue the copy in the folder. Then keep that copy, and find out why.
    """
    try:
        with (
            sealed_log(settings_of(data_dir, database_url)) as (database, log),
            database.connect("auditor") as connection,
        ):
            log.wait_for(log.last_event(), _CATCH_UP)
            sealed = latest(connection)
            if sealed is None:
                could_not_run("nothing is sealed yet")
            now = Checkpoint.of_text(sealed.note)
            with progress("writing leaves", now.size) as advance:
                before = export(LogReader(connection, sealed.log), sealed.note, now, folder, advance)
    except BrokenCopy as error:
        err.print(f"caseledger: {error}", style="red", markup=False)
        raise typer.Exit(FINDINGS) from error
    except (NotSealed, LookupError, OSError) as error:
        could_not_run(error)
    if as_json:
        print_json({"folder": folder, "origin": now.origin, "size": now.size, "before": before.size if before else 0})
    else:
        out.print(f"{now.size} leaves of {now.origin} are in {folder}", markup=False)


@app.command()
def vkey(as_json: AsJson = False, data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Print the log's verifier key, one a line where several sign. Publish it, and note it somewhere else."""
    settings = settings_of(data_dir, database_url)
    if sealer_folder_of(settings).last_note() is None and settings.database_url is None:
        with database_of(settings) as database:
            _refusable(seal_all, settings, database)
    keys = [str(verifier) for verifier in _signing(settings)]
    if not keys:
        could_not_run(f"there is no key in {settings.sealer_folder} yet: the sealer makes one when it first seals")
    if as_json:
        print_json({"vkeys": keys})
    else:
        typer.echo("\n".join(keys))


@app.command()
def rotate(reason: Reason, data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Make another key that signs beside the present one, from the next checkpoint on. Retire the old one later."""
    settings = settings_of(data_dir, database_url)
    with database_of(settings) as database:
        before = _signing(settings)
        if not before:
            could_not_run("there is no key to rotate yet: the sealer makes the first when it first seals")
        key = Ed25519PrivateKey.generate()
        made = Signer(before[0].name, key).verifier
        # Before it signs: nothing is signed by a key that the record does not know.
        request = replace(OPERATOR, reason=reason)
        on_desk(database, lambda desk: desk.log.introduce_key(made.name, str(made), request))
        _refusable(sealer_folder_of(settings).add_key, key)
    out.print(f"signing as well from the next checkpoint on:\n{made}", markup=False)
    out.print(f"when everybody has it: caseledger tlog retire {before[0].key_id.hex()} --reason ...", markup=False)


@app.command()
def retire(
    key_id: Annotated[str, typer.Argument(help="The eight digits in the middle of the verifier key.")],
    reason: Reason,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Destroy a key: it signs no more. What it signed stays valid under its verifier key."""
    settings = settings_of(data_dir, database_url)
    with database_of(settings) as database:
        signing = _signing(settings)
        if not signing:
            could_not_run("there is no key in use")
        retired = _refusable(sealer_folder_of(settings).key_to_retire, signing[0].name, key_id)
        # Before the key is gone: it can be retired again, but not made again.
        request = replace(OPERATOR, reason=reason)
        on_desk(database, lambda desk: desk.log.retire_key(retired.name, str(retired), request))
        _refusable(sealer_folder_of(settings).destroy_key, retired)
    out.print(f"retired: {retired}", markup=False)


@app.command()
def restart(
    reason: Reason, as_json: AsJson = False, data_dir: DataDir = None, database_url: DatabaseUrl = None
) -> None:
    """Begin a new log over a database that was restored from an older backup. It names the log it follows, and why."""
    settings = settings_of(data_dir, database_url)
    with database_of(settings) as database:
        with database.connect("api"):  # who cannot put the restart on record begins no log
            pass
        previous = _refusable(_begin_anew, settings, database, reason)
        sealer_folder_of(settings).refuse(None)
        note = Checkpoint.of_text(sealer_folder_of(settings).last_note() or "")
        request, followed = replace(OPERATOR, reason=reason), (previous.origin, previous.size)
        on_desk(database, lambda desk: desk.log.restarted(note.origin, followed, request))
    if as_json:
        print_json(
            {"origin": note.origin, "size": note.size, "previous": vars(previous) | {"root": previous.root.hex()}}
        )
    else:
        out.print(f"{note.origin} begins with {note.size} leaves and follows {previous.origin}", markup=False)


def _begin_anew(settings: Settings, database: Database, reason: str) -> Checkpoint:
    folder = sealer_folder_of(settings)
    with database.connect("sealer") as connection:
        turn = Turn(connection, "sealer")
        if not turn.is_free():
            raise SealingRefused("a sealer is at work and has not refused to sign: there is nothing to restart")
        sealer = Sealer(connection, folder, settings.log_name)
        try:
            sealer.resume()
        except SealingRefused:
            previous = sealer.restart(reason)
        else:
            if folder.has_keys:
                raise SealingRefused("the log continues what was signed last: there is nothing to restart")
            previous = sealer.restart(reason)  # its key is lost
        while sealer.seal():
            pass
        return previous


def _signing(settings: Settings) -> list[Verifier]:
    """The verifier keys of the keys in use, oldest first."""
    folder = sealer_folder_of(settings)
    note = folder.last_note()
    if note is None:
        return []
    signers = _refusable(folder.signers, Checkpoint.of_text(note).origin)
    return [signer.verifier for signer in signers]


def _refusable(what: Any, *given: Any) -> Any:
    """Call what the sealer may refuse, or cannot do here. Exit 2 then."""
    try:
        return what(*given)
    except (SealingRefused, OSError, psycopg.OperationalError) as error:
        could_not_run(error)
