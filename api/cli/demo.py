"""`demo load`: a realistic desk of any size, for trials and measurements."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import psycopg
import typer

from api.cli.console import could_not_run, err, out, print_json, progress
from api.cli.options import AsJson, DatabaseUrl, DataDir, database_of, settings_of
from api.cli.processes.sealer import seal_all, seals_here
from api.cli.processes.supervisor import alone
from api.main import HOLIDAYS
from application.administration.holidays import holidays_of
from application.demo.simulation.stretch import YEARS, Plan
from domain.policy import Policy, first_policy
from infrastructure.postgres.database import Database
from infrastructure.postgres.maintenance.bulk_load.loader import Loader, LoadRefused, plan_in
from infrastructure.postgres.maintenance.bulk_load.makers import beside
from infrastructure.settings import Settings
from infrastructure.transparency.sealer_folder import SealingRefused
from infrastructure.views.projector import Poisoned
from infrastructure.views.rebuild import rebuild_views

_FEWEST, _PLANTED_OF = 100, 5
"""The fewest cases of a desk, and of how many at least one conforms not."""

app = typer.Typer(help="A simulated desk, for trials and measurements.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """A simulated desk, for trials and measurements."""


@app.command()
def load(
    cases: Annotated[int, typer.Option(min=_FEWEST, help="How many cases.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed and last day make the same desk.")] = 1,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day. [yesterday]")] = None,
    deviations: Annotated[
        int, typer.Option(min=0, help="How many cases contradict the SOP, for `conformance` to find.")
    ] = 0,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Load five years of simulated cases, mails and alerts into an empty desk, seal them and fold the views.

    Killed half-way, the same command goes on. It refuses a desk that holds anything else, or that a server runs on. Never
    load into a desk that real people will use: the secrets of the vault follow from the seed.
    """
    if deviations > cases // _PLANTED_OF:
        could_not_run(f"at most {cases // _PLANTED_OF} of {cases} cases can contradict the SOP")
    settings, took = settings_of(data_dir, database_url), dict[str, float]()
    with (
        alone(settings),
        database_of(settings, making=True) as database,
        _refusals(),
        database.connect("migrator") as connection,
    ):
        with _timed("all", took):
            loader = _loader(connection, settings, cases, seed, until and until.date(), deviations)
            _load(loader, cases, took)
            _follow(settings, database, loader.position, took)
            with _timed("clean up", took):
                loader.clean_up()
            planted = loader.planted()
        size = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    told = {"cases": cases, "seed": seed, "until": loader.plan.last, "events": loader.position}
    told |= {
        "deviations": planted,
        "seconds": {name: round(seconds, 1) for name, seconds in took.items()},
        "bytes": size and size[0],
    }
    if as_json:
        print_json(told)
    else:
        out.print(f"{cases} cases and {loader.position} events in {took['all']:.0f} s: sealed, and all views caught up")
        for each in planted:
            out.print(f"planted: {each['rule']} in {each['case']} (position {each['position']})", markup=False)


def _loader(
    connection: psycopg.Connection[Any], settings: Settings, cases: int, seed: int, last: date | None, deviations: int
) -> Loader:
    """The loader of the plan. Without a last day, a load that was broken off keeps its own."""
    known = plan_in(connection)
    if last is None and known is not None:
        last = known.last
    plan = Plan(cases, seed, last or (datetime.now(UTC) - timedelta(days=1)).date(), deviations)
    return Loader(connection, plan, settings.mail_from, _policy(plan))


def _policy(plan: Plan) -> Policy:
    """The first policy, with the holidays of all years of the plan and some after it."""
    return first_policy(holidays_of(HOLIDAYS, range(plan.last.year - YEARS - 1, plan.last.year + 6)))


def _load(loader: Loader, cases: int, took: dict[str, float]) -> None:
    if loader.is_complete:
        return
    with _timed("load", took), progress("making cases", cases) as advance:
        loader.load(os.cpu_count() or 1, advance)


def _follow(settings: Settings, database: Database, events: int, took: dict[str, float]) -> None:
    """Seal in a process of its own, and fold the views meanwhile."""
    with beside() as other:
        sealing: Future[float] | None = None
        if seals_here(settings):
            sealing = other.submit(_seal, settings, database)
        with (
            _timed("views", took),
            progress("folding events", events) as advance,
            database.connect("projector") as projector,
        ):
            rebuild_views(projector, advance, connect=lambda: database.connect("projector"))
        if sealing is None:
            err.print("caseledger: no key of the log is here; the sealer of this desk has still to seal it")
        else:
            took["seal"] = sealing.result()
            err.print(f"seal: {took['seal']:.1f} s, beside the views")


def _seal(settings: Settings, database: Database) -> float:
    """Seal all events. Returns how many seconds that took. Raises SealingRefused."""
    began = time.monotonic()
    seal_all(settings, database)
    return time.monotonic() - began


@contextmanager
def _timed(what: str, took: dict[str, float]) -> Iterator[None]:
    began = time.monotonic()
    yield
    took[what] = time.monotonic() - began
    err.print(f"{what}: {took[what]:.1f} s")


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except (LoadRefused, SealingRefused, Poisoned) as error:
        could_not_run(error)
    except psycopg.errors.InsufficientPrivilege as error:
        could_not_run(f"the database user may not load a desk: {error}")
