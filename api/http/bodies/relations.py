"""SOP 5.6: how another case relates to this one, and the consultation that decides it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict

from api.http.bodies.base import Body, MaybeReasonBody, ReasonBody, Words, not_in_future
from api.http.fields import CaseNumber, Moment, PersonId, Text, such_as
from application.desk import Desk
from application.execution.requests import Committed, Request
from domain.case.clauses.relations import Relation
from domain.policy import Policy
from domain.values import Actor

Other = Annotated[CaseNumber, such_as("INC-0000001")]


class ConsultedBody(Words):
    """A conversation with the technician of the other case."""

    technician: PersonId
    """Who was asked."""
    asked_at: Moment
    """When. Not in the future."""
    answer: Annotated[Text, such_as("the same print server")]
    """What they said."""


class RelateBody(MaybeReasonBody):
    """Decide how another case relates to this one.

    A duplicate continues as its first case and is resolved with it. Only the same customer's cases are duplicates; those
    of others are related (R-5.6b, R-5.6c). The answer carries the candidates that are still undecided.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"case": "INC-0000001", "kind": "related"}]})
    case: Other
    """The other case."""
    kind: Annotated[Literal["duplicate", "related", "unrelated"], such_as("related")]
    """What this case is to the other one. `duplicate`: the other one was received first."""
    consulted: ConsultedBody | None = None
    """What the other case's technician said, if they were asked by other means than `consult`."""

    def check(self, actor: Actor, now: datetime, policy: Policy) -> None:
        not_in_future(self.consulted.asked_at if self.consulted else None, now, "/consulted/asked_at")

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        said = self.consulted
        consulted = (said.technician, said.asked_at, said.answer) if said else None
        return await desk.relations.relate(number, self.case, Relation(self.kind), consulted, request)


class UnrelateBody(ReasonBody):
    """Undo a link between two cases.

    A duplicate goes on as a case of its own. The answer carries the candidates that are still undecided.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"case": "INC-0000001", "reason": "another printer"}]})
    case: Other
    """The other case."""

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.relations.unrelate(number, self.case, self.reason, request)


class ConsultBody(Body):
    """Ask the technician of another case about it.

    Whoever works on the other case owes an answer within the policy's `consultation_answer` (R-5.6b).
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"case": "INC-0000001"}]})
    case: Other
    """The other case."""

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.relations.consult(number, self.case, request)


class AnswerConsultationBody(Body):
    """Answer a consultation.

    `number` is the case that asked; `case` is the one it asked about (R-5.6b).
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"case": "INC-0000001", "answer": "the same print server"}]}
    )
    case: Other
    """The case that was asked about."""
    answer: Annotated[Text, such_as("the same print server")]
    """Whether both cases are about the same, and why."""

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.relations.answer_consultation(number, self.case, self.answer, request)
