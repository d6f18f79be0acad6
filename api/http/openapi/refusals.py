"""The problems that each operation may answer, by status."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from api.http.problems import BASE, TITLES
from domain.case.status import COMMANDS

Operation = dict[str, Any]
_UNKNOWN, _CONTRADICTS = "unknown-reference", "contradicts-record"
_UNPRIORITIZED = "priority-required"
_UNREADY = ("service-required", "diagnosis-required", "duplicate-decision-required")
_OWN = {
    **dict.fromkeys(
        (
            "log",
            "follow_up",
            "correct",
            "open_problem",
            "refer",
            "verify",
            "unrelate",
            "consult",
            "answer_consultation",
        ),
        (_UNKNOWN,),
    ),
    **dict.fromkeys(("relate", "declare_major"), (_UNKNOWN, _CONTRADICTS)),
    **dict.fromkeys(("dispute", "suspect_dispute"), ("dispute-window-closed", _CONTRADICTS)),
    **dict.fromkeys(("diagnose", "known_errors"), (_UNPRIORITIZED,)),
    "assign": (_UNPRIORITIZED, *_UNREADY, _UNKNOWN),
    "resolve": (
        *(_UNPRIORITIZED, *_UNREADY),
        *("information-required", "verification-required", "problem-link-required", _CONTRADICTS),
    ),
    "fan_out": (*_UNREADY, "information-required", "problem-link-required", _UNKNOWN, _CONTRADICTS),
    "close": ("confirmation-required", _UNKNOWN, _CONTRADICTS),
    "discharge": (_UNKNOWN, _CONTRADICTS),
}
"""What the clause of a command refuses beside the table of states."""
_DETAILS = {
    "malformed": 'If-Match takes one strong ETag such as "v17", or *',
    "invalid-cursor": "the cursor belongs to another question, or was altered",
    "unauthenticated": "an Authorization header with a bearer token is needed",
    "forbidden": "triage needs the role technician; you are customer",
    "not-assigned-team": "the case is with network; you act for messaging",
    "not-found": "there is no case INC-0000099",
    "request-timeout": "the body did not come within 30 s",
    "invalid-transition": "a case that is logged cannot be assigned. Triage this case first.",
    "service-required": "the service must be set first: correct it",
    "priority-required": "the case must be prioritised first",
    "diagnosis-required": "symptoms or a diagnosis must be recorded first",
    "verification-required": "the customer must have verified the resolution",
    "problem-link-required": "the cause is not corrected: name a Problem Case",
    "confirmation-required": "the customer's confirmation is needed",
    "information-required": "contact must be completed, or waived with a reason (R-5.2c)",
    "duplicate-decision-required": "INC-0000001 may be about the same: decide by relate",
    "dispute-window-closed": "the time to dispute INC-0000009 is over",
    "on-hold": "INC-0000009 is on legal hold",
    "attachments-full": "the case has 100 attachments",
    "idempotency-in-progress": "the first request with this key is not answered yet",
    "gone": "This attachment is erased.",
    "stale-version": "version 3 is stale: the case is at version 5",
    "content-too-large": "a body may have 1048576 bytes",
    "unsupported-media-type": "text/plain is not understood; send application/json",
    "validation-failed": "Field required",
    "unknown-reference": "there is no service printng",
    "contradicts-record": "The case was resolved after that. Ask the customer again.",
    "idempotency-key-reused": "Another request used this key.",
    "precondition-required": 'send If-Match with the ETag you have seen, or "*" in so many words',
    "too-many-requests": "at most 20 an hour",
    "internal-error": "the error is in the log; nothing was appended unless it says so",
    "unavailable": "the database cannot be reached at the moment",
}
"""An example of a detail for each type."""


def refusals_of(command: str, *, on_one: bool) -> list[str]:
    """The problem types of a command itself; ``on_one`` says that it is on a case or problem that is there already."""
    found = [*_OWN.get(command, ()), "stale-version"]
    if on_one:
        found.append("invalid-transition")
    if any(row.team for row in COMMANDS.get(command, ())):
        found.append("not-assigned-team")
    return found


_BY_PARAMETER = {
    "path": ("not-found",),
    "query": ("validation-failed",),
    "cursor": ("invalid-cursor",),
    "Idempotency-Key": ("malformed", "idempotency-key-reused", "idempotency-in-progress"),
    "If-Match": ("malformed", "stale-version"),
    "Wait-For-Position": ("malformed",),
    "Last-Event-ID": ("malformed",),
    "WebHook-Request-Origin": ("malformed",),
}
"""What follows from a parameter, by its place or its name."""
_LENIENT = ("/intake/", "/v2/enqueue", "/disputes/", "/self-service/")
"""Where unknown query parameters are accepted (`api/http/parameters.py`)."""


def implied(path: str, operation: Operation) -> Iterator[str]:
    """The problem types that follow from what an operation takes."""
    yield from ("internal-error", "unavailable")
    if operation.get("security") != []:
        yield from ("unauthenticated", "forbidden")
    if "requestBody" in operation:
        yield from ("malformed", "content-too-large")
        if not operation.get("x-keeps-all"):
            yield from ("request-timeout", "unsupported-media-type", "validation-failed")
    if not path.startswith(_LENIENT):
        yield "validation-failed"  # an unknown query parameter
    for parameter in operation["parameters"]:
        yield from (*_BY_PARAMETER.get(parameter["in"], ()), *_BY_PARAMETER.get(parameter["name"], ()))
        if parameter["name"] == "If-Match" and parameter["required"]:
            yield "precondition-required"


class Refusals:
    """The responses that carry problems, and their schemas. Many operations answer the same ones: they are components."""

    def __init__(self) -> None:
        self.responses: dict[str, Any] = {}
        self.schemas: dict[str, Any] = {}

    def of(self, operation: str, slugs: Iterable[str]) -> dict[str, Any]:
        """References to the responses of an operation that carry these problem types, by status."""
        by_status: dict[int, list[str]] = {}
        for slug in sorted(set(slugs)):
            by_status.setdefault(TITLES[slug][0], []).append(slug)
        return {str(status): self._reference(operation, found) for status, found in sorted(by_status.items())}

    def _reference(self, operation: str, slugs: list[str]) -> dict[str, str]:
        words = "-or-".join(slugs) if len(slugs) <= _FEW else f"{operation}-{TITLES[slugs[0]][0]}"
        name = "".join(word.capitalize() for word in re.split("[-_]", words)) + "Problem"
        types = {"properties": {"type": {"enum": [BASE + slug for slug in slugs]}}}
        told = "; ".join(f"`{slug}`: {TITLES[slug][1][:1].lower()}{TITLES[slug][1][1:]}" for slug in slugs) + "."
        self.schemas[name] = {
            "allOf": [{"$ref": "#/components/schemas/Problem"}, types],
            "description": told,
            "examples": [_example(slugs[0])],
        }
        self.responses[name] = _response(slugs, name, told)
        return {"$ref": f"#/components/responses/{name}"}


_FEW = 3
"""How many problem types the name of a response may list."""


def _response(slugs: list[str], name: str, told: str) -> dict[str, Any]:
    examples = {slug: {"summary": TITLES[slug][1], "value": _example(slug)} for slug in slugs}
    schema = {"$ref": f"#/components/schemas/{name}"}
    named = {name: {"$ref": f"#/components/headers/{name}"} for name in _HEADERS.get(TITLES[slugs[0]][0], ())}
    content = {"application/problem+json": {"schema": schema, "examples": examples}}
    return {"description": told, **({"headers": named} if named else {}), "content": content}


_HEADERS = {401: ("WWW-Authenticate",), 412: ("ETag",), 429: ("Retry-After",), 503: ("Retry-After",)}
"""By status."""


def _example(slug: str) -> dict[str, Any]:
    status, title = TITLES[slug]
    problem = {"type": BASE + slug, "title": title, "status": status, "detail": _DETAILS[slug]}
    return {**problem, "instance": "/cases/INC-0000009/assign", "trace_id": "0af7651916cd43dd8448eb211c80319c"}
