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
