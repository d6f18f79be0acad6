"""The console: pages for people under `/ui`. A page calls the services that the API calls, as the person who signed in.

An area is a module in `areas/`, `auditing/` or `admin/`, with its templates beside. CONTRIBUTING.md says how to add a page.
"""

from __future__ import annotations

from fastapi import APIRouter

from api.http.console import admin, auditing
from api.http.console.access import reading, staffing
from api.http.console.areas import (
    assets,
    bulk,
    cases,
    commands,
    components,
    customers,
    files,
    lists,
    live,
    major,
    problems,
    quarantine,
    report,
    reports,
    saved_filters,
    sign_in,
    telephone,
    unknown,
)
from api.http.console.route import directly

router = APIRouter()
for _area in (
    assets,
    sign_in,
    live,
    lists,
    saved_filters,
    bulk,
    major,
    quarantine,
    report,
    telephone,
    files,
    cases,
    commands,
    problems,
    customers,
    auditing,
    reports,
    admin,
    components,
    unknown,
):
    router.routes.extend(_area.router.routes)

DIRECT = {
    ("GET", "/ui/cases"): directly(lists.list_cases, reading, conditions=()),
    ("GET", "/ui/cases/{number:str}"): directly(cases.read_case, reading),
    ("GET", "/ui/queues/{name}"): directly(lists.read_queue, staffing),
    ("GET", "/ui/obligations"): directly(lists.obligations, staffing),
    ("GET", "/ui/problems"): directly(problems.list_problems, staffing),
}
"""For `entrance/door.py`: the pages that people open all day."""
