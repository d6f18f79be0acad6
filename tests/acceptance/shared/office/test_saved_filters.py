"""Saved filters over HTTP: a person's own, and those of their team or of the desk."""

from __future__ import annotations

from typing import Any

from domain.values import Role
from tests.acceptance.conftest import Caller, RunningDesk, done, refused

LATE = {"overdue": "true", "status": "assigned", "sort": "due"}


def save(
    caller: Caller, name: str, query: dict[str, str], headers: dict[str, str] | None = None, *, shared: bool = False
) -> Any:
    return caller.http.put(f"/filters/{name}", json={"query": query, "shared": shared}, headers=headers)


def names(caller: Caller) -> dict[str, list[str]]:
    return {each["owner"]: [f["name"] for f in each["filters"]] for each in done(caller.get("/filters"))["items"]}


def test_a_saved_filter_leads_to_its_list(running: RunningDesk) -> None:
    ortiz = running.caller(Role.TECHNICIAN, "filter.ortiz")
    number = running.log(service="payroll")["number"]
    kept = done(save(ortiz, "payroll - new", {"service": "payroll", "queue": "triage", "sort": "-received"}))
    (saved,) = kept["filters"]
    assert saved["saved_by"] == "filter.ortiz"
    ours = done(ortiz.get(f"/cases/{number}/history"))["items"][-1]["position"]
    listed = done(ortiz.get(saved["href"], after=ours))["items"]
    assert number in {case["number"] for case in listed}
    assert {case["service"] for case in listed} == {"payroll"}


def test_a_persons_filters_are_their_own_and_a_teams_are_its_members(running: RunningDesk) -> None:
    lee = running.caller(Role.TEAM_MEMBER, "filter.lee", "network")
    ruiz = running.caller(Role.TEAM_MEMBER, "filter.ruiz", "messaging")
    kim = running.caller(Role.TEAM_MEMBER, "filter.kim", "network")
    done(save(lee, "my late ones", LATE))
    done(save(lee, "late", LATE, shared=True))
    assert names(lee) == {"filter.lee": ["my late ones"], "network": ["late"]}
    assert names(kim) == {"network": ["late"]}
    assert "network" not in names(ruiz)
    assert done(kim.post("/filters/late/remove", {"shared": True}))["filters"] == []
    refused(kim.post("/filters/late/remove", {"shared": True}), 404, "not-found")


def test_those_without_a_team_share_the_desks(running: RunningDesk) -> None:
    chen, manager = running.caller(Role.TECHNICIAN, "filter.chen"), running.caller(Role.DUTY_MANAGER, "filter.manager")
    done(save(chen, "disputed lately", {"major": "any"}, shared=True))
    assert "disputed lately" in names(manager)["desk"]


def test_a_filter_is_checked_as_the_list_checks_it(running: RunningDesk) -> None:
    ortiz = running.caller(Role.TECHNICIAN, "filter.checked")
    for query, pointer in (
        ({"colour": "red"}, "/query/colour"),
        ({"status": "lost"}, "/query/status"),
        ({"sort": "colour"}, "/query/sort"),
        ({"received_from": "yesterday"}, "/query/received_from"),
        ({"priority": "9"}, "/query/priority"),
    ):
        problem = refused(save(ortiz, "wrong", query), 422, "validation-failed")
        assert [each["pointer"] for each in problem["errors"]] == [pointer]
        assert ortiz.http.get("/cases", params=query).status_code == 422
    assert "filter.checked" not in names(ortiz)


def test_a_filter_seen_at_an_older_version_is_not_replaced(running: RunningDesk) -> None:
    ortiz = running.caller(Role.TECHNICIAN, "filter.stale")
    first = save(ortiz, "late", LATE, {"If-None-Match": "*"})
    done(save(ortiz, "late", {"status": "assigned"}, {"If-Match": first.headers["ETag"]}))
    refused(save(ortiz, "late", LATE, {"If-Match": first.headers["ETag"]}), 412, "stale-version")
    refused(save(ortiz, "late", LATE, {"If-None-Match": "*"}), 412, "stale-version")


def test_customers_have_no_filters(running: RunningDesk) -> None:
    jo = running.caller(Role.CUSTOMER, "f2d3009c3f5755d9")
    refused(jo.get("/filters"), 403, "forbidden")
    refused(save(jo, "late", LATE), 403, "forbidden")
