"""`approve`, `refuse`, `withdraw` and `approvals`: the second pair of eyes on erasures and legal holds (decision 22)."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import could_not_run, out, print_json, refusals
from api.cli.options import AsJson, DatabaseUrl, DataDir, database_of, settings_of
from api.main import on_desk, tokens_of
from application.administration.catalogue import OPERATOR
from application.desk import Desk
from application.execution.principals import Principal, Unauthenticated
from application.execution.requests import Committed, Request
from application.personal_data.approvals import approval_document
from domain.approval import OPEN, Approval
from domain.errors import DomainError, NotFound
from domain.values import ErasureScope, Role
from infrastructure.postgres.database import Database
from infrastructure.settings import Settings

ApprovalToken = Annotated[
    Path | None,
    typer.Option(
        "--approval", metavar="FILE", help="File with the bearer token of the auditor who approves; - for stdin."
    ),
]
OwnToken = Annotated[
    Path, typer.Option("--approval", metavar="FILE", help="File with your own bearer token, an auditor's; - for stdin.")
]
Number = Annotated[
    str, typer.Argument(help="The request, such as hold:INC-0000123; `caseledger approvals` lists them.")
]


def approve(
    number: Number, token: OwnToken, as_json: AsJson = False, data_dir: DataDir = None, database_url: DatabaseUrl = None
) -> None:
    """Approve another person's request, as an auditor. A hold takes effect at once; run `erase` again for an erasure."""
    settings = settings_of(data_dir, database_url)
    with database_of(settings) as database:
        bearer = bearer_of(settings, token)

        async def do(desk: Desk) -> Committed:
            return await desk.approvals.approve(number, await auditor_of(desk, bearer))

        _decide(database, do, "approved", as_json=as_json)


def refuse(
    number: Number,
    reason: Annotated[str, typer.Option(help="Why; kept with the record of it.")],
    token: OwnToken,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Refuse a request, as an auditor, or take back an approval that nobody has used."""
    settings = settings_of(data_dir, database_url)
    with database_of(settings) as database:
        bearer = bearer_of(settings, token)

        async def do(desk: Desk) -> Committed:
            return await desk.approvals.refuse(number, reason, await auditor_of(desk, bearer))

        _decide(database, do, "refused", as_json=as_json)


def withdraw(
    number: Number,
    reason: Annotated[str | None, typer.Option(help="Why; kept with the record of it.")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Take a request back."""
    request = replace(OPERATOR, reason=reason)
    with database_of(settings_of(data_dir, database_url)) as database:
        _decide(database, lambda desk: desk.approvals.withdraw(number, request), "withdrawn", as_json=as_json)


def approvals(
    everything: Annotated[
        bool, typer.Option("--all", help="Also what was decided, carried out or has expired.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """List the requests that wait for an auditor's approval, or that are approved and wait to be carried out."""

    async def found(desk: Desk) -> list[dict[str, object]]:
        now = desk.clock.now()
        return [approval_document(each, now) for each in await desk.approvals.all(everything=everything)]

    with database_of(settings_of(data_dir, database_url)) as database:
        documents = on_desk(database, found)
    if as_json:
        print_json(documents)
        return
    for each in documents:
        asked = f"requested by {each['requested_by']}, answer by {each['answer_by']:%Y-%m-%d %H:%M} UTC"
        approved = f", approved by {each['approved_by']}" if each["approved_by"] else ""
        out.print(f"{each['number']}  {each['status']}: {asked}{approved}", markup=False)
    if not documents:
        out.print("nothing waits for an approval")


def bearer_of(settings: Settings, token: Path) -> Principal:
    """Whom a token in a file, or on standard input, names. Exit 2 unless it is valid."""
    try:
        given = sys.stdin.read() if str(token) == "-" else token.read_text(encoding="utf-8")
        return tokens_of(settings).verify(given.strip())
    except (OSError, ValueError, Unauthenticated) as error:
        could_not_run(f"--approval: {error}")


async def auditor_of(desk: Desk, bearer: Principal) -> Request:
    """The auditor who approves. Exit 2 unless their grant is in force."""
    try:
        actor = await desk.admission.admit(bearer, (Role.AUDITOR,))
    except (Unauthenticated, DomainError) as error:
        could_not_run(f"--approval: {error}")
    if actor.role is not Role.AUDITOR:
        could_not_run(f"--approval: an auditor approves; {actor.subject} is {actor.role}")
    return Request(actor, "cli")


async def request_once(
    desk: Desk, number: str, request: Callable[[], Awaitable[object]], scope: ErasureScope | None = None
) -> None:
    """Record a request, unless the same one is open already."""
    try:
        approval = await desk.approvals.approval(number)
    except NotFound:
        approval = None
    open_now = approval is not None and approval.standing_at(desk.clock.now()) in OPEN
    if not (open_now and approval is not None and approval.wanted is not None and approval.wanted.scope is scope):
        await request()


def tell_waiting(approval: Approval, as_json: bool) -> None:
    """Print what was requested, and how an auditor approves it."""
    if as_json:
        print_json({"disclosures": 0, "held": [], "waiting": approval_document(approval)})
        return
    until = approval.wanted and approval.wanted.answer_by
    out.print(
        f"{approval.number} is requested; nothing is done before an auditor approves it, until {until}", markup=False
    )
    out.print(f"An auditor: caseledger approve {approval.number} --approval FILE", markup=False, soft_wrap=True)
    out.print(f"  or over HTTP: POST /approvals/{approval.number}/approve", markup=False, soft_wrap=True)


def _decide(database: Database, do: Callable[[Desk], Awaitable[Committed]], outcome: str, *, as_json: bool) -> None:
    """Carry out one decision on a request, and print its outcome."""
    with refusals():
        approval = on_desk(database, do).root
    assert isinstance(approval, Approval)
    if as_json:
        print_json(approval_document(approval))
    else:
        out.print(f"{approval.number} is {outcome}", markup=False)
