"""Caseledger: a service desk whose record nobody can quietly rewrite."""

from __future__ import annotations

import signal
import sys
from importlib.metadata import version as installed
from typing import Annotated

import typer

from api.cli.commands import SETTINGS, Commands
from api.cli.console import COULD_NOT_RUN, configure_logging
from api.interpreter import begin_imports, tune_interpreter
from application.faults import FAULTS

TERMINATED = 143
"""The exit code of a process that SIGTERM ended, as shells report it."""

app = typer.Typer(
    name="caseledger",
    cls=Commands,
    help=__doc__,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings=SETTINGS,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(installed("caseledger"))
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[  # noqa: ARG001 - its callback has printed it
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """A service desk whose record nobody can quietly rewrite."""
    # SIGTERM unwinds like any other end: by default it would skip every `with`, and leave a database running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    configure_logging()
    tune_interpreter()


def run() -> None:
    """The entry point of the `caseledger` command. An error that nobody caught is logged, and the exit code is 2."""
    begin_imports()
    try:
        app()
    except Exception as error:  # noqa: BLE001 - whatever it is: exit 1 would say that there are findings
        FAULTS.add(f"caseledger {' '.join(sys.argv[1:2])}".strip(), error)
        sys.exit(COULD_NOT_RUN)
