"""Walks through the console in a browser: by keyboard, at both widths, in light and dark, with what goes wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial

import pytest
from playwright.sync_api import Browser, Route, expect

from domain.values import Role
from tests.acceptance.conftest import Caller, RunningDesk, done
from tests.acceptance.console.conftest import signed_in
from tests.acceptance.console.looking import bring_axe, faults_on_all_screens
from tests.acceptance.office import change_policy


def test_a_call_goes_to_its_closure_by_keyboard_alone(browser: Browser, running: RunningDesk) -> None:
    with signed_in(browser, running, running.technician, pasting=True) as page:
        page.wait_for_url("**/ui/queues/triage")
        page.keyboard.press("c")
        page.wait_for_url("**/ui/cases/new")
        for label, words in (
            ("Name", "Jo Field"),
            ("E-mail (optional)", "jo.keys@agency.example"),
            ("What is it about?", "Scanner Q4 will not wake"),
            ("What happens?", "Q4 stays dark."),
        ):
            page.get_by_label(label, exact=True).focus()
            page.keyboard.type(words)
        expect(page.locator("#alike")).to_contain_text("alike")
        page.get_by_label("Service (optional)").select_option("printing")
        page.get_by_label("Symptoms (optional)").focus()
        page.keyboard.type("dark")
        page.keyboard.press("Control+Enter")
        page.wait_for_selector(".big-number")
        number = page.inner_text(".big-number")
        running.catch_up()
        page.goto("/ui/queues/triage")
        rows = page.locator("tbody tr")
        for _ in range(rows.count()):
            page.keyboard.press("j")
            if page.locator("tr.at").get_attribute("data-number") == number:
                break
        page.keyboard.press("o")
        page.wait_for_url(f"**/ui/cases/{number}")
        page.keyboard.press(".")
        page.keyboard.press("Control+Enter")
        page.wait_for_url("**done=triage*")
        expect(page.get_by_role("status").first).to_contain_text("Triaged")
        page.keyboard.press("n")
        page.keyboard.type("will call back")
        page.keyboard.press("Control+Enter")
        page.wait_for_url("**done=notes*")
        page.keyboard.press("?")
        expect(page.locator("#keys")).to_be_visible()
        page.keyboard.press("Escape")
        page.keyboard.press("g")
        page.keyboard.press("o")
        page.wait_for_url("**/ui/obligations")
    topics = [item["topic"] for item in done(running.auditor.get(f"/cases/{number}/history"))["items"]]
    assert topics == ["case.logged", "case.triaged", "case.noted"]


def test_news_comes_without_moving_anything_and_a_stale_form_keeps_its_words(
    browser: Browser, running: RunningDesk
) -> None:
    number = running.assigned()
    running.catch_up()
    with signed_in(browser, running, running.technician) as page:
        page.goto(f"/ui/cases/{number}")
        page.locator("#do-pend > summary").click()
        page.locator("#pend-reason_code").select_option("vendor")
        page.locator("#pend-note").fill("the part is ordered")
        done(running.network.post(f"/cases/{number}/accept", {}))
        expect(page.locator("#news")).to_be_visible()
        expect(page.locator("#news")).to_contain_text("t.lee")
        expect(page.locator("#pend-note")).to_have_value("the part is ordered")
        page.keyboard.press("Escape")
        page.locator("[data-refresh]").click()
        expect(page.locator("#timeline")).to_contain_text("accepted it")
        expect(page.locator("#pend-note")).to_have_value("the part is ordered")
        page.locator("#do-pend button").click()
        expect(page.get_by_role("alert")).to_contain_text("t.lee accepted it")
        expect(page.locator("#pend-note")).to_have_value("the part is ordered")
        page.reload()
        page.goto(f"/ui/cases/{number}")
        page.locator("#do-pend > summary").click()
        expect(page.locator("#pend-note")).to_have_value("the part is ordered")  # the draft is there after a reload
        page.locator("#do-pend button").click()
        page.wait_for_url("**done=pend*")
        page.goto(f"/ui/cases/{number}")
        assert page.evaluate("Object.keys(localStorage).filter((key) => key.endsWith('/pend'))") == []


def test_an_auditor_checks_a_proof_and_one_altered_byte_is_refused(
    browser: Browser, running: RunningDesk, seal: Callable[[], str]
) -> None:
    number = running.in_diagnosis()
    vkey = seal()
    with signed_in(browser, running, running.auditor) as page:
        page.goto(f"/ui/cases/{number}/proof")
        page.wait_for_selector("body[data-checked]")
        expect(page.locator("#verdict")).to_contain_text("lead to the checkpoint's root")
        page.locator("#vkey").fill(vkey)
        expect(page.locator("#verdict")).to_contain_text("are in the log that this key signed")
        assert page.locator("#steps .holds").count() == 4
        other = vkey[:-4] + ("AAA=" if not vkey.endswith("AAA=") else "BBB=")
        page.locator("#vkey").fill(other)
        expect(page.locator("#verdict")).to_contain_text("REFUSED")
        page.locator("#vkey").fill(vkey)

        def alter(route: Route) -> None:
            answer = route.fetch()
            told = answer.json()
            state = told["events"][1]["state"]
            told["events"][1]["state"] = state[:8] + ("B" if state[8] != "B" else "C") + state[9:]
            route.fulfill(response=answer, body=json.dumps(told))

        page.route("**/proof.json", alter)
        page.reload()
        page.wait_for_selector("body[data-checked]")
        expect(page.locator("#verdict")).to_contain_text("REFUSED")
        assert page.locator('[data-step="bytes"]').get_attribute("class") == "fails"
        assert page.locator('[data-result="1"]').inner_text() == "REFUSED"
        assert page.locator('[data-result="0"]').inner_text() == "holds"


def test_a_customer_disputes_by_the_mailed_link_on_a_telephone_without_script(
    browser: Browser, running: RunningDesk
) -> None:
    number = running.resolved()
    running.send_mail()
    text = next(
        mail.text for mail in reversed(running.mail.messages()) if number in mail.text and "disputes" in mail.text
    )
    found = re.search(r"http://127\.0\.0\.1:\d+(/disputes/\S+)", text)
    assert found, text
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, base_url=running.url, java_script_enabled=False
    )
    try:
        page = context.new_page()
        page.goto(found[1])
        assert page.locator("body").bounding_box()["width"] <= 360  # type: ignore[index]
        page.get_by_label("What is not right?").fill("it still jams")
        page.get_by_role("button", name="Dispute the resolution").click()
        expect(page.locator("body")).to_contain_text(f"{number} is reopened")
    finally:
        context.close()
    assert done(running.technician.get(f"/cases/{number}"))["status"] == "assigned"


def test_no_page_has_a_grave_fault_of_accessibility(
    browser: Browser,
    running: RunningDesk,
    seal: Callable[[], str],
    subtests: pytest.Subtests,
    request: pytest.FixtureRequest,
) -> None:
    """Each kind of page is opened once, and looked at wide and narrow, light and dark; the bar once for each role."""
    number = running.assigned()
    customer = done(running.technician.get(f"/cases/{number}"))["customer"]["id"]
    keeper = running.caller(Role.ADMIN, "root")
    done(keeper.post("/erasures", {"subject": customer, "reason": "they asked for it"}))
    done(keeper.post(f"/cases/{number}/hold", {"reason": "litigation"}))
    change_policy(keeper, reads_recorded=True)  # who read what is a page of rows then
    request.addfinalizer(partial(change_policy, keeper, reads_recorded=False))
    running.catch_up()
    seal()
    everything = "document.querySelectorAll('details').forEach((each) => { each.name = ''; each.open = true; })"
    people: list[tuple[Caller, tuple[str, ...]]] = [
        (
            running.technician,
            (
                *("/ui/components", "/ui/queues/diagnosis", f"/ui/cases/{number}", f"/ui/cases/{number}?version=2"),
                *("/ui/cases/new", "/ui/cases", "/ui/search?q=printer", "/ui/obligations", "/ui/problems"),
                *("/ui/reports", "/ui/reports/resolve?by=team", "/ui/operations", "/ui/major", "/ui/nowhere"),
                *("/ui/quarantine", "/ui/customers", f"/ui/customers/{customer}"),
                *("/ui/sign-in?again=yes", "/report", "/"),
            ),
        ),
        (
            running.auditor,
            (
                *("/ui/audit", "/ui/audit/verify", f"/ui/audit/conformance?case={number}", "/ui/audit/reads"),
                *(f"/ui/cases/{number}/proof", "/ui/queues/diagnosis?as_of=2026-11-30T00:00:00Z"),
                *("/ui/reports/backlog?as_of=2026-11-30T00:00:00Z", "/ui/erasures", "/ui/holds"),
            ),
        ),
        (
            keeper,
            (
                *("/ui/admin", "/ui/admin/catalogue", "/ui/admin/policy", "/ui/admin/grants", "/ui/admin/sources"),
                *("/ui/admin/services/printing", "/ui/admin/grants/a.ortiz", "/ui/admin/new/sources"),
                *("/ui/admin/webhooks", "/ui/erasures", "/ui/holds"),
            ),
        ),
        (running.caller(Role.CUSTOMER, "jo"), ("/ui/cases",)),
    ]
    for caller, paths in people:
        with signed_in(browser, running, caller) as page:
            bring_axe(page)
            for path in paths:
                with subtests.test(path):
                    page.goto(path)
                    if path == f"/ui/cases/{number}":
                        page.evaluate(everything)
                    if path.endswith("/proof"):
                        page.wait_for_selector("body[data-checked]")
                    assert faults_on_all_screens(page, whole=path == paths[0]) == []
