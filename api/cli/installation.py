"""Commands about the installation: schema, tokens, the keys that sign them, roles, settings, status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from textwrap import wrap
from typing import Annotated, Any

import typer
from psycopg.conninfo import conninfo_to_dict
from rich.table import Column, Table

from api.cli.console import FINDINGS, could_not_run, err, out, print_json, refusals
from api.cli.options import AsJson, DatabaseUrl, DataDir, database_of, settings_of
from api.cli.processes.sealer import sealer_folder_of
from api.main import on_desk, on_views, tokens_of
from application.administration.catalogue import COMMANDS as OFFICE_COMMANDS
from application.administration.catalogue import OPERATOR
from application.health import is_failing, readiness, standing_in_words
from application.personal_data.approvals import COMMANDS as APPROVAL_COMMANDS
from application.transparency_log import UNSEALED_ALARM
from application.views.questions import Views
from domain.case.status import COMMANDS, READERS
from domain.problem import COMMANDS as PROBLEM_COMMANDS
from domain.receipt import COMMANDS as INTAKE_COMMANDS
from domain.values import Role
from infrastructure.desk_database import prepare_data_dir
from infrastructure.identity.signing_keys import KeptKey, kept_keys, retire_key, rotate_keys
from infrastructure.identity.tokens import LINK_LIVES
from infrastructure.postgres.embedded.programs import ServerUnavailable
from infrastructure.setting_names import misspelt, settings_entries
from infrastructure.settings import Settings

keys = typer.Typer(no_args_is_help=True, help="Keys that sign tokens and links: list, rotate, retire.")

_NARROWEST = 20
"""Columns: what is narrower is no terminal."""


def migrate(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Bring the database to the present schema, and give a new desk its first policy.

    `serve` does so as well, and every command does for the embedded database.
    """
    with database_of(settings_of(data_dir, database_url), migrating=True, making=True) as database:
        on_desk(database, lambda desk: desk.policy.adopt(OPERATOR))
        out.print("the schema is up to date")


def token(
    role: Annotated[Role, typer.Option(help="The role the token names.")],
    subject: Annotated[
        str, typer.Option(help="Who it is for: an id such as a.ortiz; for a customer, their address or customer id.")
    ],
    team: Annotated[str | None, typer.Option(help="The service team, for a team member.")] = None,
    ttl: Annotated[float | None, typer.Option(help="Days it is valid.")] = None,
    grant_again: Annotated[
        str | None,
        typer.Option(
            "--grant-again", metavar="REASON", help="Grant the role anew after it was revoked or has run out, and why."
        ),
    ] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Print a bearer token, and nothing else. The first time, it records the grant that the token needs (R-7.1).

    The operator approves that grant. A role that was revoked, or has run out, is granted again only with --grant-again.
    """
    settings = settings_of(data_dir, database_url)
    if role is Role.TEAM_MEMBER and team is None:
        could_not_run("a team member's token needs --team")
    if role is Role.CUSTOMER and "@" in subject:
        address = {"email": subject}
        with database_of(settings, making=True) as database:
            subject = on_desk(database, lambda desk: desk.pseudonyms.of(address))
    try:
        prepare_data_dir(settings)
        issued = tokens_of(settings).issue(role, subject, team, timedelta(days=ttl or settings.token_days))
    except (OSError, ValueError, ServerUnavailable) as error:
        could_not_run(error)
    if role is not Role.CUSTOMER:
        anew, request = grant_again is not None, replace(OPERATOR, reason=grant_again)
        with database_of(settings, making=True) as database, refusals():
            granted = on_desk(database, lambda desk: desk.grants.ensure(subject, role, team, None, request, anew=anew))
        if not granted:
            could_not_run(
                f"the grant of the role {role} to {subject} was revoked or has run out. "
                "To grant it again: --grant-again REASON"
            )
    typer.echo(issued)


def roles(as_json: AsJson = False) -> None:
    """Print the command-by-role table that every interface is held to (R-6a)."""
    rows: list[dict[str, Any]] = [
        {
            "command": name,
            "from": sorted(command.since),
            "roles": sorted(command.who),
            "roles_of_the_team": sorted(command.team),
            "customer_for_own_cases": bool(command.own),
        }
        for name, commands in COMMANDS.items()
        for command in commands
    ]
    others: list[dict[str, Any]] = [
        {"command": name, "from": sorted(on.since), "roles": sorted(on.who)} for name, on in PROBLEM_COMMANDS.items()
    ]
    others += [
        {"command": name, "from": sorted(on.since), "roles": sorted(on.who)} for name, on in INTAKE_COMMANDS.items()
    ]
    others += [{"command": name, "from": [], "roles": [Role.ADMIN]} for name in OFFICE_COMMANDS]
    others += [{"command": name, "from": [], "roles": sorted(who)} for name, who in APPROVAL_COMMANDS.items()]
    if as_json:
        print_json({"commands": rows, "others": others, "reading": sorted(READERS)})
        return
    table = _table("command", "by whom, in which status")
    for row in (*rows, *others):
        table.add_row(row["command"], f"{_by_whom(row)}\n{', '.join(row['from']) or '-'}")
    out.print(table)


def _by_whom(row: dict[str, Any]) -> str:
    team = [f"{role} of the case's team" for role in row.get("roles_of_the_team", ())]
    own = ["customer for their own cases"] if row.get("customer_for_own_cases") else []
    return "; ".join((*row["roles"], *team, *own))


def settings(as_json: AsJson = False) -> None:
    """List the settings: their variables, their present values, what they mean. Exit 1 when a variable is misspelt."""
    present = settings_of(None)
    rows = [
        {
            "variable": entry.variable,
            "value": _value(present, entry.name),
            "type": entry.type,
            "unit": entry.unit,
            "default": entry.default or None,
            "meaning": entry.meaning,
        }
        for entry in settings_entries()
    ]
    strange = misspelt()
    rows += [{"variable": each.variable, "value": "?", "meaning": f"{each}."} for each in strange]
    if as_json:
        print_json(rows)
    else:
        typer.echo("\n\n".join(map(_paragraph, rows)))
    if strange:
        raise typer.Exit(FINDINGS)


def _value(present: Settings, name: str) -> str:
    value = getattr(present, name)
    if name.endswith("database_url"):  # it may hold a password
        return "set" if value else "None"
    return str(value)


def _paragraph(row: dict[str, str | None]) -> str:
    """A setting in lines as wide as the terminal. A word longer than that runs on: nothing is cut."""
    notes = "; ".join(f"{name}: {row[name]}" for name in ("unit", "default") if row.get(name))
    lines = wrap(
        f"{row['meaning']} ({notes})" if notes else str(row["meaning"]),
        width=max(out.width, _NARROWEST),
        initial_indent="  ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join((f"{row['variable']} = {row['value']}", *lines))


async def _health(views: Views) -> tuple[dict[str, Any], Sequence[Mapping[str, Any]]]:
    return dict(await views.health.status()), await views.health.set_aside()


def status(as_json: AsJson = False, data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Print where ledger, views and seal are, and how the workers do.

    Exit 1 when the projector has halted, a worker fails, a webhook fails, an item was set aside, events stay unsealed for too long, or
    another log than ours is held outside.
    """
    given = settings_of(data_dir, database_url)
    with database_of(given) as database:
        health, set_aside = on_views(database, _health)
        ready = readiness(health)
        document = {
            "database": _where(database.for_component("api")),
            "ledger_position": health["ledger_position"],
            "views_position": health["position"],
            "views_lag_events": health["ledger_position"] - health["position"],
            "views_lag_seconds": round(health["lag_seconds"], 3),
            "log_size": health["log_size"],
            "sealed_position": health["sealed_position"],
            "unsealed_seconds": round(health["unsealed_seconds"], 3),
            "sealer_refuses": sealer_folder_of(given).refusal(),
            "contradicted_by": sealer_folder_of(given).contradictions() or None,
            "mails_waiting": health["mails_waiting"],
            "oldest_mail_seconds": round(max(0.0, health["oldest_mail_seconds"]), 1),
            "obligations_open": health["obligations_open"],
            "halted_at": health["halted_at"],
            "halted_by": health["halted_by"],
            "cannot_write": ready.write,
            "views_stand_still": ready.views,
            "workers": {name: said["error"] or said["state"] for name, said in health["workers"].items()} or None,
            "webhooks": {name: standing_in_words(each) for name, each in health["webhooks"].items()} or None,
            "set_aside": {f"{each['kind']} {each['item']}": each["error"] for each in set_aside} or None,
        }
    if as_json:
        print_json(document)
    else:
        table = Table(show_header=False)
        for name, value in document.items():
            shown = " ".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else value
            table.add_row(name.replace("_", " "), "-" if shown is None else str(shown))
        out.print(table)
    halted, contradicted = document["halted_at"] is not None, document["contradicted_by"] is not None
    failing = any(said["state"] == "failing" for said in health["workers"].values())
    failing = failing or any(map(is_failing, health["webhooks"].values()))
    if halted or contradicted or failing or set_aside or document["unsealed_seconds"] > UNSEALED_ALARM:
        raise typer.Exit(FINDINGS)


@keys.command("list")
def list_keys(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """List the key that signs and the older ones that still verify."""
    try:
        found = kept_keys(settings_of(data_dir).data_dir / "keys")
    except (OSError, TypeError, ValueError) as error:
        could_not_run(error)
    if as_json:
        print_json([{**vars(key), "links_valid_until": _links_end(key)} for key in found])
        return
    for key in found:
        until = f"verifies; its last link ends {_links_end(key):%Y-%m-%d}"
        out.print(f"{key.id}  {'signs' if key.signs else until}", markup=False)


@keys.command()
def rotate(data_dir: DataDir = None) -> None:
    """Make a new key that signs from now on. What the old one signed stays valid. Running processes notice by themselves.

    The old key's private half is destroyed. Its public half verifies until `caseledger keys retire`.
    """
    try:
        old, new = rotate_keys(settings_of(data_dir).data_dir / "keys")
    except (OSError, TypeError, ValueError) as error:
        could_not_run(error)
    out.print(f"{new} signs; {old} verifies what it signed until you retire it", markup=False)


@keys.command()
def retire(
    key: Annotated[str, typer.Argument(help="The id of an older key; `caseledger keys list` shows them.")],
    compromised: Annotated[
        bool, typer.Option("--compromised", help="Also while it still verifies links: all it signed is void at once.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Stop an older key from verifying. Exit 1 while links that it signed may be valid, unless --compromised."""
    folder = settings_of(data_dir).data_dir / "keys"
    try:
        kept = {each.id: each for each in kept_keys(folder) if not each.signs}
        if key in kept and not compromised and datetime.now(UTC) < _links_end(kept[key]):
            err.print(
                f"{key} verifies links until {_links_end(kept[key]):%Y-%m-%d}; --compromised voids them", markup=False
            )
            raise typer.Exit(FINDINGS)
        retire_key(folder, key)
    except KeyError:
        could_not_run(f"{key} is no older key: {', '.join(kept) or 'there is none'}")
    except (OSError, TypeError, ValueError) as error:
        could_not_run(error)
    out.print(f"{key} verifies no more", markup=False)


def _links_end(key: KeptKey) -> datetime:
    """When the last link that a key signed ends."""
    return (key.rotated_at or datetime.now(UTC)) + LINK_LIVES


def _table(name: str, *others: str) -> Table:
    """A table whose first column is never cut. The others are folded."""
    return Table(Column(name, no_wrap=True), *(Column(other, overflow="fold") for other in others), show_lines=True)


def _where(conninfo: str) -> dict[str, Any]:
    known = conninfo_to_dict(conninfo)
    return {name: known.get(name) for name in ("host", "port", "dbname", "user")}
