"""Each area of the console, walked to its end in a browser: wide and light, narrow and dark."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from domain.values import Role
from tests.acceptance.conftest import Caller, RunningDesk, done
from tests.acceptance.console.conftest import signed_in
from tests.acceptance.console.looking import faults, fits

SCREENS = pytest.mark.parametrize("screen", [(1280, False), (360, True)], ids=["wide and light", "narrow and dark"])
Screen = tuple[int, bool]


@dataclass
class Walker:
    """Somebody at a screen. Every page that they come by fits it.

    The walk through all pages (`test_walks.py`) looks for faults where a page begins; here they look where a road has led.
    """

    page: Page

    def go(self, path: str) -> None:
        """Open a page, which fits the screen."""
        self.page.goto(path)
        assert fits(self.page), path

    def look(self) -> None:
        """Nothing sticks out of the page, and it has no grave fault of accessibility."""
        self.page.wait_for_load_state()
        assert fits(self.page), self.page.url
        assert faults(self.page) == [], self.page.url

    def give(self, name: str, *typed: tuple[str, str]) -> None:
        """Give a command by its form: open it, fill its fields by name, send it."""
        form = self.page.locator(f"#do-{name}")
        if form.get_attribute("open") is None:
            form.locator("> summary").click()
        fill(form, *typed)
        form.locator("button:not([type=button])").click()
        self.page.wait_for_load_state()


def fill(form: Locator, *typed: tuple[str, str]) -> None:
    """Type into fields by their names."""
    for field, value in typed:
        found = form.locator(f'[name="{field}"]')
        if found.first.get_attribute("type") == "radio":
            form.locator(f'[name="{field}"][value="{value}"]').check()
        elif found.evaluate("(field) => field.tagName") == "SELECT":
            found.select_option(value)
        else:
            found.fill(value)


@contextmanager
def walking(browser: Browser, running: RunningDesk, caller: Caller, screen: Screen) -> Iterator[Walker]:
    """A walk of somebody at a screen."""
    with signed_in(browser, running, caller, width=screen[0], dark=screen[1]) as page:
        yield Walker(page)


@SCREENS
def test_a_problem_is_opened_investigated_published_and_closed(
    browser: Browser, running: RunningDesk, screen: Screen
) -> None:
    with walking(browser, running, running.network, screen) as walker:
        walker.go("/ui/problems")
        form = walker.page.locator('form[action="/ui/problems"]')
        fill(form, ("title", "Trays jam"), ("description", "each Monday"), ("priority", "3"))
        form.get_by_role("button", name="Open").click()
        walker.page.wait_for_url(re.compile(r"/ui/problems/PRB-\d+"))
        number = walker.page.url.rpartition("/")[2]
        walker.give("investigate", ("findings", "damp paper"))
        walker.give("known-error", ("title", "Tray jams"), ("symptoms", "jams at tray 2"), ("workaround", "use tray 1"))
        expect(walker.page.locator(".said")).to_contain_text("use tray 1")
        walker.give("root-cause", ("cause", "the store is damp"))
        walker.give("resolve", ("solution", "the store is dried"))
        walker.give("close")
        expect(walker.page.locator(".head")).to_contain_text("closed")
        walker.look()
    assert done(running.network.get(f"/problems/{number}"))["status"] == "closed"


def mail(subject: str) -> bytes:
    """A mail that the desk cannot place: it answers a case, and comes from somebody who has no part in it."""
    return (
        f"From: Someone Else <someone@elsewhere.example>\r\nTo: desk@example.org\r\nSubject: {subject}\r\n"
        f"Message-ID: <{abs(hash(subject))}@elsewhere.example>\r\n\r\nIt is the blue cable.\r\n"
    ).encode()


@SCREENS
def test_a_message_in_quarantine_is_read_and_joined_and_another_discarded(
    browser: Browser, running: RunningDesk, screen: Screen
) -> None:
    number, gateway = running.assigned(), running.caller(Role.INTAKE, "gateway")
    for nth in (1, 2):
        raw = mail(f"Re: [{number}] cable {screen[0]} {nth}")
        done(gateway.http.post("/intake/email", content=raw, headers={"Content-Type": "message/rfc822"}))
    running.catch_up()
    with walking(browser, running, running.technician, screen) as walker:
        walker.go("/ui/quarantine")
        walker.page.get_by_role("link", name=f"cable {screen[0]} 1").click()
        expect(walker.page.locator(".said")).to_contain_text("It is the blue cable.")
        walker.look()
        walker.page.locator("#case").fill(number)
        walker.page.get_by_role("button", name="Add", exact=True).click()
        walker.page.wait_for_url(f"**/ui/cases/{number}")
        expect(walker.page.locator("#timeline")).to_contain_text("It is the blue cable.")
        walker.go("/ui/quarantine")
        walker.page.get_by_role("link", name=f"cable {screen[0]} 2").click()
        walker.page.get_by_text("Discard it").click()
        walker.page.get_by_label("Why").fill("the same again")
        walker.page.get_by_role("button", name="Discard", exact=True).click()
        walker.page.wait_for_url("**/ui/quarantine")
        running.catch_up()
        walker.go("/ui/quarantine")
        expect(walker.page.locator("#page")).not_to_contain_text(f"cable {screen[0]}")


@SCREENS
def test_a_major_incident_is_nominated_declared_told_resolved_and_reviewed(
    browser: Browser, running: RunningDesk, screen: Screen
) -> None:
    number, duty = running.assigned(), running.caller(Role.DUTY_MANAGER, "d.manager")
    with walking(browser, running, running.technician, screen) as walker:
        walker.go(f"/ui/cases/{number}")
        walker.give("nominate-major", ("reason", "nobody can print"))
    with walking(browser, running, running.network, screen) as walker:
        walker.go(f"/ui/cases/{number}")
        told = (("owner", "t.lee"), ("communication_every_minutes", "30"), ("management_contact", "cio"))
        walker.give("declare-major", *told)
        expect(walker.page.locator(".head")).to_contain_text("major incident declared")
        walker.look()
    running.catch_up()
    with walking(browser, running, duty, screen) as walker:
        walker.go("/ui/major")
        section = walker.page.locator(f'section[aria-labelledby="{number}"]')
        expect(section).to_contain_text("Inform the management")
        walker.look()
        section.get_by_role("link", name="Act on it").click()
        walker.page.wait_for_url(f"**/ui/cases/{number}*")
        done_by = (("method", "phone"), ("outcome", "informed"))
        walker.give("discharge", ("obligation", "inform_management"), *done_by, ("note", "the cio knows"))
        walker.give("discharge", ("obligation", "communicate"), *done_by, ("note", "we look into it"))
        running.catch_up()
        walker.go("/ui/major")
        expect(section).to_contain_text("we look into it")
        expect(section).not_to_contain_text("Inform the management")
    with walking(browser, running, running.network, screen) as walker:
        walker.go(f"/ui/cases/{number}")
        walker.give("accept")
        reached = (("satisfactory", "true"), ("able_to_work", "true"), ("method", "phone"))
        walker.give("verify", *reached)
        walker.give("resolve", ("code", "fixed"), ("solution", "new spooler"), ("cause_corrected", "yes"))
        expect(walker.page.locator(".head")).to_contain_text("Resolved")
        walker.give("discharge", ("obligation", "review_major"), *done_by, ("note", "reviewed with all"))
        running.catch_up()
        walker.go(f"/ui/cases/{number}")
    owed = done(running.technician.get(f"/cases/{number}"))["obligations"]
    assert [each["kind"] for each in owed if each["kind"] in ("review_major", "communicate", "inform_management")] == []


@SCREENS
def test_a_case_is_closed_with_the_customers_word_and_followed_up(
    browser: Browser, running: RunningDesk, screen: Screen
) -> None:
    number = running.resolved()
    with walking(browser, running, running.technician, screen) as walker:
        walker.go(f"/ui/cases/{number}")
        walker.give("close", ("confirmation.method", "phone"), ("confirmation.by", "Jo Field"))
        expect(walker.page.locator(".head")).to_contain_text("Closed")
        walker.look()
        walker.page.get_by_role("link", name="Log a follow-up").click()
        walker.page.wait_for_url(f"**/ui/cases/new?follow_up={number}")
    assert done(running.technician.get(f"/cases/{number}"))["status"] == "closed"


@SCREENS
def test_an_auditor_reads_the_past_and_a_proof_that_is_refused_when_a_byte_is_altered(
    browser: Browser, running: RunningDesk, seal: Callable[[], str], screen: Screen
) -> None:
    number = running.assigned()
    running.catch_up()
    seal()
    with walking(browser, running, running.auditor, screen) as walker:
        for path in ("/ui/audit", "/ui/audit/verify", f"/ui/audit/conformance?case={number}", "/ui/audit/reads"):
            walker.go(path)
        walker.go("/ui/audit")
        walker.page.get_by_label("Number of the case").fill(number)
        walker.page.get_by_role("button", name="Check its proof").click()
        walker.page.wait_for_selector("body[data-checked]")
        walker.page.route(
            "**/proof.json",
            lambda route: route.fulfill(
                response=(answer := route.fetch()), body=re.sub(r'("state": ?")(.)', r"\1Z", answer.text(), count=1)
            ),
        )
        walker.page.reload()
        walker.page.wait_for_selector("body[data-checked]")
        expect(walker.page.locator("#verdict")).to_contain_text("REFUSED")
        walker.look()
        walker.go(f"/ui/cases/{number}?version=2")
        expect(walker.page.get_by_role("region", name="Field")).to_contain_text("Status")


@SCREENS
def test_a_report_is_chosen_broken_down_and_read_as_a_table(
    browser: Browser, running: RunningDesk, screen: Screen
) -> None:
    running.catch_up()
    with walking(browser, running, running.caller(Role.REPORTER, "reports"), screen) as walker:
        walker.go("/ui/reports/volume")
        walker.page.get_by_label("Broken down by").select_option("service")
        walker.page.get_by_role("button", name="Show").click()
        walker.page.wait_for_url("**/ui/reports/volume?by=service")
        expect(walker.page.locator("figure.chart").first).to_be_visible()
        walker.page.locator("details.quiet > summary").first.click()
        expect(walker.page.get_by_role("cell", name="printing").first).to_be_visible()
        walker.look()
        with walker.page.expect_download() as download:
            walker.page.get_by_role("button", name="CSV").click()
        assert download.value.suggested_filename == "volume.csv"
