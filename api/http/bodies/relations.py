"""SOP 5.6: how another case relates to this one, and the consultation that decides it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict

from api.http.bodies.base import Body, MaybeReasonBody, ReasonBody, Words, not_in_future
from api.http.fields import (
    CaseNumber,
    Code,
    Moment,
    Text,
)
from application.desk import Desk
from application.execution.requests import Committed, Request
from domain.case.clauses.relations import Relation
from domain.policy import Policy
from domain.values import Actor


class ConsultedBody(Words):
    technician: Code
    asked_at: Moment
    answer: Text


class RelateBody(MaybeReasonBody):
    """Decide what another case is to this one."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"case": "INC-0000001", "kind": "related"}]})
    case: CaseNumber
    kind: Literal["duplicate", "related", "unrelated"]
    consulted: ConsultedBody | None = None

    def check(self, actor: Actor, now: datetime, policy: Policy) -> None:
        not_in_future(self.consulted.asked_at if self.consulted else None, now, "/consulted/asked_at")

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        said = self.consulted
        consulted = (said.technician, said.asked_at, said.answer) if said else None
        return desk.relate(number, self.case, Relation(self.kind), consulted, self.reason, request)


class UnrelateBody(ReasonBody):
    """Undo a link."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"case": "INC-0000001", "reason": "another printer"}]})
    case: CaseNumber

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.unrelate(number, self.case, self.reason, request)


class ConsultBody(Body):
    """Ask whoever works on the first case."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"case": "INC-0000001"}]})
    case: CaseNumber

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.consult(number, self.case, request)


class AnswerConsultationBody(Body):
    """Answer what was asked about the first case."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"case": "INC-0000001", "answer": "the same print server"}]}
    )
    case: CaseNumber
    answer: Text

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.answer_consultation(number, self.case, self.answer, request)
