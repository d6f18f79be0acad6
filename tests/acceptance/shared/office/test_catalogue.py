"""SOP 4.1: services, teams, other desks, customers, each from version to version; a case keeps the version it was decided by."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.conftest import FIXED, Caller, RunningDesk, done, incident, refused
from tests.acceptance.office import SERVICES, open_office, prioritized, put, triaged
from tests.acceptance.travelling import history, read

Positions = Callable[[], int]
DIAGNOSIS = {"symptoms": "queue full", "findings": "spooler"}


@pytest.fixture(scope="module")
def admin(running: RunningDesk) -> Caller:
    """The administrator of a desk with a catalogue."""
    return open_office(running)


@pytest.fixture
def service(admin: Caller) -> str:
    """A service of a test's own."""
    code = f"scanning-{secrets.token_hex(3)}"
    done(put(admin, f"/services/{code}", {"name": "Scanning", "team": "network"}))
    return code


def invalid(answer: Any, pointer: str) -> None:
    problem = refused(answer, 422, "unknown-reference")
    assert pointer in [error["pointer"] for error in problem["errors"]], problem


# versions


def test_r_4_1a_a_service_has_a_team_a_calendar_a_criticality_and_a_help_desk(
    running: RunningDesk, admin: Caller
) -> None:
    answer = running.auditor.get("/services/printing")
    assert done(answer) == {"id": "printing", "retired": False, "version": 1, **SERVICES["printing"]}
    assert answer.headers["etag"] == '"v1"'
    done(put(admin, "/services/benefits", {"name": "Benefits", "team": "network", "help_desk": "dhs"}))
    assert done(running.technician.get("/services/benefits"))["help_desk"] == "dhs"
    listed = done(running.technician.get("/services"))
    assert {"printing", "email", "benefits"} <= {item["id"] for item in listed["items"]}
    assert listed["next_cursor"] is None
    assert listed["as_of_position"] > 0


def test_r_4_1a_renaming_a_service_never_changes_how_an_old_case_reads(
    running: RunningDesk, admin: Caller, service: str
) -> None:
    old = running.log(service=service)
    assert (old["service"], old["service_version"], old["service_name"]) == (service, 1, "Scanning")
    renamed = put(admin, f"/services/{service}", {"name": "Paper and film", "team": "messaging"}, match='"v1"')
    assert (done(renamed)["version"], renamed.headers["etag"]) == (2, '"v2"')
    done(running.technician.post(f"/cases/{old['number']}/notes", {"text": "still the same case"}))
    again = read(running, old["number"])
    assert (again["service"], again["service_version"], again["service_name"]) == (service, 1, "Scanning")
    logged = history(running, old["number"])[0]["data"]
    assert (logged["service"], logged["service_version"], logged["service_name"]) == (service, 1, "Scanning")
    new = running.log(service=service)
    assert (new["service_version"], new["service_name"]) == (2, "Paper and film")
    assert done(running.auditor.get(f"/services/{service}", version=1))["name"] == "Scanning"
    assert done(running.auditor.get(f"/services/{service}"))["name"] == "Paper and film"


def test_r_4_1a_a_corrected_service_keeps_the_version_it_was_corrected_under(
    running: RunningDesk, admin: Caller, service: str
) -> None:
    number = running.log(service="printing")["number"]
    done(put(admin, f"/services/{service}", {"name": "Paper", "team": "network"}))
    body = {"field": "service", "value": service, "reason": "misheard"}
    corrected = done(running.technician.post(f"/cases/{number}/correct", body))
    assert (corrected["service_version"], corrected["service_name"]) == (2, "Paper")
    done(put(admin, f"/services/{service}", {"name": "Film", "team": "network"}))
    assert read(running, number)["service_name"] == "Paper"
    was = done(running.auditor.get(f"/cases/{number}", version=1))
    assert (was["service"], was["service_version"], was["service_name"]) == ("printing", 1, "Printing")


def test_r_4_1a_a_renamed_service_reads_the_same_in_a_second_process_at_once(
    running: RunningDesk, second: RunningDesk, admin: Caller, service: str
) -> None:
    for turn in range(2, 8):
        done(put(admin, f"/services/{service}", {"name": f"Scanning {turn}", "team": "network"}))
        logged = second.log(service=service)
        assert (logged["service_version"], logged["service_name"]) == (turn, f"Scanning {turn}")


def test_r_4_1a_every_change_is_an_event_that_says_who_and_why(
    running: RunningDesk, admin: Caller, service: str
) -> None:
    changed = {"name": "Paper", "team": "network", "reason": "it is not film"}
    position = int(put(admin, f"/services/{service}", changed).headers["Position"])
    (event,) = done(running.auditor.http.get("/events", params={"after": position - 1, "limit": 1}))["items"]
    assert (event["topic"], event["by"]["subject"], event["by"]["role"]) == ("service.changed", "root", "admin")
    assert event["data"]["entry"]["name"] == "Paper"
    assert event["reason"]["digest"]
    assert "it is not film" not in str(event)


def test_what_says_the_same_again_is_no_new_version(
    running: RunningDesk, admin: Caller, positions: Positions, service: str
) -> None:
    same = put(admin, f"/services/{service}", {"name": "Scanning", "team": "network"})
    assert (done(same)["version"], positions()) == (1, 1)
    told = {"name": "Scanning", "team": "network", "contact": {"email": "owner@desk.example"}}
    assert done(put(admin, f"/services/{service}", told))["version"] == 2
    assert done(put(admin, f"/services/{service}", told))["version"] == 2
    assert positions() == 2


# what the catalogue is for


def test_r_4_1a_a_service_that_is_not_in_the_catalogue_is_refused(
    running: RunningDesk, admin: Caller, positions: Positions
) -> None:
    number = running.log(service=None)["number"]
    before = positions()
    invalid(running.technician.post("/cases", {**incident(), "service": "gardening"}), "/service")
    body = {"field": "service", "value": "gardening", "reason": "x"}
    invalid(running.technician.post(f"/cases/{number}/correct", body), "/value")
    problem = {"service": "gardening", "title": "Weeds", "description": "every spring"}
    invalid(running.technician.post("/problems", problem), "/service")
    assert positions() == before


def test_r_4_1a_a_retired_service_is_offered_no_more_and_old_cases_keep_it(
    running: RunningDesk, admin: Caller, service: str
) -> None:
    old = running.log(service=service)
    done(put(admin, f"/services/{service}", {"name": "Scanning", "team": "network", "retired": True}))
    invalid(running.technician.post("/cases", {**incident(), "service": service}), "/service")
    assert read(running, old["number"])["service_name"] == "Scanning"
    assert service not in [item["id"] for item in done(running.technician.get("/services"))["items"]]
    assert done(running.technician.get(f"/services/{service}"))["retired"] is True
    number = old["number"]  # and is worked on to its end
    done(running.technician.post(f"/cases/{number}/triage", {"owner": "desk"}))
    done(running.technician.post(f"/cases/{number}/prioritize", {"impact": 2, "severity": 2}))
    assert done(running.technician.post(f"/cases/{number}/assign", {"team": "network", "diagnosis": "lamp"}))


def test_a_team_and_a_technician_are_those_of_the_catalogue(
    running: RunningDesk, admin: Caller, positions: Positions
) -> None:
    number = running.in_diagnosis()
    done(put(admin, "/teams/gone", {"name": "Gone", "retired": True}))
    before = positions()
    assign = f"/cases/{number}/assign"
    invalid(running.technician.post(assign, {"team": "gardeners"}), "/team")
    invalid(running.technician.post(assign, {"team": "gone"}), "/team")
    invalid(running.technician.post(assign, {"team": "network", "technician": "m.ruiz"}), "/technician")
    assert positions() == before
    assigned = done(running.technician.post(assign, {"team": "network", "technician": "t.lee"}))
    assert (assigned["team"], assigned["technician"]) == ("network", "t.lee")


def test_a_desk_without_a_catalogue_takes_any_service_and_any_team(alone: RunningDesk) -> None:
    number = alone.in_diagnosis()
    body = {"field": "service", "value": "gardening", "reason": "misheard"}
    corrected = done(alone.technician.post(f"/cases/{number}/correct", body))
    assert (corrected["service"], corrected["service_version"]) == ("gardening", None)
    assert done(alone.technician.post(f"/cases/{number}/assign", {"team": "gardeners"}))["team"] == "gardeners"


def test_a_customer_is_listed_under_the_id_his_address_stands_for(running: RunningDesk, admin: Caller) -> None:
    address = f"al.{secrets.token_hex(3)}@agency.example"
    before = done(running.technician.get("/customers", email=address))["items"]
    logged = running.log(customer={"name": "Al Reed", "email": address.upper()})
    assert before == [{"id": logged["customer"]["id"], "version": 0}]
    contact = {"name": "Al Reed", "email": address, "phone": "405-555-0007"}
    done(put(admin, f"/customers/{before[0]['id']}", {"agency": "dot", "contact": contact}))
    (found,) = done(running.technician.get("/customers", email=address))["items"]
    assert (found["version"], found["agency"], found["contact"]) == (1, "dot", contact)
    refused(running.technician.get("/customers"), 422, "validation-failed")


def test_how_to_reach_a_desk_is_not_in_the_feed(running: RunningDesk, admin: Caller) -> None:
    entry = {"agency": "Transportation", "name": "ODOT", "contact": {"phone": "405-555-0155"}}
    position = int(put(admin, "/help-desks/odot", entry).headers["Position"])
    (event,) = done(running.auditor.http.get("/events", params={"after": position - 1, "limit": 1}))["items"]
    assert event["topic"] == "help_desk.listed"
    assert "405-555-0155" not in str(event)
    assert done(running.technician.get("/help-desks/odot"))["contact"] == {"phone": "405-555-0155"}


# R-4.1b


def test_r_4_1b_an_unclassified_case_is_neither_assigned_nor_resolved(
    running: RunningDesk, positions: Positions
) -> None:
    number = prioritized(running, service=None, symptoms="nothing works")
    assert read(running, number)["service"] is None
    before = positions()
    refused(running.technician.post(f"/cases/{number}/assign", {"team": "network"}), 409, "service-required")
    assert positions() == before
    done(running.technician.post(f"/cases/{number}/diagnose", DIAGNOSIS))
    before = positions()
    for code in ("fixed", "workaround", "not_reproducible", "averted"):
        body = {**FIXED, "code": code}
        refused(running.technician.post(f"/cases/{number}/resolve", body), 409, "service-required")
    assert positions() == before
    body = {"field": "service", "value": "printing", "reason": "now we know"}
    done(running.technician.post(f"/cases/{number}/correct", body))
    assert done(running.technician.post(f"/cases/{number}/resolve", FIXED))["status"] == "resolved"


def test_r_4_1b_a_reclassified_request_needs_no_service(running: RunningDesk) -> None:
    number = prioritized(running, service=None)
    done(running.technician.post(f"/cases/{number}/diagnose", DIAGNOSIS))
    body = {**FIXED, "code": "reclassified_request"}
    resolved = done(running.technician.post(f"/cases/{number}/resolve", body))
    assert (resolved["status"], resolved["service"]) == ("resolved", None)


def test_r_4_1b_a_referred_case_needs_no_service(running: RunningDesk, admin: Caller) -> None:
    number = triaged(running, service=None)
    body = {"help_desk": "dhs", "contact": {"method": "phone", "outcome": "informed"}}
    referred = done(running.technician.post(f"/cases/{number}/refer", body))
    assert (referred["status"], referred["resolution"]["code"], referred["service"]) == ("resolved", "referred", None)


def test_r_4_1b_a_duplicate_needs_no_service(running: RunningDesk) -> None:
    first, second = running.log()["number"], running.log(service=None)["number"]
    resolved = done(running.technician.post(f"/cases/{second}/relate", {"case": first, "kind": "duplicate"}))
    assert (resolved["status"], resolved["resolution"]["code"], resolved["service"]) == ("resolved", "duplicate", None)
