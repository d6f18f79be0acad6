"""Hooks of schemathesis, in whose process they run: who calls, and what no schema can say."""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import schemathesis  # type: ignore[import-not-found]  # in .venv/contract
from hypothesis import strategies as st

TOKENS: dict[str, str] = json.loads(os.environ["TOKENS"])
"""By role."""
OF_THE_RECORD = frozenset(
    {
        "unknown-reference",  # what is listed, and which methods of contact the policy has
        "contradicts-record",  # what happened before
        "idempotency-key-reused",  # what a key was used for
    }
)
"""Problem types of what only the record knows."""
OF_THE_CLOCK = re.compile(r"/(received_at|at|asked_at|since|until|reason|from|to)$")
"""Fields that are compared with the clock, and the reason that an old contact needs: a schema compares nothing."""
OF_THE_VALUES = frozenset(
    {
        "/chosen",  # is among `shown`
        "/query/bom",  # is for CSV
        "/steps",  # have an id each
        "/obligation",  # is not one that its own command discharges
        "/reporter",  # is nobody where customers log for themselves
        "/external_ref",  # is not for customers
        "/subject",  # of an erasure is not a name of the desk's own
        "/approved_by",  # is somebody else than who is granted something
    }
)
"""Fields whose rule compares them with other values."""
OF_THE_POLICY = re.compile(r"^/changes(/|$)")
"""Fields of the policy agree with each other: a window is no longer than what is kept, a goal is a share."""


def role_of(case: Any, _: Any = None) -> str:
    """The first role that may, among those that the document names."""
    roles = case.operation.definition.raw.get("x-roles", list(TOKENS))
    return next(role for role in TOKENS if role in roles)


@schemathesis.auth(cache_by_key=role_of)
class Tokens:
    """A token of a role that may call the operation."""

    def get(self, case: Any, context: Any) -> str:
        return TOKENS[role_of(case)]

    def set(self, case: Any, data: str, context: Any) -> None:
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"


def _ago(minutes: int) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat()


ELSEWHERE = frozenset({"obligations", "quarantine"})
"""Names of queues whose addresses are other resources. The schema of `/queues/{name}` excludes them."""
_KEYS = count()
schemathesis.openapi.format("date-time", st.integers(1, 400).map(_ago))


@schemathesis.hook  # type: ignore[untyped-decorator]
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Change what would lead nowhere."""
    headers, query = case.headers or {}, case.query or {}
    if str(headers.get("Wait-For-Position", "")).isdecimal():
        headers["Wait-For-Position"] = "1"  # a position that the ledger has not reached is waited for, for seconds
    if re.fullmatch(r'"[^"]{1,255}"', str(headers.get("Idempotency-Key", ""))):
        headers["Idempotency-Key"] = f'"{next(_KEYS)}"'  # what was done once is answered again, without If-Match
    query.pop("cursor", None)  # nobody can invent one: it is signed, and belongs to one question


@schemathesis.hook  # type: ignore[untyped-decorator]
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Whether a failure counts: a request that its schema allows may be refused for what no schema can say."""
    if (case.path_parameters or {}).get("name") in ELSEWHERE:
        return False  # another resource answers there
    if type(failure).__name__ != "RejectedPositiveData":
        return True
    if response.status_code == 304:
        return False  # If-None-Match names the present version
    problem = response.json()
    kind = str(problem.get("type", "")).rpartition("/")[2]
    if kind in OF_THE_RECORD:
        return False
    if kind == "malformed" and "If-Match" in problem["detail"]:
        # Takes "0" for allowed by the pattern of If-Match where that header is not required (schemathesis 4.32).
        return bool(re.fullmatch(r'\*|"v[0-9]{1,18}"', str(case.headers.get("If-Match", ""))))
    pointers = [error["pointer"] for error in problem.get("errors", ())]
    return not pointers or not all(
        OF_THE_CLOCK.search(each) or each in OF_THE_VALUES or OF_THE_POLICY.match(each) for each in pointers
    )
