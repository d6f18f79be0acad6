"""`replay`: a case or a problem as it was at any moment, and how it came to that, from its events alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
import typer
from eventsourcing.persistence import MapperDeserialisationError
from rich.markup import escape
from rich.table import Column, Table

from api.cli.console import could_not_run, out, print_json, printable
from api.cli.options import AsJson, DatabaseUrl, DataDir, database_of, moment_of, settings_of
from api.main import open_desk
from application.cases.documents import commands_of, document_of
from application.cases.history import history_items
from domain.errors import NotFound
from domain.values import Actor, Role

_READER = Actor("operator", Role.AUDITOR)


def replay(
    case: Annotated[str, typer.Argument(help="A case or a problem, by its number.", metavar="CASE")],
    as_of: Annotated[str | None, typer.Option(help="What the ledger had recorded by then (RFC 3339).")] = None,
    version: Annotated[int | None, typer.Option(min=1, help="Up to its event of this number.")] = None,
    position: Annotated[int | None, typer.Option(min=1, help="Up to this position in the ledger.")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Replay a case or a problem: its history up to a moment, and the state that yields. Read as the auditor."""
    moment = moment_of(as_of)
    with (
        database_of(settings_of(data_dir, database_url)) as database,
        open_desk(database, component="auditor") as desk,
    ):
        try:
            replayed = desk.replay(case, _READER, version=version, position=position, as_of=moment)
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
        _print(plain)


def _print(document: Mapping[str, Any]) -> None:
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
    """A value in a table; what somebody said is neither markup nor a command to the terminal."""
    if value is None or value in ([], (), {}):
        return "-"
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return escape(printable(text))
