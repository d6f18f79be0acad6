"""`verify`, `attest` and `replay`: whether the record is as it was sealed, the views as the record, and a case as it was."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
import psycopg
import typer
from eventsourcing.persistence import MapperDeserialisationError
from rich.markup import escape
from rich.table import Column, Table

from api.cli.bundle import verifiers_of
from api.cli.console import FINDINGS, could_not_run, out, print_json, printable, progress
from api.cli.options import AsJson, DatabaseUrl, DataDir, database_of, moment_of, settings_of
from api.cli.processes.sealer import sealer_folder_of
from api.main import on_desk
from application.administration.catalogue import OPERATOR
from application.cases.documents import commands_of, document_of
from application.cases.history import history_items
from domain.errors import NotFound
from domain.transparency_log import Attestation
from domain.values import Actor, Role
from infrastructure.settings import Settings
from infrastructure.transparency.formats.checkpoint import Checkpoint
from infrastructure.transparency.formats.note import NoteError, Verifier
from infrastructure.transparency.log_reader import latest
from infrastructure.transparency.publication.timestamps import trusted_certificates
from infrastructure.transparency.verification.audit import Verification
from infrastructure.transparency.verification.audit import verify as verify_all
from infrastructure.transparency.verification.findings import Finding
from infrastructure.transparency.verification.held_checkpoints import read_held
from infrastructure.views.comparison import compare_views
from infrastructure.views.projector import Poisoned

_READER = Actor("operator", Role.AUDITOR)


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
        own = sealer_folder_of(settings).last_note()
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
        _print_findings(found)
    if not found.ok:
        raise typer.Exit(FINDINGS)


def attest(as_json: AsJson = False, data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Fold every event anew, compare the views with that both ways, and record the result. Exit 1 when they differ."""
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
        position = on_desk(database, lambda desk: desk.log.attest(said, OPERATOR)).position
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


def replay(
    case: Annotated[str, typer.Argument(help="A case or a problem, by its number.", metavar="CASE")],
    as_of: Annotated[str | None, typer.Option(help="What the ledger had recorded by then (RFC 3339).")] = None,
    version: Annotated[int | None, typer.Option(min=1, help="Up to its event of this number.")] = None,
    position: Annotated[int | None, typer.Option(min=1, help="Up to this position in the ledger.")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Replay a case or a problem as an auditor reads it: its history up to a moment, and the state that yields."""
    moment = moment_of(as_of)
    with database_of(settings_of(data_dir, database_url)) as database:
        try:
            replayed = on_desk(
                database,
                lambda desk: desk.records.replay(case, _READER, version=version, position=position, as_of=moment),
                component="auditor",
            )
        except NotFound as unknown:
            could_not_run(unknown)
        except MapperDeserialisationError as unreadable:
            could_not_run(f"{case} cannot be replayed: {unreadable}")
    last, past = replayed.history[-1], (as_of, version, position) != (None, None, None)
    document = {
        "case": case,
        "version": last.event.originator_version,
        "position": last.position,
        "as_of": moment,
        "history": history_items(replayed.history, _READER.role),
        "state": {**document_of(replayed.root), **({} if past else commands_of(replayed.root, _READER))},
    }
    plain = msgspec.to_builtins(document, str_keys=True)  # as the same documents read over HTTP
    if as_json:
        print_json(plain)
    else:
        _print_replay(plain)


def _own_verifiers(settings: Settings) -> list[Verifier]:
    try:
        own = sealer_folder_of(settings).verifiers()
    except (NoteError, OSError) as error:
        could_not_run(error)
    if not own:
        could_not_run(f"there is no verifier key in {settings.sealer_folder}: name the log's with --vkey")
    return own


def _plain(found: list[Finding]) -> list[dict[str, object]]:
    return [vars(finding) for finding in found]


def _print_findings(found: Verification) -> None:
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
            "no copy held elsewhere was named (--held): against the operators themselves this proves nothing",
            style="yellow",
        )
    said = "all of it is as it was sealed" if found.ok else f"{len(found.findings)} findings"
    out.print(f"{found.size} leaves, root {found.root}: {said}", markup=False)


def _print_replay(document: Mapping[str, Any]) -> None:
    plain = ("position", "recorded")
    history = Table(
        *(Column(name, no_wrap=True) for name in plain), Column("what", overflow="fold"), title=document["case"]
    )
    for item in document["history"]:
        by, via = item["by"], item["via"]
        who = f"{by['subject']} ({' '.join(filter(None, (by['role'], by.get('team'))))})"
        way = " ".join(filter(None, (via["interface"], via.get("channel"))))
        told = [f"v{item['version']} {item['topic']}", f"by {who}, via {way}", item["reason"]]
        what = "\n".join(_cell(each) for each in told if each)
        history.add_row(_cell(item["position"]), _cell(item["recorded_at"][:19] + "Z"), what)
    out.print(history)
    shown = (Column(no_wrap=True), Column(overflow="fold"))
    state = Table(*shown, show_header=False, title=f"version {document['version']}, position {document['position']}")
    for name, value in document["state"].items():
        state.add_row(name.replace("_", " "), _cell(value))
    out.print(state)


def _cell(value: Any) -> str:
    """A value as a cell of a table, safe as markup and on a terminal."""
    if value is None or value in ([], (), {}):
        return "-"
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return escape(printable(text))
