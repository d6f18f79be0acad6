"""SOP 5.8.1: work on Problem Cases."""

from __future__ import annotations

from pydantic import ConfigDict

from api.http.bodies.base import Body, MaybeReasonBody, ReasonBody
from api.http.fields import Code, Line, PriorityNumber, Text
from application.desk import Desk
from application.execution.requests import Committed, Request


class OpenProblemBody(Body):
    """Open a Problem Case before any incident."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"service": "printing", "title": "Spooler leaks", "description": "weekly"}]}
    )
    service: Code | None = None
    priority: PriorityNumber | None = None
    title: Line
    description: Text

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.open_problem(self.service, self.priority, self.title, self.description, request)


class InvestigateBody(Body):
    """Record what an investigation found."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"findings": "memory grows with each job"}]})
    findings: Text

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.investigate(number, self.findings, request)


class RootCauseBody(Body):
    """Record the root cause."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"cause": "driver 4.2 leaks a handle per job"}]})
    cause: Text

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.find_root_cause(number, self.cause, request)


class KnownErrorBody(Body):
    """Publish a known error and the way around it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"title": "Spooler hangs", "symptoms": "jobs stay queued", "workaround": "restart the spooler"}
            ]
        }
    )
    title: Line
    symptoms: Text
    workaround: Text

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.publish_known_error(number, self.title, self.symptoms, self.workaround, request)


class PrioritizeProblemBody(MaybeReasonBody):
    """Set a problem's priority."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"priority": 2}]})
    priority: PriorityNumber

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.prioritize_problem(number, self.priority, self.reason, request)


class ResolveProblemBody(Body):
    """The cause is corrected."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"solution": "driver 4.3 rolled out"}]})
    solution: Text

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.resolve_problem(number, self.solution, request)


class ReopenProblemBody(ReasonBody):
    """The cause is there again."""

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.reopen_problem(number, self.reason, request)


class CloseProblemBody(MaybeReasonBody):
    """Nothing more to do."""

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.close_problem(number, self.reason, request)
