"""RFC 9457: every refusal is a problem document with a stable, documented type (docs/problems.md)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
import structlog
from eventsourcing.persistence import OperationalError, PersistenceError
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from psycopg import OperationalError as PsycopgOperationalError
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from api.http.fields import pointer
from api.http.pages.rendering import page, wants_page
from application import tracing
from application.execution import requests
from application.execution.principals import Unauthenticated, Undecided
from application.faults import FAULTS
from application.figures import FIGURES
from application.ports import NewerRecord
from application.reports.definitions import REPORTS
from domain import errors
from domain.values import Role

BASE = "https://caseledger.example/problems/"
"""Where the types live: absolute and stable wherever the desk is served; documented in docs/problems.md."""

TITLES = {
    "malformed": (400, "The request cannot be read"),
    "invalid-cursor": (400, "The cursor is not one of ours, or belongs to another question"),
    "unauthenticated": (401, "No valid credentials"),
    "forbidden": (403, "The role does not allow this"),
    "not-assigned-team": (403, "The case is with another team"),
    "not-found": (404, "There is no such thing here"),
    "method-not-allowed": (405, "The resource does not know this method"),
    "request-timeout": (408, "The body came too slowly"),
    "invalid-transition": (409, "The command is not possible in this status"),
    "service-required": (409, "The service must be set first"),
    "priority-required": (409, "The case must be prioritised first"),
    "diagnosis-required": (409, "Symptoms or a diagnosis must be recorded first"),
    "verification-required": (409, "The customer must have verified the resolution"),
    "problem-link-required": (409, "A Problem Case is needed"),
    "confirmation-required": (409, "The customer's confirmation is needed"),
    "information-required": (409, "Information is missing that must not be"),
    "duplicate-decision-required": (409, "Somebody must decide whether this was reported before"),
    "dispute-window-closed": (409, "The time to dispute is over"),
    "on-hold": (409, "A legal hold keeps what is to be erased"),
    "attachments-full": (409, "The case has all the attachments it may have"),
    "idempotency-in-progress": (409, "The first request with this key is not answered yet"),
    "gone": (410, "It was here once, and is no more"),
    "stale-version": (412, "The case has changed since it was read"),
    "content-too-large": (413, "The body is too large"),
    "unsupported-media-type": (415, "The body is of a type that is not understood"),
    "validation-failed": (422, "The request breaks a rule"),
    "unknown-reference": (422, "The body names something that the desk does not have"),
    "contradicts-record": (422, "The body contradicts the record"),
    "idempotency-key-reused": (422, "The idempotency key was used for another request"),
    "precondition-required": (428, "An If-Match header is needed"),
    "too-many-requests": (429, "Too much or too often: try again later"),
    "internal-error": (500, "Something went wrong here"),
    "unavailable": (503, "Not now: try again"),
}

_DOMAIN: dict[type[Exception], str] = {
    errors.Forbidden: "forbidden",
    errors.NotAssignedTeam: "not-assigned-team",
    errors.NotFound: "not-found",
    errors.InvalidTransition: "invalid-transition",
    errors.ServiceRequired: "service-required",
    errors.PriorityRequired: "priority-required",
    errors.DiagnosisRequired: "diagnosis-required",
    errors.VerificationRequired: "verification-required",
    errors.ProblemLinkRequired: "problem-link-required",
    errors.ConfirmationRequired: "confirmation-required",
    errors.InformationRequired: "information-required",
    errors.DuplicateDecisionRequired: "duplicate-decision-required",
    errors.DisputeWindowClosed: "dispute-window-closed",
    errors.OnHold: "on-hold",
    errors.AttachmentsFull: "attachments-full",
    errors.AttachmentTooLarge: "content-too-large",
    errors.AttachmentRefused: "unsupported-media-type",
    errors.Erased: "gone",
    errors.Invalid: "validation-failed",
    errors.UnknownReference: "unknown-reference",
    errors.ContradictsRecord: "contradicts-record",
    requests.StaleVersion: "stale-version",
    requests.KeyReused: "idempotency-key-reused",
    requests.KeyInProgress: "idempotency-in-progress",
    requests.Busy: "unavailable",
    Unauthenticated: "unauthenticated",
    Undecided: "unavailable",
}

_BY_RULE = {kind.rule: slug for kind, slug in _DOMAIN.items() if issubclass(kind, errors.DomainError)}
"""The type of a problem by what an event calls the refusal."""
log = structlog.get_logger()
_NEWER = "the record holds an event that this release does not know: another process may answer"
_SECRET = re.compile(r"^(/disputes/|/self-service/cases/)[^/]+")
"""The part of a path that is a key."""
_OF_PEOPLE = ("/disputes/", "/self-service/cases/")
"""Paths that people open in a browser, by the links in their mails."""


class Problem(Exception):
    """A refusal of the HTTP layer itself."""

    def __init__(
        self,
        slug: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.slug, self.detail, self.errors = slug, detail, errors
        self.headers, self.members = dict(headers or {}), members


def trace_id_of(request: Request) -> str | None:
    """The trace id (W3C Trace Context): of our own trace, which continues the caller's, else of the caller's `traceparent`."""
    if (ours := tracing.current_trace_id()) is not None:
        return ours
    parts = request.headers.get("traceparent", "").split("-")
    if len(parts) < 4 or len(parts[1]) != 32 or set(parts[1]) - set("0123456789abcdef") or set(parts[1]) == {"0"}:
        return None
    return parts[1]


def trace_of(request: Request) -> str:
    """The trace id for a problem and the log: the caller's, else a new one."""
    if not hasattr(request.state, "trace_id"):
        request.state.trace_id = trace_id_of(request) or secrets.token_hex(16)
    trace: str = request.state.trace_id
    return trace


def respond(request: Request, problem: Problem) -> Response:
    """The problem as `application/problem+json`; as a page to a person who came by a link in a mail."""
    status, title = TITLES[problem.slug]
    FIGURES.add("refusals", problem.slug)
    if request.url.path.startswith(_OF_PEOPLE) and wants_page(request):
        return page("refused", status, title=title, detail=problem.detail)
    document: dict[str, Any] = {
        "type": BASE + problem.slug,
        "title": title,
        "status": status,
        "detail": problem.detail,
        "instance": request.url.path,
        **problem.members,
    }
    if problem.errors:
        document["errors"] = problem.errors
    document["trace_id"] = trace_of(request)
    headers = dict(problem.headers)
    if status == 401:
        headers.setdefault("WWW-Authenticate", 'Bearer realm="caseledger"')
    if status in (429, 503):
        headers.setdefault("Retry-After", "1")
    return Response(msgspec.json.encode(document), status, headers, media_type="application/problem+json")


def from_domain(error: Exception) -> Problem:
    """The problem for a refusal of the desk. Of several refusals, the first one gives the type."""
    if isinstance(error, errors.NoneFollowed):
        first = from_domain(error.refusals[0][1])
        cases = [refusal_document(case, refusal.rule, str(refusal)) for case, refusal in error.refusals]
        return Problem(first.slug, str(error), **first.members, cases=cases)
    pointers = [{"detail": str(error), "pointer": error.pointer}] if isinstance(error, errors.Invalid) else ()
    return Problem(_DOMAIN[type(error)], str(error), errors=pointers, **_members(error))


def understood(error: Exception) -> Problem | None:
    """The refusal that an error stands for; None for an error that nobody expects."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, RequestValidationError):
        found = [_field_error(each) for each in error.errors()]
        return Problem("validation-failed", found[0]["detail"], errors=found)
    if isinstance(error, (OperationalError, PsycopgOperationalError, PoolTimeout)):
        return Problem("unavailable", "the database cannot be reached at the moment")
    if isinstance(error, NewerRecord):
        return Problem("unavailable", _NEWER)
    return from_domain(error) if type(error) in _DOMAIN or isinstance(error, errors.NoneFollowed) else None


def _field_error(given: Mapping[str, Any]) -> dict[str, str]:
    return {"detail": str(given["msg"]).removeprefix("Value error, "), "pointer": pointer(given["loc"])}


def refusal_document(case: str, rule: str, reason: str) -> dict[str, str]:
    """A case that a command on another case could not change, with the type of the problem (R-5.7d)."""
    return {"case": case, "outcome": "refused", "type": BASE + _BY_RULE[rule], "reason": reason}


def _members(error: Exception) -> dict[str, Any]:
    """What a program needs to continue after this refusal."""
    if isinstance(error, errors.DuplicateDecisionRequired):
        return {"candidates": [vars(candidate) for candidate in error.candidates]}
    if isinstance(error, errors.InvalidTransition) and error.possible:
        return {"possible": list(error.possible)}
    if isinstance(error, errors.OnHold):
        return {"cases": list(error.cases)}
    if isinstance(error, errors.DisputeWindowClosed):
        return {"follow_up_of": error.number, "follow_up": f"/cases/{error.number}/follow-up"}
    return {}


def install(app: FastAPI) -> None:
    """Answer every error as a problem document."""
    for kind, handle in _HANDLERS.items():
        app.add_exception_handler(kind, handle)
    app.add_exception_handler(Exception, _broken)


async def response_of(request: Request, answer: Awaitable[Response]) -> Response:
    """The answer, or the problem that kept it from being given."""
    try:
        return await answer
    except Exception as error:  # noqa: BLE001 - whatever it is, it is answered as FastAPI answers it
        handle = next((_HANDLERS[kind] for kind in type(error).__mro__ if kind in _HANDLERS), _broken)
        return await handle(request, error)


async def _refused(request: Request, error: Exception) -> Response:
    return respond(request, error if isinstance(error, Problem) else from_domain(error))


async def _broken_off(request: Request, _: Exception) -> Response:
    return respond(request, Problem("malformed", "the body broke off"))  # nobody reads it: for the log of requests


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    number, name = request.path_params.get("number"), request.path_params.get("name")
    if number is not None:  # 404 goes before 422, and says nothing of the parameters
        desk, actor = request.app.state.context.desk, getattr(request.state, "actor", None)
        try:
            if actor is not None and actor.role is Role.CUSTOMER:
                await desk.records.case(number, actor)
            else:
                await desk.runner.repository.identify(number)
        except errors.NotFound as unknown:
            return respond(request, from_domain(unknown))
    if name is not None and request.url.path.startswith("/reports/") and name not in REPORTS:
        return respond(request, from_domain(errors.NotFound(f"there is no report {name}")))
    found = [_field_error(each) for each in error.errors()]
    return respond(request, Problem("validation-failed", "a parameter breaks a rule", errors=found))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    slug = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "malformed")
    headers = {"Allow": ", ".join(_methods(request))} if slug == "method-not-allowed" else error.headers
    return respond(request, Problem(slug, str(error.detail), headers=headers))


def _methods(request: Request) -> list[str]:
    """The methods of this address: those of the routes with the longest template that fits it."""
    fit = [each for each in request.app.router.routes if each.matches(request.scope)[0] is not Match.NONE]
    longest = max((each.path for each in fit), key=len, default="")
    methods = {method for each in fit if each.path == longest for method in getattr(each, "methods", None) or ()}
    return sorted({*methods, "HEAD"} if "GET" in methods else methods)


def logged_path(request: Request) -> str:
    """The path of a request without the key in it: people who read the log must not get the link."""
    return _SECRET.sub(r"\1...", request.url.path)


async def _unavailable(request: Request, error: Exception) -> Response:
    log.warning("database unavailable", path=logged_path(request), trace_id=trace_of(request), error=str(error))
    return respond(request, Problem("unavailable", "the database cannot be reached at the moment"))


async def _newer(request: Request, error: Exception) -> Response:
    log.error("unknown event", path=logged_path(request), trace_id=trace_of(request), error=str(error))
    FAULTS.add("http", error)
    return respond(request, Problem("unavailable", _NEWER))


async def _broken(request: Request, error: Exception) -> Response:
    log.error("unexpected error", path=logged_path(request), trace_id=trace_of(request))
    FAULTS.add("http", error)
    return respond(
        request, Problem("internal-error", "the error is in the log; nothing was appended unless it says so")
    )


_HANDLERS: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    **dict.fromkeys((*_DOMAIN, errors.NoneFollowed, Problem), _refused),
    RequestValidationError: _invalid,
    HTTPException: _http,
    **dict.fromkeys((OperationalError, PsycopgOperationalError, PoolTimeout), _unavailable),
    ClientDisconnect: _broken_off,
    NewerRecord: _newer,
    PersistenceError: _broken,
}
"""What answers an error, by its class or the nearest of its bases."""
