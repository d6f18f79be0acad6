"""The checks of the whole record: what they found last."""

from __future__ import annotations

from typing import Annotated, Any

from api.http.documents.base import At, Document, PersonCode, one_of
from api.http.fields import such_as
from application.audit.checks import Check

CheckName = Annotated[Check, one_of(Check), such_as("verify")]
_RESULT = {
    "ok": True,
    "size": 111,
    "root": "6jdRu1zRGOExcZW8vypB9V9C763BTkzurptdDPieaj4=",
    "checked": {"rows": 111},
    "findings": [],
    "warnings": [],
}


class CheckResult(Document):
    """How a check ended."""

    by: PersonCode
    """Who asked for it."""
    started_at: At
    """When it began."""
    ended_at: At
    """When it ended."""
    ok: Annotated[bool, such_as(True)] | None
    """Whether nothing was found. Null if it could not run."""
    why: Annotated[str, such_as("there is no verifier key: name the log's with --vkey")] | None
    """Why it could not run."""
    result: Annotated[dict[str, Any], such_as(_RESULT)] | None
    """What `caseledger verify --json` or `caseledger conformance --json` says, with the first 500 findings."""


class CheckStanding(Document):
    """A check now. `docs/auditing.md` says what each one looks at."""

    check: CheckName
    """Which check."""
    running_since: At | None
    """Since when it runs. Null if it does not run."""
    last: CheckResult | None
    """The last result. Null if there is none."""
