"""SOP 5.8.1: work on Problem Cases."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict

from api.http.bodies.base import Body, MaybeReasonBody, ReasonBody
from api.http.fields import Line, PriorityNumber, ServiceId, Text, such_as
from application.desk import Desk
from application.execution.requests import Committed, Request


class OpenProblemBody(Body):
    """Open a Problem Case.

    It stands for the cause of incidents. `resolve` links an incident to it (R-5.8.1a).
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"service": "printing", "title": "Spooler leaks", "description": "weekly"}]}
    )
    service: ServiceId | None = None
    """The id of the affected service, as `GET /services` lists it."""
    priority: PriorityNumber | None = None
    """1 (most urgent) to 4."""
    title: Annotated[Line, such_as("Spooler leaks")]
    """What it is about, in one line."""
    description: Annotated[Text, such_as("The spooler stops about once a week.")]
    """What is known so far."""

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.problems.open(self.service, self.priority, self.title, self.description, request)


class InvestigateBody(Body):
    """Record the findings of an investigation."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"findings": "memory grows with each job"}]})
    findings: Annotated[Text, such_as("memory grows with each job")]
    """What was found."""

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.problems.investigate(number, self.findings, request)


class RootCauseBody(Body):
    """Record the root cause of a problem."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"cause": "driver 4.2 leaks a handle per job"}]})
    cause: Annotated[Text, such_as("driver 4.2 leaks a handle per job")]
    """The root cause."""

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.problems.find_root_cause(number, self.cause, request)


class KnownErrorBody(Body):
    """Publish a known error with its workaround.

    `GET /known-errors` finds it from then on. Publishing it again replaces its words (R-5.8.1b).
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"title": "Spooler hangs", "symptoms": "jobs stay queued", "workaround": "restart the spooler"}
            ]
        }
    )
    title: Annotated[Line, such_as("Spooler hangs")]
    """What it is about, in one line."""
    symptoms: Annotated[Text, such_as("jobs stay queued")]
    """How to recognise it."""
    workaround: Annotated[Text, such_as("restart the spooler")]
    """What to do about it meanwhile."""

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.problems.publish_known_error(number, self.title, self.symptoms, self.workaround, request)


class PrioritizeProblemBody(MaybeReasonBody):
    """Set the priority of a problem."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"priority": 2}]})
    priority: PriorityNumber
    """1 (most urgent) to 4."""

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.problems.prioritize(number, self.priority, request)


class ResolveProblemBody(Body):
    """Resolve a problem: its cause is corrected."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"solution": "driver 4.3 rolled out"}]})
    solution: Annotated[Text, such_as("driver 4.3 rolled out")]
    """How the cause was corrected."""

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.problems.resolve(number, self.solution, request)


class ReopenProblemBody(ReasonBody):
    """Reopen a problem: its cause is there again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "driver 4.3 leaks as well"}]})

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.problems.reopen(number, self.reason, request)


class CloseProblemBody(MaybeReasonBody):
    """Close a resolved problem."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "no incident for a month"}]})

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.problems.close(number, request)
