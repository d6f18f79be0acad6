"""What a major incident told to whom, and what the desk is connected with."""

from __future__ import annotations

import re

from domain.values import Role
from tests.acceptance.conftest import RunningDesk, done
from tests.acceptance.console.conftest import Visit
from tests.acceptance.office import put


def rows_of(page: str) -> list[list[str]]:
    """The cells of a page's tables, as words."""
    cells = [
        re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    ]
    return [[re.sub(r"(?:<[^>]+>|\s)+", " ", cell).strip() for cell in row] for row in cells]


def test_a_major_incident_says_what_was_told_to_whom(running: RunningDesk, visit: Visit) -> None:
    number, team = running.assigned(), running.network
    declared = {"owner": "t.lee", "communication_every_minutes": 30, "management_contact": "the director, ext. 12"}
    done(team.post(f"/cases/{number}/declare-major", declared))
    owed = {each["kind"]: each["key"] for each in done(team.get(f"/cases/{number}"))["obligations"]}
    for kind, method, note in (
        ("inform_management", "phone", "the switch of floor 2 is dead"),
        ("communicate", "email", "we replace it by noon"),
    ):
        done(team.post(f"/cases/{number}/discharge", {"obligation": owed[kind], "method": method, "note": note}))
    done(team.post(f"/cases/{number}/notes", {"text": "please use floor 3", "visible_to_customer": True}))
    done(team.post(f"/cases/{number}/notes", {"text": "the spare is in room 4"}))
    running.catch_up()
    page = visit(running.technician).get("/ui/major").text
    page = page.partition(f'<section class="stack" aria-labelledby="{number}">')[2].partition("</section>")[0]
    assert [row[1:] for row in rows_of(page) if row] == [
        ["The management", "phone", "the switch of floor 2 is dead", "t.lee"],
        ["Those affected", "e-mail", "we replace it by noon", "t.lee"],
        ["The customer", "note", "please use floor 3", "t.lee"],
    ]
    assert "A message every 30 min" in page
    assert "the director, ext. 12" in page


def test_operations_show_what_the_desk_is_connected_with(running: RunningDesk, visit: Visit) -> None:
    desk, admin = running.technician, running.caller(Role.ADMIN, "root")
    done(put(admin, "/sources/nagios", {"name": "Nagios", "kind": "cloudevents"}))
    done(put(admin, "/webhooks/bus", {"name": "Bus", "owner": "a.ortiz", "contact": {"url": "https://bus.example/in"}}))
    seen = {who: visit(caller).get("/ui/operations").text for who, caller in (("desk", desk), ("admin", admin))}
    assert ["Nagios", "monitoring, cloudevents", "no key"] in rows_of(seen["desk"])
    done(admin.post("/sources/nagios/keys", {}))
    assert ["Nagios", "monitoring, cloudevents", "1 key in force"] in rows_of(visit(admin).get("/ui/operations").text)
    assert ["Bus", "webhook", "no secret"] in rows_of(seen["admin"])
    assert "Bus" not in seen["desk"], "the address of a webhook may hold a token: fewer people read it"
    assert any(row[0] == "Quarantine" for row in rows_of(seen["desk"]) if row)
    assert any(row[0] == "Grants" and "in force" in row[2] for row in rows_of(seen["admin"]) if row)
    customer = visit(running.caller(Role.CUSTOMER, "jo")).get("/ui/operations").text
    assert "Nagios" not in customer
