"""`webhooks` keeps who is sent events, and shows what became of it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Column, Table

from api.cli.console import FINDINGS, out, print_json, refusals
from api.cli.options import AsJson, DatabaseUrl, DataDir, database_of, settings_of
from api.main import on_desk, on_views, webhook_secrets_of
from application.administration.catalogue import OPERATOR
from application.administration.entries import read_entry
from application.cases.documents import entry_document
from application.desk import Desk
from application.execution.requests import Committed
from application.health import standing_in_words
from application.views.questions import Page
from domain.readers.webhook import DisabledBy
from infrastructure.postgres.database import Database

app = typer.Typer(help="Keep webhooks: who is sent which events, and what became of it.", no_args_is_help=True)
Code = Annotated[str, typer.Argument(help="The webhook's id.", metavar="WEBHOOK")]
Reason = Annotated[str | None, typer.Option(help="Why.")]
Why = Annotated[str, typer.Option(help="Why.")]
_ATTEMPTS = ("position", "topic", "attempt", "attempted_at", "milliseconds", "status", "error")


@app.command("add")
def add(
    code: Code,
    url: Annotated[str, typer.Option(help="Where events are sent.")],
    owner: Annotated[str, typer.Option(help="Whose rights count. They must hold a role that reads events.")],
    topic: Annotated[list[str] | None, typer.Option(help="A topic, or its beginning and a `*`. Repeat it.")] = None,
    name: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Register a webhook, or replace it by another version. It is sent nothing before it has a secret."""
    document = {"name": name or code, "owner": owner, "topics": topic or ["*"], "contact": {"url": url}}

    async def put(desk: Desk) -> Committed:
        return await desk.catalogue.put("webhooks", *read_entry("webhooks", code, document), OPERATOR)

    with database_of(settings_of(data_dir, database_url)) as database, refusals():
        _tell(database, code, put, as_json)


@app.command("list")
def show(as_json: AsJson = False, data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """List the webhooks that are not retired, and how far each is."""
    with database_of(settings_of(data_dir, database_url)) as database:
        found = on_views(database, lambda views: views.webhooks.standings())
    if as_json:
        print_json(found)
        return
    for each in found:
        out.print(f"{each['webhook']}  {standing_in_words(each)}", markup=False)


@app.command("secret")
def secret(
    code: Code,
    reason: Reason = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Issue a secret, and print it once. Earlier ones sign beside it for the policy's `webhook_overlap`."""
    settings = settings_of(data_dir, database_url)
    with database_of(settings) as database, refusals():
        issued = on_desk(database, lambda desk: desk.webhooks.issue_secret(code, replace(OPERATOR, reason=reason)))
        shown = webhook_secrets_of(settings).shown(code, issued.id)
    if as_json:
        print_json({"webhook": code, "id": issued.id, "secret": shown, "position": issued.committed.position})
    else:
        out.print(shown, markup=False)


@app.command("revoke")
def revoke(
    code: Code,
    secret_id: Annotated[str, typer.Argument(help="The secret's id.", metavar="SECRET")],
    reason: Reason = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Revoke a secret: nothing is signed with it from the next message on."""
    asked = replace(OPERATOR, reason=reason)
    with database_of(settings_of(data_dir, database_url)) as database, refusals():
        _tell(database, code, lambda desk: desk.webhooks.revoke_secret(code, secret_id, asked), as_json)


@app.command("disable")
def disable(
    code: Code, reason: Why, as_json: AsJson = False, data_dir: DataDir = None, database_url: DatabaseUrl = None
) -> None:
    """Stop sending. The place is kept."""
    asked = replace(OPERATOR, reason=reason)
    with database_of(settings_of(data_dir, database_url)) as database, refusals():
        _tell(database, code, lambda desk: desk.webhooks.disable(code, DisabledBy.ADMINISTRATOR, asked), as_json)


@app.command("enable")
def enable(
    code: Code,
    reason: Reason = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Go on sending, from the place where it stopped."""
    asked = replace(OPERATOR, reason=reason)
    with database_of(settings_of(data_dir, database_url)) as database, refusals():
        _tell(database, code, lambda desk: desk.webhooks.enable(code, asked), as_json)


@app.command("replay")
def replay(
    code: Code,
    first: Annotated[int, typer.Option("--from", help="The first position.")],
    last: Annotated[int, typer.Option("--to", help="The last position.")],
    reason: Reason = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Send a range of positions once more, under the same ids."""
    asked = replace(OPERATOR, reason=reason)
    with database_of(settings_of(data_dir, database_url)) as database, refusals():
        _tell(database, code, lambda desk: desk.webhooks.replay(code, first, last, asked), as_json)


@app.command("ping")
def ping(
    code: Code,
    wait: Annotated[float, typer.Option(help="Seconds to wait for the answer.")] = 30,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Send one event and print what became of it. Exit 1 if the receiver did not take it, or no worker sent it in time."""
    with database_of(settings_of(data_dir, database_url)) as database, refusals():
        position = on_desk(database, lambda desk: desk.webhooks.ping(code, OPERATOR)).position
        attempt = _attempt_at(database, code, position, wait)
    if as_json:
        print_json({"webhook": code, "position": position, "attempt": attempt})
    elif attempt is None:
        out.print(f"not sent within {wait:g} s: is a worker running? (`caseledger status`)", markup=False)
    else:
        said = attempt["error"] or attempt["status"]
        out.print(f"{said}, after {attempt['milliseconds']} ms", markup=False)
    if attempt is None or not attempt["accepted"]:
        raise typer.Exit(FINDINGS)


@app.command("deliveries")
def deliveries(
    code: Code,
    limit: Annotated[int, typer.Option(help="How many, the newest first.", min=1, max=200)] = 50,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """List the latest attempts to deliver to a webhook."""
    with database_of(settings_of(data_dir, database_url)) as database:
        found = on_views(database, lambda views: views.webhooks.attempts(code, Page(limit=limit))).items
    if as_json:
        print_json(found)
        return
    table = Table(*(Column(name.replace("_", " "), overflow="fold") for name in _ATTEMPTS))
    for each in found:
        table.add_row(*("-" if each[name] is None else str(each[name]) for name in _ATTEMPTS))
    out.print(table)


def _attempt_at(database: Database, code: str, position: int, seconds: float) -> dict[str, Any] | None:
    """The attempt to send the event at a position, waited for."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = on_views(database, lambda views: views.webhooks.attempts(code, Page(limit=200))).items
        for each in found:
            if each["position"] == position:
                return dict(each)
        time.sleep(0.2)
    return None


def _tell(database: Database, code: str, do: Callable[[Desk], Awaitable[Committed]], as_json: bool) -> None:
    async def run(desk: Desk) -> tuple[Committed, dict[str, Any]]:
        committed = await do(desk)
        return committed, entry_document(await desk.catalogue.entry("webhooks", code))

    committed, document = on_desk(database, run)
    if as_json:
        print_json({**msgspec.to_builtins(document, str_keys=True), "position": committed.position})
        return
    state = (
        "retired" if document["retired"] else f"disabled: {document['disabled']}" if document["disabled"] else "enabled"
    )
    out.print(f"webhook {code}, version {document['version']}, {state} (position {committed.position})", markup=False)
