"""What the administrator keeps, on pages: each change is shown first, made by the services of the API, and keeps its reason."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from domain.values import Role
from tests.acceptance.conftest import RunningDesk, done
from tests.acceptance.console.conftest import Visit, Visitor, signed_in
from tests.acceptance.console.looking import faults, fits
from tests.acceptance.console.test_hostile_words import EVIL, harmless
from tests.acceptance.office import put

PAGES = (
    *("/ui/admin", "/ui/admin/catalogue", "/ui/admin/teams", "/ui/admin/policy", "/ui/admin/grants"),
    *("/ui/admin/sources", "/ui/admin/services/printing", "/ui/admin/teams/network", "/ui/admin/grants/a.ortiz"),
)


@pytest.fixture
def admin(running: RunningDesk, visit: Visit) -> Visitor:
    return visit(running.caller(Role.ADMIN, "root"))


def hidden(page: str) -> dict[str, Any]:
    """The confirmation that a preview offers."""
    form = page.partition('id="preview"')[2].partition("</section>")[0].rpartition("<form")[2]
    found = re.findall(r'name="(once|version|document)" value="([^"]*)"', form)
    return {name: html.unescape(value) for name, value in found}


def fields_of(page: str) -> dict[str, str]:
    """What stands in the form of the policy."""
    form = page.partition('<form method="post" action="/ui/admin/policy" class="stack-wide">')[2].partition("</form>")[
        0
    ]
    texts = re.findall(r'<input type="text"[^>]*name="([^"]+)"[^>]*value="([^"]*)"', form)
    texts += re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>([^<]*)</textarea>', form)
    checks = re.findall(r'<input type="checkbox" name="([^"]+)"[^>]* checked', form)
    return {name: html.unescape(value) for name, value in texts} | dict.fromkeys(checks, "true")


def test_the_staff_reads_and_only_the_administrator_changes(
    running: RunningDesk, visit: Visit, admin: Visitor, subtests: pytest.Subtests
) -> None:
    people = {
        "technician": visit(running.technician),
        "auditor": visit(running.auditor),
        "customer": visit(running.caller(Role.CUSTOMER, "jo")),
        "admin": admin,
    }
    for who, visitor in people.items():
        for path in PAGES:
            with subtests.test(who=who, path=path):
                answer = visitor.get(path)
                assert answer.status_code == (403 if who == "customer" else 200)
                assert len(answer.content) < 100_000
                assert "unsafe" not in answer.headers["content-security-policy"]
                assert ("See what would change" in answer.text) == (
                    who == "admin"
                    and path.count("/") + path.endswith(("policy", "grants")) > 3
                    and "a.ortiz" not in path
                )
        with subtests.test(who=who, path="webhooks"):
            assert visitor.get("/ui/admin/webhooks").status_code == (200 if who in ("admin", "auditor") else 403)
    for path in ("/ui/admin/new/services", "/ui/admin/services/printing", "/ui/admin/policy", "/ui/admin/grants"):
        assert people["technician"].post(path, {}).status_code == 403, path
    assert admin.get("/ui/admin/services/nothing").status_code == 404
    assert admin.get("/ui/admin/nothing/at-all").status_code == 404


def test_an_entry_is_changed_after_its_preview_and_not_before(running: RunningDesk, admin: Visitor) -> None:
    keeper = running.caller(Role.ADMIN, "root")
    done(put(keeper, "/services/scanning", {"name": "Scanning", "team": "network", "owner": "t.lee"}))
    path, form = "/ui/admin/services/scanning", {"name": "Scan to mail", "team": "messaging", "criticality": "high"}
    preview = admin.post(path, {**form, "help_desk": "desk", "owner": "t.lee"}).text
    rows = re.findall(r'<th scope="row">([^<]+)</th><td><del>([^<]*)</del></td><td><ins>([^<]*)</ins>', preview)
    assert rows == [
        ("Name", "Scanning", "Scan to mail"),
        ("Team", "network", "messaging"),
        ("Criticality", "normal", "high"),
    ]
    assert done(keeper.get("/services/scanning"))["name"] == "Scanning", "nothing was changed yet"
    without = admin.post(path, hidden(preview))
    assert (without.status_code, "Say why." in without.text) == (422, True)
    assert "Scan to mail" in without.text, "the preview stands there still"
    answer = admin.post(path, {**hidden(preview), "reason": "the new devices"})
    assert answer.headers["location"] == f"{path}?done=yes"
    assert done(keeper.get("/services/scanning"))["team"] == "messaging"
    page = admin.get(path).text
    assert "Why:</span> the new devices" in page
    assert "Team: <del>network</del> → <ins>messaging</ins>" in page
    item = done(keeper.get("/services/scanning/history"))["items"][-1]
    assert (item["via"]["interface"], item["by"]["subject"]) == ("console", "root")


def test_a_change_that_was_overtaken_shows_what_it_would_do_now(running: RunningDesk, admin: Visitor) -> None:
    keeper = running.caller(Role.ADMIN, "root")
    done(put(keeper, "/teams/field", {"name": "Field service", "members": ["f.one"]}))
    preview = admin.post("/ui/admin/teams/field", {"name": "Field", "members": "f.one\nf.two"}).text
    done(put(keeper, "/teams/field", {"name": "Field", "members": ["f.three"]}))
    answer = admin.post("/ui/admin/teams/field", {**hidden(preview), "reason": "two"})
    assert answer.status_code == 412
    assert "<del>f.three</del>" in answer.text
    assert "Name</th>" not in answer.text.partition('id="preview"')[2].partition("</section>")[0], "it is so already"
    assert admin.post("/ui/admin/teams/field", {**hidden(answer.text), "reason": "two"}).status_code == 303
    assert done(keeper.get("/teams/field"))["members"] == ["f.one", "f.two"]


def test_what_the_api_refuses_the_preview_refuses_at_its_field(admin: Visitor) -> None:
    form = {"id": "faxing", "name": "Fax", "team": "nobody", "criticality": "normal", "help_desk": "desk"}
    answer = admin.post("/ui/admin/new/services", form)
    assert answer.status_code == 422
    assert "There is no team nobody." in answer.text
    assert 'id="entry-team-wrong"' in answer.text
    wrong = admin.post("/ui/admin/new/scripts", {"id": "s", "name": "S", "steps": "[{"})
    assert (wrong.status_code, "This is no JSON" in wrong.text) == (422, True)


def test_the_policy_is_changed_field_by_field_in_words(running: RunningDesk, admin: Visitor) -> None:
    page = admin.get("/ui/admin/policy").text
    fields = fields_of(page)
    assert (fields["dispute_window"], fields["targets.0.respond"]) == ("72 h", "15 min")
    assert "Nothing would change" in admin.post("/ui/admin/policy", fields).text
    changed = {**fields, "dispute_window": "4 d", "matrix.rows.2": "3 3 4", "business.opens": "07:30"}
    preview = admin.post("/ui/admin/policy", changed).text
    rows = re.findall(r'<th scope="row">([^<]+)</th><td><del>([^<]*)</del></td><td><ins>([^<]*)</ins>', preview)
    assert ("Dispute window", "72 h", "96 h") in rows
    assert len(rows) == 3
    assert "reads like 72 h" in admin.post("/ui/admin/policy", {**fields, "dispute_window": "soon"}).text
    low = admin.post("/ui/admin/policy", {**fields, "dispute_window": "1 h"})
    assert (low.status_code, "never shorter than 72 h" in low.text) == (422, True)
    would = admin.post("/ui/admin/policy/what-if", {"document": hidden(preview)["document"], "days": "365"})
    assert "Nothing was changed" in would.text
    assert admin.post("/ui/admin/policy", {**hidden(preview), "reason": "the holidays"}).status_code == 303
    keeper = running.caller(Role.ADMIN, "root")
    policy = done(keeper.get("/policy"))
    assert (policy["dispute_window"], policy["business"]["opens"]) == ("P4D", "07:30")
    assert policy["matrix"]["rows"][2] == [3, 3, 4]
    told = admin.get("/ui/admin/policy").text
    assert "Dispute window: <del>72 h</del> → <ins>96 h</ins>" in told
    assert "the holidays" in told
    assert fields_of(admin.get("/ui/admin/policy?version=1").text) == {}, "an earlier version is read only"
    first = {"dispute_window": "PT72H", "business": {"opens": "08:00"}, "matrix": [[1, 2, 3], [2, 3, 4], [3, 4, 4]]}
    done(keeper.post("/policy", {"changes": first, "reason": "as it was"}))


def test_a_grant_is_shown_made_and_revoked_with_reasons(running: RunningDesk, admin: Visitor) -> None:
    preview = admin.post(
        "/ui/admin/grants", {"subject": "n.new", "role": "technician", "approved_by": "d.manager"}
    ).text
    assert "n.new: technician" in preview
    assert "from now on, without end, approved by d.manager" in preview
    keeper = running.caller(Role.ADMIN, "root")
    assert keeper.get("/grants/n.new").status_code == 404
    assert admin.post("/ui/admin/grants", {**hidden(preview), "reason": "joined"}).status_code == 303
    assert done(keeper.get("/grants/n.new"))["grants"][0]["approved_by"] == "d.manager"
    page = admin.get("/ui/admin/grants/n.new").text
    assert "in force" in page
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version
    form = {"role": "technician", "version": version[1]}
    assert admin.post("/ui/admin/grants/n.new", form).status_code == 422, "a reason is needed"
    assert admin.post("/ui/admin/grants/n.new", {**form, "reason": "left"}).status_code == 303
    assert done(keeper.get("/grants/n.new"))["grants"] == []
    own = admin.post("/ui/admin/grants", {"subject": "root", "role": "technician"}).text
    refused = admin.post("/ui/admin/grants", {**hidden(own), "reason": "more"})
    assert "Nobody grants themselves a role." in refused.text


def test_a_key_and_a_secret_are_shown_once(running: RunningDesk, admin: Visitor) -> None:
    source = admin.post("/ui/admin/new/sources", {"id": "prom", "name": "Prometheus", "kind": "alertmanager"}).text
    assert admin.post("/ui/admin/new/sources", {**hidden(source), "reason": "the cluster"}).status_code == 303
    issued = admin.post("/ui/admin/sources/prom/orders/issue-key", {"once": "1", "reason": "the cluster"})
    key = re.search(r"clk_[0-9A-Za-z]+", issued.text)
    assert key
    assert issued.headers["cache-control"] == "no-store"
    again = admin.post("/ui/admin/sources/prom/orders/issue-key", {"once": "1", "reason": "the cluster"})
    assert "clk_" not in again.text, "a form that is sent twice issues one key, and shows it once"
    page = admin.get("/ui/admin/sources/prom").text
    assert "clk_" not in page
    named = done(running.technician.get("/sources/prom"))["keys"][0]["id"]
    assert admin.post("/ui/admin/sources/prom/orders/revoke-key", {"named": named, "reason": "lost"}).status_code == 303
    hook = {"id": "hub", "name": "Hub", "owner": "a.ortiz", "topics": "case.*", "contact.url": "https://hub.example/x"}
    assert running.technician, "the owner needs a grant"
    preview = admin.post("/ui/admin/new/webhooks", hook).text
    assert admin.post("/ui/admin/new/webhooks", {**hidden(preview), "reason": "the hub"}).status_code == 303
    secret = admin.post("/ui/admin/webhooks/hub/orders/issue-secret", {"reason": "first"}).text
    assert "whsec_" in secret
    assert "whsec_" not in admin.get("/ui/admin/webhooks/hub").text
    assert admin.post("/ui/admin/webhooks/hub/orders/disable", {"reason": "not yet"}).status_code == 303
    assert "disabled: administrator" in admin.get("/ui/admin/webhooks").text
    assert admin.post("/ui/admin/webhooks/hub/orders/ping", {"reason": "try"}).status_code == 422


def test_names_and_reasons_are_shown_as_text(running: RunningDesk, admin: Visitor) -> None:
    preview = admin.post("/ui/admin/new/teams", {"id": "e.vil", "name": EVIL, "members": "e.vil"})
    harmless(preview.text)
    assert admin.post("/ui/admin/new/teams", {**hidden(preview.text), "reason": EVIL}).status_code == 303
    for path in ("/ui/admin/teams", "/ui/admin/teams/e.vil", "/ui/admin/new/services"):
        page = admin.get(path).text
        assert "&lt;script&gt;" in page, path
        harmless(page)


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (360, True)], ids=["wide and light", "narrow and dark"])
def test_an_administrator_retires_a_team_by_keyboard(
    browser: Browser, running: RunningDesk, width: int, dark: bool
) -> None:
    keeper = running.caller(Role.ADMIN, "root")
    done(put(keeper, f"/teams/old{width}", {"name": f"Old {width}", "members": ["o.ld"]}))
    with signed_in(browser, running, keeper, width=width, dark=dark) as page:
        page.goto("/ui/admin/teams")
        rows = page.locator("tbody tr")
        for _ in range(rows.count()):
            page.keyboard.press("j")
            if page.locator("tr.at a").inner_text() == f"Old {width}":
                break
        page.keyboard.press("o")
        page.wait_for_url(f"**/ui/admin/teams/old{width}")
        page.get_by_label("Retired").focus()
        page.keyboard.press("Space")
        page.keyboard.press("Control+Enter")
        expect(page.locator("#preview")).to_contain_text("Retired")
        assert faults(page) == [], "the preview"
        assert page.evaluate("document.activeElement.id") == "preview"
        page.get_by_label("Why").focus()
        page.keyboard.type("merged")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_role("status")).to_contain_text("Changed.")
        assert fits(page)
        assert faults(page) == [], "the page after the change, with its history"
    assert done(keeper.get(f"/teams/old{width}"))["retired"] is True
