"""The pages of every day are found without FastAPI. An address with a query takes the other way, to the same page."""

from __future__ import annotations

import re

import httpx
import pytest

from api.http.console import DIRECT
from domain.values import Role
from tests.acceptance.conftest import RunningDesk, done
from tests.acceptance.console.conftest import Visit

_NEW_EACH_TIME = re.compile(
    r'name="once" value="\w+"|name="query" value="[^"]*"|href="[^"]*cursor=[^"]*"|trace \w+|<time.*?</time>|<span class="due.*?</span>',
    re.DOTALL,
)


def shown(answer: httpx.Response) -> tuple[int, list[str], str]:
    """A page without what is another each time."""
    return answer.status_code, sorted(answer.headers.keys()), _NEW_EACH_TIME.sub("", answer.text)


@pytest.mark.parametrize("path", [path for _, path in DIRECT])
def test_a_page_is_the_same_by_both_ways(running: RunningDesk, visit: Visit, path: str) -> None:
    address = path.replace("{number:str}", running.assigned()).replace("{name}", "diagnosis")
    while done(running.technician.get("/cases", limit=60))["total"]["cases"] < 60:  # more than a page
        running.log()
    running.catch_up()
    for caller in (running.technician, running.caller(Role.CUSTOMER, "jo"), running.caller(Role.ADMIN, "root")):
        visitor = visit(caller)
        assert shown(visitor.get(address)) == shown(visitor.get(f"{address}?x=1"))


def test_an_address_of_its_own_goes_before_a_case_of_that_number(running: RunningDesk, visit: Visit) -> None:
    assert "Log a call" in visit(running.technician).get("/ui/cases/new").text
    assert visit(running.technician).get("/ui/cases/none").status_code == 404
