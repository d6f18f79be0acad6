"""Commands by the forms of a page: carried out as the API carries them out, and refused in the same words."""

from __future__ import annotations

import re
from typing import Any

from api.http.console.forms.cases import CASE_FORMS
from domain.values import Role
from tests.acceptance.conftest import FIXED, VERIFIED, RunningDesk, done
from tests.acceptance.console.conftest import Visit, Visitor


def version_of(page: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found
    return found[1]


def give(visitor: Visitor, number: str, name: str, **form: Any) -> str:
    """Give a command by its form; returns where it leads."""
    answer = visitor.post(f"/ui/cases/{number}/{name}", form)
    assert answer.status_code == 303, re.sub(r"<[^>]+>", " ", answer.text)[-2000:]
    return str(answer.headers["location"])


def test_a_case_goes_from_the_telephone_to_its_closure(running: RunningDesk, visit: Visit) -> None:
    desk, team = visit(running.technician), visit(running.network)
    call = {
        "customer.name": "Jo Field",
        "customer.email": "jo.walk@agency.example",
        "subject": "Plotter B12 offline",
        "description": "B12 shows E-77",
        "service": "printing",
        "nature": "actual",
        "channel": "phone",
    }
    answer = desk.post("/ui/cases/new", call)
    assert answer.status_code == 303, answer.text[-3000:]
    logged = answer.headers["location"]
    number = logged.split("/")[3].split("?")[0]
    assert f'<span class="big-number">{number}</span>' in desk.get(logged).text
    give(desk, number, "triage", owner="desk")
    give(desk, number, "prioritize", impact="2", severity="2")
    give(desk, number, "diagnose", symptoms="E-77", findings="driver")
    led = give(desk, number, "assign", team="network", diagnosis="needs a visit")
    assert "Assigned." in desk.get(led.partition("#")[0]).text
    give(team, number, "accept")
    give(team, number, "verify", satisfactory="true", able_to_work="true", method="phone", outcome="reached")
    give(team, number, "resolve", code="fixed", solution="driver installed", workaround="false", cause_corrected="yes")
    case = done(running.technician.get(f"/cases/{number}"))
    assert (case["status"], case["resolution"]["solution"]) == ("resolved", "driver installed")
    history = done(running.auditor.get(f"/cases/{number}/history"))["items"]
    assert {item["via"]["interface"] for item in history} == {"console"}
    assert [item["by"]["subject"] for item in history][-1] == "t.lee"


def test_what_a_role_cannot_do_now_says_why_in_the_words_of_the_api(running: RunningDesk, visit: Visit) -> None:
    number, visitor = running.log()["number"], visit(running.technician)
    page = visitor.get(f"/ui/cases/{number}").text
    refused = running.technician.post(f"/cases/{number}/assign", {"team": "network"}).json()["detail"]
    assert refused.partition(" Possible now:")[0] in page
    assert f'action="/ui/cases/{number}/triage"' in page
    assert f'action="/ui/cases/{number}/assign"' not in page
    names = set(re.findall(rf'action="/ui/cases/{number}/([a-z-]+)"', page))
    possible = {CASE_FORMS[name].gives or name for name in names}
    api = set(done(running.technician.get(f"/cases/{number}"))["can"])
    assert possible <= api, "a page never offers what the API does not"
    answer = visitor.post(f"/ui/cases/{number}/assign", {"team": "network", "diagnosis": "the switch"})
    assert answer.status_code == 409
    assert "Triage this case first." in answer.text


def test_a_stale_page_says_what_others_did_and_keeps_what_was_typed(running: RunningDesk, visit: Visit) -> None:
    number, visitor = running.assigned(), visit(running.technician)
    seen = version_of(visitor.get(f"/ui/cases/{number}").text)
    done(running.network.post(f"/cases/{number}/accept", {}))
    form = {"version": seen, "reason_code": "vendor", "note": "the part is ordered"}
    answer = visitor.post(f"/ui/cases/{number}/pend", form)
    assert answer.status_code == 412
    assert "<b>t.lee</b> accepted it" in answer.text
    assert "the part is ordered</textarea>" in answer.text
    assert '<option value="vendor" selected>' in answer.text
    give(visitor, number, "pend", **{**form, "version": version_of(answer.text)})
    assert done(running.technician.get(f"/cases/{number}"))["pending"]["reason"] == "vendor"


def test_a_form_that_is_sent_twice_is_carried_out_once(running: RunningDesk, visit: Visit) -> None:
    number, visitor = running.log()["number"], visit(running.technician)
    for _ in range(2):
        give(visitor, number, "notes", text="called back", once="0123456789abcdef")
    give(visitor, number, "notes", text="called back again", once="0123456789abcdef")
    history = done(running.technician.get(f"/cases/{number}/history"))["items"]
    assert [item["topic"] for item in history] == ["case.logged", "case.noted", "case.noted"]


def test_fields_that_are_wrong_are_named_where_they_stand(running: RunningDesk, visit: Visit) -> None:
    visitor = visit(running.technician)
    answer = visitor.post("/ui/cases/new", {"customer.name": "Jo", "customer.email": "nobody", "subject": "x"})
    assert answer.status_code == 422
    assert 'id="log-customer-email-wrong"' in answer.text
    assert 'id="log-description-wrong">This is needed.' in answer.text
    assert 'value="Jo"' in answer.text


def test_duplicates_must_be_decided_on_and_the_page_says_which(running: RunningDesk, visit: Visit) -> None:
    same = {"subject": "Cutter K9 jams", "description": "K9 jams on every sheet", "symptoms": "jams at K9"}
    first, second = running.log(**same)["number"], running.log(**same)["number"]
    visitor = visit(running.technician)
    give(visitor, second, "triage", owner="desk")
    give(visitor, second, "prioritize", impact="2", severity="2")
    give(visitor, second, "diagnose", symptoms="jams", findings="the knife")
    assert f'<a href="/ui/cases/{first}">' in visitor.get(f"/ui/cases/{second}/alike").text
    answer = visitor.post(f"/ui/cases/{second}/assign", {"team": "network"})
    assert answer.status_code == 409
    assert f'<a href="/ui/cases/{first}">{first}</a>' in answer.text
    give(visitor, second, "relate", case=first, kind="unrelated")
    give(visitor, second, "assign", team="network")


def test_while_a_call_is_typed_similar_cases_and_known_errors_appear(running: RunningDesk, visit: Visit) -> None:
    opened = done(running.technician.post("/problems", {"title": "Franking", "description": "F3"}))["number"]
    article = {"title": "Franker stamps twice", "symptoms": "stamps twice", "workaround": "switch it off and on"}
    done(running.technician.post(f"/problems/{opened}/known-error", article))
    number = running.log(subject="Franker stamps twice", description="each letter")["number"]
    running.catch_up()
    page = visit(running.technician).get("/ui/cases/new/alike?subject=franker+stamps&description=").text
    assert "switch it off and on" in page
    assert number in page


def test_a_problem_goes_from_opening_to_closure(running: RunningDesk, visit: Visit) -> None:
    visitor = visit(running.network)
    opened = visitor.post("/ui/problems", {"title": "Leaks", "description": "weekly", "priority": "2"})
    assert opened.status_code == 303
    path = opened.headers["location"]
    for name, form in (
        ("root-cause", {"cause": "a handle"}),
        ("resolve", {"solution": "driver 4.3"}),
        ("close", {}),
    ):
        assert visitor.post(f"{path}/{name}", form).status_code == 303, name
    page = visitor.get(path).text
    assert "driver 4.3" in page
    assert "closed" in page
    assert visitor.post(f"{path}/investigate", {"findings": "x"}).status_code == 409


def test_a_customer_reads_their_own_cases_and_disputes_a_resolution(running: RunningDesk, visit: Visit) -> None:
    number = running.assigned()
    done(running.network.post(f"/cases/{number}/verify", VERIFIED))
    done(running.network.post(f"/cases/{number}/resolve", FIXED))
    running.catch_up()
    customer = done(running.technician.get(f"/cases/{number}"))["customer"]["id"]
    visitor = visit(running.caller(Role.CUSTOMER, customer))
    assert number in visitor.get("/ui/cases?sort=-number").text
    page = visitor.get(f"/ui/cases/{number}").text
    assert "spooler restarted" in page
    assert f'action="/ui/cases/{number}/dispute"' in page
    assert 'name="confirmation' not in page, "a customer confirms by closing"
    assert "erased" not in page, "what staff wrote for themselves leaves no trace"
    give(visitor, number, "dispute", reason="it still jams")
    assert done(running.technician.get(f"/cases/{number}"))["status"] == "assigned"


def test_a_case_and_a_queue_are_read_as_they_were(running: RunningDesk, visit: Visit) -> None:
    number, visitor = running.prioritized(), visit(running.auditor)
    page = visitor.get(f"/ui/cases/{number}?version=1").text
    assert '<body class="past"' in page
    assert "after its event 1 of 3" in page
    assert "What can be done" not in page
    before = visitor.get("/ui/queues/triage?as_of=2020-01-01T00:00:00Z").text
    assert '<body class="past"' in before
    assert "Nothing here" in before


def test_the_filters_stand_in_the_address(running: RunningDesk, visit: Visit) -> None:
    number, visitor = running.assigned(), visit(running.technician)
    running.catch_up()
    answer = visitor.get("/ui/cases?status=assigned&priority=&team=network&service=&sort=-number")
    assert answer.headers["location"] == "/ui/cases?status=assigned&team=network&sort=-number"
    page = visitor.get(answer.headers["location"]).text
    assert number in page
    assert '<option value="network" selected>' in page
    assert visitor.get("/ui/cases?status=no-such").status_code == 422
    assert visitor.get("/ui/cases?cursor=x").status_code == 400


def test_a_report_is_a_page_and_a_csv(running: RunningDesk, visit: Visit) -> None:
    visitor = visit(running.caller(Role.REPORTER, "reports"))
    page = visitor.get("/ui/reports/volume?by=service").text
    assert 'role="img"' in page
    assert "<table>" in page
    answer = visitor.get("/ui/reports/volume?by=service&form=csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "printing" in answer.text
    assert visitor.get("/ui/reports/nothing").status_code == 404


def test_a_command_on_many_cases_has_one_result_for_each(running: RunningDesk, visit: Visit) -> None:
    ready, early = running.in_diagnosis(), running.log()["number"]
    visitor = visit(running.technician)
    answer = visitor.post("/ui/bulk/assign", {"number": [ready, early, "INC-9999999"], "team": "network"})
    assert answer.status_code == 200
    told = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))
    assert "1 of 3 done" in told
    assert f"{early} refused Triage this case first." in told
    assert "INC-9999999 refused There is no" in told
    assert done(running.technician.get(f"/cases/{ready}"))["team"] == "network"
    assert visitor.post("/ui/bulk/assign", {"team": "network"}).status_code == 422
    assert visitor.post("/ui/bulk/close", {"number": ready}).status_code == 404


def test_a_major_incident_shows_its_schedule_and_what_was_told(running: RunningDesk, visit: Visit) -> None:
    number, duty = running.assigned(), visit(running.caller(Role.DUTY_MANAGER, "d.manager"))
    give(visit(running.technician), number, "nominate-major", reason="nobody can print")
    give(
        visit(running.network),
        number,
        "declare-major",
        owner="t.lee",
        communication_every_minutes="30",
        management_contact="cio",
    )
    give(
        duty, number, "discharge", obligation="communicate", method="email", outcome="informed", note="we look into it"
    )
    running.catch_up()
    page = duty.get("/ui/major").text
    assert number in page
    assert "we look into it" in page
    assert "Send the next message to those affected" in page
    assert "Inform the management" in page


def test_a_filter_is_saved_for_oneself_or_for_the_desk_and_removed(running: RunningDesk, visit: Visit) -> None:
    visitor = visit(running.caller(Role.TECHNICIAN, "f.saver"))
    query = {"query": "status=assigned&sort=due&cursor=x"}
    saved = visitor.post("/ui/filters/save", {**query, "name": "by due time"})
    assert saved.headers["location"] == "/ui/cases?status=assigned&sort=due"
    visitor.post("/ui/filters/save", {**query, "name": "ours", "shared": "true"})
    assert '<a href="/ui/cases?status=assigned&amp;sort=due">by due time</a>' in visitor.get("/ui/cases").text
    other = visit(running.technician).get("/ui/cases").text
    assert ">ours</a>" in other
    assert "by due time" not in other
    assert visitor.post("/ui/filters/remove", {"name": "by due time"}).status_code == 303
    assert "by due time" not in visitor.get("/ui/cases").text
    assert visitor.post("/ui/filters/save", {"query": "colour=red", "name": "x"}).status_code == 422
    assert visitor.post("/ui/filters/save", {**query, "name": "<b>"}).status_code == 422


def test_the_usual_next_step_stands_first_and_open(running: RunningDesk, visit: Visit) -> None:
    number, team = running.assigned(), visit(running.network)

    def opened() -> list[str]:
        return re.findall(r'id="do-([a-z-]+)" open', team.get(f"/ui/cases/{number}").text)

    assert opened() == ["accept"]
    give(team, number, "accept")
    assert opened() == ["verify"]
    give(team, number, "verify", satisfactory="true", able_to_work="true", method="phone", outcome="reached")
    assert opened() == ["resolve"]
