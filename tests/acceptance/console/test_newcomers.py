"""What a newcomer stumbled over: what comes first, in whose words a refusal speaks, and where the way on is."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Browser, expect

from domain.values import Role
from tests.acceptance.conftest import RunningDesk, done
from tests.acceptance.console.conftest import Visit, signed_in
from tests.acceptance.console.test_commands import give


def first_of(page: str, command: str) -> list[str]:
    """What the form of a command says must come first."""
    form = page.partition(f'id="do-{command}"')[2].partition("</form>")[0]
    told = form.partition('<p class="first">')[2].partition("</p>")[0]
    return re.findall(r'data-open="#do-([a-z-]+)"', told)


def test_a_form_names_what_the_desk_would_refuse_it_for(running: RunningDesk, visit: Visit) -> None:
    """A hint stands there as long as the API refuses for that reason, and no longer."""
    number = running.log(service=None, symptoms=None)["number"]
    desk, team = visit(running.technician), visit(running.network)
    give(desk, number, "triage", owner="desk")
    give(desk, number, "prioritize", impact="2", severity="2")

    def refused(path: str, body: dict[str, Any], caller: Any = running.technician) -> str:
        return str(caller.post(f"/cases/{number}/{path}", body).json()["type"]).rpartition("/")[2]

    assert first_of(desk.get(f"/ui/cases/{number}").text, "assign") == ["set-service", "diagnose"]
    assert refused("assign", {"team": "network"}) == "service-required"
    give(desk, number, "set-service", field="service", value="printing", reason="the customer called again")
    assert first_of(desk.get(f"/ui/cases/{number}").text, "assign") == ["diagnose"]
    assert refused("assign", {"team": "network"}) == "diagnosis-required"
    give(desk, number, "diagnose", symptoms="drops", findings="the access point")
    assert first_of(desk.get(f"/ui/cases/{number}").text, "assign") == []
    give(desk, number, "assign", team="network")
    fixed = {"code": "fixed", "solution": "replaced", "workaround": "false", "cause_corrected": "yes"}
    assert first_of(team.get(f"/ui/cases/{number}").text, "resolve") == ["verify"]
    answer = team.post(f"/ui/cases/{number}/resolve", fixed)
    assert answer.status_code == 409
    assert 'First: <a href="#verify-outcome" data-open="#do-verify">' in answer.text
    assert "`" not in answer.text, "a page names its forms, not the verbs and fields of the API"
    assert "(R-" not in answer.text
    give(team, number, "verify", satisfactory="true", able_to_work="true", method="phone", outcome="reached")
    assert first_of(team.get(f"/ui/cases/{number}").text, "resolve") == []
    give(team, number, "resolve", **fixed)


def test_the_notice_after_a_command_stands_below_its_event_and_names_the_next_step(
    browser: Browser, running: RunningDesk
) -> None:
    number = running.log(service=None, symptoms=None)["number"]
    with signed_in(browser, running, running.technician) as page:
        page.goto(f"/ui/cases/{number}")
        page.locator("#do-triage button").click()
        page.wait_for_url("**done=triage*")
        notice = page.get_by_role("status").filter(has_text="Triaged.")
        expect(notice).to_be_in_viewport()
        notice.get_by_role("link", name="set priority").click()
        expect(page.locator("#do-prioritize")).to_have_attribute("open", "")
        page.get_by_label("2 · Medium").first.check()
        page.get_by_label("2 · Medium").last.check()
        page.locator("#do-prioritize button").click()
        page.wait_for_url("**done=prioritize*")
        page.locator("#do-assign > summary").click()
        page.locator("#do-assign").get_by_role("link", name="set the service").click()
        expect(page.locator("#set-service-value")).to_be_focused()


def test_a_reason_that_is_not_needed_is_folded_until_it_holds_something(running: RunningDesk, visit: Visit) -> None:
    number, desk = running.log()["number"], visit(running.technician)
    give(desk, number, "triage", owner="desk")
    folded = re.search(
        r'id="do-prioritize".*?<details class="quiet more"( open)?>', desk.get(f"/ui/cases/{number}").text, re.DOTALL
    )
    assert folded
    assert folded[1] is None
    refused = desk.post(f"/ui/cases/{number}/prioritize", {"impact": "9", "severity": "2", "reason": "a deadline"})
    shown = re.search(r'id="do-prioritize".*?<details class="quiet more"( open)?>', refused.text, re.DOTALL)
    assert shown
    assert shown[1]


def test_teams_and_services_bear_their_names_everywhere(running: RunningDesk, visit: Visit) -> None:
    running.assigned()
    running.catch_up()
    page = visit(running.technician).get("/ui/queues/network").text
    assert "<h1>Network and printing</h1>" in page
    assert re.search(r'href="/ui/queues/network"[^>]*>Network and printing', page)
    assert '<td class="named" title="Printing">Printing</td>' in page


def test_a_customer_is_asked_in_their_own_terms(running: RunningDesk, visit: Visit) -> None:
    number = running.resolved()
    running.catch_up()
    customer = done(running.technician.get(f"/cases/{number}"))["customer"]["id"]
    visitor = visit(running.caller(Role.CUSTOMER, customer))
    page = visitor.get(f"/ui/cases/{number}").text
    assert "It works: close the case" in page
    assert "It does not work: dispute the resolution" in page
    listed = visitor.get("/ui/cases").text
    assert 'href="/report"' in listed
    assert 'name="technician"' not in listed, "customers filter by what they know of"
