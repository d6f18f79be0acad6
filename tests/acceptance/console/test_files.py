"""Files on the page of a case: sent from it, and shown only where they are images of pixels alone."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from domain.values import Role
from tests.acceptance.auditing.test_reads import reads_of
from tests.acceptance.conftest import RunningDesk, done
from tests.acceptance.console.conftest import Visit, Visitor, signed_in
from tests.acceptance.office import change_policy

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR42mM4EaABRAwQCgAljgUBQTLeRwAAAABJRU5ErkJggg=="
)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PAGE = b"<!doctype html><script>alert(1)</script>"


def attached(running: RunningDesk, number: str, name: str, content: bytes) -> str:
    case = done(running.technician.http.post(f"/cases/{number}/attachments", params={"name": name}, content=content))
    return str(case["attachments"][-1]["digest"])


def test_an_image_of_pixels_is_shown_and_runs_nothing(running: RunningDesk, visit: Visit) -> None:
    number, visitor = running.log()["number"], visit(running.technician)
    digest = attached(running, number, "a & b.png", PNG)
    address = f"/ui/cases/{number}/files/{digest}/image"
    assert f'<img src="{address}" alt="a &amp; b.png" loading="lazy">' in visitor.get(f"/ui/cases/{number}").text
    answer = visitor.get(address)
    assert (answer.content, answer.headers["content-type"]) == (PNG, "image/png")
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("inline; ")
    assert answer.headers["cache-control"] == "private, no-store"
    assert visit(running.caller(Role.CUSTOMER, "jo")).get(address).status_code == 404


def test_who_looks_at_a_file_is_recorded_where_the_policy_says_so(running: RunningDesk, visit: Visit) -> None:
    number, visitor = running.log()["number"], visit(running.technician)
    digest = attached(running, number, "a.png", PNG)
    admin = running.caller(Role.ADMIN, "root")
    change_policy(admin, reads_recorded=True)
    try:
        for path in ("", "/image"):
            assert visitor.get(f"/ui/cases/{number}/files/{digest}{path}").status_code == 200
        found = [(each["what"], each["through"]) for each in reads_of(running, 2, about=number)]
    finally:
        change_policy(admin, reads_recorded=False)
    assert found == [("file", "console")] * 2


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.svg", SVG), ("a.png", PAGE), ("a.png", SVG), ("a.gif", b"GIF8" + PAGE), ("a.webp", b"RIFF0000WAVE" + PAGE)],
    ids=["svg", "page", "svg called png", "nearly gif", "sound"],
)
def test_whatever_else_an_image_may_be_called_is_never_shown(
    running: RunningDesk, visit: Visit, name: str, content: bytes
) -> None:
    number, visitor = running.log()["number"], visit(running.technician)
    digest = attached(running, number, name, content)
    if name != "a.gif":  # that one is refused when it is asked for
        assert "<img" not in visitor.get(f"/ui/cases/{number}").text
    assert visitor.get(f"/ui/cases/{number}/files/{digest}/image").status_code == 404
    saved = visitor.get(f"/ui/cases/{number}/files/{digest}")
    assert saved.headers["content-disposition"].startswith("attachment; ")


def test_a_file_is_taken_only_from_a_page_of_the_session(running: RunningDesk, visit: Visit) -> None:
    number, visitor = running.log()["number"], visit(running.technician)

    def send(visitor: Visitor, **headers: str) -> int:
        cookie = {"Cookie": f"__Host-caseledger={visitor.cookie}"}
        path = f"/ui/cases/{number}/files"
        return visitor.http.post(path, params={"name": "a.png"}, content=PNG, headers={**cookie, **headers}).status_code

    assert send(visitor) == 403
    assert send(visitor, **{"X-CSRF-Token": visitor.csrf, "Sec-Fetch-Site": "cross-site"}) == 403
    assert send(visitor, **{"X-CSRF-Token": visitor.csrf}) == 201
    assert send(visitor, **{"X-CSRF-Token": visitor.csrf, "Content-Type": "multipart/form-data; boundary=x"}) == 415
    admin = visit(running.caller(Role.ADMIN, "root"))
    assert send(admin, **{"X-CSRF-Token": admin.csrf}) == 403
    items = done(running.auditor.get(f"/cases/{number}/history"))["items"]
    assert [(item["topic"], item["via"]["interface"]) for item in items[1:]] == [("case.attached", "console")]


@pytest.mark.parametrize("width", [1280, 360])
def test_files_are_added_beside_a_note_in_work(
    browser: Browser, running: RunningDesk, tmp_path: Path, width: int
) -> None:
    number = running.in_diagnosis()
    image, program = tmp_path / "screen.png", tmp_path / "run.sh"
    image.write_bytes(PNG)
    program.write_bytes(b"#!/bin/sh\n")
    with signed_in(browser, running, running.technician, width=width) as page:
        page.goto(f"/ui/cases/{number}")
        page.get_by_label("Note", exact=True).fill("see the picture")
        page.get_by_label("Files", exact=True).set_input_files([image, program])
        expect(page.locator("[data-told]")).to_contain_text("run.sh")
        picture = page.locator("#timeline img")
        expect(picture).to_have_attribute("alt", "screen.png")
        expect(picture).to_have_js_property("naturalWidth", 2)
        expect(page.get_by_label("Note", exact=True)).to_have_value("see the picture")
        page.get_by_role("button", name="Add note").click()
        page.wait_for_url("**done=notes*")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    names = [each["name"] for each in done(running.technician.get(f"/cases/{number}"))["attachments"]]
    assert names == ["screen.png"]
