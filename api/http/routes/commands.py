"""The commands: `POST /cases`, `POST /cases/{number}/<verb>`, and the same for problems; one handler and one table.

The handler is where http.md's order of refusals is: 401, 403 role, 404, 413/415, 400/422, 428, 412, 403 team, 409.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from api.http.context import Context, admit, authenticated, context_of
from api.http.entrance.door import Handler
from api.http.parameters import refuse_unknown
from api.http.problems import Problem, refusal_document
from api.http.requests import asked, parse, raw_body, with_precondition
from api.http.responses import answer
from api.http.routes.verbs import VERBS, Verb
from application.cases.history import history_items
from application.execution.requests import Committed, StaleVersion
from domain.case import Case
from domain.case.clauses.major_incident import FannedOut
from domain.case.status import READERS, authorise
from domain.problem import Problem as ProblemCase
from domain.problem import authorise_problem
from domain.values import Actor, Role

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


class CommandRoute(APIRoute):
    """A route whose handler needs none of FastAPI's dependencies. FastAPI describes it (OpenAPI)."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = self.endpoint

        async def answer_command(request: Request) -> Response:
            response: Response = await handle(request, **request.path_params)
            return response

        return answer_command


router = APIRouter(route_class=CommandRoute)
DIRECT = {("POST", verb.path): _handler(verb) for verb in VERBS}
"""The handlers of the commands, for `entrance.py`."""
for _verb in VERBS:
    router.add_api_route(
        _verb.path,
        DIRECT["POST", _verb.path],
        methods=["POST"],
        status_code=_verb.status,
        tags=[_verb.area],
        description=_verb.docstring,
        operation_id=_verb.command,
        response_class=Response,
        openapi_extra=_verb.openapi,
    )
