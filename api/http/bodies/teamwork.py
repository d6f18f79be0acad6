"""SOP 5.6-5.7: others' reports, service teams, waiting, major incidents."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from api.http.bodies.base import Body, MaybeReasonBody, ReasonBody, Words, not_in_future
from api.http.fields import CaseNumber, Code, Line, Moment, Text
from application.desk import Desk
from application.execution.requests import Committed, Request
from domain.case.relations import Relation
from domain.case.state import PendingReason
from domain.errors import Invalid
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


class AssignBody(Body):
    """Assign to a service team."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"team": "network", "diagnosis": "print server down"}]})
    team: Code
    technician: Code | None = None
    diagnosis: Text | None = None
    reason: Text | None = None

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.assign(number, self.team, self.technician, self.diagnosis, self.reason, request)


class AcceptBody(Body):
    """Take a case of one's team."""

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.accept(number, request)


class HandBackBody(ReasonBody):
    """Return a case to the desk."""

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.hand_back(number, self.reason, request)


class PendBody(Body):
    """Mark a case as waiting, for the customer with a question that is mailed to them."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason_code": "customer", "question": "Does the lamp on the printer blink?"}]}
    )
    reason_code: PendingReason
    note: Text | None = None
    question: Text | None = None
    reason: Text | None = None

    def check(self, actor: Actor, now: datetime, policy: Policy) -> None:
        if self.question is not None and self.reason_code is not PendingReason.CUSTOMER:
            raise Invalid("a question is mailed to the customer: it needs the reason code customer", "/question")

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.pend(number, self.reason_code, self.note, self.reason, request, question=self.question)


class ResumeBody(Body):
    """Take the mark off."""

    reason: Text | None = None

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.resume(number, self.reason, request)


class NominateMajorBody(ReasonBody):
    """Ask the team whether this is a major incident."""

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.nominate_major(number, self.reason, request)


class DeclareMajorBody(MaybeReasonBody):
    """Declare a major incident."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"owner": "t.lee", "communication_every_minutes": 30, "management_contact": "cio office"}]
        }
    )
    owner: Code
    communication_every_minutes: Annotated[int, Field(ge=1, le=1440)]
    management_contact: Line
    cases: list[CaseNumber] = Field(default=[], max_length=1000)

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        every = timedelta(minutes=self.communication_every_minutes)
        return desk.declare_major(
            number, self.owner, every, self.management_contact, tuple(self.cases), self.reason, request
        )


class RejectMajorBody(ReasonBody):
    """Answer a nomination with no."""

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.reject_major(number, self.reason, request)


class FanOutBody(MaybeReasonBody):
    """Let linked cases follow this one's resolution; all that are open when none is named."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"cases": ["INC-0000002"]}]})
    cases: list[CaseNumber] = Field(default=[], max_length=1000)

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.fan_out(number, tuple(dict.fromkeys(self.cases)), self.reason, request)


class DischargeBody(Body):
    """Say that something owed was done, or that informing the customer was tried."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"obligation": "inform_customer", "method": "phone", "outcome": "informed"}]}
    )
    obligation: Code
    method: Code
    at: Moment | None = None
    outcome: Literal["informed", "failed"] = "informed"
    note: Text | None = None

    def check(self, actor: Actor, now: datetime, policy: Policy) -> None:
        not_in_future(self.at, now, "/at")
        policy.contact_method(self.method)

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        informed = self.outcome == "informed"
        return desk.discharge(number, self.obligation, self.method, self.at, informed, self.note, request)
