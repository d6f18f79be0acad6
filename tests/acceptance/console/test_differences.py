"""The past beside now: what of a case, a list and a report differs, and the way to a moment."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from api.http.console import differences
from tests.acceptance.conftest import RunningDesk, done
from tests.acceptance.console.conftest import Visit


def rows(page: str) -> dict[str, tuple[str, str]]:
    """Each field that differs, with then and now."""
    found = re.findall(r'<th scope="row">(.*?)</th><td class="words">(.*?)</td><td class="words">(.*?)</td>', page)
    return {name: (then, now) for name, then, now in found}


def test_a_case_as_it_was_says_which_fields_have_changed(running: RunningDesk, visit: Visit) -> None:
    number, visitor = running.assigned(), visit(running.auditor)
    page = visitor.get(f"/ui/cases/{number}?version=1").text
    told = rows(page)
    assert f"{len(told)} fields differ from now" in page
    assert told["Status"] == ("Logged", "Assigned")
    assert told["Priority"] == ("—", "P3")
    assert told["Team"] == ("—", "network")
    assert "Subject" not in told
    assert "differ" not in visitor.get(f"/ui/cases/{number}").text
    assert list(rows(visitor.get(f"/ui/cases/{number}?version=4").text)) == ["Status", "Team"]


def test_a_list_as_of_a_moment_says_who_has_come_and_gone_and_what_changed(
    running: RunningDesk, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    staying, leaving = running.prioritized(), running.prioritized()
    running.catch_up()
    moment = datetime.now(UTC).isoformat()
    coming = running.in_diagnosis()
    done(running.technician.post(f"/cases/{leaving}/diagnose", {"symptoms": "x", "findings": "y"}))
    done(running.technician.post(f"/cases/{leaving}/assign", {"team": "network"}))
    done(
        running.technician.post(f"/cases/{staying}/prioritize", {"impact": 1, "severity": 1, "reason": "more of them"})
    )
    running.catch_up()
    visitor = visit(running.auditor)
    page = visitor.get(f"/ui/queues/diagnosis?as_of={quote(moment)}").text
    since = page.partition("What differs from now")[2].partition('id="rows"')[0]
    left, _, after = since.partition("came since")
    came, _, changed = after.partition("changed since")
    assert leaving in left
    assert coming in came
    assert re.search(rf"{staying}</a></td><td>Priority</td><td class=.words.>P3</td><td class=.words.>P1</td>", changed)
    assert "What differs" not in visitor.get("/ui/queues/diagnosis").text
    assert f"{coming}</a>" in visitor.get(f"/ui/cases?sort=-number&as_of={quote(moment)}").text
    monkeypatch.setattr(differences, "COMPARED", 1)
    assert "too long to be compared" in visitor.get(f"/ui/queues/diagnosis?as_of={quote(moment)}").text


def test_a_report_as_of_a_moment_shows_the_figures_of_now_beside(running: RunningDesk, visit: Visit) -> None:
    running.catch_up()
    moment = datetime.now(UTC).isoformat()
    running.log()
    running.catch_up()
    visitor = visit(running.auditor)
    told = rows(visitor.get(f"/ui/reports/backlog?as_of={quote(moment)}").text)
    then, now = told["Cases"]
    assert int(now) == int(then) + 1
    assert "differ from now" not in visitor.get("/ui/reports/backlog").text


def test_the_way_to_a_moment_needs_no_script(running: RunningDesk, visit: Visit) -> None:
    visitor = visit(running.auditor)
    page = visitor.get("/ui/audit").text
    assert '<option value="/ui/queues/triage">' in page
    assert '<option value="/ui/reports/backlog">' in page
    led = visitor.get("/ui/audit?list=/ui/queues/triage&at=2026-11-20T10:00:00").headers["location"]
    assert led == "/ui/queues/triage?as_of=2026-11-20T10%3A00%3A00-06%3A00"
    assert visitor.get(led).status_code == 200
    assert visitor.get("/ui/audit?list=/ui/queues/triage&at=yesterday").status_code == 422
    assert visitor.get("/ui/audit?list=//evil.example&at=2026-11-20T10:00:00").status_code == 200
