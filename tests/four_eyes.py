"""Erasures and holds as two people make them: somebody requests, the auditor approves (decision 22)."""

from __future__ import annotations

from application.administration.catalogue import OPERATOR
from application.execution.requests import Committed, Request
from application.personal_data.erasure import ApprovalRequired, Erased
from domain.values import Actor, ErasureScope, Role
from tests.blocking import BlockingDesk

AUDITING = Request(Actor("r.audit", Role.AUDITOR), "test")


def erase(
    desk: BlockingDesk, given: str, scope: ErasureScope, request: Request = OPERATOR, reason: str = "asked"
) -> Erased:
    """Request an erasure, approve it, carry it out; where nothing is left, nothing need be approved."""
    try:
        return desk.personal_data.erase(given, scope, request)
    except ApprovalRequired:
        asked = desk.personal_data.request_erasure(given, scope, reason, request)
        approve(desk, asked)
        return desk.personal_data.erase(given, scope, request)


def hold(desk: BlockingDesk, number: str, reason: str = "a claim", request: Request = OPERATOR) -> Committed:
    """Request a hold and approve it."""
    return approve(desk, desk.approvals.request_hold(number, reason, request))


def release(desk: BlockingDesk, number: str, reason: str = "settled", request: Request = OPERATOR) -> Committed:
    """Request the release of a hold and approve it."""
    return approve(desk, desk.approvals.request_release(number, reason, request))


def approve(desk: BlockingDesk, asked: Committed, request: Request = AUDITING) -> Committed:
    """The auditor's own command; they are granted the role where nobody has."""
    desk.grants.ensure(request.actor.subject, Role.AUDITOR, None, None, OPERATOR, anew=False)
    return desk.approvals.approve(asked.root.number, request)
