"""SOP 4.1: only the administrator keeps the catalogue; what contradicts itself, or others, is refused."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest

from domain.values import Role
from tests.acceptance.conftest import Caller, RunningDesk, done, refused
from tests.acceptance.office import DHS, SCRIPT, SERVICES, TEAMS, open_office, put

Positions = Callable[[], int]


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
    problem = refused(answer, 422, "validation-failed")
    assert pointer in [error["pointer"] for error in problem["errors"]], problem


def test_r_4_1a_only_the_administrator_keeps_the_catalogue(
    running: RunningDesk, admin: Caller, positions: Positions, subtests: pytest.Subtests
) -> None:
    others = {
        "technician": running.technician,
        "team": running.network,
        "duty manager": running.caller(Role.DUTY_MANAGER, "d.manager"),
        "auditor": running.auditor,
        "reporter": running.caller(Role.REPORTER, "monthly.report"),
        "intake": running.caller(Role.INTAKE, "mail.gateway"),
        "customer": running.caller(Role.CUSTOMER, "jo.field"),
    }
    before = positions()
    entries = {"services/printing": SERVICES["printing"], "teams/network": TEAMS["network"], "help-desks/dhs": DHS}
    for who, by in others.items():
        for path, entry in {**entries, "scripts/printing-basics": SCRIPT, "customers/c1": {}}.items():
            with subtests.test(f"{who} {path}"):
                assert "admin" in refused(put(by, f"/{path}", entry), 403, "forbidden")["detail"]
    assert positions() == before


def test_staff_read_the_catalogue_and_customers_and_machines_do_not(
    running: RunningDesk, admin: Caller, subtests: pytest.Subtests
) -> None:
    intake, customer = running.caller(Role.INTAKE, "mail.gateway"), running.caller(Role.CUSTOMER, "jo.field")
    paths = ("/services", "/services/printing", "/teams/network", "/help-desks", "/scripts", "/policy", "/grants")
    for path in paths:
        with subtests.test(path):
            for by in (running.technician, running.network, running.auditor, admin):
                done(by.get(path))
            for by in (intake, customer):
                refused(by.get(path), 403, "forbidden")
            refused(running.anonymous().get(path), 401, "unauthenticated")


def test_an_entry_is_changed_by_who_has_seen_it(
    running: RunningDesk, admin: Caller, positions: Positions, service: str
) -> None:
    path, entry = f"/services/{service}", {"name": "Paper", "team": "network"}
    before = positions()
    assert "If-Match" in refused(put(admin, path, entry, match=None), 428, "precondition-required")["detail"]
    stale = put(admin, path, entry, match='"v2"')
    assert refused(stale, 412, "stale-version")["current_version"] == 1
    assert stale.headers["etag"] == '"v1"'
    refused(put(admin, path, entry, match="v1"), 400, "malformed")
    refused(put(admin, path, entry, match=None, **{"If-None-Match": "*"}), 412, "stale-version")
    assert positions() == before
    assert done(put(admin, path, entry, match='"v1"'))["version"] == 2


def test_a_new_entry_needs_no_precondition_and_is_made_once(
    running: RunningDesk, admin: Caller, positions: Positions
) -> None:
    path, entry = f"/teams/t-{secrets.token_hex(3)}", {"name": "Night shift"}
    refused(put(admin, path, entry, match='"v1"'), 412, "stale-version")
    assert done(put(admin, path, entry, match=None, **{"If-None-Match": "*"}))["version"] == 1
    refused(put(admin, path, entry, match=None), 428, "precondition-required")
    assert positions() == 1


def test_what_is_not_in_the_catalogue_is_not_found(running: RunningDesk, admin: Caller) -> None:
    for path in ("/services/none", "/teams/none", "/help-desks/none", "/scripts/none", "/customers/none"):
        refused(running.technician.get(path), 404, "not-found")
    refused(running.technician.get("/services/printing", version=99), 404, "not-found")
    refused(running.technician.get("/services/printing", version=0), 422, "validation-failed")
    refused(running.technician.get("/services/%00"), 404, "not-found")


def test_an_entry_is_taken_to_the_letter(
    running: RunningDesk, admin: Caller, positions: Positions, subtests: pytest.Subtests
) -> None:
    (step, second), answer = SCRIPT["steps"], SCRIPT["steps"][0]["answers"][0]
    service, team = SERVICES["printing"], TEAMS["network"]
    wrong: list[tuple[str, str, dict[str, Any]]] = [
        ("/colour", "services/x", {**service, "colour": "red"}),
        ("/name", "services/x", {**service, "name": ""}),
        ("/name", "services/x", {**service, "name": "x" * 501}),
        ("/name", "services/x", {**service, "name": "no\0thing"}),
        ("/name", "services/x", {**service, "name": 7}),
        ("/team", "services/x", {**service, "team": "net work\n"}),
        ("/owner", "services/x", {**service, "owner": "t\tlee"}),
        ("/calendar", "services/x", {**service, "calendar": "full moon"}),
        ("/id", "services/x", {**service, "id": "y"}),
        ("/contact/shoe_size", "services/x", {**service, "contact": {"shoe_size": "44"}}),
        ("/contact/email", "services/x", {**service, "contact": {"email": 7}}),
        ("/calendar", "teams/x", {**team, "calendar": "never"}),
        ("/members/1", "teams/x", {**team, "members": ["t.lee", "t\nlee"]}),
        ("/members", "teams/x", {**team, "members": "t.lee"}),
        ("/contact/fax", "help-desks/x", {**DHS, "contact": {"fax": "1"}}),
        ("/steps", "scripts/x", {**SCRIPT, "steps": []}),
        ("/steps", "scripts/x", {**SCRIPT, "steps": [step, step]}),
        ("/steps/0/answers", "scripts/x", {**SCRIPT, "steps": [{**step, "answers": [{**answer, "next": "nowhere"}]}]}),
        ("/steps/0/colour", "scripts/x", {**SCRIPT, "steps": [{**step, "colour": "red"}, second]}),
        ("/contact/fax", "customers/x", {"contact": {"fax": "1"}}),
    ]
    for pointer, path, entry in wrong:
        with subtests.test(f"{path} {pointer}"):
            invalid(put(admin, f"/{path}", entry), pointer)
    for body in (b"[]", b"7", b"null"):
        with subtests.test(body.decode()):
            refused(admin.http.put("/services/x", content=body), 422, "validation-failed")
    with subtests.test("no JSON"):
        refused(admin.http.put("/services/x", content=b"{"), 400, "malformed")
    with subtests.test("an id that is no code"):
        refused(put(admin, "/services/a%0Ab", {**service}), 422, "validation-failed")
    with subtests.test("no name"):
        refused(put(admin, "/services/x", {"team": "network"}), 422, "validation-failed")
    assert positions() == 0


@pytest.mark.parametrize(
    ("path", "entry", "pointer"),
    [
        ("/services/x", {"name": "X", "team": "gardening"}, "/team"),
        ("/services/x", {"name": "X", "team": "network", "criticality": "very"}, "/criticality"),
        ("/services/x", {"name": "X", "team": "network", "help_desk": "nowhere"}, "/help_desk"),
        ("/scripts/x", {"name": "X", "service": "gardening", "steps": [{"id": "a", "question": "?"}]}, "/service"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_r_4_1a_an_entry_names_only_what_is_there(
    admin: Caller, positions: Positions, path: str, entry: dict[str, Any], pointer: str
) -> None:
    before = positions()
    problem = refused(put(admin, path, entry), 422, "unknown-reference")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert positions() == before


def test_r_4_1a_criticalities_are_a_list_of_the_policys(admin: Caller) -> None:
    done(admin.post("/policy", {"changes": {"criticalities": ["normal", "vital"]}, "reason": "two will do"}))
    done(put(admin, "/services/x", {"name": "X", "team": "network", "criticality": "vital"}))
    refused(
        put(admin, "/services/y", {"name": "Y", "team": "network", "criticality": "critical"}), 422, "unknown-reference"
    )
    for wrong in (["Not a code"], [7]):
        refused(admin.post("/policy", {"changes": {"criticalities": wrong}, "reason": "x"}), 422, "validation-failed")
    done(admin.post("/policy", {"changes": {"criticalities": ["low", "normal", "high", "critical"]}, "reason": "back"}))


def test_r_4_1a_a_service_is_not_given_to_a_team_that_is_retired_and_may_be_retired_itself(admin: Caller) -> None:
    done(put(admin, "/teams/brief", {"name": "Brief"}))
    done(put(admin, "/services/short", {"name": "Short", "team": "brief"}))
    done(put(admin, "/teams/brief", {"name": "Brief", "retired": True}))
    refused(put(admin, "/services/short", {"name": "Shorter", "team": "brief"}), 422, "unknown-reference")
    done(put(admin, "/services/short", {"name": "Short", "team": "brief", "retired": True}))
