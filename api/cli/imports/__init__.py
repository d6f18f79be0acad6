"""`import`: the history of other desks, marked as imported, and catalogues."""

from __future__ import annotations

import typer

from api.cli.imports.catalogue import catalogue
from api.cli.imports.history import events, servicenow
from api.cli.imports.suggestion import mapping

app = typer.Typer(help="Import other systems' history, and catalogues.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Import other systems' history, and catalogues."""


app.command()(events)
app.command()(mapping)
app.command()(servicenow)
app.command()(catalogue)
