"""One served desk with the demonstration's cases, and one browser, for all tests of the console."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from api.http.entrance.sessions import COOKIE
from application.demo.small_desk import load_demo
from domain.values import Role
from tests.acceptance.conftest import Caller, RunningDesk, served
from tests.acceptance.office import open_office
from tests.conftest import TestDatabase, cloned
from tests.infrastructure.transparency.sealed import SealedDesk

_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run", "--disable-dev-shm-usage"),
)


@pytest.fixture(scope="package")
def console_database(server: str) -> Iterator[TestDatabase]:
    """The database of the console's tests."""
    with cloned(server) as database:
        yield database


@pytest.fixture(scope="package")
def console_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the keys of the served desk are."""
    return tmp_path_factory.mktemp("console")


@pytest.fixture(scope="package")
def running(console_database: TestDatabase, console_keys: Path) -> Iterator[RunningDesk]:
    """The served desk, with the demonstration's cases in it."""
    with served(console_database, console_keys, database_url=console_database.superuser) as desk:
        admin = open_office(desk)
        for subject, team in (("b.chen", None), ("m.ruiz", "messaging")):
            desk.caller(Role.TECHNICIAN if team is None else Role.TEAM_MEMBER, subject, team)
        admin.http.close()
        desk.office.run(load_demo)
        desk.catch_up()
        yield desk


@pytest.fixture(scope="package")
def seal(console_database: TestDatabase, console_keys: Path) -> Callable[[], str]:
    """Seals the record; returns the verifier key of the log."""
    sealed = SealedDesk(console_database, console_keys / "sealer")

    def do() -> str:
        sealed.seal()
        return str(sealed.folder.verifiers()[0])

    return do


class Visitor:
    """Somebody who is signed in to the console, without a browser."""

    def __init__(self, url: str, token: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=30, verify=False)
        self.signed_in = self.http.post("/ui/sign-in", data={"token": token})
        self.cookie = self.signed_in.cookies.get(COOKIE) or cookie_of(self.signed_in)

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Open a page."""
        return self.http.get(path, headers={"Cookie": f"{COOKIE}={self.cookie}", **headers})

    def post(self, path: str, form: dict[str, Any], **headers: str) -> httpx.Response:
        """Send a form of a page: with its CSRF token, unless the form names another."""
        sent = {"csrf": self.csrf, **form}
        return self.http.post(path, data=sent, headers={"Cookie": f"{COOKIE}={self.cookie}", **headers})

    @property
    def csrf(self) -> str:
        """The token of the session's forms."""
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', self.get("/ui/operations").text)
        assert found
        return found[1]


def cookie_of(answer: httpx.Response) -> str:
    """The session that an answer begins; empty where it begins none."""
    found = re.search(rf"{COOKIE}=([^;]+)", answer.headers.get("set-cookie", ""))
    return found[1] if found else ""


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(running: RunningDesk) -> Iterator[Visit]:
    """Sign in as a caller of the desk."""
    made: list[Visitor] = []

    def do(caller: Caller) -> Visitor:
        made.append(Visitor(running.url, token_of(caller)))
        return made[-1]

    yield do
    for each in made:
        each.http.close()


def token_of(caller: Caller) -> str:
    """The token of a caller."""
    return str(caller.http.headers["Authorization"]).removeprefix("Bearer ")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. Where it is missing, the tests that need it are skipped, and say so.

    Playwright keeps an event loop running in this thread. It must end with this folder: no other test could run one.
    """
    if _CHROMIUM is None:
        pytest.skip("no chromium here: the walks through the console are skipped (apt-get install chromium)")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=_CHROMIUM, args=list(_QUIET))


Open = Callable[..., Page]


@contextmanager
def signed_in(
    browser: Browser,
    running: RunningDesk,
    caller: Caller,
    *,
    width: int = 1280,
    dark: bool = False,
    pasting: bool = False,
) -> Iterator[Page]:
    """A page of somebody who has signed in, where they begin. An error of a script fails the test.

    They come with their session, unless they sign in by ``pasting`` their token into the page.
    """
    context: BrowserContext = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light", base_url=running.url
    )
    page, errors = context.new_page(), list[str]()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if "Content Security Policy" in said.text else None)
    page.set_default_timeout(20_000)
    try:
        if not pasting:
            visitor = Visitor(running.url, token_of(caller))
            visitor.http.close()
            context.add_cookies(
                [
                    {
                        "name": COOKIE,
                        "value": visitor.cookie,
                        "url": running.url.replace("http:", "https:"),
                        "secure": True,
                    }
                ]
            )
        page.goto("/ui")
        if pasting:
            page.fill("#token", token_of(caller))
            page.click("button.primary")
        page.wait_for_selector("#page")
        yield page
        assert errors == []
    finally:
        context.close()
