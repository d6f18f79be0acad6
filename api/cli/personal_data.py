"""`erase`, `hold` and `release-hold`: personal data, and what keeps them (audit.md, Personal data)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from api.cli.approvals import ApprovalToken, auditor_of, refusing, request_once, tell_waiting
from api.cli.console import FINDINGS, err, out, print_json
from api.cli.options import AsJson, DatabaseUrl, DataDir, database_of, settings_of
from api.main import open_desk
from application.approval_document import approval_document
from application.catalogue import OPERATOR
from application.desk import Desk
from application.execution.requests import Committed, Request
from application.personal_data import ApprovalRequired, Erased
from application.remaining_data import STAFF_WORDS, STAYS, Remaining
from domain.approval import Approval, Measure
from domain.errors import OnHold
from domain.values import ErasureScope
from infrastructure.postgres.database import Database
from infrastructure.postgres.maintenance.scrub import NotScrubbed, scrub
from infrastructure.settings import Settings
from infrastructure.views.questions.postgres_views import PostgresViews

Reason = Annotated[str, typer.Option(help="Why; kept with the record of it.")]
_PATIENCE = 10.0
"""Seconds to wait for the views."""


def erase(
    subject: Annotated[str, typer.Argument(help="Whose data: a customer id, or an e-mail address.")],
    reason: Reason,
    scope: Annotated[
        ErasureScope, typer.Option(help="What goes: all but what staff wrote, or everything.")
    ] = ErasureScope.CONTACT_AND_WORDS,
    token: ApprovalToken = None,
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
    """Erase what was said of somebody, with all copies; their cases still read, replay, verify and count.

    An auditor approves it: with --approval at once, else later by `caseledger approve` or over HTTP. Until then this command
    records the request, erases nothing, and exits 1; give it again afterwards. Exit 1 also when a legal hold on one of their
    cases keeps the data. Copies elsewhere (backups, mails that were sent) are yours to find.
    """
    settings = settings_of(data_dir, database_url)
    with database_of(settings) as database:
        with (
            database.connect("eraser"),
            open_desk(database, component="eraser") as desk,
        ):  # the former says best why not
            auditor = auditor_of(settings, desk, token)
            try:
                erased = refusing(lambda: _erase(desk, subject, scope, reason, auditor))
            except OnHold as hold:
                _tell_held(hold, as_json)
                raise typer.Exit(FINDINGS) from None
            except ApprovalRequired:
                tell_waiting(desk.approval(f"{Measure.ERASE}:{desk.subject_of(subject)}"), as_json)
                raise typer.Exit(FINDINGS) from None
        views = _wait_for_views(database, erased)
        left = _scrub(database) if scrubbing else "not asked for (--no-scrub)"
    _tell(erased, views, left, as_json)


def _erase(desk: Desk, subject: str, scope: ErasureScope, reason: str, auditor: Request | None) -> Erased:
    """Carry out what is approved, else request it; with an auditor at hand, all of it. Raises ApprovalRequired."""
    try:
        return desk.erase(subject, scope, OPERATOR)
    except ApprovalRequired:
        number = f"{Measure.ERASE}:{desk.subject_of(subject)}"
        request_once(desk, number, lambda: desk.request_erasure(subject, scope, reason, OPERATOR), scope)
        if auditor is None:
            raise
        desk.approve(number, auditor)
        return desk.erase(subject, scope, OPERATOR)


def hold(
    case: Annotated[str, typer.Argument(help="The case's number.")],
    reason: Reason,
    token: ApprovalToken = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Place a legal hold on a case: what was said in it is not erased, whoever asks.

    An auditor approves it: with --approval at once, else later. Until then the request is recorded, and this exits 1.
    """
    settings = settings_of(data_dir, database_url)
    with database_of(settings) as database, open_desk(database) as desk:
        held = _held(
            desk, Measure.HOLD, case, lambda: desk.request_hold(case, reason, OPERATOR), settings, token, as_json
        )
    _tell_case(held, "is on legal hold", as_json)


def release_hold(
    case: Annotated[str, typer.Argument(help="The case's number.")],
    reason: Reason,
    token: ApprovalToken = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Release a legal hold: what was said in the case may be erased again.

    An auditor approves it: with --approval at once, else later. Until then the request is recorded, and this exits 1.
    """
    settings = settings_of(data_dir, database_url)
    with database_of(settings) as database, open_desk(database) as desk:
        request = lambda: desk.request_release(case, reason, OPERATOR)  # noqa: E731 - named for the line's sake
        released = _held(desk, Measure.RELEASE_HOLD, case, request, settings, token, as_json)
    _tell_case(released, "is on hold no longer", as_json)


def _held(
    desk: Desk,
    measure: Measure,
    case: str,
    request: Callable[[], object],
    settings: Settings,
    token: Path | None,
    as_json: bool,
) -> Committed:
    """Request a hold or its release; with an auditor at hand, it takes effect. Exit 1 while it waits for one."""
    auditor, number = auditor_of(settings, desk, token), f"{measure}:{case}"
    refusing(lambda: request_once(desk, number, request))
    if auditor is None:
        tell_waiting(desk.approval(number), as_json)
        raise typer.Exit(FINDINGS)
    return refusing(lambda: desk.approve(number, auditor))


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
    approval = committed.root
    assert isinstance(approval, Approval)
    if as_json:
        print_json({**approval_document(approval), "position": committed.position})
    else:
        out.print(f"{approval.target} {what} (position {committed.position})", markup=False)
