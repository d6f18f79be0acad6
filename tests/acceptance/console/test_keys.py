"""The main road, from the telephone to the resolution, by keys alone."""

from __future__ import annotations

from playwright.sync_api import Browser, Page

from tests.acceptance.conftest import RunningDesk, done
from tests.acceptance.console.conftest import signed_in


def tab_to(page: Page, label: str) -> None:
    """Press Tab until the field of a label has the focus."""
    for _ in range(150):
        page.keyboard.press("Tab")
        named = "(at) => (at.labels?.[0]?.innerText ?? at.innerText ?? '').trim()"
        if str(page.evaluate(f"({named})(document.activeElement)")).startswith(label):
            return
    raise AssertionError(f"no Tab leads to {label}")


def test_the_main_road_is_walked_by_keys_alone(browser: Browser, running: RunningDesk) -> None:
    with signed_in(browser, running, running.technician) as page:
        page.keyboard.press("c")
        page.wait_for_url("**/ui/cases/new")
        for label, words in (
            ("Name", "Jo Field"),
            ("E-mail", "jo.alone@agency.example"),
            ("What is it about?", "Shredder S8 hums"),
            ("What happens?", "S8 hums and does not shred."),
            ("Service", "Printing"),
            ("Symptoms", "hums"),
        ):
            tab_to(page, label)
            page.keyboard.type(words)
        page.keyboard.press("Control+Enter")
        page.wait_for_selector(".big-number")
        number = page.inner_text(".big-number")
        steps: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
            ("triage", ()),
            ("prioritize", (("1 · High", "ArrowDown"), ("1 · High", "ArrowDown"))),
            ("diagnose", (("Symptoms", "hums"), ("Findings", "a clip in the blades"))),
            ("assign", (("Team", "Network"),)),
        )
        walk(page, steps)
    running.catch_up()
    with signed_in(browser, running, running.network) as page:
        page.wait_for_url("**/ui/queues/network")
        find(page, number)
        walk(
            page,
            (
                ("accept", ()),
                ("verify", (("Yes", " "), ("Yes", " "), ("Reached by", "Phone"))),
                ("resolve", (("How it was resolved", "Fixed"), ("What was done", "the clip is out"), ("Yes", " "))),
            ),
        )
    case = done(running.technician.get(f"/cases/{number}"))
    assert (case["status"], case["resolution"]["solution"], case["priority"]) == ("resolved", "the clip is out", 3)


def find(page: Page, number: str) -> None:
    """Go down the rows of a list to a case, and open it."""
    for _ in range(page.locator("tbody tr").count()):
        page.keyboard.press("j")
        if page.locator("tr.at").get_attribute("data-number") == number:
            break
    page.keyboard.press("o")
    page.wait_for_url(f"**/ui/cases/{number}")


def walk(page: Page, steps: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]) -> None:
    """Give the usual next command, again and again: it is the first of the palette, Tab leads through it, Ctrl+Enter sends it."""
    for name, typed in steps:
        page.keyboard.press(".")
        page.keyboard.press("Enter")
        first = True
        for label, words in typed:
            named = "(at) => (at.labels?.[0]?.innerText ?? '').trim()"
            if not (first and str(page.evaluate(f"({named})(document.activeElement)")).startswith(label)):
                tab_to(page, label)
            if words.startswith("Arrow"):
                page.keyboard.press(words)
            else:
                page.keyboard.type(words)
            first = False
        page.keyboard.press("Control+Enter")
        page.wait_for_url(f"**done={name}*")
