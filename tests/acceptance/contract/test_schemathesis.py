"""schemathesis, with all its checks, finds nothing in our OpenAPI document that the desk does not do.

Its phases `examples` and `coverage` send the same 7,600 requests each time: the examples, every boundary of every schema, and
what lies beyond. For more, run it by hand against `caseledger serve --demo` with `--phases fuzzing,stateful`.
"""

from __future__ import annotations

import json
from pathlib import Path

from domain.values import Role
from tests.acceptance.conftest import RunningDesk, incident
from tests.acceptance.contract.conftest import Run

CONFIG = """
[checks.positive_data_acceptance] # what is there, in which state, and with which team, is no matter of a schema
expected-statuses = ["2xx", "401", "403", "404", "409", "410", "412", "428", "429", "503"]
[checks.not_a_server_error] # nobody seals here, and a bundle is told to come again
expected-statuses = ["2xx", "3xx", "4xx", "503"]
[checks.missing_required_header] # RFC 6585: 428 asks for If-Match
expected-statuses = ["400", "401", "403", "404", "406", "415", "422", "428"]
"""
ROLES = (Role.TECHNICIAN, Role.ADMIN, Role.AUDITOR, Role.INTAKE, Role.CUSTOMER, Role.DUTY_MANAGER, Role.REPORTER)


def test_no_check_of_schemathesis_fails(desk: RunningDesk, document: Path, outside: Run, tmp_path: Path) -> None:
    callers = {role: desk.caller(role, f"s.{role}") for role in ROLES} | {Role.TEAM_MEMBER: desk.network}
    tokens = {role: caller.http.headers["Authorization"].removeprefix("Bearer ") for role, caller in callers.items()}
    for _ in range(8):
        desk.technician.post("/cases", incident())
    assert desk.assigned() == "INC-0000009", "the case of the examples"
    for problem in range(4):  # PRB-0000004 is the Problem Case of the examples
        desk.technician.post("/problems", {"title": f"Problem {problem}", "description": "weekly"})
    (tmp_path / "schemathesis.toml").write_text(CONFIG, "utf-8")
    found = outside(
        "schemathesis.cli",
        *("run", str(document), "--url", desk.url, "--checks", "all", "--continue-on-failure", "--no-color"),
        *("--phases", "examples,coverage", "--seed", "1"),
        TOKENS=json.dumps(tokens),
        SCHEMATHESIS_HOOKS="tests.acceptance.contract.hooks",
    )
    assert found.returncode == 0, found.stdout[-20_000:] + found.stderr[-2_000:]
