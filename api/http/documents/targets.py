"""The targets of a case, and what was recorded about them."""

from __future__ import annotations

from typing import Annotated

from api.http.documents.auditing.history import HistoryItem
from api.http.documents.base import At, Document, PersonCode, RoleName
from api.http.fields import CaseNumber, such_as


class CaseTarget(Document):
    """One target of a case."""

    due_at: Annotated[At, such_as("2026-11-23T16:00:00Z")]
    """When it falls due. A pause moves the target for the resolution."""
    warning_at: Annotated[At, such_as("2026-11-23T15:30:00Z")] | None
    """When the policy's share of its time has passed. Null for a target that was set before 0.5.0."""
    met_at: At | None
    """When it was met, in time or late."""
    paused_since: At | None
    """Since when its clock stands still."""
    warned_at: At | None
    """When its warning was recorded."""
    breached_at: At | None
    """When its breach was recorded."""
    escalated_to: list[RoleName]
    """The roles to which the breach was escalated."""
    informed: list[PersonCode]
    """Who holds one of these roles and was mailed."""


class CaseTargets(Document):
    """The targets of a case."""

    case: CaseNumber
    """Its number."""
    respond: CaseTarget | None
    """To answer the customer. Null before the case has a priority."""
    resolve: CaseTarget | None
    """To resolve the case."""
    events: list[HistoryItem]
    """Warnings, breaches and escalations, in the order of the record. Their `version` counts in a stream of their own."""
