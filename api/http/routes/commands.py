"""The commands: `POST /cases`, `POST /cases/{number}/<verb>`, and the same for problems; one handler and one table.

The handler is where http.md's order of refusals is: 401, 403 role, 404, 413/415, 400/422, 428, 412, 403 team, 409.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from api.http.bodies import (
    assignment,
    closure,
    corrections,
    diagnosis,
    dispute,
    logging,
    major_incident,
    notes,
    obligations,
    pending,
    personal_data,
    priority,
    problems,
    relations,
    resolution,
    triage,
)
from api.http.bodies.base import Body
from api.http.context import Context, admit, authenticated, context_of
from api.http.entrance import Handler
from api.http.parameters import refuse_unknown
from api.http.problems import BASE, Problem, refusal_document
from api.http.refusals import IDEMPOTENCY_KEY, IF_MATCH, refusals_of, responses_of
from api.http.requests import answer, asked, parse, raw_body, with_precondition
from application.cases.history import history_items
from application.execution.requests import Committed, StaleVersion
from domain.case import Case
from domain.case.clauses.major_incident import FannedOut
from domain.case.status import READERS, authorise, roles_for
from domain.problem import COMMANDS as PROBLEM_COMMANDS
from domain.problem import Problem as ProblemCase
from domain.problem import authorise_problem
from domain.values import Actor, Role


@dataclass(frozen=True)
class Verb:
    """One command over HTTP."""

    path: str
    command: str
    body: type[Body]
    clause: str
    conditional: bool = True
    """Whether it changes state, so that the caller must name the version they have seen."""
    status: int = 200

    @property
    def on_problem(self) -> bool:
        """Whether it is a command on a Problem Case."""
        return self.path.startswith("/problems")

    @property
    def roles(self) -> frozenset[Role]:
        """The roles that may give it."""
        return PROBLEM_COMMANDS[self.command].who if self.on_problem else roles_for(self.command)


def _on(noun: str, name: str, command: str, body: type[Body], clause: str, *, conditional: bool = True) -> Verb:
    return Verb(f"/{noun}/{{number}}/{name}", command, body, clause, conditional)


VERBS = (
    Verb("/cases", "log", logging.LogBody, "5.2", conditional=False, status=201),
    _on("cases", "triage", "triage", triage.TriageBody, "5.3"),
    _on("cases", "refer", "refer", triage.ReferBody, "5.3"),
    _on("cases", "prioritize", "prioritize", priority.PrioritizeBody, "5.4"),
    _on("cases", "diagnose", "diagnose", diagnosis.DiagnoseBody, "5.5"),
    _on("cases", "known-errors", "known_errors", diagnosis.KnownErrorsBody, "5.5"),
    _on("cases", "relate", "relate", relations.RelateBody, "5.6"),
    _on("cases", "unrelate", "unrelate", relations.UnrelateBody, "5.6"),
    _on("cases", "consult", "consult", relations.ConsultBody, "5.6"),
    _on(
        "cases",
        "answer-consultation",
        "answer_consultation",
        relations.AnswerConsultationBody,
        "5.6",
        conditional=False,
    ),
    _on("cases", "assign", "assign", assignment.AssignBody, "5.7"),
    _on("cases", "accept", "accept", assignment.AcceptBody, "5.7"),
    _on("cases", "hand-back", "hand_back", assignment.HandBackBody, "5.7"),
    _on("cases", "nominate-major", "nominate_major", major_incident.NominateMajorBody, "5.7"),
    _on("cases", "declare-major", "declare_major", major_incident.DeclareMajorBody, "5.7"),
    _on("cases", "reject-major", "reject_major", major_incident.RejectMajorBody, "5.7"),
    _on("cases", "fan-out", "fan_out", major_incident.FanOutBody, "5.7"),
    _on("cases", "discharge", "discharge", obligations.DischargeBody, "5.9"),
    _on("cases", "pend", "pend", pending.PendBody, "5.8"),
    _on("cases", "resume", "resume", pending.ResumeBody, "5.8"),
    _on("cases", "verify", "verify", resolution.VerifyBody, "5.8"),
    _on("cases", "resolve", "resolve", resolution.ResolveBody, "5.8"),
    _on("cases", "dispute", "dispute", dispute.DisputeBody, "5.9"),
    _on("cases", "suspect-dispute", "suspect_dispute", dispute.SuspectDisputeBody, "5.9", conditional=False),
    _on("cases", "uphold-dispute", "uphold_dispute", dispute.UpholdDisputeBody, "5.9"),
    _on("cases", "dismiss-dispute", "dismiss_dispute", dispute.DismissDisputeBody, "5.9"),
    _on("cases", "reopen", "reopen", dispute.ReopenBody, "5.9"),
    _on("cases", "close", "close", closure.CloseBody, "5.9"),
    _on("cases", "notes", "note", notes.NoteBody, "5.2", conditional=False),
    _on("cases", "correct", "correct", corrections.CorrectBody, "5.2"),
    _on("cases", "waive", "waive", logging.WaiveBody, "5.2"),
    Verb("/cases/{number}/hold", "hold", personal_data.HoldBody, "5.9", conditional=False, status=202),
    Verb(
        "/cases/{number}/release-hold",
        "release_hold",
        personal_data.ReleaseHoldBody,
        "5.9",
        conditional=False,
        status=202,
    ),
    Verb("/cases/{number}/follow-up", "follow_up", logging.FollowUpBody, "5.9", conditional=False, status=201),
    Verb("/problems", "open_problem", problems.OpenProblemBody, "5.8.1", conditional=False, status=201),
    _on("problems", "investigate", "investigate", problems.InvestigateBody, "5.8.1"),
    _on("problems", "root-cause", "find_root_cause", problems.RootCauseBody, "5.8.1"),
    _on("problems", "known-error", "publish_known_error", problems.KnownErrorBody, "5.8.1"),
    _on("problems", "prioritize", "prioritize_problem", problems.PrioritizeProblemBody, "5.8.1"),
    _on("problems", "resolve", "resolve_problem", problems.ResolveProblemBody, "5.8.1"),
    _on("problems", "reopen", "reopen_problem", problems.ReopenProblemBody, "5.8.1"),
    _on("problems", "close", "close_problem", problems.CloseProblemBody, "5.8.1"),
)


_RECEIPT = frozenset({"number", "id", "version", "status"})
"""What an answer tells a role that reads no cases: intake sees what it logs, and of other cases nothing (R-2.1a)."""


def _handler(verb: Verb) -> Handler:
    async def handle(request: Request, number: str) -> Response:
        raw = await raw_body(request)
        context = context_of(request)
        actor = await admit(request, await authenticated(request), verb.roles)
        (authorise_problem if verb.on_problem else authorise)(actor, verb.command)
        await _find(context, verb, number, actor)
        refuse_unknown(request)
        body = parse(request, raw, verb.body)
        reference = await context.desk.references.current()
        body.check(actor, context.desk.clock.now(), reference.policy)
        wanted = asked(request, actor, raw, verb.status, reason=body.why)
        try:
            wanted = await with_precondition(request, context, wanted, required=verb.conditional)
            committed = await body.run(context.desk, number, wanted)
        except StaleVersion as stale:
            raise await _stale(context, verb, actor, stale) from stale
        noun = "approvals" if verb.status == 202 else "problems" if verb.on_problem else "cases"
        location = f"/{noun}/{committed.root.number}" if verb.status in (201, 202) else None
        only = None if verb.status in (201, 202) or actor.role in READERS else _RECEIPT
        beside = await _beside(context, verb, number, actor, committed)
        return answer(committed, verb.status, reader=actor, location=location, only=only, **beside)

    async def handle_new(request: Request) -> Response:
        return await handle(request, "")

    handler = handle if "{number}" in verb.path else handle_new
    handler.__name__ = verb.command
    return handler


async def _find(context: Context, verb: Verb, number: str, actor: Actor) -> None:
    """404 before anything is said of the body; for a customer also when the case is somebody else's."""
    if not number:
        return
    if actor.role is Role.CUSTOMER:
        await context.desk.records.case(number, actor)
    else:
        await context.desk.runner.repository.identify(number, ProblemCase if verb.on_problem else Case)


async def _beside(context: Context, verb: Verb, number: str, actor: Actor, committed: Committed) -> dict[str, Any]:
    """What an answer carries beside the case.

    After a decision on one candidate, those that are left (R-5.6b); after a fan-out, what became of each case (R-5.7d).
    """
    if verb.command == "fan_out":
        event = await context.desk.records.event_of(committed)
        assert isinstance(event, FannedOut)
        resolved = [{"case": case, "outcome": "resolved"} for case in event.cases]
        refused = [refusal_document(each.case, each.rule, each.detail) for each in event.refused]
        return {"fan_out": [*resolved, *refused]}
    if verb.command not in ("relate", "unrelate"):
        return {}
    candidates = await context.desk.relations.candidates(number, actor)
    return {"candidates": [vars(candidate) for candidate in candidates]}


async def _stale(context: Context, verb: Verb, actor: Actor, stale: StaleVersion) -> Problem:
    """412 with the present ETag and what happened meanwhile, so that nobody has to guess."""
    told: dict[str, Any] = {"current_version": stale.current}
    if not verb.on_problem and actor.role in READERS:
        since = await context.desk.records.history(stale.number, actor, after=stale.expected)
        told["events"] = history_items(since, actor.role)
    return Problem("stale-version", str(stale), headers={"ETag": f'"v{stale.current}"'}, **told)


def _operation(verb: Verb) -> dict[str, Any]:
    """The OpenAPI of a command: its body, its headers, its problems."""
    schema = {"$ref": f"#/components/schemas/{verb.body.__name__}"}
    examples = verb.body.model_json_schema().get("examples", [{}])
    problems = refusals_of(verb.command, on_one="{number}" in verb.path, conditional=verb.conditional)
    return {
        "parameters": [IDEMPOTENCY_KEY, *([IF_MATCH] if verb.conditional else [])],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema, "example": examples[0]}},
        },
        "responses": {
            str(verb.status): {
                "description": "Done. `ETag` is the new version, `Position` the position of the last event.",
                "content": {
                    "application/json": {
                        "schema": {"$ref": f"#/components/schemas/{'ProblemCase' if verb.on_problem else 'Case'}"}
                    }
                },
            },
            **responses_of(problems),
        },
        "externalDocs": {"url": BASE, "description": "The problem types"},
    }


class CommandRoute(APIRoute):
    """A route whose handler needs none of FastAPI's dependencies. FastAPI describes it (OpenAPI)."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = self.endpoint

        async def answer_command(request: Request) -> Response:
            response: Response = await handle(request, **request.path_params)
            return response

        return answer_command


router = APIRouter(tags=["commands"], route_class=CommandRoute)
DIRECT = {("POST", verb.path): _handler(verb) for verb in VERBS}
"""The handlers of the commands, for `entrance.py`."""
for _verb in VERBS:
    router.add_api_route(
        _verb.path,
        DIRECT["POST", _verb.path],
        methods=["POST"],
        status_code=_verb.status,
        summary=f"{_verb.body.__doc__} (SOP {_verb.clause})",
        operation_id=_verb.command,
        response_class=Response,
        openapi_extra=_operation(_verb),
    )
