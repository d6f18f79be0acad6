"""Caseledger: a service desk whose record nobody can quietly rewrite."""

from __future__ import annotations

import signal
import sys
from importlib.metadata import version as installed
from typing import Annotated

import typer

from api.cli import (
    approvals,
    bundle,
    desk,
    imports,
    keys,
    monitoring,
    personal_data,
    replay,
    reports,
    serve,
    tlog,
    verify,
    workers,
)
from api.cli.console import COULD_NOT_RUN, configure_logging
from api.main import tune_interpreter
from application.faults import FAULTS

TERMINATED = 143
"""What a shell reports of a process ended by SIGTERM."""

app = typer.Typer(
    name="caseledger",
    help=__doc__,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("serve")(serve.serve)
app.command("api")(serve.api)
app.command("worker")(workers.worker)
app.command("migrate")(desk.migrate)
app.command("token")(desk.token)
app.command("roles")(desk.roles)
app.command("settings")(desk.settings)
app.command("status")(desk.status)
app.command("report")(reports.report)
app.command("rebuild")(reports.rebuild)
app.command("bundle")(bundle.bundle)
app.command("verify-bundle")(bundle.verify_bundle_command)
app.command("replay")(replay.replay)
app.command("verify")(verify.verify)
app.command("attest")(verify.attest)
app.command("erase")(personal_data.erase)
app.command("hold")(personal_data.hold)
app.command("release-hold")(personal_data.release_hold)
app.command("approvals")(approvals.approvals)
app.command("approve")(approvals.approve)
app.command("refuse")(approvals.refuse)
app.command("withdraw")(approvals.withdraw)
app.add_typer(imports.app, name="import")
app.add_typer(monitoring.intake, name="intake")
app.add_typer(monitoring.source, name="source")
app.add_typer(keys.app, name="keys")
app.add_typer(tlog.app, name="tlog")


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
    """The entry point of the `caseledger` command: an error that nobody caught is in the log, and exit code 2."""
    try:
        app()
    except Exception as error:  # noqa: BLE001 - whatever it is: exit 1 would say that there are findings
        FAULTS.add(f"caseledger {' '.join(sys.argv[1:2])}".strip(), error)
        sys.exit(COULD_NOT_RUN)
