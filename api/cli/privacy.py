"""`erase`, `hold` and `release-hold`: personal data, and what keeps them (audit.md, Personal data)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Annotated, TypeVar

import typer
from eventsourcing.persistence import PersistenceError

from api.cli.console import FINDINGS, could_not_run, err, out, print_json
from api.cli.options import AsJson, DatabaseUrl, DataDir, database_of, settings_of
from api.main import open_desk
from application.catalogue import OPERATOR
from application.documents import case_document
from application.privacy import Erased
from application.remains import STAFF_WORDS, STAYS, Remaining
from application.requests import ApplicationError, Committed
from domain.errors import DomainError, OnHold
from domain.values import ErasureScope
from infrastructure.postgres.database import Database
from infrastructure.postgres.scrubbing import NotScrubbed, scrub
from infrastructure.views.reading import PostgresViews

Reason = Annotated[str, typer.Option(help="Why; kept with the record of it.")]
ApprovedBy = Annotated[
    str, typer.Option("--approved-by", help="The auditor who approves it: one with a grant, or you as the operator.")
]
T = TypeVar("T")
_PATIENCE = 10.0
"""Seconds to wait for the views."""


def erase(
    subject: Annotated[str, typer.Argument(help="Whose data: a customer id, or an e-mail address.")],
    reason: Reason,
    scope: Annotated[
        ErasureScope, typer.Option(help="What goes: all but what staff wrote, or everything.")
    ] = ErasureScope.CONTACT_AND_WORDS,
    approved_by: ApprovedBy = OPERATOR.actor.subject,
    scrubbing: Annotated[
        bool,
        typer.Option(
            "--scrub/--no-scrub",
            help="Copy the vault without what is gone and end the log, so that the disk forgets now.",
        ),
    ] = True,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Erase what was said of somebody, with all copies; his cases still read, replay, verify and count.

    Exit 1 when a legal hold on one of his cases keeps it: nothing is erased then. Copies elsewhere (backups, mails that
    were sent) are yours to find.
    """
    with database_of(settings_of(data_dir, database_url)) as database:
        with (
            database.connect("eraser"),
            open_desk(database, component="eraser") as desk,
        ):  # the former says best why not
            try:
                erased = _run(lambda: desk.erase(subject, scope, approved_by, reason, OPERATOR))
            except OnHold as hold:
                _tell_held(hold, as_json)
                raise typer.Exit(FINDINGS) from None
        views = _wait_for_views(database, erased)
        left = _scrub(database) if scrubbing else "not asked for (--no-scrub)"
    _tell(erased, views, left, as_json)


def hold(
    case: Annotated[str, typer.Argument(help="The case's number.")],
    reason: Reason,
    approved_by: ApprovedBy = OPERATOR.actor.subject,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Place a legal hold on a case: what was said in it is not erased, whoever asks."""
    with database_of(settings_of(data_dir, database_url)) as database, open_desk(database) as desk:
        committed = _run(lambda: desk.hold(case, approved_by, reason, OPERATOR))
    _tell_case(committed, "is on legal hold", as_json)


def release_hold(
    case: Annotated[str, typer.Argument(help="The case's number.")],
    reason: Reason,
    approved_by: ApprovedBy = OPERATOR.actor.subject,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Release a legal hold: what was said in the case may be erased again."""
    with database_of(settings_of(data_dir, database_url)) as database, open_desk(database) as desk:
        committed = _run(lambda: desk.release_hold(case, approved_by, reason, OPERATOR))
    _tell_case(committed, "is on hold no longer", as_json)


def _run(do: Callable[[], T]) -> T:
    """Exit 2 when the desk refuses, but for a hold."""
    try:
        return do()
    except OnHold:
        raise
    except (DomainError, ApplicationError, PersistenceError) as error:
        could_not_run(error)


def _wait_for_views(database: Database, erased: Erased) -> str:
    """Wait until the projector, where one works, has folded the erasure: `folded`, `behind`, `halted` or `no projector`."""
    end, pause = time.monotonic() + _PATIENCE, threading.Event()
    with database.pool("eraser", size=1) as pool:
        views = PostgresViews(pool)
        while (health := views.health())["position"] < (erased.position or 0):
            if health["halted_at"] is not None:
                return "halted"
            if not views.is_projecting():
                return "no projector"
            if time.monotonic() > end:
                return "behind"
            pause.wait(0.02)
    return "folded"


def _scrub(database: Database) -> str | None:
    """What keeps the disk from forgetting; None when it has forgotten."""
    try:
        scrub(database)
    except NotScrubbed as why:
        return str(why)
    return None


def _tell(erased: Erased, views: str, left: str | None, as_json: bool) -> None:
    if as_json:
        by_kind = dict(erased.by_kind)
        remains = [vars(each) for each in _remaining(erased)]
        told = {"held": [], "views": views, "scrubbed": left is None, "why": left, "remains": remains}
        print_json({**vars(erased), "by_kind": by_kind, **told})
        return
    if erased.position is None:
        out.print(f"nothing was left of {erased.subject} to erase", markup=False)
    else:
        cases = f" in {', '.join(erased.cases)}" if erased.cases else ""
        out.print(
            f"{erased.disclosures} disclosures of {erased.subject} erased{cases} (position {erased.position})",
            markup=False,
        )
    if views != "folded":
        out.print(f"the views have not folded it yet ({views}); their copies are gone all the same")
    if left is not None:
        out.print(f"the disk was not scrubbed: {left}", markup=False)
    out.print("what remains:")
    for each in _remaining(erased):
        out.print(f"- {each.what}: {each.why}", markup=False)


def _remaining(erased: Erased) -> tuple[Remaining, ...]:
    return STAYS if erased.scope is ErasureScope.EVERYTHING else (STAFF_WORDS, *STAYS)


def _tell_held(hold: OnHold, as_json: bool) -> None:
    if as_json:
        print_json({"disclosures": 0, "held": hold.cases, "why": str(hold)})
    else:
        err.print(str(hold), style="red", markup=False)


def _tell_case(committed: Committed, what: str, as_json: bool) -> None:
    if as_json:
        document = case_document(committed.case)
        print_json(
            {
                **{name: document[name] for name in ("number", "version", "status", "hold")},
                "position": committed.position,
            }
        )
    else:
        out.print(f"{committed.case.number} {what} (position {committed.position})", markup=False)
