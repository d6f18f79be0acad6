"""`bundle` writes a case's bundle; `verify-bundle` checks one offline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import FINDINGS, could_not_run, err, out, print_json, printable, progress
from api.cli.options import AsJson, DatabaseUrl, DataDir, database_of, settings_of
from api.cli.processes.sealer import sealer_folder_of, seals_here
from api.cli.processes.supervisor import SEALER, working
from application.transparency_log import NotSealed
from domain.errors import NotFound
from infrastructure.postgres.database import Database
from infrastructure.settings import Settings
from infrastructure.transparency.bundle.offline_check import Verified, stream_of, verify_bundle
from infrastructure.transparency.bundle.reader import CannotVerify, read_bundle
from infrastructure.transparency.bundle.writer import zipped
from infrastructure.transparency.formats.checkpoint import Checkpoint
from infrastructure.transparency.formats.note import NoteError, Verifier
from infrastructure.transparency.log_copy import BrokenCopy, LogCopy
from infrastructure.transparency.served_log import PostgresLog

VKey = Annotated[
    list[str], typer.Option("--vkey", help="The log's verifier key, or a file that holds one a line; may be repeated.")
]


def bundle(
    case: Annotated[str, typer.Argument(help="The case's number, such as INC-0000123.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="A new folder; or a file that ends in .zip.")],
    old: Annotated[
        Path | None,
        typer.Option(help="A checkpoint kept earlier: the proof that the log continues it goes in as well."),
    ] = None,
    files: Annotated[bool, typer.Option("--files", help="Put the files of the case into the bundle as well.")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Write a case's bundle: its events, the proof that each is in the log, and what may still be read.

    Waits until the case's last event is sealed.
    """
    settings = settings_of(data_dir, database_url)
    if output.exists() and (output.suffix == ".zip" or any(output.iterdir() if output.is_dir() else [output])):
        could_not_run(f"{output} is there already: name a new folder or a new .zip")
    try:
        older = Checkpoint.of_text(old.read_text(encoding="utf-8")) if old else None
        with sealed_log(settings) as (_, log):
            made = log.bundle_files(case, older, files=files)
        if output.suffix == ".zip":
            output.write_bytes(zipped(made))
        else:
            output.mkdir(parents=True, exist_ok=True)
            for name, content in made.items():
                (output / name).parent.mkdir(exist_ok=True)
                (output / name).write_bytes(content)
    except (NotFound, NotSealed, NoteError, ValueError, OSError) as error:
        could_not_run(error)
    events = made["events.jsonl"].count(b"\n")
    if as_json:
        print_json({"case": case, "output": output, "events": events, "files": sorted(made)})
    else:
        out.print(f"{events} events of {case} written to {output}", markup=False)


def verify_bundle_command(
    place: Annotated[Path, typer.Argument(help="The bundle's folder, or the same as a .zip.")],
    vkey: VKey,
    old: Annotated[Path | None, typer.Option(help="A checkpoint kept earlier, which the log must continue.")] = None,
    tlog: Annotated[
        Path | None, typer.Option(help="A copy of the log (`tlog export`): shows whether an event was left out.")
    ] = None,
    case: Annotated[str | None, typer.Option(help="The number of the case that it must hold.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check a case's bundle offline: no database, no network. Exit 1 with findings, 2 when it could not be checked."""
    verifiers = verifiers_of(vkey)
    try:
        files = read_bundle(place)
        note = old.read_text(encoding="utf-8") if old else None
        copied = _copy(tlog, verifiers, files, note) if tlog else None
        found = verify_bundle(files, verifiers, case=case, old=note, log=copied)
    except (CannotVerify, OSError, UnicodeDecodeError) as error:
        could_not_run(error)
    except BrokenCopy as error:
        found = Verified(findings=[str(error)])
    if as_json:
        print_json({"ok": found.ok, **vars(found)})
    else:
        _tell(found)
    if not found.ok:
        raise typer.Exit(FINDINGS)


def verifiers_of(given: Sequence[str]) -> list[Verifier]:
    """Parse the verifier keys of the command line: keys, or files of them. Exit 2 for any other text."""
    try:
        lines = [line for each in given for line in _lines(each)]
        if not lines:
            could_not_run("no verifier key is given")
        return [Verifier.parse(line) for line in lines]
    except (NoteError, OSError, UnicodeDecodeError) as error:
        could_not_run(error)


def _lines(given: str) -> list[str]:
    if "+" in given and not Path(given).is_file():
        return [given]
    return [line for line in Path(given).read_text(encoding="utf-8").splitlines() if line.strip()]


@contextmanager
def sealed_log(settings: Settings) -> Iterator[tuple[Database, PostgresLog]]:
    """Open the log with a sealer at work: our own for this time, which stands by where another has the turn.

    An operator's database is sealed where its sealer runs. Here we wait for that.
    """
    with database_of(settings) as database, _sealing(settings), database.pool("auditor", size=2) as pool:
        if (why := sealer_folder_of(settings).refusal()) is not None:
            err.print(f"the sealer stands still: {why}", style="yellow", markup=False)
        yield database, PostgresLog(pool)


def _sealing(settings: Settings) -> AbstractContextManager[None]:
    return working(settings, SEALER) if seals_here(settings) else nullcontext()


def _copy(folder: Path, verifiers: list[Verifier], files: dict[str, bytes], old: str | None) -> LogCopy:
    try:
        sizes = [Checkpoint.of_text(note).size for note in (files["checkpoint"].decode(), old) if note]
        size = Checkpoint.of_text((folder / "checkpoint").read_text(encoding="utf-8")).size
    except (NoteError, OSError, UnicodeDecodeError) as error:
        raise BrokenCopy(f"{folder}: {error}") from error
    with progress("reading the copy of the log", size) as advance:
        return LogCopy(folder, verifiers, watch=sizes, stream=stream_of(files), advance=advance)


def _tell(found: Verified) -> None:
    for finding in found.findings:
        out.print(printable(finding), style="red", markup=False)
    for note in found.notes:
        out.print(printable(note), style="yellow", markup=False)
    if found.ok:
        erased = f", {found.erased} erased" if found.erased else ""
        out.print(
            f"{printable(str(found.case))}: {found.events} events, each in the log {found.origin} of {found.size} leaves as it was sealed; "
            f"{found.disclosures} disclosures are what was said{erased}",
            markup=False,
        )
