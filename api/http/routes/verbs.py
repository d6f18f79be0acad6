"""The table of commands over HTTP: their addresses, bodies and clauses, and how each is described."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from api.http.bodies import (
    assignment,
    closure,
    diagnosis,
    dispute,
    logging,
    major_incident,
    notes,
    obligations,
    pending,
    priority,
    problems,
    relations,
    resolution,
    triage,
)
from api.http.bodies.administration import personal_data
from api.http.bodies.base import Body
from api.http.documents.access import Approval
from api.http.documents.base import Document
from api.http.documents.cases import Case, CaseAfterFanOut, CaseAfterRelation, CaseReceipt
from api.http.documents.problems import ProblemCase
from api.http.openapi.areas import Area
from api.http.openapi.headers import IF_MATCH
from api.http.openapi.operations import needs, operation, reads, refuses, takes, written
from api.http.openapi.refusals import refusals_of
from domain.case.status import ANY, COMMANDS, READERS, roles_for
from domain.problem import COMMANDS as PROBLEM_COMMANDS
from domain.values import Role


@dataclass(frozen=True)
class Verb:
    """One command over HTTP."""

    path: str
    command: str
    area: Area
    body: type[Body]
    clause: str
    conditional: bool = True
    """Whether it changes state, so that the caller must say which version they have seen."""
    status: int = 200

    @property
    def on_problem(self) -> bool:
        """Whether it is a command on a Problem Case."""
        return self.path.startswith("/problems")

    @property
    def roles(self) -> frozenset[Role]:
        """The roles that may give it."""
        return PROBLEM_COMMANDS[self.command].who if self.on_problem else roles_for(self.command)

    @property
    def docstring(self) -> str:
        """What it does, its clause, and the statuses in which it is possible."""
        return f"{self.body.__doc__}\n\nSOP {self.clause}. {self._possible}".strip()

    @property
    def openapi(self) -> dict[str, Any]:
        """Its body, its headers, its answer, its problems."""
        return operation(
            takes(self.body),
            reads(*([IF_MATCH] if self.conditional else [])),
            written(*self._documents, told=_TOLD[self.status], status=self.status),
            refuses(*refusals_of(self.command, on_one="{number}" in self.path)),
            needs(self.roles),
        )

    @property
    def _possible(self) -> str:
        if self.on_problem:
            statuses = _sorted(PROBLEM_COMMANDS[self.command].since)
        else:
            since = frozenset(status for row in COMMANDS[self.command] for status in row.since)
            statuses = ["every status"] if since == ANY else _sorted(since)
        return f"Possible in {', '.join(statuses)}." if statuses else ""

    @property
    def _documents(self) -> tuple[type[Document], ...]:
        """What it answers: to a role that reads no cases, no more than what it logs (R-2.1a)."""
        if self.status == 202:
            return (Approval,)
        if self.on_problem:
            return (ProblemCase,)
        case = _AFTER.get(self.command, Case)
        return (case,) if self.status == 201 or self.roles <= READERS else (case, CaseReceipt)


_TOLD = {
    200: "The case, or the Problem Case, after the command.",
    201: "The new case, or Problem Case.",
    202: "The request, which waits for an auditor's approval.",
}
_AFTER: dict[str, type[Document]] = {
    "relate": CaseAfterRelation,
    "unrelate": CaseAfterRelation,
    "fan_out": CaseAfterFanOut,
}


def _sorted(statuses: Iterable[str]) -> list[str]:
    return sorted(f"`{status}`" for status in statuses)


def _on(
    noun: str, name: str, command: str, area: Area, body: type[Body], clause: str, *, conditional: bool = True
) -> Verb:
    return Verb(f"/{noun}/{{number}}/{name}", command, area, body, clause, conditional)


VERBS = (
    Verb("/cases", "log", Area.CASES, logging.LogBody, "5.2", conditional=False, status=201),
    _on("cases", "triage", "triage", Area.TRIAGE, triage.TriageBody, "5.3"),
    _on("cases", "refer", "refer", Area.TRIAGE, triage.ReferBody, "5.3"),
    _on("cases", "prioritize", "prioritize", Area.TRIAGE, priority.PrioritizeBody, "5.4"),
    _on("cases", "diagnose", "diagnose", Area.TRIAGE, diagnosis.DiagnoseBody, "5.5"),
    _on("cases", "known-errors", "known_errors", Area.TRIAGE, diagnosis.KnownErrorsBody, "5.5"),
    _on("cases", "relate", "relate", Area.RELATED, relations.RelateBody, "5.6"),
    _on("cases", "unrelate", "unrelate", Area.RELATED, relations.UnrelateBody, "5.6"),
    _on("cases", "consult", "consult", Area.RELATED, relations.ConsultBody, "5.6"),
    _on(
        "cases",
        "answer-consultation",
        "answer_consultation",
        Area.RELATED,
        relations.AnswerConsultationBody,
        "5.6",
        conditional=False,
    ),
    _on("cases", "assign", "assign", Area.TEAMS, assignment.AssignBody, "5.7"),
    _on("cases", "accept", "accept", Area.TEAMS, assignment.AcceptBody, "5.7"),
    _on("cases", "hand-back", "hand_back", Area.TEAMS, assignment.HandBackBody, "5.7"),
    _on("cases", "nominate-major", "nominate_major", Area.MAJOR, major_incident.NominateMajorBody, "5.7"),
    _on("cases", "declare-major", "declare_major", Area.MAJOR, major_incident.DeclareMajorBody, "5.7"),
    _on("cases", "reject-major", "reject_major", Area.MAJOR, major_incident.RejectMajorBody, "5.7"),
    _on("cases", "fan-out", "fan_out", Area.MAJOR, major_incident.FanOutBody, "5.7"),
    _on("cases", "discharge", "discharge", Area.RESOLUTION, obligations.DischargeBody, "5.9"),
    _on("cases", "pend", "pend", Area.TEAMS, pending.PendBody, "5.8"),
    _on("cases", "resume", "resume", Area.TEAMS, pending.ResumeBody, "5.8"),
    _on("cases", "verify", "verify", Area.RESOLUTION, resolution.VerifyBody, "5.8"),
    _on("cases", "resolve", "resolve", Area.RESOLUTION, resolution.ResolveBody, "5.8"),
    _on("cases", "dispute", "dispute", Area.RESOLUTION, dispute.DisputeBody, "5.9"),
    _on(
        "cases",
        "suspect-dispute",
        "suspect_dispute",
        Area.RESOLUTION,
        dispute.SuspectDisputeBody,
        "5.9",
        conditional=False,
    ),
    _on("cases", "uphold-dispute", "uphold_dispute", Area.RESOLUTION, dispute.UpholdDisputeBody, "5.9"),
    _on("cases", "dismiss-dispute", "dismiss_dispute", Area.RESOLUTION, dispute.DismissDisputeBody, "5.9"),
    _on("cases", "reopen", "reopen", Area.RESOLUTION, dispute.ReopenBody, "5.9"),
    _on("cases", "close", "close", Area.RESOLUTION, closure.CloseBody, "5.9"),
    _on("cases", "notes", "note", Area.CASES, notes.NoteBody, "5.2", conditional=False),
    _on("cases", "correct", "correct", Area.CASES, logging.CorrectBody, "5.2"),
    _on("cases", "waive", "waive", Area.CASES, logging.WaiveBody, "5.2"),
    Verb(
        "/cases/{number}/hold", "hold", Area.PERSONAL_DATA, personal_data.HoldBody, "5.9", conditional=False, status=202
    ),
    Verb(
        "/cases/{number}/release-hold",
        "release_hold",
        Area.PERSONAL_DATA,
        personal_data.ReleaseHoldBody,
        "5.9",
        conditional=False,
        status=202,
    ),
    Verb(
        "/cases/{number}/follow-up", "follow_up", Area.CASES, logging.FollowUpBody, "5.9", conditional=False, status=201
    ),
    Verb("/problems", "open_problem", Area.PROBLEMS, problems.OpenProblemBody, "5.8.1", conditional=False, status=201),
    _on("problems", "investigate", "investigate", Area.PROBLEMS, problems.InvestigateBody, "5.8.1"),
    _on("problems", "root-cause", "find_root_cause", Area.PROBLEMS, problems.RootCauseBody, "5.8.1"),
    _on("problems", "known-error", "publish_known_error", Area.PROBLEMS, problems.KnownErrorBody, "5.8.1"),
    _on("problems", "prioritize", "prioritize_problem", Area.PROBLEMS, problems.PrioritizeProblemBody, "5.8.1"),
    _on("problems", "resolve", "resolve_problem", Area.PROBLEMS, problems.ResolveProblemBody, "5.8.1"),
    _on("problems", "reopen", "reopen_problem", Area.PROBLEMS, problems.ReopenProblemBody, "5.8.1"),
    _on("problems", "close", "close_problem", Area.PROBLEMS, problems.CloseProblemBody, "5.8.1"),
)
