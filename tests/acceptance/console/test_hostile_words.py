"""Whatever people write is shown as text: a script in every field runs nowhere, and no page has a handler or a style inline."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import quote, urlencode

from domain.values import Role
from tests.acceptance.conftest import RunningDesk, done
from tests.acceptance.console.conftest import Visit
from tests.acceptance.office import put

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><svg onload=alert(3)> {{7*7}} javascript:alert(4)"


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
        if tag in ("img", "iframe", "object", "embed", "style"):
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
    ):
        answer = technician.get(path)
        assert answer.status_code == 200, path
        harmless(answer.text)
        pages += "&lt;script&gt;" in answer.text
    assert pages >= 7
    for given in (EVIL, f'"{EVIL}"'):
        harmless(technician.get(f"/ui/search?{urlencode({'q': given})}").text)
    refused = technician.post(f"/ui/cases/{number}/assign", {"team": EVIL, "diagnosis": EVIL})
    assert refused.status_code == 422
    assert "&lt;script&gt;" in refused.text, "what was typed is there still"
    harmless(refused.text)
    harmless(technician.get(f"/ui/{quote(EVIL)}").text)
    harmless(technician.http.post("/ui/sign-in", data={"token": EVIL, "next": EVIL}).text)
