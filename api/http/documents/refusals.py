"""The problem document: how every refusal reads (RFC 9457)."""

from __future__ import annotations

from typing import Annotated

from api.http.documents.auditing.history import HistoryItem
from api.http.documents.base import Document, Version
from api.http.documents.case_parts import Candidate
from api.http.documents.cases import Followed
from api.http.fields import CaseNumber, such_as


class FieldError(Document):
    """What is wrong with one field."""

    detail: Annotated[str, such_as("Field required")]
    """What is wrong."""
    pointer: Annotated[str, such_as("/subject")]
    """The field (RFC 6901): in the body, or below `/query`."""


class Abilities(Document):
    """What the desk can do now."""

    write: Annotated[bool, such_as(True)]
    """Whether it takes commands."""
    read_views: Annotated[bool, such_as(True)]
    """Whether lists, queues, reports and search follow the ledger."""


class Problem(Document):
    """A refusal. `type` tells them apart; it never changes and is documented under its last part at `/problems/{type}`."""

    type: Annotated[str, such_as("https://caseledger.example/problems/stale-version")]
    """The problem type, a URI."""
    title: Annotated[str, such_as("The case has changed since it was read")]
    """What the type means. The same for all of a type."""
    status: Annotated[int, such_as(412)]
    """The HTTP status."""
    detail: Annotated[str, such_as("version 3 is stale: the case is at version 5")]
    """What is wrong this time."""
    instance: Annotated[str, such_as("/cases/INC-0000009/triage")]
    """The path of the request."""
    trace_id: Annotated[str, such_as("0af7651916cd43dd8448eb211c80319c")]
    """The trace of the request: the caller's, else a new one. The log names it as well."""
    errors: list[FieldError] | None = None
    """Every field that is wrong, with `validation-failed`."""
    possible: Annotated[list[str], such_as(["triage", "refer", "correct"])] | None = None
    """The commands that are possible now, with `invalid-transition`."""
    candidates: list[Candidate] | None = None
    """The cases to decide on, with `duplicate-decision-required`."""
    current_version: Version | None = None
    """The present version, with `stale-version`."""
    events: list[HistoryItem] | None = None
    """What happened since the version in `If-Match`, with `stale-version`."""
    follow_up_of: CaseNumber | None = None
    """The closed case, with `dispute-window-closed`."""
    follow_up: Annotated[str, such_as("/cases/INC-0000009/follow-up")] | None = None
    """Where to log a follow-up, with `dispute-window-closed`."""
    cases: Annotated[list[Followed | CaseNumber], such_as(["INC-0000009"])] | None = None
    """The cases on hold, with `on-hold`; after a fan-out that nobody followed, each case and why."""
    can: Abilities | None = None
    """What the desk can do all the same, with `unavailable` of `/readyz`."""
