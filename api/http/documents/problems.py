"""Problem Cases and known errors."""

from __future__ import annotations

from typing import Annotated

from api.http.documents.base import At, Document, Id, Page, ServiceCode, Version
from api.http.fields import CaseNumber, PriorityNumber, ProblemNumber, such_as
from domain.problem import ProblemStatus

KnownErrorNumber = Annotated[str, such_as("KE-0000001")]
Title = Annotated[str, such_as("Spooler hangs")]
Symptoms = Annotated[str, such_as("jobs stay queued")]
Workaround = Annotated[str, such_as("restart the spooler")]
StatusName = Annotated[ProblemStatus, such_as("known_error")]


class Article(Document):
    """The words of a known error."""

    title: Title
    """What it is about."""
    symptoms: Symptoms
    """How to recognise it."""
    workaround: Workaround
    """What to do about it."""


class ProblemCase(Document):
    """A Problem Case (R-5.8.1b)."""

    number: ProblemNumber
    """Its number."""
    id: Id
    """Its id."""
    version: Annotated[int, such_as(2)]
    """Its version."""
    status: StatusName
    """Its status."""
    priority: PriorityNumber | None
    """1 (most urgent) to 4."""
    service: ServiceCode | None
    """The id of the affected service."""
    incidents: list[CaseNumber]
    """The incidents that it caused."""
    title: Title | None
    """What it is about. Null once erased, as all its texts."""
    description: Annotated[str, such_as("The spooler stops about once a week.")] | None
    """What was known when it was opened."""
    workaround: Workaround | None
    """What to do about it."""
    root_cause: Annotated[str, such_as("driver 4.2 leaks a handle per job")] | None
    """Its root cause."""
    solution: Annotated[str, such_as("driver 4.3 rolled out")] | None
    """How the cause was corrected."""
    known_error: KnownErrorNumber | None
    """The number of its known error."""
    article: Article | None
    """The known error as published."""
    opened_at: At
    """When it was opened."""
    resolved_at: At | None
    """When it was resolved."""
    closed_at: At | None
    """When it was closed."""


class ProblemType(Document):
    """A problem type (RFC 9457), documented at its own name."""

    type: Annotated[str, such_as("https://caseledger.example/problems/stale-version")]
    """Its URI."""
    title: Annotated[str, such_as("The case has changed since it was read")]
    """What it means."""
    status: Annotated[int, such_as(412)]
    """Its HTTP status."""


class ListedProblem(Document):
    """A Problem Case in a list."""

    number: ProblemNumber
    """Its number."""
    id: Id
    """Its id."""
    version: Version
    """Its version."""
    status: StatusName
    """Its status."""
    priority: PriorityNumber | None
    """1 (most urgent) to 4."""
    service: ServiceCode | None
    """The id of the affected service."""
    incidents: Annotated[int, such_as(1)]
    """How many incidents it caused."""
    known_error: KnownErrorNumber | None
    """The number of its known error."""
    opened_at: At
    """When it was opened."""
    resolved_at: At | None
    """When it was resolved."""
    closed_at: At | None
    """When it was closed."""


class ProblemPage(Page):
    """A page of Problem Cases."""

    items: list[ListedProblem]
    """The Problem Cases, by number."""


class KnownError(Document):
    """A known error."""

    id: KnownErrorNumber
    """Its number."""
    problem: ProblemNumber
    """Its Problem Case."""
    problem_status: StatusName
    """The status of its Problem Case."""
    service: ServiceCode | None
    """The id of the affected service."""
    title: Title
    """What it is about."""
    symptoms: Symptoms
    """How to recognise it."""
    workaround: Workaround
    """What to do about it."""
    score: Annotated[float, such_as(0.62)] | None
    """How well it fits the search, 0 to 1. Null without one."""


class KnownErrorPage(Page):
    """A page of known errors."""

    items: list[KnownError]
    """The known errors, the best first; those of settled problems last."""
