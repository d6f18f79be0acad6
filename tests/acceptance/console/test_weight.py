"""How much a page weighs on the wire, and that nothing on it jumps while the desk works."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.acceptance.conftest import RunningDesk, done
from tests.acceptance.console.conftest import Visit, Visitor, signed_in
from tests.acceptance.console.test_sessions import PAGES

MOST = 100_000
"""Bytes that a page may cost somebody who comes for the first time: its HTML, the stylesheet, and the scripts."""
SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const each of list.getEntries()) if (!each.hadRecentInput) window.shifted += each.value;
}).observe({ type: "layout-shift", buffered: true });
"""


def weight(visitor: Visitor, path: str) -> int:
    """Bytes that a page and its own files take on the wire."""
    answer = visitor.get(path)
    assert answer.status_code == 200, path
    files = re.findall(r'(?:src|href)="(/ui/static/[^"]+)"', answer.text)
    assert len(files) >= 3
    return answer.num_bytes_downloaded + sum(visitor.get(file).num_bytes_downloaded for file in files)


def test_every_page_weighs_less_than_100_kb(running: RunningDesk, visit: Visit, subtests: pytest.Subtests) -> None:
    number = running.assigned()
    for nth in range(50):  # a full page of a list, and a long history
        done(running.technician.post(f"/cases/{number}/notes", {"text": f"called again, {nth} " + "and again " * 9}))
    for _ in range(60):  # with all that a row can show
        running.assigned()
    running.catch_up()
    technician, auditor = visit(running.technician), visit(running.auditor)
    customer = done(running.technician.get(f"/cases/{number}"))["customer"]["id"]
    for path in (
        *PAGES,
        f"/ui/customers/{customer}",
        f"/ui/cases/{number}",
        f"/ui/cases/{number}?version=2",
        "/ui/cases/new",
        "/ui/quarantine",
    ):
        with subtests.test(path):
            assert weight(technician, path) < MOST
    page = technician.get(f"/ui/cases/{number}").text
    assert "15 entries between" in page
    assert "called again, 49 " in page
    assert "called again, 3 " not in page
    assert "called again, 3 " in technician.get(f"/ui/cases/{number}?whole=true").text
    for nth in range(50, 80):
        done(running.technician.post(f"/cases/{number}/notes", {"text": f"called again, {nth} and again"}))
    page = technician.get(f"/ui/cases/{number}").text
    assert "More entries between" in page, "it is too long to be read whole"
    assert [int(each) for each in re.findall(r'<li class="entry[^"]*" id="v(\d+)"', page)] == [1, *range(47, 86)]
    assert 'data-version="85"' in page
    for path in (
        "/ui/audit/verify",
        "/ui/audit/conformance",
        "/ui/audit/reads",
        "/ui/erasures?everything=true",
        "/ui/holds?everything=true",
        "/ui/queues/triage?as_of=2026-11-30T00:00:00Z",
    ):
        with subtests.test(path):
            assert weight(auditor, path) < MOST


def test_nothing_jumps_while_a_queue_is_renewed(browser: Browser, running: RunningDesk) -> None:
    number, other = running.prioritized(), running.prioritized()
    running.catch_up()
    with signed_in(browser, running, running.technician) as page:
        page.add_init_script(SHIFTS)
        page.goto("/ui/queues/diagnosis")
        row = page.locator(f'tr[data-number="{number}"]')
        row.locator("a").focus()
        for case, level in ((number, 1), (other, 3)):
            priority = {"impact": level, "severity": level, "reason": "looked again"}
            done(running.technician.post(f"/cases/{case}/prioritize", priority))
        expect(page.locator("#news")).to_be_visible()
        expect(page.locator("[data-news]")).to_have_text("2 cases changed.")
        expect(row).to_have_class(re.compile("changed"))
        running.log()
        expect(page.locator("[data-news]")).to_have_text("3 cases changed.")
        assert page.evaluate("document.activeElement.closest('tr').dataset.number") == number, "the focus stays"
        assert page.evaluate("window.shifted") < 0.1
