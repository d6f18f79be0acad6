"""`erase`, `hold` and `release-hold`: personal data, and the legal holds that keep it (audit.md, Personal data)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from api.cli.approvals import ApprovalToken, auditor_of, bearer_of, request_once, tell_waiting
from api.cli.console import FINDINGS, err, out, print_json, refusals
from api.cli.options import AsJson, DatabaseUrl, DataDir, database_of, settings_of
from api.main import on_desk, on_views
from application.administration.catalogue import OPERATOR
from application.desk import Desk
from application.execution.requests import Committed, Request
from application.personal_data.approvals import approval_document
from application.personal_data.erasure import STAFF_WORDS, STAYS, ApprovalRequired, Erased, Remaining
from application.views.questions import Views
from domain.approval import Approval, Measure
from domain.errors import OnHold
from domain.values import ErasureScope
from infrastructure.postgres.database import Database
from infrastructure.postgres.embedded.cluster import kept_clusters
from infrastructure.postgres.maintenance.scrub import NotScrubbed, scrub
from infrastructure.settings import Settings

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
    """Erase what was said of a person, with all copies. Their cases still read, replay, verify and count.

    An auditor approves it: with --approval at once, else later by `caseledger approve` or over HTTP. Until then this command
    records the request, erases nothing, and exits 1; run it again afterwards. It also exits 1 when a legal hold on one of
    their cases keeps the data. Copies elsewhere (backups, mails that were sent) are yours to find.
    """
    settings = settings_of(data_dir, database_url)
    with database_of(settings) as database:
        bearer = bearer_of(settings, token) if token else None

        async def do(desk: Desk) -> Erased:
            auditor = await auditor_of(desk, bearer) if bearer else None
            try:
                with refusals(OnHold, ApprovalRequired):
                    return await _erase(desk, subject, scope, reason, auditor)
            except OnHold as hold:
                _tell_held(hold, as_json)
            except ApprovalRequired:
                tell_waiting(await desk.approvals.approval(await _number_of(desk, subject)), as_json)
            raise typer.Exit(FINDINGS)

        with database.connect("eraser"):  # says best why the role cannot be taken
            erased = on_desk(database, do, component="eraser")
        views = on_views(database, partial(_wait_for_views, erased=erased), component="eraser")
        left = _scrub(database) if scrubbing else "not asked for (--no-scrub)"
    _tell(erased, views, left, [*_remaining(erased), *_before_upgrades(settings)], as_json)


async def _erase(desk: Desk, subject: str, scope: ErasureScope, reason: str, auditor: Request | None) -> Erased:
    """Carry out an approved erasure, else request it; with an auditor at hand, do both. Raises ApprovalRequired."""
    try:
        return await desk.personal_data.erase(subject, scope, OPERATOR)
    except ApprovalRequired:
        number = await _number_of(desk, subject)
        await request_once(
            desk, number, lambda: desk.personal_data.request_erasure(subject, scope, reason, OPERATOR), scope
        )
        if auditor is None:
            raise
        await desk.approvals.approve(number, auditor)
        return await desk.personal_data.erase(subject, scope, OPERATOR)


async def _number_of(desk: Desk, subject: str) -> str:
    """The number of the request to erase somebody."""
    return f"{Measure.ERASE}:{await desk.personal_data.subject_of(subject)}"


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
    held = _held(
        settings_of(data_dir, database_url),
        f"{Measure.HOLD}:{case}",
        lambda desk: desk.approvals.request_hold(case, reason, OPERATOR),
        token,
        as_json,
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
    released = _held(
        settings_of(data_dir, database_url),
        f"{Measure.RELEASE_HOLD}:{case}",
        lambda desk: desk.approvals.request_release(case, reason, OPERATOR),
        token,
        as_json,
    )
    _tell_case(released, "is on hold no longer", as_json)


def _held(
    settings: Settings,
    number: str,
    request: Callable[[Desk], Awaitable[Committed]],
    token: Path | None,
    as_json: bool,
) -> Committed:
    """Request a hold or its release; with an auditor at hand, it takes effect. Exit 1 while it waits for one."""
    with database_of(settings) as database:
        bearer = bearer_of(settings, token) if token else None

        async def do(desk: Desk) -> Committed:
            auditor = await auditor_of(desk, bearer) if bearer else None
            with refusals():
                await request_once(desk, number, lambda: request(desk))
                if auditor is not None:
                    return await desk.approvals.approve(number, auditor)
                waiting = await desk.approvals.approval(number)
            tell_waiting(waiting, as_json)
            raise typer.Exit(FINDINGS)

        return on_desk(database, do)


async def _wait_for_views(views: Views, erased: Erased) -> str:
    """Wait until the projector has folded the erasure. Returns `folded`, `behind`, `halted` or `no projector`."""
    end = time.monotonic() + _PATIENCE
    while (health := await views.health.status())["position"] < (erased.position or 0):
        if health["halted_at"] is not None:
            return "halted"
        if not await views.health.is_projecting():
            return "no projector"
        if time.monotonic() > end:
            return "behind"
        await asyncio.sleep(0.02)
    return "folded"


def _scrub(database: Database) -> str | None:
    """Scrub the disk. Returns what prevents it; None on success."""
    try:
        scrub(database)
    except NotScrubbed as why:
        return str(why)
    return None


def _tell(erased: Erased, views: str, left: str | None, remaining: list[Remaining], as_json: bool) -> None:
    if as_json:
        by_kind, remains = dict(erased.by_kind), [vars(each) for each in remaining]
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
    for each in remaining:
        out.print(f"- {each.what}: {each.why}", markup=False)


def _remaining(erased: Erased) -> tuple[Remaining, ...]:
    return STAYS if erased.scope is ErasureScope.EVERYTHING else (STAFF_WORDS, *STAYS)


def _before_upgrades(settings: Settings) -> list[Remaining]:
    """The embedded server's data from before an upgrade of PostgreSQL, which hold what was erased since."""
    kept = [] if settings.database_url is not None else kept_clusters(settings.data_dir.resolve())
    return [Remaining(str(each), "it was kept when PostgreSQL was upgraded; delete it") for each in kept]


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
