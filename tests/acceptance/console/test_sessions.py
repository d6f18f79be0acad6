"""Signing in to the console: the cookie, who may look at what, forms of other sites, and the headers of every page."""

from __future__ import annotations

import pytest

from api.http.entrance.sessions import COOKIE, Sessions
from application.execution.principals import Principal
from domain.values import Role
from tests.acceptance.conftest import RunningDesk, done
from tests.acceptance.console.conftest import Visit, Visitor, token_of

PAGES = (
    *(
        "/ui/queues/triage",
        "/ui/cases",
        "/ui/search",
        "/ui/search?q=printer",
        "/ui/obligations",
        "/ui/problems",
        "/ui/major",
    ),
    *("/ui/reports", "/ui/reports/volume?by=team", "/ui/audit", "/ui/operations", "/ui/components", "/ui/customers"),
)
"""Pages that every member of staff reads."""


def test_a_session_is_a_cookie_of_this_host_alone_that_no_script_reads(running: RunningDesk, visit: Visit) -> None:
    visitor = visit(running.technician)
    told = visitor.signed_in.headers["set-cookie"].lower()
    assert told.startswith("__host-")
    assert all(part in told for part in ("secure", "httponly", "samesite=lax", "path=/", "max-age="))
    assert "domain" not in told
    assert token_of(running.technician) not in visitor.cookie
    assert visitor.get("/ui").headers["location"] == "/ui/queues/triage"


def test_a_session_ends_with_its_token(running: RunningDesk, visit: Visit) -> None:
    visitor = visit(running.caller(Role.TECHNICIAN, "a.ortiz", hours=0.5))
    age = next(each for each in visitor.signed_in.headers["set-cookie"].split(";") if "max-age" in each.lower())
    assert int(age.partition("=")[2]) <= 1800


def test_a_cookie_that_was_altered_or_has_ended_opens_nothing() -> None:
    sessions = Sessions(b"secret")
    session = sessions.begin(Principal("a.ortiz", (Role.TECHNICIAN,)), None)
    sealed = sessions.sealed(session)
    assert sessions.opened(sealed) == session
    assert sessions.opened(sealed[:-2] + "xx") is None
    assert sessions.opened(Sessions(b"another").sealed(session)) is None
    assert sessions.opened(sessions.sealed(sessions.begin(session.principal, 1.0))) is None
    assert sessions.opened("") is None


def test_whoever_is_not_signed_in_is_asked_and_comes_back(running: RunningDesk) -> None:
    nobody = running.anonymous()
    for path in (*PAGES, "/ui/cases/INC-0000001", "/ui/live"):
        answer = nobody.get(path)
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/ui/sign-in?next=%2Fui%2F"), path
    part = nobody.get("/ui/places", headers={"HX-Request": "true"})
    assert part.headers["hx-redirect"].startswith("/ui/sign-in")
    for elsewhere in ("https://evil.example", "//evil.example", "/\\evil.example", "/ui\\@evil.example"):
        told = nobody.post("/ui/sign-in", data={"token": token_of(running.technician), "next": elsewhere})
        assert told.headers["location"] == "/ui/sign-in?kept=yes&next=/ui"


def test_a_wrong_token_is_refused_on_the_page(running: RunningDesk) -> None:
    answer = running.anonymous().post("/ui/sign-in", data={"token": "not.a.token"})
    assert answer.status_code == 401
    assert 'role="alert"' in answer.text
    assert "set-cookie" not in answer.headers


def test_a_browser_that_keeps_no_session_is_told_why(running: RunningDesk) -> None:
    assert "https" in running.anonymous().get("/ui/sign-in?kept=yes").text


def test_a_session_ends_with_the_grant(running: RunningDesk, visit: Visit) -> None:
    visitor = visit(running.caller(Role.TECHNICIAN, "z.leaves"))
    assert visitor.get("/ui/queues/triage").status_code == 200
    done(running.caller(Role.ADMIN, "root").post("/grants/z.leaves/revoke", {"role": "technician"}))
    assert visitor.get("/ui/queues/triage").status_code == 403


def test_a_form_without_the_token_of_its_session_is_refused(running: RunningDesk, visit: Visit) -> None:
    number, visitor = running.log()["number"], visit(running.technician)
    path = f"/ui/cases/{number}/triage"
    assert visitor.post(path, {"owner": "desk", "csrf": "0" * 32}).status_code == 403
    assert visitor.post(path, {"owner": "desk"}, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert (
        visitor.http.post(path, data={"owner": "desk", "csrf": visitor.csrf}).status_code == 303
    )  # no cookie: sign in
    assert done(running.technician.get(f"/cases/{number}"))["status"] == "logged"
    assert visitor.post(path, {"owner": "desk"}).status_code == 303
    assert done(running.technician.get(f"/cases/{number}"))["status"] == "triaged"


def test_signing_out_takes_the_cookie_away(running: RunningDesk, visit: Visit) -> None:
    visitor = visit(running.technician)
    told = visitor.post("/ui/sign-out", {}).headers["set-cookie"]
    assert told.startswith(f'{COOKIE}=""')
    assert "max-age=0" in told.lower()


@pytest.fixture
def people(running: RunningDesk, visit: Visit) -> dict[str, Visitor]:
    return {
        "technician": visit(running.technician),
        "team": visit(running.network),
        "auditor": visit(running.auditor),
        "duty": visit(running.caller(Role.DUTY_MANAGER, "d.manager")),
        "reporter": visit(running.caller(Role.REPORTER, "reports")),
        "customer": visit(running.caller(Role.CUSTOMER, "jo")),
        "admin": visit(running.caller(Role.ADMIN, "root")),
    }


def test_each_role_reads_the_pages_that_the_api_lets_it_read(
    people: dict[str, Visitor], subtests: pytest.Subtests
) -> None:
    for who, visitor in people.items():
        for path in PAGES:
            open_to_all = path in ("/ui/operations", "/ui/components") or (
                (who, path) in {("customer", "/ui/cases"), ("admin", "/ui/customers")}
            )
            with subtests.test(who=who, path=path):
                expected = 403 if who in ("customer", "admin") and not open_to_all else 200
                assert visitor.get(path).status_code == expected
        assert visitor.get(visitor.get("/ui").headers["location"]).status_code == 200, who


def test_only_an_auditor_reads_a_proof_and_only_a_technician_logs(
    people: dict[str, Visitor], running: RunningDesk
) -> None:
    number = running.log()["number"]
    assert people["technician"].get(f"/ui/cases/{number}/proof").status_code == 403
    assert people["team"].get("/ui/cases/new").status_code == 403
    assert people["technician"].get("/ui/cases/new").status_code == 200
    assert people["customer"].get(f"/ui/cases/{number}").status_code == 404  # not theirs: as if it did not exist


def test_every_page_runs_only_our_own_scripts_and_stands_in_no_frame(
    people: dict[str, Visitor], running: RunningDesk, subtests: pytest.Subtests
) -> None:
    number = running.log()["number"]
    for path in (*PAGES, f"/ui/cases/{number}", "/ui/cases/new", "/ui/nowhere", "/ui/sign-in?again=yes"):
        with subtests.test(path):
            answer = people["technician"].get(path)
            policy = answer.headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; script-src 'self';")
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "same-origin"
            assert answer.headers["cache-control"] == "no-store"
            assert len(answer.content) < 100_000


def test_static_files_are_kept_for_good_at_an_address_of_their_content(running: RunningDesk) -> None:
    nobody = running.anonymous()
    page = nobody.get("/ui/sign-in").text
    path = page.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = nobody.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    assert nobody.get(path.replace("/static/", "/static/0")).status_code == 404
