"""`verify` and `attest`: whether the record is what was sealed, and the views what the record says."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from rich.table import Table

from api.cli.bundle import verifiers_of
from api.cli.console import FINDINGS, could_not_run, out, print_json, printable, progress
from api.cli.options import AsJson, DatabaseUrl, DataDir, database_of, settings_of
from api.cli.sealer import safe_of
from api.main import open_desk
from application.catalogue import OPERATOR
from domain.transparency_log import Attestation
from infrastructure.settings import Settings
from infrastructure.transparency.formats.checkpoint import Checkpoint
from infrastructure.transparency.formats.note import NoteError, Verifier
from infrastructure.transparency.log import latest
from infrastructure.transparency.publication.timestamps import trusted_certificates
from infrastructure.transparency.verification.findings import Finding
from infrastructure.transparency.verification.held_checkpoints import read_held
from infrastructure.transparency.verification.verifier import Verification
from infrastructure.transparency.verification.verifier import verify as verify_all
from infrastructure.views.comparison import compare_views
from infrastructure.views.projector import Poisoned


def verify(
    held: Annotated[
        list[Path] | None,
        typer.Option(
            help="A checkpoint kept elsewhere: a note, a mail or its header, or a folder of them; may be repeated."
        ),
    ] = None,
    vkey: Annotated[
        list[str] | None,
        typer.Option(help="The log's verifier key, or a file of them. Without it the sealer's own folder is believed."),
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Check the whole record, as an auditor who can only read. Exit 0 when all holds, 1 with findings, 2 when it could not run.

    Rows against leaves, tiles and every checkpoint ever signed; who signed them; timestamps; copies held elsewhere (--held); versions, numbers, times;
    disclosures and mails against their digests, and erasures; triggers and grants; the views against a replay.
    """
    settings = settings_of(data_dir, database_url)
    verifiers = verifiers_of(vkey) if vkey else _own_verifiers(settings)
    try:
        own = safe_of(settings).last_note()
        copies = read_held(held or ())
        trusted = trusted_certificates(settings.tsa_ca_file) if settings.tsa_ca_file else ()
    except (ValueError, OSError) as error:
        could_not_run(error)
    with database_of(settings) as database, database.connect("auditor") as connection:
        remembered = [("the sealer's last-checkpoint", own)] if own else []
        try:
            found = verify_all(connection, verifiers, own=remembered, held=copies, trusted=trusted, progress=progress)
        except psycopg.DatabaseError as error:
            could_not_run(f"the record cannot be read: {str(error).strip()}")
    if as_json:
        print_json(
            {"ok": found.ok, **vars(found), "findings": _plain(found.findings), "warnings": _plain(found.warnings)}
        )
    else:
        _tell(found)
    if not found.ok:
        raise typer.Exit(FINDINGS)


def attest(as_json: AsJson = False, data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Fold every event anew, compare the views with that both ways, and put the result on the record. Exit 1 when they differ."""
    with database_of(settings_of(data_dir, database_url)) as database:
        with database.connect("auditor") as connection:
            sealed = latest(connection)
            if sealed is None:
                could_not_run("nothing is sealed yet, so that nothing could be said of it")
            now = Checkpoint.of_text(sealed.note)
            try:
                with progress("replaying events", None) as advance:
                    compared = compare_views(connection, advance)
            except Poisoned as poison:
                could_not_run(poison)
        root = b64encode(now.root).decode()
        said = Attestation(compared.position, compared.events, compared.differences, now.origin, now.size, root)
        with open_desk(database) as desk:
            position = desk.attest(said, OPERATOR).position
    if as_json:
        print_json({"equal": not compared.differences, "attested_at": position, **vars(said)})
    elif not compared.differences:
        out.print(
            f"the views equal a fold of {said.events} events up to position {said.position}; attested at {position}"
        )
    for view, rows in compared.differences.items():
        if not as_json:
            out.print(f"{view}: {rows} rows differ from a fold of the events", style="red")
    if compared.differences:
        raise typer.Exit(FINDINGS)


def _own_verifiers(settings: Settings) -> list[Verifier]:
    try:
        own = safe_of(settings).verifiers()
    except (NoteError, OSError) as error:
        could_not_run(error)
    if not own:
        could_not_run(f"there is no verifier key in {settings.sealer_folder}: name the log's with --vkey")
    return own


def _plain(found: list[Finding]) -> list[dict[str, object]]:
    return [vars(finding) for finding in found]


def _tell(found: Verification) -> None:
    table = Table("checked", "how many")
    for name, many in found.checked.items():
        table.add_row(name, str(many))
    out.print(table)
    for style, list_ in (("red", found.findings), ("yellow", found.warnings)):
        for each in list_:
            where = ", ".join(
                f"{n} {v}" for n, v in (("leaf", each.leaf), ("position", each.position)) if v is not None
            )
            about = " ".join(part for part in (each.case, f"({where})" if where else "") if part)
            said = f"{each.check}: {about + ': ' if about else ''}{each.message}"
            out.print(printable(said), style=style, markup=False)
    if not found.checked.get("held"):
        out.print(
            "no copy held elsewhere was named (--held): against the operator himself this proves nothing",
            style="yellow",
        )
    said = "all of it is as it was sealed" if found.ok else f"{len(found.findings)} findings"
    out.print(f"{found.size} leaves, root {found.root}: {said}", markup=False)
