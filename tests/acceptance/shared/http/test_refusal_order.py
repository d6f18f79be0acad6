"""A request that is wrong in two ways is refused for the first of http.md's order, so that nothing leaks and all agree.

401, 403 role, 404, 413/415, 400/422, 428, 412, 403 not-assigned-team, 409.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.values import Role
from tests.acceptance.conftest import VERIFIED, Answer, RunningDesk, done, incident, refused

JSON = "application/json"
HUGE = b"{" + b" " * 2_000_000
EXPIRED, ANOTHER_TEAM = "expired", "messaging"

UNAUTHENTICATED = (401, "unauthenticated")
FORBIDDEN = (403, "forbidden")
NOT_FOUND = (404, "not-found")
TOO_LARGE = (413, "content-too-large")
UNSUPPORTED = (415, "unsupported-media-type")
MALFORMED = (400, "malformed")
INVALID = (422, "validation-failed")
REQUIRED = (428, "precondition-required")
STALE = (412, "stale-version")
NOT_ASSIGNED = (403, "not-assigned-team")
CONFLICT = (409, "invalid-transition")


@dataclass(frozen=True)
class Wrong:
    """A command on an assigned case of team `network`, by one of its members unless it says otherwise."""

    earlier: tuple[int, str]
    later: str
    verb: str = "accept"
    body: Any = field(default_factory=dict)
    by: str = "network"
    match: str | None = "*"
    kind: str = JSON
    number: str | None = None


PAIRS = (
    Wrong(UNAUTHENTICATED, "role", "triage", by=EXPIRED),
    Wrong(UNAUTHENTICATED, "not found", "triage", by=EXPIRED, number="INC-9999999"),
    Wrong(UNAUTHENTICATED, "too large", body=HUGE, by=EXPIRED),
    Wrong(UNAUTHENTICATED, "malformed", body=b"{", by=EXPIRED),
    Wrong(FORBIDDEN, "not found", "triage", number="INC-9999999"),
    Wrong(FORBIDDEN, "too large", "triage", HUGE),
    Wrong(FORBIDDEN, "type", "triage", b"x", kind="text/plain"),
    Wrong(FORBIDDEN, "malformed", "triage", b"{"),
    Wrong(FORBIDDEN, "no If-Match", "triage", {"owner": "desk"}, match=None),
    Wrong(FORBIDDEN, "status", "triage", {"owner": "desk"}),
    Wrong(NOT_FOUND, "too large", body=HUGE, number="INC-9999999"),
    Wrong(NOT_FOUND, "type", body=b"x", kind="text/plain", number="INC-9999999"),
    Wrong(NOT_FOUND, "malformed", body=b"{", number="INC-9999999"),
    Wrong(NOT_FOUND, "invalid", body={"x": 1}, number="INC-9999999"),
    Wrong(NOT_FOUND, "no If-Match", match=None, number="INC-9999999"),
    Wrong(TOO_LARGE, "malformed", body=HUGE),
    Wrong(TOO_LARGE, "no If-Match", body=HUGE, match=None),
    Wrong(UNSUPPORTED, "malformed", body=b"{", kind="text/plain"),
    Wrong(UNSUPPORTED, "no If-Match", body=b"{}", kind="text/plain", match=None),
    Wrong(MALFORMED, "no If-Match", body=b"{", match=None),
    Wrong(MALFORMED, "stale", body=b"{", match='"v1"'),
    Wrong(MALFORMED, "team", body=b"{", by=ANOTHER_TEAM),
    Wrong(INVALID, "no If-Match", body={"x": 1}, match=None),
    Wrong(INVALID, "stale", body={"x": 1}, match='"v1"'),
    Wrong(INVALID, "team", body={"x": 1}, by=ANOTHER_TEAM),
    Wrong(INVALID, "status", "reopen", {"reason": ""}),
    Wrong(MALFORMED, "team", match="v1", by=ANOTHER_TEAM),
    Wrong(REQUIRED, "team", match=None, by=ANOTHER_TEAM),
    Wrong(REQUIRED, "status", "reopen", {"reason": "x"}, match=None),
    Wrong(STALE, "team", match='"v1"', by=ANOTHER_TEAM),
    Wrong(STALE, "status", "reopen", {"reason": "x"}, match='"v1"'),
    Wrong(NOT_ASSIGNED, "status", "reopen", {"reason": "x"}, by=ANOTHER_TEAM),
    Wrong(CONFLICT, "nothing else", "reopen", {"reason": "x"}),
)

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()
RULES = (
    Wrong(INVALID, "no If-Match", "correct", {"field": "channel", "value": "x", "reason": "x"}, match=None),
    Wrong(INVALID, "stale", "correct", {"field": "channel", "value": "x", "reason": "x"}, match='"v1"'),
    Wrong(INVALID, "team", "correct", {"field": "channel", "value": "x", "reason": "x"}, by=ANOTHER_TEAM),
    Wrong(INVALID, "no If-Match", "verify", {**VERIFIED, "at": TOMORROW}, match=None),
    Wrong(INVALID, "team", "verify", {**VERIFIED, "at": TOMORROW}, by=ANOTHER_TEAM),
    Wrong(INVALID, "status", "dispute", {"reason": "x", "received_at": TOMORROW}, by="technician"),
)
"""What is wrong with the words themselves is wrong whatever the case is like, also when the desk's own rule says so."""


def send(running: RunningDesk, number: str, wrong: Wrong) -> Answer:
    by = {
        "network": running.network,
        ANOTHER_TEAM: running.messaging,
        "technician": running.technician,
        EXPIRED: running.caller(Role.TEAM_MEMBER, "t.lee", "network", hours=-1),
    }[wrong.by]
    path = f"/cases/{wrong.number or number}/{wrong.verb}"
    return by.post(path, wrong.body, match=wrong.match, **{"Content-Type": wrong.kind})


@pytest.mark.parametrize("pairs", [PAIRS, RULES], ids=["what HTTP checks", "what the desk's rules check"])
def test_the_earlier_of_two_refusals_is_answered(
    running: RunningDesk, positions: Callable[[], int], subtests: pytest.Subtests, pairs: tuple[Wrong, ...]
) -> None:
    number = running.assigned()
    before = positions()
    for wrong in pairs:
        with subtests.test(f"{wrong.earlier[1]} before {wrong.later} ({wrong.verb})"):
            refused(send(running, number, wrong), *wrong.earlier)
    assert positions() == before


def test_the_same_order_holds_for_logging(running: RunningDesk, positions: Callable[[], int]) -> None:
    refused(running.auditor.post("/cases", HUGE), *FORBIDDEN)
    refused(running.auditor.post("/cases", b"x", **{"Content-Type": "text/plain"}), *FORBIDDEN)
    refused(running.technician.post("/cases", b"x", **{"Content-Type": "text/plain"}), *UNSUPPORTED)
    refused(running.caller(Role.TECHNICIAN, "a.ortiz", hours=-1).post("/cases", b"{"), *UNAUTHENTICATED)
    assert positions() == 0


def test_a_customer_learns_nothing_of_other_cases_by_being_wrong_about_them(
    running: RunningDesk, positions: Callable[[], int]
) -> None:
    number = running.resolved()
    other = running.caller(Role.CUSTOMER, "somebody.else")
    before = positions()
    answers = [
        other.post(f"/cases/{number}/dispute", {"reason": "not mine"}),
        other.post(f"/cases/{number}/dispute", HUGE),
        other.post(f"/cases/{number}/dispute", b"{"),
        other.post(f"/cases/{number}/dispute", {"reason": "not mine"}, match=None),
        other.post(f"/cases/{number}/dispute", {"reason": "not mine"}, match='"v1"'),
        other.post(f"/cases/{number}/notes", {"text": "not mine"}),
        other.post(f"/cases/{number}/follow-up", incident()),
        other.get(f"/cases/{number}"),
        other.get(f"/cases/{number}", version=10_000),
        other.get(f"/cases/{number}", version=0),
        other.get(f"/cases/{number}/history"),
        other.get(f"/cases/{number}/attachments", limit=0),
        other.get(f"/cases/{number}/attachments", cursor="x"),
        other.http.post(f"/cases/{number}/attachments", content=b"x", params={"visible_to_customer": "maybe"}),
    ]
    unknown = refused(other.get("/cases/INC-9999999"), *NOT_FOUND)
    for answer in answers:
        told = refused(answer, *NOT_FOUND)
        assert told["detail"].replace(number, "INC-9999999") == unknown["detail"]
    assert positions() == before


def test_a_reused_key_is_a_422_and_so_before_what_the_case_is_like(running: RunningDesk) -> None:
    number = running.assigned()
    done(running.technician.post(f"/cases/{number}/pend", {"reason_code": "vendor"}, key="k"))
    other: Mapping[str, str] = {"reason_code": "customer"}
    for match in ("*", '"v1"', None):
        answer = running.technician.post(f"/cases/{number}/pend", other, key="k", match=match)
        refused(answer, 422, "idempotency-key-reused")


def test_reading_is_refused_in_the_same_order(running: RunningDesk, subtests: pytest.Subtests) -> None:
    number = running.log()["number"]
    expired, intake = running.caller(Role.AUDITOR, "x", hours=-1), running.caller(Role.INTAKE, "mail")
    unsure = {"Wait-For-Position": "soon"}
    ways = [
        *((expired, path, UNAUTHENTICATED) for path in ("/cases?limit=0", "/queues/x?as_of=now", "/events?after=-1")),
        *((intake, path, FORBIDDEN) for path in ("/cases?limit=0", "/queues/x?as_of=now", "/reports/volume?by=x")),
        *((intake, path, FORBIDDEN) for path in ("/cases?cursor=x", "/cases?colour=red", "/events?after=-1")),
        *((intake, path, FORBIDDEN) for path in ("/cases/INC-9999999", f"/cases/{number}?version=0", "/reports/x")),
        (running.auditor, "/cases/INC-9999999?version=0", NOT_FOUND),
        (running.auditor, "/reports/nonsense?by=x", NOT_FOUND),
    ]
    for by, path, earlier in ways:
        with subtests.test(f"{earlier[1]}: {path}"):
            refused(by.get(path), *earlier)
    for by, earlier in ((expired, UNAUTHENTICATED), (intake, FORBIDDEN)):
        with subtests.test(f"{earlier[1]} before Wait-For-Position"):
            refused(by.get("/cases", headers=unsure), *earlier)
