"""Files over HTTP: sent by everybody who sees the case, bounded before they are read, and given out so that none runs."""

from __future__ import annotations

import asyncio
import errno
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any

import pytest
from fastapi import Request

from api.http.entrance import uploads
from api.http.problems import Problem
from domain.policy import LARGEST_ATTACHMENT
from domain.values import ErasureScope, Role
from tests import four_eyes
from tests.acceptance.conftest import Answer, Caller, RunningDesk, Serve, done, incident, refused
from tests.blocking import open_desk
from tests.conftest import TestDatabase

PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)
HTML = b"<!doctype html><script>alert(document.domain)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def send(by: Caller, number: str, content: Any, name: str = "a.txt", **more: Any) -> Answer:
    given = {"name": name, **more.pop("params", {})}
    return by.http.post(f"/cases/{number}/attachments", content=content, params=given, **more)


def own_case(running: RunningDesk) -> tuple[str, Caller]:
    """A case and the customer it is about."""
    customer = running.caller(Role.CUSTOMER, "kim.doe")
    return done(customer.post("/cases", incident()))["number"], customer


def test_an_attachment_is_kept_listed_and_given_back(running: RunningDesk) -> None:
    number = running.log()["number"]
    answer = send(running.technician, number, PNG, "screen shot.png", headers={"Content-Type": "text/html"})
    case = done(answer)
    assert answer.status_code == 201
    (listed,) = case["attachments"]
    assert {name: listed[name] for name in ("name", "type", "size", "visible_to_customer", "erased")} == {
        "name": "screen shot.png",
        "type": "image/png",
        "size": len(PNG),
        "visible_to_customer": False,
        "erased": False,
    }
    assert answer.headers["location"] == f"/cases/{number}/attachments/{listed['digest']}"
    assert done(running.auditor.get(f"/cases/{number}/attachments"))["items"] == [listed]
    assert done(running.auditor.get(f"/cases/{number}"))["attachments"] == [listed]
    assert running.auditor.get(answer.headers["location"]).content == PNG
    data = done(running.auditor.get(f"/cases/{number}/history"))["items"][-1]["data"]
    assert data["attachments"][0]["value"]["name"] == "screen shot.png"


def test_r_5_9f_it_is_taken_after_closing_and_moves_no_deadline(running: RunningDesk) -> None:
    number = running.closed()
    before = done(running.technician.get(f"/cases/{number}"))
    after = done(send(running.technician, number, b"a log"))
    assert (after["status"], after["dispute_until"]) == (before["status"], before["dispute_until"])


@pytest.mark.parametrize(
    ("content", "name", "served_as"),
    [
        (HTML, "page.html", "text/plain; charset=utf-8"),
        (SVG, "picture.svg", "text/plain; charset=utf-8"),
        (HTML.decode().encode("utf-16"), "page.html", "application/octet-stream"),
        (b"PK\x03\x04" + bytes(1_000), "bomb.zip", "application/octet-stream"),
        (PNG, "a.png", "image/png"),
    ],
)
@pytest.mark.parametrize("claimed", ["text/html", "image/svg+xml"])
def test_nothing_that_is_given_out_runs_in_a_browser(
    running: RunningDesk, content: bytes, name: str, served_as: str, claimed: str
) -> None:
    number = running.log()["number"]
    where = send(running.technician, number, content, name, headers={"Content-Type": claimed}).headers["location"]
    answer = running.technician.get(where)
    assert answer.content == content
    assert answer.headers["content-type"] == served_as
    assert answer.headers["content-disposition"] == f"attachment; filename=\"{name}\"; filename*=UTF-8''{name}"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert "no-store" in answer.headers["cache-control"]
    assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ('x"; filename="evil.html', "x_; filename=_evil.html"),
        ("a\r\nSet-Cookie: s=1.txt", "a Set-Cookie_ s=1.txt"),
        ("\u202efdp.txt", "fdp.txt"),
        ("grün.txt", "grün.txt"),
        ("", "attachment"),
    ],
)
def test_a_name_reaches_no_path_and_no_header(running: RunningDesk, name: str, kept: str) -> None:
    number = running.log()["number"]
    answer = send(running.technician, number, b"a log", name)
    assert done(answer)["attachments"][0]["name"] == kept
    told = running.technician.get(answer.headers["location"])
    assert "set-cookie" not in told.headers
    assert told.headers["content-disposition"].startswith('attachment; filename="')
    assert told.headers["content-disposition"].isascii()


def test_more_than_25_mib_is_refused_whether_it_is_announced_or_not(
    running: RunningDesk, positions: Callable[[], int]
) -> None:
    number = running.log()["number"]
    before = positions()

    def unannounced() -> Iterator[bytes]:
        for _ in range(LARGEST_ATTACHMENT // 1_048_576):
            yield bytes(1_048_576)
        yield b"x"

    refused(send(running.technician, number, bytes(LARGEST_ATTACHMENT + 1)), 413, "content-too-large")
    refused(send(running.technician, number, unannounced()), 413, "content-too-large")
    assert positions() == before
    answer = send(running.technician, number, bytes(LARGEST_ATTACHMENT), "zeros.bin")
    assert done(answer)["attachments"][0]["size"] == LARGEST_ATTACHMENT
    assert running.technician.get(answer.headers["location"]).content == bytes(LARGEST_ATTACHMENT)


@pytest.mark.parametrize(
    ("content", "name", "kind", "status", "slug"),
    [
        (b"", "a.txt", "text/plain", 422, "validation-failed"),
        (b"MZ\x90\x00\x03", "photo.png", "image/png", 415, "unsupported-media-type"),
        (b"#!/bin/sh\n", "notes.txt", "text/plain", 415, "unsupported-media-type"),
        (b"a log", "a.txt.EXE", "text/plain", 415, "unsupported-media-type"),
        (b"--x\r\n", "a.txt", "multipart/form-data; boundary=x", 415, "unsupported-media-type"),
        (b"a log", "x" * 1_001, "text/plain", 422, "validation-failed"),
    ],
)
def test_what_is_not_taken_is_refused_and_not_kept(
    running: RunningDesk,
    positions: Callable[[], int],
    content: bytes,
    name: str,
    kind: str,
    status: int,
    slug: str,
) -> None:
    number = running.log()["number"]
    before = positions()
    refused(send(running.technician, number, content, name, headers={"Content-Type": kind}), status, slug)
    assert positions() == before


def test_r_6a_a_customer_sees_his_own_and_what_is_meant_for_him(running: RunningDesk) -> None:
    number, customer = own_case(running)
    hidden = send(running.technician, number, b"for us", "ours.txt").headers["location"]
    shown = send(running.technician, number, b"for you", params={"visible_to_customer": "true"}).headers["location"]
    mine = send(customer, number, b"mine")
    assert [each["visible_to_customer"] for each in done(mine)["attachments"]] == [True, True]
    assert len(done(customer.get(f"/cases/{number}/attachments"))["items"]) == 2
    assert len(done(customer.get(f"/cases/{number}"))["attachments"]) == 2
    assert customer.get(shown).content == b"for you"
    refused(customer.get(hidden), 404, "not-found")
    told = [
        item for item in done(customer.get(f"/cases/{number}/history"))["items"] if item["topic"] == "case.attached"
    ]
    assert [item["data"]["attachments"][0]["value"] is None for item in told] == [True, False, False]
    stranger = running.caller(Role.CUSTOMER, "somebody.else")
    for path in (shown, f"/cases/{number}/attachments"):
        refused(stranger.get(path), 404, "not-found")
    refused(send(stranger, number, bytes(LARGEST_ATTACHMENT + 1)), 404, "not-found")
    intake = running.caller(Role.INTAKE, "mail.gateway")
    refused(intake.get(shown), 403, "forbidden")
    refused(send(intake, number, b"x"), 403, "forbidden")
    with running.anonymous() as nobody:
        refused(nobody.get(shown), 401, "unauthenticated")
        refused(nobody.post(f"/cases/{number}/attachments", content=b"x"), 401, "unauthenticated")


def test_the_list_comes_in_pages(running: RunningDesk) -> None:
    number, customer = own_case(running)
    names = [f"{place}.txt" for place in range(5)]
    for name in names:
        send(customer, number, name.encode(), name)
        send(running.technician, number, b"ours", f"not {name}")
    path, found = f"/cases/{number}/attachments?limit=2", list[str]()
    while path:
        answer = customer.get(path)
        found += [item["name"] for item in done(answer)["items"]]
        assert done(answer)["as_of_position"] > 0
        path = re.sub(r"^<(.*)>; rel=\"next\"$", r"\1", answer.headers.get("link", ""))
    assert found == names
    cursor = done(customer.get(f"/cases/{number}/attachments", limit=1))["next_cursor"]
    other = running.log()["number"]
    refused(running.technician.get(f"/cases/{other}/attachments", cursor=cursor), 400, "invalid-cursor")
    for limit in (0, 201):
        refused(customer.get(f"/cases/{number}/attachments", limit=limit), 422, "validation-failed")


def test_what_the_caller_has_already_is_not_sent_again(running: RunningDesk) -> None:
    number = running.log()["number"]
    where = send(running.technician, number, b"a log").headers["location"]
    for path in (where, f"/cases/{number}/attachments"):
        etag = running.technician.get(path).headers["etag"]
        again = running.technician.get(path, headers={"If-None-Match": etag})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)


@pytest.mark.parametrize("digest", ["0" * 64, "x", "..%2f..%2fetc", "%00"])
def test_an_unknown_attachment_is_404(running: RunningDesk, digest: str) -> None:
    number = running.log()["number"]
    refused(running.technician.get(f"/cases/{number}/attachments/{digest}"), 404, "not-found")


def test_a_request_repeated_is_carried_out_once(running: RunningDesk) -> None:
    number, key = running.log()["number"], {"Idempotency-Key": '"once"'}
    first, again = (send(running.technician, number, b"a log", headers=key) for _ in range(2))
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotency-replayed"] == "true"
    other = send(running.technician, number, b"another", headers=key)
    refused(other, 422, "idempotency-key-reused")
    refused(send(running.technician, number, b"a log", "other.txt", headers=key), 422, "idempotency-key-reused")


def test_a_version_that_is_named_is_kept_to(running: RunningDesk) -> None:
    number = running.log()["number"]
    refused(send(running.technician, number, b"a log", headers={"If-Match": '"v9"'}), 412, "stale-version")


def test_an_erased_attachment_was_here(running: RunningDesk, shared_database: TestDatabase) -> None:
    number = running.log(customer={"name": "Eve", "email": "eve@agency.example"})["number"]
    where = send(running.technician, number, b"of eve", "eve.txt").headers["location"]
    with open_desk(shared_database, component="eraser") as eraser:
        four_eyes.erase(eraser, "eve@agency.example", ErasureScope.CONTACT_AND_WORDS)
    refused(running.technician.get(where), 410, "gone")
    (left,) = done(running.technician.get(f"/cases/{number}/attachments"))["items"]
    assert (left["erased"], left["name"], left["size"], left["sha256"]) == (True, None, None, None)


def test_so_many_files_come_at_once_and_no_link_takes_the_places_of_staff() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"a log"}

    def asking() -> Request:
        return Request({"type": "http", "headers": []}, receive)

    async def send_all() -> tuple[int, int, int]:
        places = uploads.Uploads(at_once=4)
        async with AsyncExitStack() as sending:

            async def come(*, by_link: bool) -> int:
                """How many come until one is refused."""
                for count in range(9):
                    try:
                        await sending.enter_async_context(places.receive(asking(), 9, by_link=by_link))
                    except Problem as problem:
                        assert problem.slug == "unavailable"  # noqa: PT017
                        return count
                raise AssertionError("nobody refuses them")

            first, then = await come(by_link=True), await come(by_link=False)
        async with places.receive(asking(), 9), places.receive(asking(), 9):
            return first, then, places._free

    assert asyncio.run(send_all()) == (2, 2, 2)


def test_a_body_that_breaks_off_leaves_nothing(running: RunningDesk, positions: Callable[[], int]) -> None:
    number = running.log()["number"]
    before = positions()
    _send_part_of_it(running.url, running.technician, number)
    assert done(running.technician.get("/healthz"))
    assert positions() == before


def test_a_full_disk_is_said_to_be_one_and_leaves_nothing(
    running: RunningDesk, positions: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(SpooledTemporaryFile[bytes]):
        def write(self, _: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    number = running.log()["number"]
    before = positions()
    monkeypatch.setattr(uploads, "SpooledTemporaryFile", Full)
    refused(send(running.technician, number, b"a log"), 503, "unavailable")
    monkeypatch.undo()
    assert positions() == before
    done(send(running.technician, number, b"a log"))


def test_a_body_that_comes_too_slowly_is_given_up(
    serve: Serve, database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASELEDGER_UPLOAD_SECONDS", "0.2")
    desk = serve(database, tmp_path)
    number = desk.log()["number"]
    answer = _send_part_of_it(desk.url, desk.technician, number, wait=True)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"problems/request-timeout" in answer
    assert done(desk.technician.get(f"/cases/{number}"))["attachments"] == []


def _send_part_of_it(url: str, by: Caller, number: str, *, wait: bool = False) -> bytes:
    """Announces 1000 bytes, sends 10, and then nothing more."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        head = (
            f"POST /cases/{number}/attachments?name=a.txt HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000\r\n"
            f"Authorization: {by.http.headers['authorization']}\r\n\r\n"
        )
        connection.sendall(head.encode() + b"0123456789")
        found = b""
        while wait and b"request-timeout" not in found and (more := connection.recv(65_536)):
            found += more
        return found


def test_openapi_describes_it(running: RunningDesk) -> None:
    paths = done(running.technician.get("/openapi.json"))["paths"]
    assert paths["/cases/{number}/attachments"].keys() == {"get", "post"}
    assert "binary" in str(paths["/cases/{number}/attachments"]["post"]["requestBody"])
    assert paths["/cases/{number}/attachments/{digest}"].keys() == {"get"}
