"""`make screenshots`: the main pages of the console as docs/img/*.png, light and dark, from a demonstration of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

IMAGES = Path(__file__).parents[1] / "docs" / "img"
LARGEST = 200_000
"""Bytes of a picture."""
_ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
_ARGS += ["--disable-sync", "--no-first-run", "--disable-dev-shm-usage"]
_CASELEDGER = [sys.executable, "-m", "api.cli"]


@contextmanager
def demonstration(folder: Path) -> Iterator[str]:
    """A served demonstration; gives its address."""
    command = [*_CASELEDGER, "serve", "--demo", "--port", "0", "--data-dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        try:
            ready = next(line for line in served.stdout if line.startswith("READY "))
            yield ready.split()[1]
        finally:
            served.terminate()
            served.communicate(timeout=60)


@contextmanager
def visitor(browser: Browser, url: str, role: str, *, dark: bool, width: int = 1280) -> Iterator[Page]:
    """A page of somebody of the demonstration, by the button of their role."""
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light", base_url=url
    )
    page = context.new_page()
    page.goto("/ui")
    page.click(f"#as-{role}")
    page.wait_for_selector("#page")
    yield page
    context.close()


def take(page: Page, name: str, *, dark: bool) -> None:
    """Take a picture of a page as it stands."""
    path = IMAGES / f"{name}-{'dark' if dark else 'light'}.png"
    page.evaluate("window.scrollTo(0, 0)")
    page.screenshot(path=path)
    if path.stat().st_size > LARGEST:
        raise SystemExit(f"{path.name} has {path.stat().st_size} bytes; {LARGEST} are allowed")


def major_incident(browser: Browser, url: str) -> None:
    """Make a major incident of an assigned case."""
    with visitor(browser, url, "technician", dark=False) as page:
        page.goto("/ui/cases?status=assigned&team=network")
        number = page.locator("tbody tr").first.get_attribute("data-number")
        assert number is not None
        page.goto(f"/ui/cases/{number}")
        page.locator("#do-nominate-major > summary").click()
        page.fill("#nominate-major-reason", "Nobody on floor 2 can print; the licence office is closed to the public.")
        page.click("#do-nominate-major button")
        page.wait_for_url("**done=*")
    with visitor(browser, url, "team_member", dark=False) as page:
        page.goto(f"/ui/cases/{number}")
        page.locator("#do-declare-major > summary").click()
        page.fill("#declare-major-owner", "t.lee")
        page.fill("#declare-major-management_contact", "office of the CIO")
        page.click("#do-declare-major button")
        page.wait_for_url("**done=*")


def pictures(browser: Browser, url: str, vkey: str) -> None:
    """Take all pictures, light and dark."""
    major_incident(browser, url)
    for dark in (False, True):
        with visitor(browser, url, "technician", dark=dark) as page:
            page.goto("/ui/cases")
            take(page, "queue", dark=dark)
            page.goto("/ui/components")
            take(page, "components", dark=dark)
            page.goto("/ui/cases/new")
            page.get_by_label("What is it about?").press_sequentially("Printer on floor 2 does not print")
            page.wait_for_selector("#alike .section")
            take(page, "telephone", dark=dark)
            page.goto("/ui/cases/INC-0000008")
            take(page, "case", dark=dark)
            page.goto("/ui/major")
            take(page, "major-incident", dark=dark)
        with visitor(browser, url, "reporter", dark=dark) as page:
            page.goto("/ui/reports")
            take(page, "dashboard", dark=dark)
        with visitor(browser, url, "auditor", dark=dark) as page:
            page.goto("/ui/cases/INC-0000008/proof")
            page.fill("#vkey", vkey)
            page.wait_for_selector("#steps [data-step=root].holds")
            take(page, "proof", dark=dark)
        with visitor(browser, url, "customer", dark=dark, width=390) as page:
            mails = page.request.get("/demo/mail", headers={"Accept": "application/json"}).json()["items"]
            links = [
                link for mail in mails for link in mail["links"] if "/disputes/" in link or "/self-service/" in link
            ]
            page.goto(links[0])
            take(page, "customer", dark=dark)


def main() -> None:
    """Write the pictures."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("there is no chromium here: apt-get install chromium")
    IMAGES.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="shots-"))
    folder.chmod(0o755)  # an unprivileged database server must reach it
    try:
        with demonstration(folder) as url, sync_playwright() as playwright:
            told = [*_CASELEDGER, "tlog", "vkey", "--data-dir", str(folder)]
            vkey = subprocess.run(told, check=True, capture_output=True, text=True).stdout.split()[0]
            pictures(playwright.chromium.launch(executable_path=chromium, args=_ARGS), url, vkey)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
