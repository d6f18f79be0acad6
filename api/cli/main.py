"""Caseledger: a service desk whose record nobody can quietly rewrite."""

from __future__ import annotations

import signal
import sys
from importlib.metadata import version as installed
from typing import Annotated

import typer

from api.cli import (
    approvals,
    audit,
    backups,
    bundle,
    conformance,
    demo,
    exports,
    imports,
    installation,
    monitoring,
    personal_data,
    reads,
    reports,
    tlog,
    webhooks,
    what_if,
)
from api.cli.console import COULD_NOT_RUN, configure_logging
from api.cli.processes import server, workers
from api.main import tune_interpreter
from application.faults import FAULTS

TERMINATED = 143
"""The exit code of a process that SIGTERM ended, as shells report it."""

app = typer.Typer(
    name="caseledger",
    help=__doc__,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("serve")(server.serve)
app.command("api")(server.api)
app.command("worker")(workers.worker)
app.command("migrate")(installation.migrate)
app.command("token")(installation.token)
app.command("roles")(installation.roles)
app.command("settings")(installation.settings)
app.command("status")(installation.status)
app.command("report")(reports.report)
app.command("what-if")(what_if.what_if)
app.command("rebuild")(reports.rebuild)
app.command("backup")(backups.backup)
app.command("restore")(backups.restore)
app.command("lost")(backups.lost)
app.command("conformance")(conformance.conformance)
app.command("reads")(reads.reads)
app.command("bundle")(bundle.bundle)
app.command("verify-bundle")(bundle.verify_bundle_command)
app.command("replay")(audit.replay)
app.command("verify")(audit.verify)
app.command("attest")(audit.attest)
app.command("erase")(personal_data.erase)
app.command("hold")(personal_data.hold)
app.command("release-hold")(personal_data.release_hold)
app.command("approvals")(approvals.approvals)
app.command("approve")(approvals.approve)
app.command("refuse")(approvals.refuse)
app.command("withdraw")(approvals.withdraw)
app.add_typer(imports.app, name="import")
app.add_typer(exports.app, name="export")
app.add_typer(demo.app, name="demo")
app.add_typer(monitoring.intake, name="intake")
app.add_typer(monitoring.source, name="source")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(installation.keys, name="keys")
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
    """The entry point of the `caseledger` command. An error that nobody caught is logged, and the exit code is 2."""
    try:
        app()
    except Exception as error:  # noqa: BLE001 - whatever it is: exit 1 would say that there are findings
        FAULTS.add(f"caseledger {' '.join(sys.argv[1:2])}".strip(), error)
        sys.exit(COULD_NOT_RUN)
