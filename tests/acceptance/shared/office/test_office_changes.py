"""Who changed the policy, an entry and a person's grants, when and why (SOP 4.1a, 7.1)."""

from __future__ import annotations

from domain.values import Role
from tests.acceptance.conftest import RunningDesk, done
from tests.acceptance.office import open_office, put


def test_the_history_of_the_policy_names_who_changed_it_and_why(running: RunningDesk) -> None:
    admin = running.caller(Role.ADMIN, "root")
    done(admin.post("/policy", {"changes": {"dispute_window": "PT96H"}, "reason": "the holidays"}))
    items = done(running.technician.get("/policy/history"))["items"]
    assert [item["topic"] for item in items] == ["policy.adopted", "policy.changed"]
    assert (items[1]["by"]["subject"], items[1]["reason"]) == ("root", "the holidays")
    assert items[1]["data"]["policy"]["dispute_window"] == "P4D"


def test_the_history_of_an_entry_has_each_version_with_its_contact(running: RunningDesk) -> None:
    admin = open_office(running)
    entry = {"name": "Print", "team": "network", "contact": {"email": "t.lee@desk.example"}, "reason": "a shorter name"}
    done(put(admin, "/services/printing", entry))
    items = done(running.technician.get("/services/printing/history"))["items"]
    assert [item["data"]["entry"]["name"] for item in items] == ["Printing", "Print"]
    assert items[1]["reason"] == "a shorter name"
    assert items[1]["data"]["contact"]["value"] == {"email": "t.lee@desk.example"}
    assert running.technician.get("/services/nothing/history").status_code == 404


def test_the_history_of_grants_has_the_revoked_ones(running: RunningDesk) -> None:
    admin = running.caller(Role.ADMIN, "root")
    done(admin.post("/grants", {"subject": "c.new", "role": "technician", "reason": "joined"}))
    done(admin.post("/grants/c.new/revoke", {"role": "technician", "reason": "left"}))
    items = done(running.auditor.get("/grants/c.new/history"))["items"]
    told = [(item["topic"], item["reason"]) for item in items if item["topic"] != "access.opened"]
    assert told == [("access.granted", "joined"), ("access.revoked", "left")]


def test_histories_are_read_by_those_who_read_what_they_are_about(running: RunningDesk) -> None:
    customer = running.caller(Role.CUSTOMER, "jo")
    for path in ("/policy/history", "/grants/root/history", "/services/printing/history"):
        assert customer.get(path).status_code == 403, path
    assert running.technician.get("/webhooks/hub/history").status_code == 403
    assert running.auditor.get("/webhooks/hub/history").status_code == 404
