"""Pages of people without an account: a report, and what a link that is no longer valid answers."""

from __future__ import annotations

import re

from tests.acceptance.conftest import RunningDesk, done

PAGE = {"Accept": "text/html,application/xhtml+xml"}


def test_a_report_gets_a_number_and_a_mail(running: RunningDesk) -> None:
    nobody = running.anonymous()
    assert 'name="email"' in nobody.get("/report").text
    form = {"name": "Ro Page", "email": "ro.page@agency.example", "subject": "Door D4", "description": "will not open"}
    answer = nobody.post("/report", data={**form, "phone": "", "service": ""})
    assert answer.status_code == 200
    number = re.search(r"INC-\d+", answer.text)
    assert number
    case = done(running.technician.get(f"/cases/{number[0]}"))
    assert (case["unverified"], case["channel"], case["subject"]) == (True, "self_service", "Door D4")
    assert "follow" not in answer.text.replace("to follow it", ""), "the link goes by mail alone"


def test_a_report_that_lacks_something_keeps_what_was_typed(running: RunningDesk) -> None:
    answer = running.anonymous().post("/report", data={"name": "Ro Page", "email": "nobody"})
    assert answer.status_code == 422
    assert 'value="Ro Page"' in answer.text
    assert 'id="report-email-wrong"' in answer.text
    assert 'id="report-subject-wrong"' in answer.text


def test_a_report_of_another_site_is_refused(running: RunningDesk) -> None:
    answer = running.anonymous().post("/report", data={"name": "x"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_a_link_that_is_not_valid_is_a_page_to_a_person_and_a_problem_to_a_program(running: RunningDesk) -> None:
    nobody = running.anonymous()
    for path in ("/disputes/x", "/self-service/cases/x"):
        shown = nobody.get(path, headers=PAGE)
        assert (shown.status_code, shown.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert "This link is not valid, or no longer." in shown.text
        assert shown.headers["cache-control"] == "no-store"
        assert nobody.get(path).headers["content-type"] == "application/problem+json"
    assert nobody.get("/cases/x", headers=PAGE).headers["content-type"] == "application/problem+json"
