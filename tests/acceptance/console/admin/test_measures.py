"""Customers, erasures and legal holds on pages: two people, each by their own session (R-7.1)."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from domain.values import Role
from tests.acceptance.conftest import RunningDesk, done
from tests.acceptance.console.conftest import Visit, Visitor, signed_in
from tests.acceptance.console.test_hostile_words import EVIL, harmless

WHY = "they asked for it"


@pytest.fixture
def admin(running: RunningDesk, visit: Visit) -> Visitor:
    return visit(running.caller(Role.ADMIN, "root"))


@pytest.fixture
def auditor(running: RunningDesk, visit: Visit) -> Visitor:
    return visit(running.auditor)


def answer_of(page: str, number: str, verb: str) -> dict[str, str]:
    """The fields of the form that answers a request."""
    for form in page.split("<form")[1:]:
        if f'action="/ui/approvals/{verb}"' in form and f'name="number" value="{number}"' in form:
            return dict(re.findall(r'name="(once|number|version)" value="([^"]*)"', form.partition("</form>")[0]))
    raise AssertionError(f"no form to {verb} {number}")


def standing(running: RunningDesk, number: str) -> str:
    return str(done(running.auditor.get(f"/approvals/{number}"))["status"])


def customer_of(running: RunningDesk, email: str) -> tuple[str, str]:
    """A case of somebody, and their id."""
    logged = running.log(customer={"name": "Jo Page", "email": email})
    running.catch_up()
    return logged["number"], logged["customer"]["id"]


def test_who_may_look_is_who_the_api_lets_read(
    running: RunningDesk, visit: Visit, admin: Visitor, auditor: Visitor, subtests: pytest.Subtests
) -> None:
    _, subject = customer_of(running, "roles@agency.example")
    people = {
        "technician": (visit(running.technician), running.technician),
        "team": (visit(running.network), running.network),
        "reporter": (visit(reports := running.caller(Role.REPORTER, "reports")), reports),
        "customer": (visit(jo := running.caller(Role.CUSTOMER, "jo")), jo),
        "auditor": (auditor, running.auditor),
        "admin": (admin, running.caller(Role.ADMIN, "root")),
    }
    pages = {
        "/ui/customers": "/customers?email=x@y.example",
        f"/ui/customers/{subject}": "/customers?email=x@y.example",
    }
    pages |= {"/ui/erasures": "/approvals", "/ui/holds": "/approvals"}
    for who, (visitor, caller) in people.items():
        for path, asked in pages.items():
            with subtests.test(who=who, path=path):
                assert visitor.get(path).status_code == caller.http.get(asked).status_code
        with subtests.test(who=who):
            requested = visitor.post("/ui/erasures", {"subject": subject})
            assert requested.status_code == (422 if who == "admin" else 403), "a reason is needed"
            assert visitor.post("/ui/holds", {"case": "x"}).status_code == (422 if who == "admin" else 403)
            decided = visitor.post("/ui/approvals/approve", {"number": "hold:INC-9999999"})
            assert decided.status_code == (422 if who == "auditor" else 403)
    assert '"/ui/erasures"' in auditor.get("/ui/audit").text
    assert '"/ui/erasures"' not in people["technician"][0].get("/ui/admin").text


def test_a_customer_has_a_page_with_their_cases(running: RunningDesk, visit: Visit, admin: Visitor) -> None:
    number, subject = customer_of(running, "page@agency.example")
    visitor = visit(running.technician)
    found = visitor.get("/ui/customers?email=page@agency.example&phone=")
    assert visitor.get(found.headers["location"]).headers["location"] == f"/ui/customers/{subject}"
    page = visitor.get(f"/ui/customers/{subject}").text
    assert "<h1>Jo Page</h1>" in page
    assert number in page
    assert "named as in their newest case" in page
    assert f'href="/ui/customers/{subject}"' in visitor.get(f"/ui/cases/{number}").text
    hers = admin.get(f"/ui/customers/{subject}").text
    assert number not in hers, "an administrator reads no cases"
    assert "Jo Page" not in hers
    new = admin.get(f"/ui/admin/new/customers?id={subject}").text
    assert f'value="{subject}"' in new
    preview = admin.post("/ui/admin/new/customers", {"id": subject, "contact.name": "Jo P. Page", "agency": "dot"}).text
    document = re.search(r'name="document" value="([^"]*)"', preview)
    assert document
    told = {"document": document[1].replace("&#34;", '"'), "version": "0", "reason": "she moved"}
    assert admin.post("/ui/admin/new/customers", told).status_code == 303
    assert "<h1>Jo P. Page</h1>" in visitor.get(f"/ui/customers/{subject}").text
    entry = visitor.get(f"/ui/admin/customers/{subject}").text
    assert "See what would change" not in entry
    assert "Jo P. Page" in entry


def test_an_erasure_is_requested_by_one_and_approved_by_another(
    running: RunningDesk, admin: Visitor, auditor: Visitor
) -> None:
    _, subject = customer_of(running, "erase.page@agency.example")
    number = f"erase:{subject}"
    asked = {"subject": "erase.page@agency.example", "scope": "contact-and-words", "reason": WHY}
    assert admin.post("/ui/erasures", asked).headers["location"] == "/ui/erasures?done=requested"
    again = admin.post("/ui/erasures", asked)
    assert again.status_code == 422
    assert "erase.page@agency.example" in again.text, "what was typed is there still"
    waiting = auditor.get("/ui/erasures").text
    assert WHY in waiting
    assert auditor.post("/ui/approvals/refuse", answer_of(waiting, number, "refuse")).status_code == 422
    form = answer_of(waiting, number, "approve")
    for _ in range(2):  # a form that is sent twice is carried out once
        assert auditor.post("/ui/approvals/approve", form).headers["location"] == "/ui/erasures?done=approved"
    assert standing(running, number) == "approved"
    assert f"caseledger erase {subject} --scope contact-and-words" in admin.get("/ui/erasures").text
    revoked = {**answer_of(auditor.get("/ui/erasures").text, number, "refuse"), "reason": "a hold comes"}
    assert auditor.post("/ui/approvals/refuse", revoked).status_code == 303
    assert standing(running, number) == "refused"
    assert number not in auditor.get("/ui/erasures").text
    assert subject in auditor.get("/ui/erasures?everything=true").text
    missing = admin.post("/ui/erasures", {**asked, "subject": "nobody.ever@agency.example"})
    assert missing.status_code == 422
    assert "never kept anything" in missing.text or "is left to erase" in missing.text


def test_a_hold_is_placed_listed_and_released(running: RunningDesk, admin: Visitor, auditor: Visitor) -> None:
    number, _ = customer_of(running, "hold.page@agency.example")

    def decided(measure: str) -> None:
        form = {"measure": "hold" if measure == "hold" else "release", "case": number.lower(), "reason": WHY}
        assert admin.post("/ui/holds", form).headers["location"] == "/ui/holds?done=requested"
        answer = answer_of(auditor.get("/ui/holds").text, f"{measure}:{number}", "approve")
        assert auditor.post("/ui/approvals/approve", answer).headers["location"] == "/ui/holds?done=done"

    def held() -> bool:
        return f'href="/ui/cases/{number}"' in auditor.get("/ui/holds").text.partition('id="requests"')[0]

    for _ in range(2):  # a second hold of the same case, after the release of the first
        decided("hold")
        assert held()
        assert "Legal hold" in auditor.get(f"/ui/cases/{number}").text
        decided("release-hold")
        assert not held()
    admin.post("/ui/holds", {"measure": "hold", "case": number, "reason": WHY})
    withdrawn = answer_of(admin.get("/ui/holds").text, f"hold:{number}", "withdraw")
    stale = {**withdrawn, "version": "1"}
    assert admin.post("/ui/approvals/withdraw", stale).status_code == 412
    assert admin.post("/ui/approvals/withdraw", withdrawn).headers["location"] == "/ui/holds?done=withdrawn"
    refused = admin.post("/ui/holds", {"measure": "hold", "case": "INC-9999999", "reason": WHY})
    assert (refused.status_code, "There is no" in refused.text) == (422, True)


def test_nobody_approves_what_they_requested_themselves(running: RunningDesk, visit: Visit, auditor: Visitor) -> None:
    number, _ = customer_of(running, "both.page@agency.example")
    keeper = running.caller(Role.ADMIN, "both")
    visit(keeper).post("/ui/holds", {"measure": "hold", "case": number, "reason": WHY})
    form = answer_of(auditor.get("/ui/holds").text, f"hold:{number}", "approve")
    both = visit(running.caller(Role.AUDITOR, "both"))
    page = both.get("/ui/holds").text
    assert "You requested it: somebody else decides." in page
    assert both.post("/ui/approvals/approve", form).status_code == 422
    assert standing(running, f"hold:{number}") == "requested"


def test_words_of_customers_and_reasons_are_shown_as_text(
    running: RunningDesk, visit: Visit, admin: Visitor, auditor: Visitor
) -> None:
    logged = running.log(customer={"name": EVIL, "email": "evil.page@agency.example"})
    running.catch_up()
    subject = logged["customer"]["id"]
    admin.post("/ui/erasures", {"subject": subject, "scope": "everything", "reason": EVIL})
    admin.post("/ui/holds", {"measure": "hold", "case": logged["number"], "reason": EVIL})
    shown = (
        visit(running.technician).get(f"/ui/customers/{subject}").text,
        *(visitor.get(path).text for visitor in (admin, auditor) for path in ("/ui/erasures", "/ui/holds")),
        admin.post("/ui/holds", {"measure": EVIL, "case": EVIL, "reason": EVIL}).text,
        admin.post("/ui/erasures", {"subject": EVIL, "scope": EVIL, "reason": EVIL}).text,
    )
    for page in shown:
        assert "&lt;script&gt;" in page
        harmless(page)


def test_an_auditor_approves_a_hold_by_keyboard_at_a_narrow_screen(browser: Browser, running: RunningDesk) -> None:
    number, _ = customer_of(running, "keys.page@agency.example")
    with signed_in(browser, running, running.caller(Role.ADMIN, "root"), width=320, dark=True) as page:
        page.goto(f"/ui/holds?case={number}")
        page.get_by_label("Why").focus()
        page.keyboard.type(WHY)
        page.keyboard.press("Control+Enter")
        expect(page.get_by_role("status")).to_contain_text("Requested.")
    with signed_in(browser, running, running.auditor, width=320, dark=True) as page:
        page.goto("/ui/holds")
        page.get_by_role("button", name=f"Approve hold:{number}").press("Enter")
        expect(page.get_by_role("status")).to_contain_text("in force")
    assert done(running.auditor.get(f"/cases/{number}"))["hold"]
