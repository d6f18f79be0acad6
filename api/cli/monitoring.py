"""`intake test` tries a monitoring payload; `source` keeps the sources and their keys."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
import yaml
from rich.markup import escape
from rich.table import Column, Table

from api.cli.console import FINDINGS, could_not_run, out, print_json, printable, refusals
from api.cli.options import AsJson, DatabaseUrl, DataDir, database_of, settings_of
from api.main import on_desk
from application.administration.catalogue import OPERATOR
from application.administration.entries import read_entry
from application.cases.documents import entry_document
from application.desk import Desk
from application.execution.requests import Committed
from application.monitoring import cloudevents, pagerduty
from application.monitoring.alertmanager import read_group
from application.monitoring.outcomes import outcome_of
from application.monitoring.plan import Plan
from application.monitoring.signals import Delivery, Unreadable, read
from domain.catalogue import Listed
from domain.errors import DomainError
from domain.monitoring.source import MonitoringSource, SourceKind

intake = typer.Typer(help="Try out what machines hand in.", no_args_is_help=True)
source = typer.Typer(help="Keep monitoring sources and their keys.", no_args_is_help=True)
_LARGEST = 16 * 1_048_576
_NAMES = ("becomes", "case", "service", "impact", "severity", "nature", "major", "rule", "alert")


@intake.callback()
def _intake() -> None:
    """Try out what machines hand in."""


@intake.command("test")
def try_out(
    file: Annotated[Path, typer.Argument(help="A payload: Alertmanager, PagerDuty or CloudEvents, as JSON.")],
    of: Annotated[str, typer.Option("--source", help="The source that would send it.")] = "test",
    mapping: Annotated[
        Path | None, typer.Option(help="Rules and defaults (YAML or JSON) to try instead of the source's.")
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Print what a payload would lead to: which cases, of which service, by which rule. Nothing is recorded.

    Exit 1 when it, or one of its alerts, would wait in the quarantine.
    """
    raw = _bytes(file)
    protocol, deliveries = _deliveries(raw)

    async def foreseen(desk: Desk) -> dict[str, Any]:
        known = (await desk.references.current()).source(of)
        used = _mapping(of, mapping) if mapping is not None else known.entry if known else None
        return {
            "protocol": protocol,
            "source": of,
            "mapping": str(mapping) if mapping else f"version {known.version}" if known else None,
            "events": [_foreseen(each, await desk.alerts.foreseen(each, of, used)) for each in deliveries],
        }

    with database_of(settings_of(data_dir, database_url)) as database:
        document = on_desk(database, foreseen)
    if as_json:
        print_json(document)
    else:
        _print(document)
    if any(delivery.cause is not None or delivery.odd for delivery in deliveries):
        raise typer.Exit(FINDINGS)


def _bytes(file: Path) -> bytes:
    try:
        if file.stat().st_size > _LARGEST:
            could_not_run(f"{file} is larger than any payload")
        return file.read_bytes()
    except OSError as error:
        could_not_run(f"{file} cannot be read: {error.strerror}")


def _deliveries(raw: bytes) -> tuple[str, list[Delivery]]:
    """The protocol of a payload, known by its shape, and the deliveries read from it."""
    try:
        document = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        document = None
    if isinstance(document, list):
        try:
            return SourceKind.CLOUDEVENTS, [cloudevents.read_structured(event) for event in cloudevents.split(raw)]
        except Unreadable as unreadable:
            return SourceKind.CLOUDEVENTS, [Delivery(raw, cause=unreadable.cause, why=str(unreadable))]
    if isinstance(document, dict) and "specversion" in document:
        return SourceKind.CLOUDEVENTS, [cloudevents.read_structured(raw)]
    if isinstance(document, dict) and "event_action" in document:
        return SourceKind.PAGERDUTY, [pagerduty.read_event(raw, lambda: "a fresh key").delivery]
    return SourceKind.ALERTMANAGER, [read(raw, read_group)]


def _mapping(of: str, file: Path) -> MonitoringSource:
    """Read a mapping from a file. Exit 2 when the file holds none."""
    try:
        document = yaml.safe_load(_bytes(file))
        if not isinstance(document, dict):
            could_not_run(f"{file} is no mapping: it has `rules` and `defaults`")
        given = {"name": of, "kind": SourceKind.MAIL.value, **document}
        entry, _ = read_entry("sources", of, given)
        assert isinstance(entry, MonitoringSource)
    except (DomainError, yaml.YAMLError, UnicodeDecodeError) as error:
        could_not_run(f"{file} is no mapping: {error}{getattr(error, 'pointer', '') and f' at {error.pointer}'}")  # type: ignore[union-attr]
    return entry


def _foreseen(delivery: Delivery, made: Plan) -> dict[str, Any]:
    return {
        "outcome": outcome_of(delivery, made, odd=bool(delivery.odd)),
        "cause": delivery.cause,
        "why": delivery.why,
        "new_cases": len(made.opening()),
        "truncated": delivery.truncated,
        "quarantined": [{"alert": odd.place, "cause": odd.cause, "why": odd.why} for odd in delivery.odd],
        "recovery_observed_on": sorted(made.recovered),
        "signals": [
            {
                "fingerprint": step.signal.identity,
                "status": "firing" if step.signal.firing else "resolved",
                "started_at": step.signal.started_at,
                "summary": step.signal.summary,
                "becomes": step.action,
                "case": step.case,
                "follow_up_of": step.follow_up_of,
                **vars(step.target),
            }
            for step in made.steps
        ],
    }


def _print(document: dict[str, Any]) -> None:
    mapping = document["mapping"] or "no mapping: plain labels only"
    out.print(f"{document['protocol']}, source {document['source']} ({mapping})", markup=False)
    for event in document["events"]:
        if event["outcome"] == "quarantined":
            out.print(f"quarantined: {event['cause']}, {event['why']}", markup=False)
            continue
        for odd in event["quarantined"]:
            out.print(f"quarantined: alert {odd['alert']}, {odd['cause']}, {odd['why']}", markup=False)
        columns = (Column(name, no_wrap=name in ("becomes", "case"), overflow="fold") for name in _NAMES)
        table = Table(*columns, title=f"{event['outcome']}: {event['new_cases']} new cases")
        for signal in event["signals"]:
            shown = (signal["becomes"], signal["case"] or signal["follow_up_of"], signal["service"])
            told = (signal["impact"], signal["severity"], signal["nature"], signal["nominate_major"] or None)
            cells = (*shown, *told, signal["rule"], printable(signal["summary"][:200]))
            table.add_row(*("-" if cell is None else escape(str(cell)) for cell in cells))
        out.print(table)


@source.command("add")
def add(
    code: Annotated[str, typer.Argument(help="The source's id.")],
    kind: Annotated[SourceKind, typer.Option(help="What it speaks.")],
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    mapping: Annotated[Path | None, typer.Option(help="Its rules and defaults (YAML or JSON).")] = None,
    senders: Annotated[str | None, typer.Option(help="The mail addresses that it writes from.")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Register a monitoring source, or replace it by another version."""
    mapped = _mapping(code, mapping) if mapping is not None else None
    rules, defaults = (mapped.rules, mapped.defaults) if mapped else ((), None)
    entry = MonitoringSource(code, name or code, kind, rules, defaults)
    contact = {"senders": senders} if senders else {}

    async def put(desk: Desk) -> tuple[Committed, Listed[Any]]:
        read_entry("sources", code, {"name": entry.name, "kind": kind.value, "contact": contact})
        committed = await desk.catalogue.put("sources", entry, contact, OPERATOR)
        return committed, await desk.catalogue.entry("sources", code)

    with database_of(settings_of(data_dir, database_url)) as database, refusals():
        _tell(code, *on_desk(database, put), as_json)


@source.command("key")
def key(
    code: Annotated[str, typer.Argument(help="The source's id.")],
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Issue a key to a source, and print it once: it is kept as a hash."""
    with database_of(settings_of(data_dir, database_url)) as database, refusals():
        issued = on_desk(database, lambda desk: desk.monitoring_keys.issue(code, OPERATOR))
    if as_json:
        print_json({"source": code, "id": issued.id, "key": issued.key, "position": issued.committed.position})
    else:
        out.print(issued.key, markup=False)


@source.command("revoke")
def revoke(
    code: Annotated[str, typer.Argument(help="The source's id.")],
    key_id: Annotated[str, typer.Argument(help="The key's id: the 8 characters after `clk_`.", metavar="KEY")],
    reason: Annotated[str | None, typer.Option(help="Why.")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Revoke a key of a source: it counts from the next request on."""

    async def take_back(desk: Desk) -> tuple[Committed, Listed[Any]]:
        committed = await desk.monitoring_keys.revoke(code, key_id, replace(OPERATOR, reason=reason))
        return committed, await desk.catalogue.entry("sources", code)

    with database_of(settings_of(data_dir, database_url)) as database, refusals():
        _tell(code, *on_desk(database, take_back), as_json)


def _tell(code: str, committed: Committed, listed: Listed[Any], as_json: bool) -> None:
    document, position = entry_document(listed), committed.position
    if as_json:
        print_json({**msgspec.to_builtins(document, str_keys=True), "position": position})
    else:
        good = sum(each["revoked_at"] is None for each in document["keys"])
        out.print(f"source {code}, version {document['version']}, {good} good keys (position {position})", markup=False)
