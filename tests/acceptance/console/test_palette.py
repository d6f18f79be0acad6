"""The palette: what can be done here, found by typing, with the keyboard alone."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from tests.acceptance.conftest import RunningDesk, done
from tests.acceptance.console.conftest import signed_in
from tests.acceptance.console.looking import faults_on_all_screens

INPUT = "#palette-input"


def options(page: Page) -> list[str]:
    return [
        each.split("\n")[0] for each in page.locator("#palette [role=option]:not([aria-disabled])").all_inner_texts()
    ]


def test_a_command_of_the_case_is_found_and_given_by_keyboard(browser: Browser, running: RunningDesk) -> None:
    number = running.in_diagnosis()
    with signed_in(browser, running, running.technician) as page:
        page.goto(f"/ui/cases/{number}")
        page.locator("[data-copy]").focus()
        page.keyboard.press(".")
        expect(page.locator(INPUT)).to_be_focused()
        first = page.locator("#palette [role=option]").first
        assert first.inner_text().startswith("Assign to a team"), "the usual next step comes first"
        expect(page.locator(INPUT)).to_have_attribute("aria-activedescendant", "palette-0")
        page.keyboard.press("Tab")
        expect(page.locator(INPUT)).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.locator("#palette")).to_be_hidden()
        expect(page.locator("[data-copy]")).to_be_focused()
        page.keyboard.press(".")
        page.keyboard.type("wait")
        assert "Wait" in options(page)
        assert page.locator("#palette [aria-disabled]").count() == 0
        page.keyboard.press("Control+A")
        page.keyboard.type("resume")
        refused = page.locator("#palette [role=option]").first
        expect(refused).to_have_attribute("aria-disabled", "true")
        expect(refused).to_contain_text("It does not wait.")
        page.keyboard.press("Enter")
        expect(page.locator("#palette")).to_be_visible()
        page.keyboard.press("Control+A")
        page.keyboard.type("wait")
        page.keyboard.press("Enter")
        expect(page.locator("#pend-reason_code")).to_be_focused()
        page.keyboard.press("A")
        page.keyboard.press("Control+Enter")
        page.wait_for_url("**done=pend*")
    assert done(running.technician.get(f"/cases/{number}"))["pending"]["reason"] == "vendor"


def test_a_place_is_gone_to(browser: Browser, running: RunningDesk) -> None:
    with signed_in(browser, running, running.technician) as page:
        page.goto("/ui/cases")
        page.keyboard.press(".")
        page.keyboard.type("go obligations")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Enter")
        page.wait_for_url("**/ui/obligations")


def test_the_open_palette_has_no_grave_fault(browser: Browser, running: RunningDesk) -> None:
    number = running.in_diagnosis()
    with signed_in(browser, running, running.technician) as page:
        page.goto(f"/ui/cases/{number}")
        page.keyboard.press(".")
        assert faults_on_all_screens(page) == []
        page.keyboard.type("nothing is called like this")
        expect(page.locator("#palette [role=option]")).to_have_text("Nothing here is called so. ")
        assert faults_on_all_screens(page) == []
