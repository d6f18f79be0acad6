"""`approve`, `refuse`, `withdraw` and `approvals`: the second pair of eyes on erasures and legal holds (decision 22)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from eventsourcing.persistence import PersistenceError

from api.cli.console import could_not_run, out, print_json
from api.cli.options import AsJson, DatabaseUrl, DataDir, database_of, settings_of
from api.main import open_desk, tokens_of
from application.approval_document import approval_document
from application.catalogue import OPERATOR
from application.desk import Desk
from application.execution.principals import Unauthenticated
from application.execution.requests import ApplicationError, Request
from application.personal_data import ApprovalRequired
from domain.approval import OPEN, Approval
from domain.errors import DomainError, NotFound, OnHold
from domain.values import ErasureScope, Role
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
T = TypeVar("T")


def approve(
    number: Number, token: OwnToken, as_json: AsJson = False, data_dir: DataDir = None, database_url: DatabaseUrl = None
) -> None:
    """Approve a request of somebody else's, as an auditor. A hold takes effect at once; give `erase` again for an erasure."""
    settings = settings_of(data_dir, database_url)
    with database_of(settings) as database, open_desk(database) as desk:
        auditor = auditor_of(settings, desk, token)
        assert auditor is not None
        _tell(refusing(lambda: desk.approve(number, auditor)).root, "approved", as_json)


def refuse(
    number: Number,
    reason: Annotated[str, typer.Option(help="Why; kept with the record of it.")],
    token: OwnToken,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Refuse a request, as an auditor; or take back an approval that nobody has used."""
    settings = settings_of(data_dir, database_url)
    with database_of(settings) as database, open_desk(database) as desk:
        auditor = auditor_of(settings, desk, token)
        assert auditor is not None
        _tell(refusing(lambda: desk.refuse(number, reason, auditor)).root, "refused", as_json)


def withdraw(
    number: Number,
    reason: Annotated[str | None, typer.Option(help="Why; kept with the record of it.")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Take a request back."""
    with database_of(settings_of(data_dir, database_url)) as database, open_desk(database) as desk:
        _tell(refusing(lambda: desk.withdraw(number, reason, OPERATOR)).root, "withdrawn", as_json)


def approvals(
    everything: Annotated[
        bool, typer.Option("--all", help="Also what was decided, carried out or has expired.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """List the requests that wait for an auditor's approval, or that are approved and wait to be carried out."""
    with database_of(settings_of(data_dir, database_url)) as database, open_desk(database) as desk:
        now = desk.clock.now()
        found = [approval_document(each, now) for each in desk.approvals(everything=everything)]
    if as_json:
        print_json(found)
        return
    for each in found:
        asked = f"requested by {each['requested_by']}, answer by {each['answer_by']:%Y-%m-%d %H:%M} UTC"
        approved = f", approved by {each['approved_by']}" if each["approved_by"] else ""
        out.print(f"{each['number']}  {each['status']}: {asked}{approved}", markup=False)
    if not found:
        out.print("nothing waits for an approval")


def auditor_of(settings: Settings, desk: Desk, token: Path | None) -> Request | None:
    """Who approves, by their own token. Exit 2 when it names no auditor whose grant is in force."""
    if token is None:
        return None
    try:
        given = sys.stdin.read() if str(token) == "-" else token.read_text(encoding="utf-8")
        principal = tokens_of(settings).verify(given.strip())
        actor = desk.admit(principal, (Role.AUDITOR,))
    except (OSError, ValueError, Unauthenticated, DomainError) as error:
        could_not_run(f"--approval: {error}")
    if actor.role is not Role.AUDITOR:
        could_not_run(f"--approval: an auditor approves; {actor.subject} is {actor.role}")
    return Request(actor, "cli")


def request_once(desk: Desk, number: str, request: Callable[[], object], scope: ErasureScope | None = None) -> None:
    """Record a request, unless the same one is open already."""
    try:
        approval = desk.approval(number)
    except NotFound:
        approval = None
    open_now = approval is not None and approval.standing_at(desk.clock.now()) in OPEN
    if not (open_now and approval is not None and approval.wanted is not None and approval.wanted.scope is scope):
        request()


def tell_waiting(approval: Approval, as_json: bool) -> None:
    """What was requested, and how an auditor approves it."""
    if as_json:
        print_json({"disclosures": 0, "held": [], "waiting": approval_document(approval)})
        return
    until = approval.wanted and approval.wanted.answer_by
    out.print(
        f"{approval.number} is requested; nothing is done before an auditor approves it, until {until}", markup=False
    )
    out.print(f"An auditor: caseledger approve {approval.number} --approval FILE", markup=False, soft_wrap=True)
    out.print(f"  or over HTTP: POST /approvals/{approval.number}/approve", markup=False, soft_wrap=True)


def refusing(do: Callable[[], T]) -> T:
    """Exit 2 when the desk refuses, but for what the caller tells otherwise: a hold, an approval that is needed."""
    try:
        return do()
    except (OnHold, ApprovalRequired):
        raise
    except (DomainError, ApplicationError, PersistenceError) as error:
        could_not_run(error)


def _tell(root: object, what: str, as_json: bool) -> None:
    assert isinstance(root, Approval)
    if as_json:
        print_json(approval_document(root))
    else:
        out.print(f"{root.number} is {what}", markup=False)
