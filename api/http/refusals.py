"""What each command may refuse, and the headers it reads: for the OpenAPI document, so that nobody has to try."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from api.http.problems import BASE, TITLES
from domain.case.status import COMMANDS

IF_MATCH: dict[str, Any] = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": 'The ETag of the version you have seen, such as "v3", or *.',
    "schema": {"type": "string"},
}
IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A quoted string; repeat the request with it and it is carried out once.",
    "schema": {"type": "string"},
}
_EVERY = (
    *("malformed", "unauthenticated", "forbidden", "request-timeout", "content-too-large", "unsupported-media-type"),
    *("validation-failed", "idempotency-key-reused", "idempotency-in-progress", "stale-version", "unavailable"),
)
_OWN = {
    "assign": ("priority-required", "service-required", "diagnosis-required", "duplicate-decision-required"),
    "resolve": (
        *("priority-required", "service-required", "diagnosis-required", "duplicate-decision-required"),
        *("information-required", "verification-required", "problem-link-required"),
    ),
    "fan_out": ("problem-link-required",),
    "close": ("confirmation-required",),
    "dispute": ("dispute-window-closed",),
    "suspect_dispute": ("dispute-window-closed",),
}
"""What the clause of a command refuses beside the table of states."""


def refusals_of(command: str, *, on_one: bool, conditional: bool) -> list[str]:
    """The problem types of a command; ``on_one`` says that it is on a case or problem that is there already."""
    found = [*_EVERY, *_OWN.get(command, ())]
    if on_one:
        found += ["not-found", "invalid-transition"]
    if conditional:
        found.append("precondition-required")
    if any(row.team for row in COMMANDS.get(command, ())):
        found.append("not-assigned-team")
    return sorted(found, key=lambda slug: (TITLES[slug][0], slug))


def responses_of(slugs: Iterable[str]) -> dict[str, Any]:
    """The responses that carry these problem types, by status."""
    by_status: dict[int, list[str]] = {}
    for slug in slugs:
        by_status.setdefault(TITLES[slug][0], []).append(slug)
    return {str(status): _response(found) for status, found in by_status.items()}


def _response(slugs: list[str]) -> dict[str, Any]:
    types = {"properties": {"type": {"enum": [BASE + slug for slug in slugs]}}}
    schema = {"allOf": [{"$ref": "#/components/schemas/Problem"}, types]}
    told = "; ".join(f"`{slug}`: {TITLES[slug][1][:1].lower()}{TITLES[slug][1][1:]}" for slug in slugs)
    return {"description": f"{told}.", "content": {"application/problem+json": {"schema": schema}}}
