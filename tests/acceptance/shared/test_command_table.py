"""The SOP's table of states and commands (requirements.md), row by row and for every role, over HTTP.

The table below is written from the SOP and not imported from the domain: two readings of one text are compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from api.http.commands import VERBS
from domain.values import Role
from tests.acceptance.conftest import FIXED, VERIFIED, Answer, Caller, RunningDesk, done, incident

STATUSES = ("logged", "triaged", "prioritized", "in_diagnosis", "assigned", "resolved", "closed")
ANY, OPEN = frozenset(STATUSES), frozenset(STATUSES) - {"closed"}
WORKED = frozenset({"prioritized", "in_diagnosis", "assigned"})

READERS = ("technician", "team", "other_team", "duty_manager", "auditor", "reporter", "owner")
"""Who may see a case: a note is everybody's who does. `owner` is the customer it is about, `stranger` another one."""
CALLERS = (*READERS, "stranger", "intake", "admin")


@dataclass(frozen=True)
class Row:
    """From which statuses, to which (None: unchanged), and who; ``team`` says that members of the case's team may."""

    since: frozenset[str]
    to: str | None
    who: tuple[str, ...]
    body: dict[str, Any]
    team: bool = False


NO = {"satisfactory": False, "able_to_work": False, "method": "phone"}
TABLE = {
    "triage": Row(frozenset({"logged"}), "triaged", ("technician",), {"owner": "desk"}),
    "prioritize": Row(OPEN - {"logged"}, None, ("technician",), {"impact": 1, "severity": 2}, team=True),
    "diagnose": Row(WORKED, None, ("technician",), {"symptoms": "s", "findings": "f"}, team=True),
    "assign": Row(WORKED, "assigned", ("technician",), {"team": "network", "diagnosis": "d"}, team=True),
    "accept": Row(frozenset({"assigned"}), "assigned", (), {}, team=True),
    "hand-back": Row(frozenset({"assigned"}), "in_diagnosis", (), {"reason": "not ours"}, team=True),
    "pend": Row(WORKED, None, ("technician",), {"reason_code": "customer"}, team=True),
    "resume": Row(WORKED, None, ("technician",), {}, team=True),
    "verify": Row(frozenset({"in_diagnosis", "assigned"}), None, ("technician",), NO, team=True),
    "resolve": Row(frozenset({"in_diagnosis", "assigned"}), "resolved", ("technician",), FIXED, team=True),
    "dispute": Row(frozenset({"resolved", "closed"}), "assigned", ("technician", "owner"), {"reason": "no"}),
    "reopen": Row(frozenset({"resolved"}), "assigned", ("technician", "duty_manager"), {"reason": "again"}, team=True),
    "close": Row(frozenset({"resolved"}), "closed", ("technician", "owner"), {}, team=True),
    "notes": Row(ANY, None, READERS, {"text": "n"}),
    "correct": Row(OPEN, None, ("technician",), {"field": "asset", "value": "p-2", "reason": "read wrong"}, team=True),
    "follow-up": Row(frozenset({"closed"}), "logged", ("technician", "owner"), {}),
}
MOVES = {("prioritize", "triaged"): "prioritized", ("diagnose", "prioritized"): "in_diagnosis"}
"""Where a command changes the status from one status only."""
WITH_THE_TEAM = frozenset({"assigned", "resolved", "closed"})
"""The statuses in which our cases have a team: before, nobody is of it."""


def expected(verb: str, status: str, by: str) -> set[tuple[int, str]]:
    """What the SOP says: the problem, or the status the case is in after."""
    row = TABLE[verb]
    if by == "stranger" and "owner" in row.who:
        return {(404, "not-found")}
    if not (by in row.who or (row.team and by in ("team", "other_team"))):
        return {(403, "forbidden")}
    if by not in row.who and (by == "other_team" or (by == "team" and status not in WITH_THE_TEAM)):
        return {(403, "not-assigned-team")}
    if (verb, status, by) == ("resolve", "assigned", "technician"):
        return {(409, "invalid-transition")}  # "resolve | assigned | team_member of the team"
    if status not in row.since:
        early = {(409, "priority-required")} if status == "triaged" else set()
        return {(409, "invalid-transition")} | early
    return {(200, row.to or MOVES.get((verb, status), status))}


class Bench:
    """Cases in one status, and everybody who might act on them."""

    def __init__(self, running: RunningDesk, status: str) -> None:
        self.running, self.status = running, status
        self.owner = running.log()["customer"]["id"]
        self.callers: dict[str, Caller] = {
            "technician": running.technician,
            "team": running.network,
            "other_team": running.messaging,
            "duty_manager": running.caller(Role.DUTY_MANAGER, "d.manager"),
            "auditor": running.auditor,
            "reporter": running.caller(Role.REPORTER, "monthly.report"),
            "owner": running.caller(Role.CUSTOMER, self.owner),
            "stranger": running.caller(Role.CUSTOMER, "somebody.else"),
            "intake": running.caller(Role.INTAKE, "mail.gateway"),
            "admin": running.caller(Role.ADMIN, "root"),
        }

    def case(self) -> str:
        """A fresh case in the status."""
        if self.status == "logged":
            number: str = self.running.log()["number"]
        elif self.status == "triaged":
            number = self.running.log()["number"]
            done(self.running.technician.post(f"/cases/{number}/triage", {"owner": "desk"}))
        else:
            number = getattr(self.running, self.status)()
        return number

    def prepare(self, number: str, verb: str) -> None:
        """What the command asks for beside the status, so that nothing but the table decides."""
        if verb == "resume" and self.status in WORKED:
            done(self.running.technician.post(f"/cases/{number}/pend", {"reason_code": "vendor"}))
        if verb == "resolve" and self.status == "assigned":
            done(self.running.network.post(f"/cases/{number}/verify", VERIFIED))

    def send(self, number: str, verb: str, by: str) -> Answer:
        body = TABLE[verb].body
        now = datetime.now(UTC).isoformat()
        if verb == "close" and by != "owner":
            body = {"confirmation": {"method": "phone", "by": "Jo Field", "at": now}}
        if verb == "follow-up":
            body = incident()
        return self.callers[by].post(f"/cases/{number}/{verb}", body)


def outcome(answer: Answer) -> tuple[int, str]:
    body = answer.json()
    if answer.is_success:
        return 200, body["status"]
    return answer.status_code, body["type"].rsplit("/", 1)[-1]


def test_the_table_has_every_command_there_is() -> None:
    assert TABLE.keys() == {verb.path.rsplit("/", 1)[-1] for verb in VERBS if verb.command != "log"}


@pytest.mark.parametrize("status", STATUSES)
def test_r_6a_the_table_decides_who_may_do_what(
    running: RunningDesk, positions: Callable[[], int], status: str
) -> None:
    bench = Bench(running, status)
    everything = {(verb, by): expected(verb, status, by) for verb in TABLE for by in CALLERS}
    allowed = {pair for pair, told in everything.items() if all(code == 200 for code, _ in told)}
    found: dict[tuple[str, str], tuple[int, str]] = {}
    number = bench.case()
    bench.prepare(number, "resolve")
    before = positions()
    for verb, by in sorted(everything.keys() - allowed):
        answer = bench.send(number, verb, by)
        found[verb, by] = outcome(answer)
        if answer.is_success:  # wrongly: the others shall be asked of the status they are meant for
            number = bench.case()
            bench.prepare(number, "resolve")
            before = positions()
    assert positions() == before, "a denied command appends nothing"
    for verb, by in sorted(allowed):
        fresh = number if verb in ("notes", "correct") else bench.case()
        bench.prepare(fresh, verb)
        found[verb, by] = outcome(bench.send(fresh, verb, by))
    assert {pair: got for pair, got in found.items() if got not in everything[pair]} == {}


def test_r_6a_the_table_decides_who_logs(running: RunningDesk, positions: Callable[[], int]) -> None:
    bench = Bench(running, "logged")
    before = positions()
    found = {by: outcome(caller.post("/cases", incident())) for by, caller in bench.callers.items()}
    may = {"technician", "owner", "stranger", "intake"}
    assert found == {by: (200, "logged") if by in may else (403, "forbidden") for by in CALLERS}
    assert positions() == before + len(may)


@pytest.mark.parametrize("status", ["in_diagnosis", "assigned"])
def test_r_5_9c_a_reopened_case_goes_on_where_it_was(running: RunningDesk, status: str) -> None:
    number = Bench(running, status).case()
    if status == "assigned":
        done(running.network.post(f"/cases/{number}/verify", VERIFIED))
    by = running.network if status == "assigned" else running.technician
    done(by.post(f"/cases/{number}/resolve", FIXED))
    assert outcome(running.technician.post(f"/cases/{number}/dispute", {"reason": "no"})) == (200, status)
