"""What a customer sees of his case, and what staff say among themselves."""

from __future__ import annotations

import json

from domain.values import Role
from tests.acceptance.conftest import FIXED, VERIFIED, RunningDesk, done, incident


def test_a_customer_reads_his_case_but_not_what_staff_say_among_themselves(running: RunningDesk) -> None:
    customer = running.caller(Role.CUSTOMER, "jo.field")
    number = done(
        customer.post("/cases", {**incident(), "channel": "self_service", "description": "Nothing comes out."})
    )["number"]
    desk = running.technician
    done(desk.post(f"/cases/{number}/triage", {"owner": "desk", "reason": "secret-triage"}))
    done(desk.post(f"/cases/{number}/prioritize", {"impact": 2, "severity": 2}))
    done(desk.post(f"/cases/{number}/diagnose", {"symptoms": "secret-symptom", "findings": "secret-finding"}))
    done(desk.post(f"/cases/{number}/notes", {"text": "secret-note"}))
    done(desk.post(f"/cases/{number}/notes", {"text": "we are on it", "visible_to_customer": True}))
    done(desk.post(f"/cases/{number}/assign", {"team": "network"}))
    done(running.network.post(f"/cases/{number}/verify", VERIFIED))
    done(running.network.post(f"/cases/{number}/resolve", FIXED))
    done(customer.post(f"/cases/{number}/dispute", {"reason": "still broken"}))

    seen = json.dumps([done(customer.get(f"/cases/{number}/history")), done(customer.get(f"/cases/{number}"))])
    assert "secret-" not in seen
    for word in ("Nothing comes out.", "we are on it", "still broken", str(FIXED["solution"])):
        assert word in seen
    staff = json.dumps(done(running.auditor.get(f"/cases/{number}/history")))
    assert all(f"secret-{what}" in staff for what in ("triage", "symptom", "finding", "note"))


def test_a_customer_reads_no_numbers_of_others_cases(running: RunningDesk) -> None:
    customer, desk = running.caller(Role.CUSTOMER, "jo.field"), running.technician
    own = {**incident(), "channel": "self_service"}
    number, again = (done(customer.post("/cases", own))["number"] for _ in range(2))
    others = [running.log()["number"] for _ in range(3)]
    for each in (number, again):
        done(desk.post(f"/cases/{each}/triage", {"owner": "desk"}))
    done(desk.post(f"/cases/{number}/consult", {"case": others[0]}))
    done(desk.post(f"/cases/{number}/relate", {"case": others[1], "kind": "related"}))
    done(desk.post(f"/cases/{number}/unrelate", {"case": others[1], "reason": "no"}))
    done(desk.post(f"/cases/{number}/relate", {"case": others[2], "kind": "unrelated"}))
    done(desk.post(f"/cases/{number}/relate", {"case": others[1], "kind": "related"}))
    done(desk.post(f"/cases/{again}/relate", {"case": number, "kind": "duplicate"}))
    seen = json.dumps([done(customer.get(f"/cases/{number}/history")), done(customer.get(f"/cases/{number}"))])
    assert [other for other in others if other in seen] == []
    assert done(customer.get(f"/cases/{number}"))["links"] == [{"case": again, "kind": "duplicate"}]
    staff = json.dumps([done(desk.get(f"/cases/{number}/history")), done(desk.get(f"/cases/{number}"))])
    assert all(other in staff for other in others)
