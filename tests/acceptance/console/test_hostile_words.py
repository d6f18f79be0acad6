"""Whatever people write is shown as text: a script in every field runs nowhere, and no page has a handler or a style inline."""

from __future__ import annotations

import re
from email.headerregistry import Address
from email.message import EmailMessage
from html.parser import HTMLParser
from urllib.parse import quote, urlencode

from playwright.sync_api import Browser, Dialog, Page

from domain.values import Role
from tests.acceptance.conftest import FIXED, VERIFIED, RunningDesk, done
from tests.acceptance.console.conftest import Visit, signed_in
from tests.acceptance.monitoring.conftest import alert, group
from tests.acceptance.office import put

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><svg onload=alert(3)> {{7*7}} javascript:alert(4)"


OUR_IMAGE = re.compile(r"/ui/cases/INC-\d+/files/[0-9a-f]+/image")
"""An image that somebody has attached, as the desk gives it out."""


class Elements(HTMLParser):
    """The elements and attributes of a page, as a browser finds them."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str | None] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "script":
            self.scripts.append(given.get("src"))
        if tag in ("img", "iframe", "object", "embed", "style") and not OUR_IMAGE.fullmatch(given.get("src") or ""):
            self.wrong.append(tag)
        self.wrong += [name for name in given if name.startswith("on") or name == "style"]
        self.wrong += [each for name in ("href", "src", "action") if _runs(each := given.get(name) or "")]


def _runs(address: str) -> bool:
    return address.strip().lower().startswith(("javascript:", "data:"))


def harmless(page: str) -> None:
    """No element, attribute or address of a page is the work of somebody who wrote into a field."""
    read = Elements()
    read.feed(page)
    assert read.wrong == []
    assert all(src is not None and src.startswith("/ui/static/") for src in read.scripts)


def test_a_script_in_any_field_is_shown_as_text_on_every_page(running: RunningDesk, visit: Visit) -> None:
    admin = running.caller(Role.ADMIN, "root")
    done(put(admin, "/teams/evil", {"name": EVIL, "members": ["e.vil"]}))
    done(put(admin, "/services/evil", {"name": EVIL, "team": "evil"}))
    who = {"name": EVIL, "email": "evil@agency.example", "phone": EVIL[:39]}
    words = dict.fromkeys(("subject", "description", "symptoms", "location", "asset", "callback"), EVIL)
    logged = running.log(customer=who, reporter=who, service="evil", **words)
    number, desk = logged["number"], running.technician
    done(desk.post(f"/cases/{number}/notes", {"text": EVIL, "visible_to_customer": True}))
    done(desk.post(f"/cases/{number}/triage", {"owner": "desk", "reason": EVIL}))
    done(desk.post(f"/cases/{number}/correct", {"field": "location", "value": EVIL, "reason": EVIL}))
    done(desk.post(f"/cases/{number}/prioritize", {"impact": 1, "severity": 1, "reason": EVIL}))
    done(desk.post(f"/cases/{number}/diagnose", {"symptoms": EVIL, "findings": EVIL, "outcome": EVIL}))
    done(desk.http.post(f"/cases/{number}/attachments", params={"name": f"{EVIL}.txt"}, content=b"evil"))
    opened = done(desk.post("/problems", {"title": EVIL, "description": EVIL}))["number"]
    done(desk.post(f"/problems/{opened}/known-error", {"title": EVIL, "symptoms": EVIL, "workaround": EVIL}))
    running.catch_up()
    technician, pages = visit(desk), 0
    for path in (
        *(f"/ui/cases/{number}", f"/ui/cases/{number}?version=2", "/ui/queues/diagnosis", "/ui/cases", "/ui/problems"),
        *(f"/ui/problems/{opened}", "/ui/cases/new", "/ui/obligations", "/ui/reports/volume?by=service"),
        "/ui/cases/new/alike?subject=script+alert&description=onload",
        f"/ui/customers/{logged['customer']['id']}",
    ):
        answer = technician.get(path)
        assert answer.status_code == 200, path
        harmless(answer.text)
        pages += "&lt;script&gt;" in answer.text
    assert pages >= 8
    for given in (EVIL, f'"{EVIL}"'):
        harmless(technician.get(f"/ui/search?{urlencode({'q': given})}").text)
    refused = technician.post(f"/ui/cases/{number}/assign", {"team": EVIL, "diagnosis": EVIL})
    assert refused.status_code == 422
    assert "&lt;script&gt;" in refused.text, "what was typed is there still"
    harmless(refused.text)
    harmless(technician.get(f"/ui/{quote(EVIL)}").text)
    harmless(technician.http.post("/ui/sign-in", data={"token": EVIL, "next": EVIL}).text)


def test_a_script_from_machines_mails_and_decisions_runs_nowhere(
    browser: Browser, running: RunningDesk, visit: Visit
) -> None:
    admin, desk, duty = running.caller(Role.ADMIN, "root"), running.technician, running.caller(Role.DUTY_MANAGER, "d.m")
    before = running.log()["number"]
    done(
        put(admin, "/help-desks/evil", {"agency": "dhs", "name": EVIL, "contact": {"phone": EVIL[:39], "hours": EVIL}})
    )
    done(put(admin, "/sources/evil", {"name": EVIL[:200], "kind": "alertmanager"}))
    key = done(admin.post("/sources/evil/keys", {}))["key"]
    fired = alert("evil", evil=EVIL)
    fired["labels"]["alertname"] = EVIL
    fired["annotations"] = {"summary": EVIL, "description": EVIL}
    bearer = {"Authorization": f"Bearer {key}"}
    told = running.anonymous().post("/intake/alertmanager", json=group(fired), headers=bearer)
    assert told.is_success, told.text
    mailed = _mail(running)
    number = running.assigned()
    done(desk.post(f"/cases/{number}/nominate-major", {"reason": EVIL}))
    done(
        running.network.post(
            f"/cases/{number}/declare-major",
            {"owner": "t.lee", "communication_every_minutes": 30, "management_contact": EVIL, "reason": EVIL},
        )
    )
    done(
        duty.post(
            f"/cases/{number}/discharge",
            {"obligation": "communicate", "method": "email", "outcome": "informed", "note": EVIL},
        )
    )
    done(running.network.post(f"/cases/{number}/verify", {**VERIFIED, "reason": EVIL}))
    done(running.network.post(f"/cases/{number}/resolve", {**FIXED, "solution": EVIL, "reason": EVIL}))
    done(desk.post(f"/cases/{number}/dispute", {"reason": EVIL, "channel": "phone"}))
    running.catch_up()
    cases = {each["number"] for each in done(desk.get("/cases", limit=20))["items"] if each["number"] > before}
    pages = [
        *(f"/ui/cases/{each}" for each in sorted(cases | {number})),
        *("/ui/major", "/ui/quarantine", f"/ui/quarantine/{mailed}", "/ui/queues/network", "/ui/cases?sort=-number"),
        *(
            f"/ui/cases/{number}?version=3",
            f"/ui/search?{urlencode({'q': EVIL})}",
            f"/ui/search?{urlencode({'q': 'alert'})}",
        ),
    ]
    spoken: list[str] = []

    def hear(dialog: Dialog) -> None:
        spoken.append(dialog.message)
        dialog.dismiss()

    with signed_in(browser, running, desk) as page:
        page.on("dialog", hear)
        shown = sum(_shown(page, path) for path in pages)
    with signed_in(browser, running, running.auditor) as page:
        page.on("dialog", hear)
        for path in (
            *(f"/ui/audit/reads?{urlencode({'about': EVIL, 'reader': EVIL})}", f"/ui/cases/{number}/proof"),
            f"/ui/audit/conformance?{urlencode({'case': EVIL})}",
        ):
            _shown(page, path)
    assert spoken == []
    assert shown >= 5


def _shown(page: Page, path: str) -> bool:
    """Open a page in a browser, which runs what it can; returns whether the words stand there as text."""
    page.goto(path)
    harmless(page.content().replace(' class="htmx-request"', ""))
    return EVIL[:24] in page.inner_text("body")


def _mail(running: RunningDesk) -> str:
    """Hand in a mail with a script wherever it has words, which waits in the quarantine; returns its id."""
    message = EmailMessage()
    message["From"], message["To"] = Address(EVIL, "evil", "elsewhere.example"), "desk@example.org"
    message["Subject"], message["Message-ID"] = f"Re: [{running.assigned()}] {EVIL}", "<evil@elsewhere.example>"
    message.set_content(EVIL)
    message.add_alternative(f"<p>{EVIL}</p>", subtype="html")
    message.add_attachment(b"text", maintype="text", subtype="plain", filename=f"{EVIL.replace('/', '')}.txt")
    sent = running.caller(Role.INTAKE, "gateway").http.post(
        "/intake/email", content=message.as_bytes(), headers={"Content-Type": "message/rfc822"}
    )
    return str(done(sent)["message"])
