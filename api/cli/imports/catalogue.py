"""`import catalogue`: services, teams, grants and the like from one file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
import yaml

from api.cli.console import FINDINGS, could_not_run, out, print_json
from api.cli.options import AsJson, DatabaseUrl, DataDir, database_of, settings_of
from api.main import on_desk
from application.desk import Desk
from application.imports.catalogue_file import carry_out, read_catalogue


def catalogue(
    file: Annotated[Path, typer.Argument(help="The catalogue as YAML; application/demo/catalogue.yaml is an example.")],
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Import services, teams, help desks, scripts, customers, known errors and grants from a file.

    Entries that are unchanged record nothing, so a file may be imported again after a change. Exit 1 when the file has
    errors: then nothing of it is imported.
    """
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        could_not_run(f"{file} cannot be read: {error}")

    async def run(desk: Desk) -> tuple[Sequence[str], dict[str, int]]:
        plan = await read_catalogue(desk, document)
        return plan.findings, {} if plan.findings else dict(await carry_out(desk, plan))

    with database_of(settings_of(data_dir, database_url), making=True) as database:
        findings, done = on_desk(database, run)
    if as_json:
        print_json({"imported": done, "findings": findings})
    else:
        out.print("\n".join(findings) or ", ".join(f"{count} {kind}" for kind, count in done.items()) or "empty")
    if findings:
        raise typer.Exit(FINDINGS)
