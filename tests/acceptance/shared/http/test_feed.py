"""The ledger as a feed: by pages and as a stream, every event once and in order, also while others write."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from importlib import import_module
from typing import Any

import httpx
import pytest

from api.http.routes.events import HEARTBEAT, RECHECK
from application.administration.catalogue import OPERATOR
from domain.values import Role
from tests.acceptance.conftest import RunningDesk, done, incident, refused, served
from tests.blocking import because
from tests.conftest import cloned


@pytest.fixture
def start(running: RunningDesk) -> int:
    """Where the ledger stands when a test begins."""
    return int(done(running.anonymous().get("/readyz"))["ledger_position"])


def pages(running: RunningDesk, limit: int, after: int) -> list[dict[str, Any]]:
    """All events there are, by the `Link` of each page."""
    items: list[dict[str, Any]] = []
    url: str | None = f"/events?after={after}&limit={limit}"
    while url is not None:
        answer = running.auditor.http.get(url)
        page = done(answer)
        items += page["items"]
        assert page["as_of_position"] == (items[-1]["position"] if items else after)
        url = answer.links.get("next", {}).get("url")
        assert (url is None) == (page["next_cursor"] is None)
    return items


Message = dict[str, str]


def messages(lines: Iterator[str]) -> Iterator[Message]:
    """What a stream says, as the WHATWG's server-sent events: a message a block, comments under `""`."""
    block: Message = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            block[name] = value.removeprefix(" ")
        elif block:
            yield block
            block = {}


def stream(running: RunningDesk, after: int, last: int | None = None) -> AbstractContextManager[Iterator[Message]]:
    """The auditor's."""
    return followed(running.url, running.auditor.http.headers["Authorization"], after, last)


@contextmanager
def followed(url: str, authorization: str, after: int, last: int | None = None) -> Iterator[Iterator[Message]]:
    headers = {"Accept": "text/event-stream", "Authorization": authorization}
    if last is not None:
        headers["Last-Event-ID"] = str(last)
    with (
        httpx.Client(timeout=30) as http,
        http.stream("GET", f"{url}/events", params={"after": after}, headers=headers) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield messages(answer.iter_lines())


def taken(said: Iterator[Message], count: int, *, heartbeats: int = 2) -> list[Message]:
    """The next events of a stream, of which no more than so many heartbeats may be missing."""
    found: list[Message] = []
    for message in said:
        if "data" in message:
            found.append(message)
        elif (heartbeats := heartbeats - 1) < 0:
            break
        if len(found) == count:
            break
    return found


def surface(work: list[Future[None]]) -> None:
    """Fail as soon as one of those at work has failed, instead of waiting for what will not come."""
    for one in work:
        if one.done():
            one.result()


def ids(events: list[Message]) -> list[int]:
    return [int(event["id"]) for event in events]


def test_pages_hold_every_event_once_in_order(running: RunningDesk, start: int) -> None:
    number = running.assigned()
    running.log()
    for limit in (1, 2, 3, 6, 7, 1000):
        items = pages(running, limit, start)
        assert [item["position"] for item in items] == sorted({item["position"] for item in items})
        assert [item["topic"].removeprefix("case.") for item in items] == [
            *("logged", "triaged", "prioritized", "diagnosed", "assigned"),
            "logged",
        ]
        assert [item["version"] for item in items] == [1, 2, 3, 4, 5, 1]
        assert {item["number"] for item in items[:5]} == {number}
        assert pages(running, limit, after=items[2]["position"]) == items[3:]
    assert done(running.auditor.http.get("/events?after=10000"))["items"] == []


def test_the_feed_names_people_by_their_ids_and_repeats_nothing_they_said(running: RunningDesk, start: int) -> None:
    number = running.log()["number"]
    done(running.technician.post(f"/cases/{number}/notes", {"text": "call Jo Field back"}))
    text = running.auditor.http.get("/events", params={"after": start}).text
    for word in ("Jo Field", "jo.field", "Printer on floor", "Nothing comes out", "call Jo"):
        assert word not in text
    assert text.count("digest") == 3  # contact, words, note


def test_the_stream_says_what_the_pages_say(running: RunningDesk, start: int) -> None:
    running.assigned()
    items = pages(running, 100, start)
    with stream(running, start) as said:
        events = taken(said, len(items))
    assert [json.loads(event["data"]) for event in events] == items
    assert ids(events) == [item["position"] for item in items]
    assert [event["event"] for event in events] == [item["topic"] for item in items]


def test_the_stream_resumes_after_the_last_event_seen(running: RunningDesk, start: int) -> None:
    running.assigned()
    positions = [item["position"] for item in pages(running, 100, start)]
    with stream(running, after=positions[1]) as said:
        assert ids(taken(said, 2)) == positions[2:4]
    with stream(running, after=start, last=positions[3]) as said:  # what was seen wins over where it once began
        assert ids(taken(said, 1)) == positions[4:]
        later = int(running.technician.post("/cases", incident()).headers["Position"])
        assert ids(taken(said, 1)) == [later]


def test_a_silent_stream_says_that_it_is_still_there(
    running: RunningDesk, start: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.http.routes.events.HEARTBEAT", 0.05)
    with stream(running, start) as said:
        greeting, *heartbeats = [next(said) for _ in range(4)]
        assert "" in greeting
        assert [list(beat) for beat in heartbeats] == [[""]] * 3
        position = int(running.technician.post("/cases", incident()).headers["Position"])
        assert ids(taken(said, 1, heartbeats=1_000)) == [position]


def test_r_7_1_a_revoked_grant_ends_the_stream(
    running: RunningDesk, start: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.http.routes.events.RECHECK", 0.05)
    leaver = running.caller(Role.AUDITOR, "f.leaver")
    with followed(running.url, leaver.http.headers["Authorization"], start) as said:
        assert taken(said, 2), "the leaver's own grant"
        running.office.grants.revoke("f.leaver", Role.AUDITOR, None, because(OPERATOR, "left"))
        *_, last = said  # it ends
    assert last == {"": "access has ended"}
    refused(leaver.get("/events"), 403, "forbidden")


def test_a_token_that_expires_ends_the_stream(
    running: RunningDesk, start: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.http.routes.events.RECHECK", 0.05)
    token = running.tokens.issue(Role.AUDITOR, "r.audit", None, timedelta(seconds=2))
    with followed(running.url, f"Bearer {token}", start) as said:
        *_, last = said
    assert last == {"": "access has ended"}


def test_access_is_looked_at_again_within_seconds() -> None:
    assert 0 < RECHECK <= 5


def test_more_readers_than_may_are_told_to_come_again_until_one_has_gone(
    server: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("keys")
    with cloned(server) as database, served(database, folder, streams_at_once=2) as desk:
        token = desk.auditor.http.headers["Authorization"]
        with followed(desk.url, token, 0) as first, followed(desk.url, token, 0) as second:
            assert [len(taken(said, 1)) for said in (first, second)] == [1, 1]
            third = desk.auditor.http.get("/events", headers={"Accept": "text/event-stream"})
            refused(third, 503, "unavailable")
            assert int(third.headers["Retry-After"]) > 0
            done(desk.auditor.get("/events"))
        for _ in range(1_000):  # who hangs up is noticed when the server next looks
            with desk.auditor.http.stream("GET", "/events", headers={"Accept": "text/event-stream"}) as again:
                if again.status_code == 200:
                    return
        raise AssertionError("the places of those who have gone stay taken")


def test_events_are_not_decoded_or_encoded_on_the_event_loop(
    running: RunningDesk, start: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_the_loop: dict[str, set[bool]] = {}

    def watched(where: str, name: str) -> None:
        work = getattr(import_module(where), name)

        def working(*given: Any) -> Any:
            try:
                asyncio.get_running_loop()
            except RuntimeError:
                on_the_loop.setdefault(name, set()).add(False)
            else:
                on_the_loop.setdefault(name, set()).add(True)
            return work(*given)

        monkeypatch.setattr(f"{where}.{name}", working)

    watched("infrastructure.postgres.feed", "event_document")
    watched("api.http.routes.events", "_messages")
    running.log()
    pages(running, 100, start)
    with stream(running, start) as said:
        taken(said, 1)
    assert on_the_loop == {"event_document": {False}, "_messages": {False}}


def test_the_heartbeat_comes_within_what_the_contract_says() -> None:
    assert 0 < HEARTBEAT <= 15


def test_nothing_is_skipped_or_repeated_while_four_write(running: RunningDesk, start: int) -> None:
    writers, each = 4, 15

    def write(_: int) -> list[int]:
        done(running.technician.post("/cases", incident()))
        return [int(running.technician.post("/cases", incident()).headers["Position"]) for _ in range(each)]

    def read_stream(said: Iterator[Message]) -> list[int]:
        return ids(taken(said, writers * (each + 1)))

    with stream(running, start) as first, ThreadPoolExecutor(writers + 1) as pool:
        reading = pool.submit(read_stream, first)
        written = [position for positions in pool.map(write, range(writers)) for position in positions]
        seen = reading.result(30)
    assert seen == [item["position"] for item in pages(running, 7, start)]
    assert seen == sorted(set(seen))
    assert set(written) <= set(seen)


def test_a_reader_who_reconnects_again_and_again_misses_nothing(running: RunningDesk, start: int) -> None:
    writers, each = 4, 10

    def write(_: int) -> None:
        for _ in range(each):
            done(running.technician.post("/cases", incident()))

    seen: list[int] = []
    with ThreadPoolExecutor(writers) as pool:
        writing = [pool.submit(write, index) for index in range(writers)]
        while len(seen) < writers * each:
            with stream(running, start, last=seen[-1] if seen else None) as said:
                seen += ids(taken(said, min(6, writers * each - len(seen))))
            surface(writing)
    assert seen == [item["position"] for item in pages(running, 100, start)]


def test_a_tailing_reader_of_pages_misses_nothing_while_four_write(running: RunningDesk, start: int) -> None:
    writers, each = 4, 15

    def write(_: int) -> None:
        for _ in range(each):
            done(running.technician.post("/cases", incident()))

    seen: list[int] = []
    with ThreadPoolExecutor(writers) as pool:
        writing = [pool.submit(write, index) for index in range(writers)]
        while len(seen) < writers * each:
            page = done(running.auditor.http.get("/events", params={"after": seen[-1] if seen else start, "limit": 5}))
            seen += [item["position"] for item in page["items"]]
            surface(writing)
    assert seen == [item["position"] for item in pages(running, 100, start)]


def test_the_end_of_a_reader_is_not_the_end_of_the_desk(running: RunningDesk, start: int) -> None:
    for _ in range(20):  # more than any pool has connections or threads
        with stream(running, start) as said:
            next(said)
    done(running.technician.post("/cases", incident()))
    done(running.auditor.get("/cases"))
    refused(running.network.post("/cases", incident()), 403, "forbidden")
