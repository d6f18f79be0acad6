"""The whole path: a command over HTTP becomes an event, a row in a queue, a figure in a report."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.acceptance.conftest import FIXED, VERIFIED, RunningDesk, done


def test_a_case_goes_from_the_phone_call_to_its_closure(running: RunningDesk) -> None:
    desk, team = running.technician, running.network
    number = running.log(subject="Printer on floor 2", symptoms="jobs stay queued")["number"]
    done(desk.post(f"/cases/{number}/triage", {"owner": "desk"}, match='"v1"'))
    assert done(desk.post(f"/cases/{number}/prioritize", {"impact": 1, "severity": 2}))["priority"] == 2
    done(desk.post(f"/cases/{number}/diagnose", {"symptoms": "queued", "findings": "spooler stopped"}))
    assigned = desk.post(f"/cases/{number}/assign", {"team": "network", "diagnosis": "print server down"})
    assert done(assigned)["status"] == "assigned"

    queue = done(desk.get("/queues/network", after=int(assigned.headers["Position"])))
    assert [(item["number"], item["priority"], item["subject"]) for item in queue["items"]] == [
        (number, 2, "Printer on floor 2")
    ]

    assert done(team.post(f"/cases/{number}/accept", {}))["technician"] == "t.lee"
    done(team.post(f"/cases/{number}/verify", VERIFIED))
    resolved = done(team.post(f"/cases/{number}/resolve", {**FIXED, "cause_corrected": "no"}))
    assert (resolved["status"], resolved["problem"]) == ("resolved", "PRB-0000001")
    confirmation = {"method": "phone", "by": "Jo Field", "at": datetime.now(UTC).isoformat()}
    closed = desk.post(f"/cases/{number}/close", {"confirmation": confirmation})
    assert done(closed)["status"] == "closed"

    after = int(closed.headers["Position"])
    assert done(desk.get("/queues/network", after=after))["items"] == []
    volume = done(desk.get("/reports/volume", after=after))["totals"]
    assert volume == {"cases": 1, "events": 9, "by_status": {"closed": 1}, "by_priority": {"2": 1}}
    assert done(desk.get("/reports/resolution"))["totals"]["resolved"] == 1

    history = done(running.auditor.get(f"/cases/{number}/history"))["items"]
    assert [item["topic"] for item in history] == [
        *("case.logged", "case.triaged", "case.prioritized", "case.diagnosed", "case.assigned"),
        *("case.accepted", "case.verified", "case.resolved", "case.closed"),
    ]
    assert [item["version"] for item in history] == list(range(1, 10))
    assert history[4]["by"] == {"subject": "a.ortiz", "role": "technician", "team": None}
    assert history[4]["data"]["words"]["value"] == {"diagnosis": "print server down"}
    assert all(item["occurred_at"] == item["recorded_at"] for item in history)
