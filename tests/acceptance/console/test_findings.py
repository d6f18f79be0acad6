"""Auditors begin the checks of the whole record and read what they found, on pages and by the API."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, expect

from application.audit.checks import Check, CheckRunning
from infrastructure.kept_checks import KeptChecks, keep_result, read_kept
from tests.acceptance.conftest import RunningDesk, done, refused
from tests.acceptance.console.conftest import Visit, signed_in
from tests.conftest import TestDatabase
from tests.infrastructure.transparency.sealed import unguarded


def test_verify_is_begun_on_its_page_and_an_altered_event_is_named(
    browser: Browser, running: RunningDesk, console_database: TestDatabase, seal: Callable[[], str]
) -> None:
    number = running.log()["number"]
    running.catch_up()
    vkey = seal()
    note = running.anonymous().get("/tlog/checkpoint").text
    with signed_in(browser, running, running.auditor) as page:
        page.set_default_timeout(120_000)  # a process of its own, which yields to all others
        page.goto("/ui/audit/verify")
        page.get_by_label("Verifier keys of the log").fill(vkey)
        page.get_by_label("A checkpoint that you kept").fill(note)
        page.get_by_role("button", name="Check the record").click()
        expect(page.get_by_text("All of it is as it was sealed.")).to_be_visible(timeout=120_000)
        expect(page.locator("#found table")).to_contain_text("held")
        kept = done(running.auditor.get("/audit/checks/verify"))
        assert (kept["running_since"], kept["last"]["ok"], kept["last"]["by"]) == (None, True, "r.audit")
        assert kept["last"]["result"]["checked"]["held"] == 1
        with altered(console_database, number):
            page.get_by_role("button", name="Check the record").click()
            expect(page.get_by_text("The record is not as it was sealed")).to_be_visible(timeout=120_000)
        expect(page.get_by_role("region", name="Findings")).to_contain_text(number)
    assert done(running.auditor.get("/audit/checks/verify"))["last"]["ok"] is False


@contextmanager
def altered(database: TestDatabase, number: str) -> Iterator[None]:
    """With one event altered behind the desk's back, as only a superuser can."""
    logged = "topic = 'case.logged' AND convert_from(state, 'UTF8') LIKE %s"
    change = f"UPDATE ledger.stored_events SET state = convert_to(replace(convert_from(state, 'UTF8'), %s, %s), 'UTF8') WHERE {logged}"
    with psycopg.connect(database.superuser, autocommit=True) as superuser:
        for then, now in (("phone", "email"), ("email", "phone")):
            with unguarded(superuser):
                superuser.execute(change, (f'"{then}"', f'"{now}"', f"%{number}%"))
            if then == "phone":
                yield


def test_the_histories_are_held_against_the_sop_one_and_all(
    browser: Browser, running: RunningDesk, visit: Visit
) -> None:
    number = running.resolved()
    running.catch_up()
    auditor = visit(running.auditor)
    assert f"{number} follows the SOP." in auditor.get(f"/ui/audit/conformance?case={number.lower()}").text
    assert auditor.get("/ui/audit/conformance?case=INC-9999999").status_code == 404
    with signed_in(browser, running, running.auditor) as page:
        page.goto("/ui/audit/conformance")
        page.get_by_role("button", name="Check all histories").click()
        expect(page.locator("#found .figures")).to_contain_text("Histories", timeout=120_000)
    kept = done(running.auditor.get("/audit/checks/conformance"))["last"]
    assert kept["result"]["checked"] > 0
    assert kept["ok"] == (kept["result"]["by_clause"] == {})


def test_only_auditors_begin_a_check_and_read_its_result(running: RunningDesk, visit: Visit) -> None:
    technician = running.technician
    refused(technician.get("/audit/checks/verify"), 403, "forbidden")
    refused(technician.post("/audit/checks/verify", {}), 403, "forbidden")
    assert visit(technician).get("/ui/audit/verify").status_code == 403
    assert visit(technician).post("/ui/audit/conformance", {}).status_code == 403
    assert "What auditors look at" not in visit(technician).get("/ui/audit").text
    refused(running.auditor.get("/audit/checks/nothing"), 404, "not-found")
    refused(running.auditor.post("/audit/checks/verify", {"vkeys": ["--held"]}), 422, "validation-failed")
    answer = visit(running.auditor).post("/ui/audit/verify", {"vkeys": "--held /etc/passwd", "held": "what I kept"})
    assert answer.status_code == 422
    assert "what I kept</textarea>" in answer.text


PRINTS = ("sh", "-c", 'echo \'{"ok": true, "findings": []}\'')


def test_one_check_of_a_kind_runs_at_a_time_and_why_it_could_not_run_is_kept(tmp_path: Path) -> None:
    waits = tmp_path / "waits"
    held = KeptChecks(tmp_path, ("sh", "-c", f"while [ ! -e {waits} ]; do sleep 0.05; done; exit 2"), {})
    held.begin(Check.VERIFY, "r.audit")
    with pytest.raises(CheckRunning):
        KeptChecks(tmp_path, PRINTS, {}).begin(Check.VERIFY, "another")
    assert held.state(Check.VERIFY).running_since is not None
    assert held.state(Check.CONFORMANCE).running_since is None
    waits.touch()
    held.wait()
    state = held.state(Check.VERIFY)
    assert state.running_since is None
    assert state.last is not None
    assert (state.last.ok, state.last.why, state.last.result) == (None, "exit 2", None)
    again = KeptChecks(tmp_path, PRINTS, {})
    again.begin(Check.VERIFY, "r.audit")
    again.wait()
    last = again.state(Check.VERIFY).last
    assert last is not None
    assert (last.ok, last.why) == (True, None)


def test_a_result_keeps_the_first_findings_and_says_how_many_it_left_out(tmp_path: Path) -> None:
    told = {"ok": False, "findings": [{"message": str(number)} for number in range(501)]}
    keep_result(tmp_path, Check.VERIFY, "r.audit", datetime.now(UTC), json.dumps(told).encode(), "")
    kept = read_kept(tmp_path, Check.VERIFY)
    assert kept is not None
    assert kept.result is not None
    assert (len(kept.result["findings"]), kept.result["findings_left_out"]) == (500, 1)
    (tmp_path / "verify.json").write_text("{")
    assert read_kept(tmp_path, Check.VERIFY) is None
