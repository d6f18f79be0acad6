"""The SOP's table of states and commands (requirements.md), row by row and for every role, over HTTP.

The table below is written from the SOP and not imported from the domain: two readings of one text are compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from api.http.routes.verbs import VERBS
from domain.values import Role
from tests.acceptance.conftest import FIXED, VERIFIED, Answer, Caller, RunningDesk, done, incident
from tests.acceptance.office import DHS, administrator, put

STATUSES = ("logged", "triaged", "prioritized", "in_diagnosis", "assigned", "resolved", "closed")
ANY, OPEN = frozenset(STATUSES), frozenset(STATUSES) - {"closed"}
WORKED = frozenset({"prioritized", "in_diagnosis", "assigned"})
SETTLED = frozenset({"resolved", "closed"})
WITH_THE_TEAM = frozenset({"assigned", "resolved", "closed"})
"""The statuses in which our cases have a team: before, nobody is of it."""

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
ELSEWHERE = {"help_desk": "dhs", "contact": {"method": "phone", "outcome": "informed"}}
MAJOR = {"owner": "t.lee", "communication_every_minutes": 30, "management_contact": "the office of the CIO"}
REVIEWED = {"obligation": "review_major", "method": "meeting"}
TABLE = {
    "triage": Row(frozenset({"logged"}), "triaged", ("technician",), {"owner": "desk"}),
    "refer": Row(frozenset({"logged", "triaged"}), "resolved", ("technician",), ELSEWHERE),
    "prioritize": Row(OPEN - {"logged"}, None, ("technician",), {"impact": 1, "severity": 2}, team=True),
    "diagnose": Row(WORKED, None, ("technician",), {"symptoms": "s", "findings": "f"}, team=True),
    "known-errors": Row(WORKED, None, ("technician",), {"query": "q", "shown": [], "applied": False}, team=True),
    "relate": Row(ANY, None, ("technician",), {"kind": "related"}, team=True),
    "unrelate": Row(ANY, None, ("technician",), {"reason": "another printer"}, team=True),
    "assign": Row(WORKED, "assigned", ("technician",), {"team": "network", "diagnosis": "d"}, team=True),
    "accept": Row(frozenset({"assigned"}), "assigned", (), {}, team=True),
    "hand-back": Row(frozenset({"assigned"}), "in_diagnosis", (), {"reason": "not ours"}, team=True),
    "pend": Row(WORKED, None, ("technician",), {"reason_code": "customer"}, team=True),
    "resume": Row(WORKED, None, ("technician",), {}, team=True),
    "nominate-major": Row(OPEN, None, ("technician", "intake"), {"reason": "a whole floor"}),
    "declare-major": Row(frozenset({"assigned"}), None, ("duty_manager",), MAJOR, team=True),
    "reject-major": Row(frozenset({"assigned"}), None, ("duty_manager",), {"reason": "one printer"}, team=True),
    "verify": Row(frozenset({"in_diagnosis", "assigned"}), None, ("technician",), NO, team=True),
    "resolve": Row(frozenset({"in_diagnosis", "assigned"}), "resolved", ("technician",), FIXED, team=True),
    "dispute": Row(SETTLED, "assigned", ("technician", "owner"), {"reason": "no"}),
    "reopen": Row(frozenset({"resolved"}), "assigned", ("technician", "duty_manager"), {"reason": "again"}, team=True),
    "close": Row(frozenset({"resolved"}), "closed", ("technician", "owner", "duty_manager"), {}, team=True),
    "notes": Row(ANY, None, READERS, {"text": "n"}),
    "attachments": Row(ANY, None, READERS, {}),
    "correct": Row(OPEN, None, ("technician",), {"field": "asset", "value": "p-2", "reason": "read wrong"}, team=True),
    "follow-up": Row(frozenset({"closed"}), "logged", ("technician", "owner"), {}),
    # R-5.9f and what the table ends with: "Erasure and holds: admin with an auditor's approval recorded".
    "hold": Row(ANY, "requested", ("admin",), {"reason": "a claim"}),
    "release-hold": Row(ANY, "requested", ("admin",), {"reason": "settled"}),
    # What the clauses ask for beside the table: R-5.2c, R-5.6b, R-5.7c and R-5.9g, R-5.7d, R-5.9c.
    "waive": Row(OPEN - {"resolved"}, None, ("technician",), {"reason": "he stood at the counter"}, team=True),
    "consult": Row(OPEN, None, ("technician",), {}, team=True),
    "answer-consultation": Row(OPEN, None, ("team",), {"answer": "the same server"}),
    "discharge": Row(WITH_THE_TEAM, None, ("technician", "duty_manager"), REVIEWED, team=True),
    "fan-out": Row(SETTLED, None, ("duty_manager",), {}, team=True),
    "suspect-dispute": Row(SETTLED, None, ("technician", "intake"), {"text": "thanks, but the other printer?"}),
    "uphold-dispute": Row(SETTLED, "assigned", ("technician",), {}),
    "dismiss-dispute": Row(SETTLED, None, ("technician",), {"reason": "he meant another one"}),
}
MOVES = {
    ("prioritize", "triaged"): "prioritized",
    ("diagnose", "prioritized"): "in_diagnosis",
    ("known-errors", "prioritized"): "in_diagnosis",
}
"""Where a command changes the status from one status only."""
IN_THE_PLACE_OF_OTHERS = ("declare-major", "reject-major", "close")
"""What the duty manager does only when a team is late (R-5.7b), or nobody could be informed (R-5.9g): here they are not."""


def expected(verb: str, status: str, by: str) -> set[tuple[int, str]]:
    """What the SOP says: the problem, or the status the case is in after."""
    row = TABLE[verb]
    if told := _refused(row, verb, status, by):
        return told
    if (verb, status, by) == ("resolve", "assigned", "technician"):
        return {(409, "invalid-transition")}  # "resolve | assigned | team_member of the team"
    if status not in row.since:
        early = {(409, "priority-required")} if status == "triaged" else set()
        return {(409, "invalid-transition")} | early
    return {(200, row.to or MOVES.get((verb, status), status))}


def _refused(row: Row, verb: str, status: str, by: str) -> set[tuple[int, str]]:
    """How somebody is refused for who he is; nothing when he is not."""
    if by == "stranger" and "owner" in row.who:
        return {(404, "not-found")}
    if by == "duty_manager" and verb in IN_THE_PLACE_OF_OTHERS:
        return {(403, "forbidden")} | ({(409, "invalid-transition")} if status not in row.since else set())
    if verb == "answer-consultation" and by in ("technician", "other_team"):  # the team that was asked answers
        return {(403, "not-assigned-team") if status in row.since else (409, "invalid-transition")}
    if not (by in row.who or (row.team and by in ("team", "other_team"))):
        return {(403, "forbidden")}
    if by not in row.who and (by == "other_team" or (by == "team" and status not in WITH_THE_TEAM)):
        return {(403, "not-assigned-team")}
    return set()


BY_PHONE = {"name": "Jo Field", "phone": "405-555-0001"}
NOBODY = {"name": "Somebody"}
"""Who left no way to reach him: there is something to waive, as long as the case is not resolved."""


class Bench:
    """Cases in one status, and everybody who might act on them."""

    def __init__(self, running: RunningDesk, status: str) -> None:
        self.running, self.status = running, status
        self.owner = running.log(customer=BY_PHONE)["customer"]["id"]
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
        self.other, self.first = running.log()["number"], running.assigned()
        """A case to relate to, and one of the team `network` to ask about."""

    def case(self, verb: str) -> str:
        """A fresh case in the status, with all that the command asks for beside it: nothing but the table decides."""
        incomplete = verb == "waive" and self.status not in SETTLED
        number: str = self.running.log(customer=NOBODY if incomplete else BY_PHONE)["number"]
        for status, by, step, body in self._way():
            if verb == "discharge" and step == "verify":
                self._do(number, "team", "declare-major", MAJOR)
            self._do(number, by, step, body)
            if status == self.status:
                break
        self._prepare(number, verb)
        return number

    def _way(self) -> list[tuple[str, str, str, dict[str, Any]]]:
        """From `logged` to the status: where each step leads, and by whom it is taken."""
        way: list[tuple[str, str, str, dict[str, Any]]] = [
            ("triaged", "technician", "triage", {"owner": "desk"}),
            ("prioritized", "technician", "prioritize", {"impact": 2, "severity": 2}),
            ("in_diagnosis", "technician", "diagnose", {"symptoms": "s", "findings": "f"}),
            ("assigned", "technician", "assign", {"team": "network"}),
            ("", "team", "verify", VERIFIED),
            ("resolved", "team", "resolve", FIXED),
            ("closed", "technician", "close", {}),
        ]
        return [] if self.status == "logged" else way

    def _prepare(self, number: str, verb: str) -> None:
        since, suspect = self.status in TABLE[verb].since, "suspect-dispute"
        if verb == "resume" and since:
            self._do(number, "technician", "pend", {"reason_code": "vendor"})
        elif verb == "resolve" and self.status == "assigned":
            self._do(number, "team", "verify", VERIFIED)
        elif verb == "release-hold":
            self._do(number, "admin", "hold", TABLE["hold"].body)
            done(self.callers["auditor"].post(f"/approvals/hold:{number}/approve", {}))
        elif verb == "unrelate":
            self._do(number, "technician", "relate", {"case": self.other, "kind": "related"})
        elif verb == "answer-consultation" and since:
            self._do(number, "technician", "consult", {"case": self.first})
        elif verb == "reject-major" and since:
            self._do(number, "technician", "nominate-major", {"reason": "a whole floor"})
        elif verb == "fan-out" and since:
            part = self.running.log(symptoms="jobs stay queued")["number"]
            self._do(number, "technician", "relate", {"case": part, "kind": "related"})
        elif verb in ("uphold-dispute", "dismiss-dispute") and since:
            self._do(number, "technician", suspect, TABLE[suspect].body)
        elif verb == "discharge" and self.status == "assigned":
            self._do(number, "team", "declare-major", MAJOR)

    def _do(self, number: str, by: str, verb: str, body: dict[str, Any]) -> None:
        if verb == "close":  # the customer's word counts only when it came after the resolution
            now = datetime.now(UTC).isoformat()
            body = {"confirmation": {"method": "phone", "by": "Jo Field", "at": now}}
        done(self.callers[by].post(f"/cases/{number}/{verb}", body))

    def send(self, number: str, verb: str, by: str) -> Answer:
        body = TABLE[verb].body
        if verb == "attachments":
            return self.callers[by].http.post(
                f"/cases/{number}/attachments", content=b"a log", params={"name": "a.txt"}
            )
        if verb == "close" and by != "owner":
            now = datetime.now(UTC).isoformat()
            body = {"confirmation": {"method": "phone", "by": "Jo Field", "at": now}, "reason": "he said so"}
        elif verb == "follow-up":
            body = incident()
        elif verb in ("relate", "unrelate"):
            body = {**body, "case": self.other}
        elif verb in ("consult", "answer-consultation"):
            body = {**body, "case": self.first}
        return self.callers[by].post(f"/cases/{number}/{verb}", body)


def outcome(answer: Answer) -> tuple[int, str]:
    body = answer.json()
    if answer.is_success:
        return 200, body["status"]
    return answer.status_code, body["type"].rsplit("/", 1)[-1]


@pytest.fixture(scope="module", autouse=True)
def _directory(running: RunningDesk) -> None:
    """Another desk, to refer to."""
    done(put(administrator(running), "/help-desks/dhs", DHS))


def test_the_table_has_every_command_there_is() -> None:
    on_cases = {verb.path.rsplit("/", 1)[-1] for verb in VERBS if verb.path.startswith("/cases/")}
    assert TABLE.keys() == on_cases | {"attachments"}


@pytest.mark.parametrize("status", STATUSES)
def test_r_6a_the_table_decides_who_may_do_what(
    running: RunningDesk, positions: Callable[[], int], status: str
) -> None:
    bench = Bench(running, status)
    told: dict[tuple[str, str], tuple[int, str]] = {}
    wrong: dict[tuple[str, str], set[tuple[int, str]]] = {}
    for verb in TABLE:
        says = {by: expected(verb, status, by) for by in CALLERS}
        denied = [by for by, said in says.items() if all(code != 200 for code, _ in said)]
        number, before = bench.case(verb), positions()
        for by in denied:
            told[verb, by] = outcome(bench.send(number, verb, by))
            if told[verb, by][0] == 200:  # wrongly: the others shall be asked of the status they are meant for
                number, before = bench.case(verb), positions()
        assert positions() == before, f"a denied {verb} appends nothing"
        for by in says.keys() - set(denied):
            told[verb, by] = outcome(bench.send(bench.case(verb), verb, by))
        wrong |= {(verb, by): said for by, said in says.items() if told[verb, by] not in said}
    assert {pair: (told[pair], said) for pair, said in wrong.items()} == {}


def test_r_6a_the_table_decides_who_logs(running: RunningDesk, positions: Callable[[], int]) -> None:
    bench = Bench(running, "logged")
    before = positions()
    found = {by: outcome(caller.post("/cases", incident())) for by, caller in bench.callers.items()}
    may = {"technician", "owner", "stranger", "intake"}
    assert found == {by: (200, "logged") if by in may else (403, "forbidden") for by in CALLERS}
    assert positions() == before + len(may) + len({"owner", "stranger"}), "who logs a case himself is told so by mail"


PROBLEMS = {
    "investigate": {"findings": "memory grows"},
    "root-cause": {"cause": "the driver leaks"},
    "known-error": {"title": "t", "symptoms": "s", "workaround": "w"},
    "prioritize": {"priority": 2},
    "resolve": {"solution": "driver 4.3"},
    "reopen": {"reason": "again"},
    "close": {},
}
"""SOP 5.8.1: who works on incidents works on their problems."""


def test_r_6a_problems_are_worked_on_by_the_desk_and_the_teams(
    running: RunningDesk, positions: Callable[[], int]
) -> None:
    on_problems = {
        verb.path.removeprefix("/problems/{number}/") for verb in VERBS if verb.path.startswith("/problems/")
    }
    assert on_problems == PROBLEMS.keys()
    bench = Bench(running, "logged")
    opened = {"title": "Spooler leaks", "description": "weekly"}
    number = done(running.technician.post("/problems", opened))["number"]
    before = positions()
    for by in set(CALLERS) - {"technician", "team", "other_team"}:
        assert outcome(bench.callers[by].post("/problems", opened)) == (403, "forbidden"), by
        for verb, body in PROBLEMS.items():
            answer = bench.callers[by].post(f"/problems/{number}/{verb}", body)
            assert outcome(answer) == (403, "forbidden"), (verb, by)
    assert positions() == before
    steps = (
        ("technician", "investigate", "investigated"),
        ("other_team", "root-cause", "investigated"),
        ("team", "known-error", "known_error"),
        ("team", "prioritize", "known_error"),
        ("team", "resolve", "resolved"),
        ("technician", "reopen", "investigated"),
        ("team", "resolve", "resolved"),
        ("technician", "close", "closed"),
    )
    for by, verb, status in steps:
        answer = bench.callers[by].post(f"/problems/{number}/{verb}", PROBLEMS[verb])
        assert outcome(answer) == (200, status), verb


@pytest.mark.parametrize("status", ["in_diagnosis", "assigned"])
def test_r_5_9c_a_reopened_case_goes_on_where_it_was(running: RunningDesk, status: str) -> None:
    number = Bench(running, status).case("resolve")
    by = running.network if status == "assigned" else running.technician
    done(by.post(f"/cases/{number}/resolve", FIXED))
    assert outcome(running.technician.post(f"/cases/{number}/dispute", {"reason": "no"})) == (200, status)
