"""A measure that needs two people, as a document."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.approval import Approval


def approval_document(approval: Approval, now: datetime | None = None) -> dict[str, Any]:
    """A measure that needs two people: its last request, and what became of it. ``now`` tells whether it has expired."""
    wanted = approval.wanted
    standing = approval.standing_at(now) if now is not None else approval.standing
    return {
        "number": approval.number,
        "id": approval.id,
        "version": approval.version,
        "status": standing,
        "measure": approval.measure,
        "target": approval.target,
        "requested_by": wanted and wanted.by.subject,
        "requested_at": wanted and wanted.since,
        "answer_by": wanted and wanted.answer_by,
        "scope": wanted and wanted.scope,
        "reason": wanted and wanted.reason and wanted.reason.text("reason"),
        "approved_by": approval.approved_by,
    }
