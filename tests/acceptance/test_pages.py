"""Lists and queues: whole, in order, page by page, now and as they were."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.acceptance.conftest import Answer, Caller, RunningDesk, done, incident


def link_of(answer: Answer) -> str | None:
    """The address of the next page as RFC 8288 says it."""
    following: dict[str, str] = answer.links.get("next", {})
    return following.get("url")


def by_cursor(caller: Caller, path: str, **given: Any) -> list[list[Any]]:
    """All pages, turned by `next_cursor`."""
    pages, cursor = [], None
    while True:
        answer = done(caller.get(path, **given, **({"cursor": cursor} if cursor else {})))
        assert isinstance(answer["as_of_position"], int)
        pages.append(answer["items"])
        if (cursor := answer["next_cursor"]) is None:
            return pages


def by_link(caller: Caller, url: str | None) -> list[list[Any]]:
    """All pages, turned by the `Link` header alone."""
    pages = []
    while url is not None:
        answer = caller.http.get(url)
        pages.append(done(answer)["items"])
        url = link_of(answer)
    return pages


def numbers(pages: list[list[Any]]) -> list[str]:
    return [item["number"] for page in pages for item in page]


def ago(**interval: float) -> str:
    return (datetime.now(UTC) - timedelta(**interval)).isoformat()


def test_pages_hold_every_case_once_in_both_orders(running: RunningDesk) -> None:
    desk = running.technician
    logged = [desk.post("/cases", incident()) for _ in range(13)]
    done(desk.get("/cases", after=int(logged[-1].headers["Position"])))
    everything = sorted(done(answer)["number"] for answer in logged)
    for limit in (1, 4, 13, 200):
        for sort, expected in (("number", everything), ("-number", everything[::-1])):
            pages = by_cursor(desk, "/cases", limit=limit, sort=sort)
            assert numbers(pages) == expected
            assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
            assert by_link(desk, f"/cases?limit={limit}&sort={sort}") == pages
    assert numbers(by_cursor(desk, "/cases")) == everything[::-1]  # the newest first, when nothing is asked


def test_pages_stay_whole_while_cases_are_added(running: RunningDesk) -> None:
    desk = running.technician
    before = [done(desk.post("/cases", incident()))["number"] for _ in range(6)]
    last = desk.post("/cases", incident())
    before.append(done(last)["number"])
    first = done(desk.get("/cases", limit=3, after=int(last.headers["Position"])))
    newer = desk.post("/cases", incident())
    done(desk.get("/cases", after=int(newer.headers["Position"])))
    cursor, found = first["next_cursor"], [item["number"] for item in first["items"]]
    while cursor:
        page = done(desk.get("/cases", limit=3, cursor=cursor))
        found += [item["number"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert found == sorted(before, reverse=True)


def test_a_page_has_fifty_when_nothing_is_said(running: RunningDesk) -> None:
    desk = running.technician
    last = [desk.post("/cases", incident()) for _ in range(51)][-1]
    assert len(done(desk.get("/cases", after=int(last.headers["Position"])))["items"]) == 50
    assert len(done(desk.get("/queues/triage"))["items"]) == 50


def test_filters_narrow_a_list_and_their_pages(running: RunningDesk, subtests: pytest.Subtests) -> None:
    desk = running.technician
    plain = running.log(service="email", external_ref="CHG-1", channel="chat")["number"]
    waiting, assigned = running.prioritized(), running.assigned()
    done(running.network.post(f"/cases/{assigned}/accept", {}))
    other = running.prioritized()
    done(desk.post(f"/cases/{other}/prioritize", {"impact": 1, "severity": 1}))
    last = desk.post(f"/cases/{waiting}/pend", {"reason_code": "vendor"})
    done(desk.get("/cases", after=int(last.headers["Position"])))
    customer = done(desk.get(f"/cases/{plain}"))["customer"]["id"]
    ways: list[tuple[dict[str, Any], list[str]]] = [
        ({"status": "logged"}, [plain]),
        ({"status": "prioritized"}, [waiting, other]),
        ({"queue": "network"}, [assigned]),
        ({"team": "network", "status": "assigned"}, [assigned]),
        ({"technician": "t.lee"}, [assigned]),
        ({"service": "email"}, [plain]),
        ({"service": "printing", "priority": 1}, [other]),
        ({"priority": 3}, [waiting, assigned]),
        ({"impact": 1, "severity": 1}, [other]),
        ({"channel": "chat"}, [plain]),
        ({"agency": "dot"}, [plain, waiting, assigned, other]),
        ({"customer": customer}, [plain, waiting, assigned, other]),
        ({"external_ref": "CHG-1"}, [plain]),
        ({"status": "closed"}, []),
        ({"team": "' OR true --"}, []),
    ]
    for filters, expected in ways:
        with subtests.test(str(filters)):
            assert numbers(by_cursor(desk, "/cases", sort="number", limit=1, **filters)) == sorted(expected)


def test_a_queue_is_by_priority_and_then_by_time_of_receipt(running: RunningDesk) -> None:
    desk = running.technician
    expected = []
    for priority, hours in ((4, 3), (1, 1), (2, 2), (1, 4), (4, 5), (3, 1), (1, 2)):
        number = running.log(received_at=ago(hours=hours))["number"]
        done(desk.post(f"/cases/{number}/triage", {"owner": "desk"}))
        levels = {1: (1, 1), 2: (1, 2), 3: (2, 2), 4: (3, 3)}[priority]
        last = desk.post(f"/cases/{number}/prioritize", {"impact": levels[0], "severity": levels[1]})
        expected.append((priority, -hours, done(last)["number"]))
    done(desk.get("/queues", after=int(last.headers["Position"])))
    in_order = [number for _, _, number in sorted(expected)]
    for limit in (1, 3, 50):
        pages = by_cursor(desk, "/queues/diagnosis", limit=limit)
        assert numbers(pages) == in_order
        assert by_link(desk, f"/queues/diagnosis?limit={limit}") == pages
    unprioritized = [running.log(received_at=ago(hours=hours))["number"] for hours in (1, 6, 3)]
    last = desk.post(f"/cases/{unprioritized[0]}/notes", {"text": "x"})
    done(desk.get("/queues", after=int(last.headers["Position"])))
    assert numbers(by_cursor(desk, "/queues/triage", limit=2)) == [unprioritized[i] for i in (1, 2, 0)]


def test_cases_received_at_the_same_moment_are_still_paged_once_each(running: RunningDesk) -> None:
    desk, received = running.technician, ago(hours=1)
    logged = [desk.post("/cases", {**incident(), "received_at": received}) for _ in range(7)]
    done(desk.get("/queues", after=int(logged[-1].headers["Position"])))
    pages = by_cursor(desk, "/queues/triage", limit=2)
    assert numbers(pages) == [done(answer)["number"] for answer in logged]


def test_the_queues_and_how_many_stand_in_each(running: RunningDesk) -> None:
    running.log()
    running.prioritized()
    running.in_diagnosis()
    running.assigned()
    number = running.resolved()
    closed = running.closed()
    last = running.technician.post(f"/cases/{closed}/notes", {"text": "x"})
    answer = done(running.technician.get("/queues", after=int(last.headers["Position"])))
    counts = {item["name"]: item["cases"] for item in answer["items"]}
    assert counts == {"triage": 1, "diagnosis": 2, "network": 1, "resolved": 1}
    attention = {item["name"]: item["cases"] for item in answer["attention"]}
    assert attention == {"breaching": 3, "unassigned": 1}
    for name, cases in {**counts, **attention}.items():
        assert len(done(running.technician.get(f"/queues/{name}"))["items"]) == cases
    assert numbers([done(running.technician.get("/queues/resolved"))["items"]]) == [number]
    assert done(running.technician.get("/queues/nobody"))["items"] == []


def test_a_queue_is_read_as_it_was(running: RunningDesk) -> None:
    desk = running.technician
    one, two = running.prioritized(), running.prioritized()
    then = done(desk.get(f"/cases/{two}/history"))["items"][-1]
    past = done(desk.get("/queues/diagnosis", after=then["position"]))["items"]
    assert numbers([past]) == [one, two]
    done(desk.post(f"/cases/{two}/prioritize", {"impact": 1, "severity": 1}))
    done(desk.post(f"/cases/{one}/diagnose", {"symptoms": "s", "findings": "f"}))
    done(desk.post(f"/cases/{one}/assign", {"team": "network"}))
    now = int(desk.post("/cases", incident()).headers["Position"])
    assert numbers([done(desk.get("/queues/diagnosis", after=now))["items"]]) == [two]
    for point in ({"as_of": then["recorded_at"]}, {"position": then["position"]}):
        was = done(desk.get("/queues/diagnosis", **point))
        assert was["items"] == past
        assert was["as_of_position"] == then["position"]
        assert numbers(by_cursor(desk, "/queues/diagnosis", limit=1, **point)) == [one, two]
        assert done(desk.get("/queues/network", **point))["items"] == []
    before = done(desk.get("/queues/triage", as_of="2016-04-20T00:00:00Z"))
    assert (before["items"], before["as_of_position"]) == ([], 0)


def test_a_search_is_filtered_and_turned_page_by_page(running: RunningDesk) -> None:
    desk, since = running.technician, ago(minutes=1)
    logged = [done(desk.post("/cases", {**incident(), "subject": f"Plotter {place}"})) for place in range(5)]
    running.assigned()
    running.catch_up()
    found = sorted(case["number"] for case in logged)
    for query in ("plotter", "plottre"):
        for given, expected in (
            ({}, found),
            ({"status": "logged"}, found),
            ({"team": "network"}, []),
            ({"service": "email"}, []),
        ):
            assert sorted(numbers(by_cursor(desk, "/search", q=query, limit=2, **given))) == expected, given
        assert numbers(by_cursor(desk, "/search", q=query, received_to=since)) == []
    first = done(desk.get("/search", q=found[0], limit=1))["items"]
    assert [(item["number"], item["score"]) for item in first] == [(found[0], 1.0)]
    assert len(by_link(desk, "/search?q=plotter&limit=2&status=logged")) == 3
    assert desk.get("/search", q="x" * 1_001).status_code == 422
    assert desk.get("/search", q="x", status="lost").status_code == 422
