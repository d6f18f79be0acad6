"""`caseledger serve` as an operator meets it: one command, killed in every way, nothing lost."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import smtplib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from infrastructure.transparency.sealer_folder import SealerFolder
from tests.acceptance.conftest import incident
from tests.acceptance.operating import Served, demonstration, folder, run
from tests.waiting import until

__all__ = ["folder"]
DEMONSTRATED = 12
"""Cases of the demonstration."""


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """A desk that goes on, whatever is done here to its parts; the last tests leave it broken."""
    with demonstration() as running:
        yield running


def server_runs(folder: Path) -> bool:
    return (folder / "cluster" / "postmaster.pid").exists()


def wait_for(pid: int) -> None:
    """Until a process that is no child of ours is gone."""

    def is_gone() -> bool:
        try:
            return not Path(f"/proc/{pid}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return True

    until(is_gone)


def test_a_newcomer_gets_tokens_a_curl_line_that_works_and_a_desk_with_cases(served: Served) -> None:
    (curl,) = [line.strip() for line in served.lines if line.strip().startswith("curl ")]
    answer = subprocess.run([*shlex.split(curl), "-sf"], capture_output=True, text=True, check=True)
    assert {queue["name"] for queue in json.loads(answer.stdout)["items"]} >= {
        "network",
        "messaging",
        "triage",
        "resolved",
    }
    with served.client("auditor") as http:
        items = http.get("/cases").json()["items"]
        assert {item["status"] for item in items} == {
            "logged", "triaged", "prioritized", "in_diagnosis", "assigned", "resolved", "closed",
        }  # fmt: skip
        assert len(items) == DEMONSTRATED + served.logged
    for role in ("technician", "team_member", "duty_manager", "auditor", "reporter", "customer", "intake", "admin"):
        assert served.token(role).count(".") == 2


def test_without_a_demonstration_nobody_is_granted_anything_and_no_token_is_printed(folder: Path) -> None:
    desk = Served(folder, token_days="30")
    try:
        assert not re.search(r"eyJ[\w-]+\.", "\n".join(desk.lines)), desk.lines
        assert any("caseledger token" in line for line in desk.lines)
        with httpx.Client(base_url=desk.url, timeout=30) as http:
            assert http.get("/readyz").json()["ledger_position"] == 1, "the policy, and nothing else"
        with desk.client("auditor") as http:
            assert [item["subject"] for item in http.get("/grants").json()["items"]] == ["some.auditor"]
    finally:
        desk.end(signal.SIGTERM)


def test_other_commands_join_the_running_desk(served: Served) -> None:
    number, position = served.log()
    token = run("token", "--role", "auditor", "--subject", "r.audit", "--data-dir", served.folder)
    assert token.returncode == 0
    assert re.fullmatch(r"[\w.-]+\n", token.stdout)
    with httpx.Client(base_url=served.url, headers={"Authorization": f"Bearer {token.stdout.strip()}"}) as http:
        assert http.get(f"/cases/{number}").json()["number"] == number
        while (listed := http.get("/cases", headers={"Wait-For-Position": position})).status_code == 503:
            assert listed.headers["Retry-After"] == "1"
        listed.raise_for_status()
    status = json.loads(run("status", "--json", "--data-dir", served.folder).stdout)
    # The mail worker is at work as well: what it records of the demonstration's mails comes after.
    assert int(position) <= status["views_position"] <= status["ledger_position"]
    report = json.loads(run("report", "volume", "--format", "json", "--data-dir", served.folder).stdout)
    assert report["totals"]["cases"] == DEMONSTRATED + served.logged
    assert server_runs(served.folder)
    assert run("rebuild", "--shadow", "--data-dir", served.folder).returncode == 0


def test_a_second_serve_on_the_same_directory_is_refused(served: Served) -> None:
    second = run("serve", "--port", "0", "--data-dir", served.folder)
    assert second.returncode == 2
    assert "another `caseledger serve` is running" in second.stderr
    assert str(served.folder) in second.stderr
    served.log()


def test_however_it_ends_the_next_one_has_all_that_was_logged(folder: Path) -> None:
    """Asked to end, it stops its workers and its database. Killed, it may leave the database to the next, which stops it."""
    numbers = list[str]()
    for how in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL, signal.SIGTERM):
        desk = Served(folder)
        with desk.client() as http:
            assert [http.get(f"/cases/{number}").status_code for number in numbers] == [200] * len(numbers)
            listed = http.get("/cases").json()["items"]
            assert len(listed) == DEMONSTRATED + len(numbers), "the demonstration is loaded once"
        numbers.append(desk.log()[0])
        worker = desk.worker()
        assert desk.end(how) == (-signal.SIGKILL if how is signal.SIGKILL else 0)
        wait_for(worker)
        assert how is signal.SIGKILL or not server_runs(folder)


def test_a_killed_projector_is_started_again_and_misses_nothing(served: Served) -> None:
    served.log()
    os.kill(served.worker(), signal.SIGKILL)
    _, position = served.log()
    with served.client() as http:
        while (answer := http.get("/cases", headers={"Wait-For-Position": position})).status_code == 503:
            assert answer.headers["Retry-After"] == "1"
        assert answer.json()["as_of_position"] >= int(position)
        assert len(answer.json()["items"]) == DEMONSTRATED + served.logged


def test_a_killed_database_is_started_again_and_nothing_committed_is_lost(served: Served) -> None:
    number, _ = served.log()
    postmaster = int((served.folder / "cluster" / "postmaster.pid").read_text(encoding="utf-8").split()[0])
    os.kill(postmaster, signal.SIGKILL)
    wait_for(postmaster)
    with served.client() as http:
        assert http.get("/healthz").status_code == 200
        for _ in range(200):  # each refusal says so, and when to come back
            answer = http.post("/cases", json=incident())
            if answer.status_code == 201:
                served.logged += 1
                break
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert answer.status_code == 201
        after = {"Wait-For-Position": answer.headers["Position"]}
        while (listed := http.get("/cases", headers=after)).status_code == 503:
            assert listed.headers["Retry-After"] == "1"
        assert [item["number"] for item in listed.json()["items"]][:2] == [answer.json()["number"], number]


def test_a_data_directory_the_servers_user_cannot_reach_is_named(folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root runs the server as another user")
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    told = run("status", "--data-dir", closed / "data")
    assert told.returncode == 2
    assert str(closed) in told.stderr
    assert "Traceback" not in told.stderr


def test_help_reads_like_documentation_and_needs_no_database() -> None:
    told = run("--help")
    assert told.returncode == 0
    for command in (
        "serve",
        "api",
        "worker",
        "migrate",
        "token",
        "import",
        "report",
        "rebuild",
        "replay",
        "status",
        "roles",
        "settings",
    ):
        assert command in told.stdout
    roles = json.loads(run("roles", "--json").stdout)
    assert {row["command"] for row in roles["commands"]} >= {"log", "triage", "resolve", "dispute", "close"}
    variables = {row["variable"] for row in json.loads(run("settings", "--json").stdout)}
    assert {"CASELEDGER_DATABASE_URL", "CASELEDGER_PG_BIN", "CASELEDGER_DATA_DIR"} <= variables


def test_a_token_made_before_the_first_serve_does_not_cost_the_demonstration_its_cases(folder: Path) -> None:
    token = run("token", "--role", "technician", "--subject", "z.early", "--data-dir", folder).stdout.strip()
    served = Served(folder)
    try:
        answer = httpx.get(f"{served.url}/cases?limit=200", headers={"Authorization": f"Bearer {token}"}, timeout=30)
        assert len(answer.json()["items"]) == DEMONSTRATED
    finally:
        served.end(signal.SIGTERM)


def test_what_contradicts_the_log_from_outside_is_said_by_status(served: Served) -> None:
    SealerFolder(served.folder / "sealer").contradict({"witness w.example": "it has cosigned another one"})
    status = run("status", "--json", "--data-dir", served.folder)
    assert status.returncode == 1
    assert json.loads(status.stdout)["contradicted_by"] == {"witness w.example": "it has cosigned another one"}


def test_a_halted_projector_is_said_by_status_and_readyz(served: Served) -> None:
    number, _ = served.log()
    with psycopg.connect(f"host={served.folder}/socket user=postgres dbname=caseledger", autocommit=True) as superuser:
        ((position,),) = superuser.execute(
            "INSERT INTO ledger.stored_events (originator_id, originator_version, topic, state) "
            "VALUES (gen_random_uuid(), 1, 'case.unheard_of', '{}') RETURNING notification_id"
        )
        superuser.execute("NOTIFY stored_events")
    with served.client() as http:
        ready: Any = None
        while ready is None or ready.status_code == 200:
            ready = http.get("/readyz")
        assert ready.status_code == 503
        assert f"before position {position}" in ready.json()["detail"]
        assert ready.json()["can"] == {"write": True, "read_views": False}
        assert http.get("/readyz/write").status_code == 200
        assert http.get("/readyz/views").status_code == 503
        assert http.get(f"/cases/{number}").status_code == 200
    (where,) = [line.rpartition(" ")[2] for line in served.lines if line.startswith("Mails to the desk")]
    host, _, port = where.rpartition(":")
    with smtplib.SMTP(host, int(port), timeout=60) as server:  # mail, timers and SMTP go on
        server.sendmail(
            "ann@agency.example", "service-desk@caseledger.example", "Subject: No sound\r\n\r\nRoom 12.\r\n"
        )
    status = run("status", "--data-dir", served.folder)
    assert status.returncode == 1
    assert "case.unheard_of" in status.stdout
