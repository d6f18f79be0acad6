"""`conformance` holds every history against the SOP, written as a declarative model."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from api.cli.console import FINDINGS, could_not_run, out, plain, printable, progress
from api.cli.options import AsJson, DatabaseUrl, DataDir, bound_of, database_of, moment_of, settings_of, zone_of
from api.main import on_desk, on_histories, on_views
from application.desk import Desk
from application.reports.conformance.check import Deviation, check
from application.reports.conformance.histories import Histories, Known
from application.reports.conformance.model_file import ModelError, read_model, sop
from application.reports.conformance.rules import Kind, Model
from application.reports.conformance.tally import BY, Tally
from application.views.questions import Views
from domain.calendar import Calendar
from infrastructure.postgres.database import Database
from infrastructure.transparency.formats.checkpoint import Checkpoint
from infrastructure.transparency.log_reader import latest

_PAGE = 500
"""Cases read at a time."""
_SHOWN = 20
"""Deviations that the text names. JSON names all."""


def conformance(
    as_of: Annotated[str | None, typer.Option(help="What the ledger had recorded by then (RFC 3339).")] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="Deviations that happened from then on: RFC 3339, or a date.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="Deviations before then.")] = None,
    by: Annotated[str, typer.Option(help=f"Count by one or more of {', '.join(BY)}: clause,month.")] = "clause",
    kind: Annotated[list[Kind] | None, typer.Option(help="Only deviations of this kind; may be repeated.")] = None,
    model: Annotated[Path | None, typer.Option(help="A model of your own, as YAML.")] = None,
    tz: Annotated[str | None, typer.Option("--tz", help="Time zone of months and dates; the policy's.")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Hold every history, imported ones too, against the SOP as a model. Exit 0 when all conform, 1 with deviations, 2 when it could not run.

    docs/conformance.md shows the rules. Memory stays flat: histories are read case by case.
    """
    counted = tuple(name.strip() for name in by.split(","))
    if unknown := [name for name in counted if name not in BY]:
        could_not_run(f"deviations are not counted by {unknown[0]!r}, but by {', '.join(BY)}")
    known_at = moment_of(as_of)
    with database_of(settings_of(data_dir, database_url)) as database:
        calendar = on_desk(database, _calendar, component="auditor")
        zone = zone_of(tz or calendar.time_zone)
        rules = _model(model, calendar)
        position = on_views(database, lambda views: _position(views, known_at), component="auditor")
        checkpoint = _checkpoint(database, position)
        listed = _Listed(
            bound_of(since, zone), bound_of(until, zone), frozenset(kind or Kind), Tally(rules, zone, counted)
        )
        written = _Json() if as_json else _Text()
        known = Known(position, known_at or datetime.now(UTC))

        async def run(histories: Histories) -> None:
            with progress("checking cases", await histories.count()) as advance:
                await _check_all(histories, rules, known, listed, written.add, advance)

        on_histories(database, run)
    about = {"position": position, "as_of": known_at, "checkpoint": checkpoint, "time_zone": zone.key}
    written.end({**listed.tally.document(), **about})
    if listed.tally.clauses:
        raise typer.Exit(FINDINGS)


class _Listed:
    """Which deviations are listed and counted."""

    def __init__(self, since: datetime | None, until: datetime | None, kinds: frozenset[Kind], tally: Tally) -> None:
        self._since, self._until, self._kinds, self.tally = since, until, kinds, tally

    def __contains__(self, deviation: Deviation) -> bool:
        late_enough = self._since is None or deviation.at >= self._since
        return late_enough and (self._until is None or deviation.at < self._until) and deviation.kind in self._kinds


async def _check_all(
    histories: Histories,
    model: Model,
    known: Known,
    listed: _Listed,
    add: Callable[[Deviation], None],
    advance: Callable[[int], None],
) -> None:
    after = None
    while True:
        page = await histories.page(after, _PAGE, known)
        for history in page.histories:
            verdict = check(history, model)
            listed.tally.add(verdict)
            for deviation in verdict.deviations:
                if deviation in listed:
                    listed.tally.count(deviation)
                    add(deviation)
        advance(_PAGE)
        if (after := page.last) is None:
            return


# what it stands on


async def _calendar(desk: Desk) -> Calendar:
    """The business hours of the policy in force."""
    return (await desk.references.current()).policy.business


async def _position(views: Views, known_at: datetime | None) -> int:
    """The position that the check is as of. Views say which mails a case has, so it is never after theirs."""
    folded = await views.positions.last()
    return folded if known_at is None else min(folded, await views.positions.at(known_at))


def _checkpoint(database: Database, position: int) -> dict[str, Any] | None:
    """The newest signed checkpoint, and whether it covers the position; None while nothing is sealed."""
    with database.connect("auditor") as connection:
        sealed = latest(connection)
    if sealed is None:
        return None
    found = Checkpoint.of_text(sealed.note)
    covers = sealed.position >= position
    return {"origin": found.origin, "size": found.size, "note": sealed.note, "covers_position": covers}


def _model(path: Path | None, calendar: Calendar) -> Model:
    try:
        return sop(calendar) if path is None else read_model(path.read_text(encoding="utf-8"), str(path), calendar)
    except (ModelError, OSError, UnicodeDecodeError) as error:
        could_not_run(error)


# how it is printed


class _Json:
    """One JSON document, its deviations written as they are found."""

    def __init__(self) -> None:
        self._separator = '{"deviations": [\n'

    def add(self, deviation: Deviation) -> None:
        sys.stdout.write(self._separator + json.dumps(asdict(deviation), default=plain))
        self._separator = ",\n"

    def end(self, document: dict[str, Any]) -> None:
        begun = self._separator.startswith(",")
        head = "\n], " if begun else f"{self._separator}], "
        sys.stdout.write(head + json.dumps(document, default=plain, indent=2).removeprefix("{").lstrip() + "\n")


class _Text:
    """The first deviations as lines, and the counts as a table."""

    def __init__(self) -> None:
        self._listed = 0

    def add(self, deviation: Deviation) -> None:
        self._listed += 1
        if self._listed <= _SHOWN:
            said = f"{deviation.clause} {deviation.case} (position {deviation.position}): {deviation.message}"
            style = "red" if deviation.kind is Kind.BROKEN else "yellow"
            out.print(printable(said), style=style, markup=False)

    def end(self, document: dict[str, Any]) -> None:
        if self._listed > _SHOWN:
            out.print(f"and {self._listed - _SHOWN} more; --json names all")
        if document["rows"]:
            table = Table(*document["by"], "deviations")
            for row in document["rows"]:
                table.add_row(*map(str, row.values()))
            out.print(table)
        fitness = document["fitness"]
        out.print(f"{document['checked']} histories checked against {document['model']}", markup=False)
        out.print(
            f"{fitness['fulfilled']} of {fitness['activations']} activations fulfilled ({_percent(fitness['rate'])}), "
            f"{fitness['fitting']} histories without a deviation ({_percent(fitness['fitting_rate'])}); "
            f"{fitness['not_recorded']} activations that imported histories do not record"
        )
        out.print(f"as of position {document['position']}, time zone {document['time_zone']}")


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.2%}"
