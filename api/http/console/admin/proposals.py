"""A change that is shown before it is made: the form of the page asks, the form of the preview confirms."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request

from api.http.console.access import Form
from api.http.console.admin.compared import Difference
from api.http.problems import Problem, trace_id_of, understood
from application.execution.requests import Idempotency, StaleVersion
from application.execution.requests import Request as Asked
from domain.values import Actor

_LONGEST = 200_000


@dataclass(frozen=True)
class Proposal:
    """A change that nobody has confirmed yet."""

    given: Mapping[str, Any]
    """The body of the API that would be sent."""
    differences: Sequence[Difference]
    version: int
    """The version that was compared with; 0 for something new."""

    @property
    def document(self) -> str:
        """The body as the preview's form carries it."""
        return json.dumps(self.given, ensure_ascii=False)


@dataclass(frozen=True)
class Refused:
    """A change that was refused, with what is wrong with each field."""

    detail: str
    status: int = 422
    wrong: Mapping[str, str] = field(default_factory=dict)


def confirmed(form: Form) -> Mapping[str, Any] | None:
    """The body that a preview's form confirms; None for a form that asks for a preview. Raises Problem 422."""
    if "document" not in form:
        return None
    given = form["document"][0]
    try:
        read = json.loads(given) if len(given) < _LONGEST else None
    except ValueError:
        read = None
    if not isinstance(read, dict):
        raise Problem("malformed", "the confirmation cannot be read: ask for the preview again")
    return read


def asked_by(
    request: Request,
    actor: Actor,
    form: Form,
    given: Mapping[str, Any],
    status: int = 200,
    *,
    seen: bool = True,
    needs_reason: bool = True,
) -> Asked:
    """Who asks, and why. A confirmation that is sent twice is carried out once. Raises Problem 422 without a reason."""
    reason = form.get("reason", [""])[0].strip()
    if needs_reason and not reason:
        raise Problem("validation-failed", "Say why. The reason is kept with the change.")
    once, version = form.get("once", [""])[0], form.get("version", [""])[0]
    words = json.dumps({**given, "reason": reason}, sort_keys=True).encode()
    scope = f"console\0{actor.subject}\0{request.url.path}\0{once}\0".encode()
    key = Idempotency(hashlib.sha256(scope + words).digest(), hashlib.sha256(words).digest(), status) if once else None
    expected = int(version) if seen and version.isdecimal() else None
    return Asked(
        actor, "console", expected=expected, idempotency=key, trace_id=trace_id_of(request), reason=reason or None
    )


def refusal_of(error: Exception, under: str = "") -> Refused | None:
    """Why a change was refused, for its page; None for an error that is no refusal of it."""
    problem = understood(error)
    if problem is None or problem.slug in ("not-found", "unauthenticated", "unavailable"):
        return None
    if isinstance(error, StaleVersion):
        return Refused("Somebody changed it meanwhile. Below is what your change would do now.", 412)
    found = [
        (each["pointer"].removeprefix(under).strip("/").replace("/", "."), each["detail"]) for each in problem.errors
    ]
    return Refused(problem.detail, 422, {name: detail for name, detail in found if name})
