"""Erasures and holds as two people make them: somebody requests, the auditor approves (decision 22)."""

from __future__ import annotations

from application.catalogue import OPERATOR
from application.desk import Desk
from application.execution.requests import Committed, Request
from application.personal_data import ApprovalRequired, Erased
from domain.values import Actor, ErasureScope, Role

AUDITING = Request(Actor("r.audit", Role.AUDITOR), "test")


def erase(desk: Desk, given: str, scope: ErasureScope, request: Request = OPERATOR, reason: str = "asked") -> Erased:
    """Request an erasure, approve it, carry it out; where nothing is left, nothing need be approved."""
    try:
        return desk.erase(given, scope, request)
    except ApprovalRequired:
        asked = desk.request_erasure(given, scope, reason, request)
        approve(desk, asked)
        return desk.erase(given, scope, request)


def hold(desk: Desk, number: str, reason: str = "a claim", request: Request = OPERATOR) -> Committed:
    """Request a hold and approve it."""
    return approve(desk, desk.request_hold(number, reason, request))


def release(desk: Desk, number: str, reason: str = "settled", request: Request = OPERATOR) -> Committed:
    """Request the release of a hold and approve it."""
    return approve(desk, desk.request_release(number, reason, request))


def approve(desk: Desk, asked: Committed, request: Request = AUDITING) -> Committed:
    """The auditor's own command; they are granted the role where nobody has."""
    desk.ensure_granted(request.actor.subject, Role.AUDITOR, None, None, OPERATOR, anew=False)
    return desk.approve(asked.root.number, request)
