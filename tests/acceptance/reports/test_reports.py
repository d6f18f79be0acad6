"""The figures of small histories that can be counted by hand, now and as of a past moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.policy import first_policy
from tests.acceptance.conftest import FIXED, VERIFIED, RunningDesk, Serve, done, refused
from tests.conftest import TestDatabase
from tests.travel_clock import TravelClock

FROM_THE_DESK = {**FIXED, "solution": "cable plugged in"}


def ago(**interval: float) -> str:
    return (datetime.now(UTC) - timedelta(**interval)).isoformat()


def position(running: RunningDesk, number: str) -> int:
    return int(done(running.auditor.get(f"/cases/{number}/history"))["as_of_position"])


def of(rows: list[dict[str, Any]], by: str) -> dict[Any, dict[str, Any]]:
    assert len({row[by] for row in rows}) == len(rows)
    return {row[by]: {name: value for name, value in row.items() if name != by} for row in rows}


def test_volume_counts_cases_and_events(running: RunningDesk) -> None:
    running.log(service="email")
    running.prioritized()
    last = running.closed()
    answer = done(running.auditor.get("/reports/volume", after=position(running, last)))
    assert answer["report"] == "volume"
    assert answer["as_of_position"] == position(running, last)
    assert answer["totals"] == {
        "cases": 3,
        "events": 12,
        "by_status": {"closed": 1, "logged": 1, "prioritized": 1},
        "by_priority": {"3": 2, "none": 1},
    }
    assert answer["rows"] == []


def test_volume_is_the_same_figure_whichever_way_it_is_asked(running: RunningDesk) -> None:
    running.log(service="email")
    last = running.closed()
    whole = done(running.auditor.get("/reports/volume", after=position(running, last)))["totals"]
    for given in ({"from": "2016-04-20T00:00:00Z"}, {"by": "team"}, {"position": 10_000}, {"as_of": ago(hours=-1)}):
        assert done(running.auditor.get("/reports/volume", **given))["totals"] == whole, given


def test_volume_by_team_service_priority_channel_agency_and_month(
    running: RunningDesk, subtests: pytest.Subtests
) -> None:
    running.log(service="email", channel="chat", customer={"name": "Al"})
    running.prioritized()
    last = running.assigned()
    after, zone = position(running, last), ZoneInfo(first_policy().business.time_zone)
    month = f"{datetime.now(zone):%Y-%m}"
    expected: dict[str, dict[Any, int]] = {
        "team": {"network": 1, None: 2},
        "service": {"email": 1, "printing": 2},
        "priority": {"3": 2, None: 1},
        "channel": {"chat": 1, "phone": 2},
        "agency": {"dot": 2, None: 1},
        "month": {month: 3},
    }
    for by, counts in expected.items():
        with subtests.test(by):
            answer = done(running.auditor.get("/reports/volume", after=after, by=by))
            assert answer["by"] == by
            assert {key: row["cases"] for key, row in of(answer["rows"], by).items()} == counts
            assert answer["totals"]["cases"] == 3


def test_volume_is_bounded_by_when_cases_were_received_from_inclusive_to_exclusive(running: RunningDesk) -> None:
    times = [datetime.now(UTC) - timedelta(hours=hours) for hours in (6, 4, 2)]
    for time in times:
        last = running.log(received_at=time.isoformat())["number"]
    after = position(running, last)

    def cases(**bounds: datetime) -> int:
        given = {name.strip("_"): time.isoformat() for name, time in bounds.items()}
        return int(done(running.auditor.get("/reports/volume", after=after, **given))["totals"]["cases"])

    assert cases(from_=times[0]) == 3
    assert cases(from_=times[1]) == 2
    assert cases(to=times[2]) == 2
    assert cases(from_=times[1], to=times[2]) == 1
    assert cases(from_=times[1], to=times[1]) == 0


def test_a_report_is_read_as_it_was(running: RunningDesk) -> None:
    first = running.log()["number"]
    then = done(running.auditor.get(f"/cases/{first}/history"))["items"][-1]
    done(running.technician.post(f"/cases/{first}/triage", {"owner": "desk"}))
    last = running.prioritized()
    now = done(running.auditor.get("/reports/volume", after=position(running, last)))
    assert now["totals"]["by_status"] == {"prioritized": 1, "triaged": 1}
    for point in ({"as_of": then["recorded_at"]}, {"position": then["position"]}):
        was = done(running.auditor.get("/reports/volume", **point))
        assert was["totals"] == {"cases": 1, "events": 1, "by_status": {"logged": 1}, "by_priority": {"none": 1}}
        assert was["as_of_position"] == then["position"]
    for name in ("volume", "resolution", "reopenings", "outcomes"):
        before = done(running.auditor.get(f"/reports/{name}", as_of="2016-04-20T00:00:00Z"))
        assert before["as_of_position"] == 0
        assert not any(value for value in before["totals"].values() if isinstance(value, int))


def test_reopenings_are_counted_by_case_by_time_and_after_closure(running: RunningDesk) -> None:
    technician = running.technician
    twice, disputed, after_closure, _never = (running.resolved() for _ in range(4))
    for _ in range(2):
        done(technician.post(f"/cases/{twice}/reopen", {"reason": "again"}))
        done(running.network.post(f"/cases/{twice}/verify", VERIFIED))
        done(running.network.post(f"/cases/{twice}/resolve", FIXED))
    done(technician.post(f"/cases/{disputed}/dispute", {"reason": "no"}))
    said = {"confirmation": {"method": "phone", "by": "Jo Field", "at": ago()}}
    done(technician.post(f"/cases/{after_closure}/close", said))
    done(technician.post(f"/cases/{after_closure}/dispute", {"reason": "no"}))
    last = running.in_diagnosis()
    done(technician.post(f"/cases/{last}/resolve", FROM_THE_DESK))
    done(technician.post(f"/cases/{last}/reopen", {"reason": "again"}))
    after = position(running, last)
    answer = done(running.auditor.get("/reports/reopenings", after=after, by="team"))
    assert answer["totals"] == {
        "cases_reopened": 3,
        "reopenings": 4,
        "reopenings_after_72h": 0,
        "reopenings_after_closure": 1,
    }
    rows = of(answer["rows"], "team")
    assert {team: row["reopenings"] for team, row in rows.items()} == {"network": 3, None: 1}
    assert {team: row["reopenings_after_closure"] for team, row in rows.items()} == {"network": 1, None: 0}
    tomorrow = done(running.auditor.http.get("/reports/reopenings", params={"from": ago(days=-1)}))["totals"]
    assert set(tomorrow.values()) == {0}
    yesterday = done(running.auditor.get("/reports/reopenings", to=ago(days=1)))["totals"]
    assert set(yesterday.values()) == {0}


def test_resolution_takes_the_median_of_the_last_resolution_of_each_case(running: RunningDesk) -> None:
    technician = running.technician
    for hours in (1, 3, 5):
        number = running.log(received_at=ago(hours=hours), symptoms="s")["number"]
        done(technician.post(f"/cases/{number}/triage", {"owner": "desk"}))
        levels = {"impact": 1, "severity": 1} if hours == 5 else {"impact": 2, "severity": 2}
        done(technician.post(f"/cases/{number}/prioritize", levels))
        done(technician.post(f"/cases/{number}/diagnose", {"symptoms": "s", "findings": "f"}))
        done(technician.post(f"/cases/{number}/resolve", FROM_THE_DESK))
    running.log(received_at=ago(hours=7))
    after = position(running, number) + 1
    answer = done(running.auditor.get("/reports/resolution", after=after, by="team"))
    totals = answer["totals"]
    assert (totals["resolved"], totals["source_median_hours"], totals["source_cases"]) == (3, None, 0)
    for figure in ("median_hours", "median_hours_wall_clock", "median_hours_to_first_resolution"):
        assert totals[figure] == pytest.approx(3, abs=0.05)
        assert totals["by_priority"]["1"][figure] == pytest.approx(5, abs=0.05)
        assert totals["by_priority"]["3"][figure] == pytest.approx(2, abs=0.05)
    assert {priority: row["resolved"] for priority, row in totals["by_priority"].items()} == {"1": 1, "3": 2}
    assert {team: row["resolved"] for team, row in of(answer["rows"], "team").items()} == {None: 3}


def test_a_case_that_was_resolved_twice_counts_once(running: RunningDesk) -> None:
    number = running.resolved()
    done(running.technician.post(f"/cases/{number}/reopen", {"reason": "again"}))
    done(running.network.post(f"/cases/{number}/verify", VERIFIED))
    done(running.network.post(f"/cases/{number}/resolve", FIXED))
    now = done(running.auditor.get("/reports/resolution", after=position(running, number), by="team"))
    assert now["totals"]["resolved"] == 1
    assert of(now["rows"], "team")["network"]["resolved"] == 1
    assert done(running.auditor.get("/reports/resolution", to=ago(days=1)))["totals"]["resolved"] == 0


def test_first_contact_counts_once_its_window_has_ended_and_what_is_no_incident_apart(
    serve: Serve, database: TestDatabase, tmp_path: Path
) -> None:
    """R-5.5e; R-4.2c and R-5.3d: what is no incident leaves the other figures."""
    clock = TravelClock(datetime.now(UTC))
    running = serve(database, tmp_path, clock)
    at_once, request = running.in_diagnosis(), running.in_diagnosis()
    done(running.technician.post(f"/cases/{at_once}/resolve", FROM_THE_DESK))
    reclassified = {"code": "reclassified_request", "solution": "ordered", "workaround": False}
    done(running.technician.post(f"/cases/{request}/resolve", {**reclassified, "cause_corrected": "yes"}))
    running.resolved()
    assert running.send_mail() == 3

    def totals(report: str, **asked: Any) -> dict[str, Any]:
        return dict(done(running.auditor.get(f"/reports/{report}", **asked))["totals"])

    running.catch_up()
    resolved = {
        "resolved": 2, "window_ended": 0, "first_contact": 0, "referred": 0, "duplicate": 0, "reclassified": 1,
        "unreachable": 0, "handed_back": 0, "failed_fixes": 0, "first_contact_rate": None,
    }  # fmt: skip
    assert totals("outcomes") == resolved
    assert totals("resolution")["resolved"] == 2
    then = position(running, request)
    clock.travel(timedelta(hours=72))
    assert running.close_elapsed() == 3
    running.catch_up()
    assert totals("outcomes") == {**resolved, "window_ended": 2, "first_contact": 1, "first_contact_rate": 0.5}
    assert totals("outcomes", position=then) == resolved


def test_reports_that_there_are_not_are_named_by_those_that_there_are(running: RunningDesk) -> None:
    detail = refused(running.auditor.get("/reports/nonsense"), 404, "not-found")["detail"]
    assert all(name in detail for name in ("volume", "resolution", "reopenings", "outcomes"))
