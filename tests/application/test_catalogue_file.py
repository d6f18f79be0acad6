"""A catalogue file is checked as a whole before anything of it is done, and importing it again changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from importlib.resources import files
from typing import Any

import pytest
import yaml

from application.administration.catalogue import OPERATOR
from application.administration.entries import TYPES
from application.execution.reference import entry_id
from application.imports.catalogue_file import SECTIONS, Plan, carry_out, read_catalogue
from domain.problem import Problem, ProblemStatus
from domain.values import Role
from tests.application.conftest import events
from tests.blocking import BlockingDesk, because, open_desk
from tests.conftest import cloned

CATALOGUE: dict[str, Any] = {
    "teams": {"network": {"name": "Network", "members": ["t.lee"], "calendar": "always"}},
    "services": {
        "printing": {
            "name": "Printing",
            "team": "network",
            "owner": "t.lee",
            "contact": {"name": "T. Lee", "email": "t.lee@desk.example"},
        }
    },
    "help_desks": {"dhs": {"agency": "Human Services", "name": "DHS", "contact": {"phone": "405-555-0100"}}},
    "scripts": {
        "basics": {
            "name": "Basics",
            "service": "printing",
            "steps": [
                {"id": "power", "question": "On?", "answers": [{"says": "yes", "next": "queue"}]},
                {"id": "queue", "question": "Stuck?"},
            ],
        }
    },
    "customers": [{"name": "Jo Field", "email": "jo.field@agency.example", "agency": "dot"}],
    "known_errors": {
        "spooler": {"service": "printing", "title": "Spooler", "symptoms": "queue full", "workaround": "restart it"}
    },
    "grants": {"k.diaz": {"role": "team_member", "team": "network"}, "root": {"role": "admin"}},
}


@pytest.fixture(scope="module")
def reader(server: str) -> Iterator[BlockingDesk]:
    """A desk for all that only reads."""
    with cloned(server) as database, open_desk(database) as opened:
        yield opened


def planned(desk: BlockingDesk, document: Any) -> Plan:
    plan: Plan = desk.run(read_catalogue, document)
    assert plan.findings == []
    return plan


def changed(*path: str | int, to: Any) -> dict[str, Any]:
    """The catalogue with one thing said otherwise."""
    document: Any = deepcopy(CATALOGUE)
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return dict(document)


def test_reading_a_file_records_nothing(desk: BlockingDesk) -> None:
    before = events(desk)
    plan = planned(desk, CATALOGUE)
    assert [kind for kind, _, _ in plan.entries] == ["teams", "help-desks", "services", "scripts", "customers"]
    assert events(desk) == before


def test_everything_in_a_file_is_listed(desk: BlockingDesk) -> None:
    done = desk.run(carry_out, planned(desk, CATALOGUE))
    assert dict(done) == {
        **dict.fromkeys(("teams", "help-desks", "services", "scripts", "customers", "known-errors"), 1),
        "grants": 2,
    }
    printing = desk.catalogue.entry("services", "printing")
    assert (printing.version, printing.entry.team, printing.entry.owner) == (1, "network", "t.lee")
    assert printing.contact is not None
    assert printing.contact.texts == {"name": "T. Lee", "email": "t.lee@desk.example"}
    assert desk.catalogue.entry("teams", "network").entry.members == ("t.lee",)
    assert [step.id for step in desk.catalogue.entry("scripts", "basics").entry.steps] == ["power", "queue"]
    granted = desk.references.current().granted
    assert granted("k.diaz", Role.TEAM_MEMBER, "network", desk.clock.now())
    assert granted("root", Role.ADMIN, None, desk.clock.now())


def test_r_7_1_the_operator_approves_the_grants_of_a_file(desk: BlockingDesk) -> None:
    desk.run(carry_out, planned(desk, CATALOGUE))
    (grant,) = desk.grants.access("root").grants.values()
    assert grant.approved_by == OPERATOR.actor.subject


def test_a_customer_of_a_file_is_who_calls_from_that_address(desk: BlockingDesk) -> None:
    desk.run(carry_out, planned(desk, CATALOGUE))
    code = desk.pseudonyms.of({"email": " Jo.Field@agency.example "})
    listed = desk.catalogue.entry("customers", code)
    assert listed.entry.agency == "dot"
    assert listed.contact is not None
    assert listed.contact.subject == code, "their own words, so that erasing them erases these"


def test_r_5_8_1b_a_known_error_of_a_file_is_a_problems(desk: BlockingDesk) -> None:
    desk.run(carry_out, planned(desk, CATALOGUE))
    problem: Problem = desk.runner.store.load(entry_id("known_error", "spooler"))
    assert isinstance(problem, Problem)
    assert (problem.status, problem.service) == (ProblemStatus.KNOWN_ERROR, "printing")
    assert problem.known_error == f"KE-{problem.number.removeprefix('PRB-')}"
    assert problem.article is not None
    assert problem.article.texts == {"title": "Spooler", "symptoms": "queue full", "workaround": "restart it"}


def test_importing_it_again_records_nothing(desk: BlockingDesk) -> None:
    desk.run(carry_out, planned(desk, CATALOGUE))
    before = events(desk)
    desk.run(carry_out, planned(desk, CATALOGUE))
    assert events(desk) == before


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (("services", "printing", "name"), "Print and scan"),
        (("services", "printing", "contact", "email"), "printing@desk.example"),
        (("teams", "network", "members"), ["t.lee", "k.diaz"]),
        (("known_errors", "spooler", "workaround"), "restart it twice"),
        (("customers", 0, "agency"), "dhs"),
        (("grants", "new.one"), {"role": "technician"}),
    ],
    ids=str,
)
def test_what_changed_in_it_is_recorded_once(desk: BlockingDesk, path: tuple[str | int, ...], to: Any) -> None:
    desk.run(carry_out, planned(desk, CATALOGUE))
    before = events(desk)
    for _ in range(2):
        desk.run(carry_out, planned(desk, changed(*path, to=to)))
    assert events(desk) == before + (2 if path[0] == "grants" else 1)


def test_r_7_1_importing_again_grants_nothing_that_was_revoked(desk: BlockingDesk) -> None:
    desk.run(carry_out, planned(desk, CATALOGUE))
    desk.grants.revoke("root", Role.ADMIN, None, because(OPERATOR, "left"))
    desk.run(carry_out, planned(desk, CATALOGUE))
    assert desk.grants.access("root").grants == {}


def test_what_is_left_out_of_a_file_stays_listed(desk: BlockingDesk) -> None:
    desk.run(carry_out, planned(desk, CATALOGUE))
    desk.run(carry_out, planned(desk, {"teams": {}}))
    assert desk.catalogue.entry("services", "printing").version == 1


@pytest.mark.parametrize("document", [None, [], "teams", 7])
def test_what_is_no_document_is_found_out(reader: BlockingDesk, document: Any) -> None:
    assert reader.run(read_catalogue, document).findings == [f"a catalogue has sections: {', '.join(SECTIONS)}"]


@pytest.mark.parametrize(
    ("document", "finding"),
    [
        ({"servers": {}}, "servers: no such section"),
        ({"teams": "network"}, "teams: a mapping from id to entry, or a list"),
        ({"teams": {"network": "Network"}}, "teams/network: an entry has fields"),
        ({"teams": {"network": {}}}, "teams/network"),
        ({"teams": {"network": {"name": "N", "color": "red"}}}, "teams/network/color: teams have no field color."),
        ({"teams": {"network": {"name": "N", "id": "net"}}}, "teams/network/id"),
        ({"teams": {"network": {"name": "N", "members": "t.lee"}}}, "teams/network/members"),
        ({"teams": {"network": {"name": " "}}}, "teams/network/name"),
        ({"teams": {"net\nwork": {"name": "N"}}}, "teams/net\nwork/id"),
        (changed("services", "printing", "calendar", to="weekends"), "services/printing/calendar"),
        (changed("services", "printing", "contact", "fax", to="1"), "services/printing/contact/fax"),
        (changed("services", "printing", "team", to="gardening"), "services/printing/team: There is no team gardening"),
        (
            changed("services", "printing", "criticality", to="very"),
            "services/printing/criticality: A criticality is one",
        ),
        (
            changed("services", "printing", "help_desk", to="nowhere"),
            "services/printing/help_desk: There is no help desk nowhere.",
        ),
        (
            changed("scripts", "basics", "service", to="gardening"),
            "scripts/basics/service: There is no service gardening",
        ),
        (changed("scripts", "basics", "steps", to=[]), "scripts/basics/steps"),
        (changed("customers", 0, "email", to=None), "customers/0: an email or a phone is needed"),
        ({"known_errors": {"x": {"title": "X"}}}, "known-errors/x: symptoms, workaround missing"),
        (changed("known_errors", "spooler", "cause", to="?"), "known-errors/spooler: cause is no field"),
        ({"grants": {"root": {"role": "king"}}}, "grants/root: king is no role"),
        ({"grants": {"t.lee": {"role": "team_member"}}}, "grants/t.lee: a team member is granted a team"),
        ({"grants": {"root": {"role": "admin", "team": "network"}}}, "grants/root: a team member is granted a team"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_what_is_wrong_in_a_file_is_found_with_its_place(reader: BlockingDesk, document: Any, finding: str) -> None:
    findings = reader.run(read_catalogue, document).findings
    assert len(findings) == 1
    assert findings[0].startswith(finding)


def test_all_that_is_wrong_is_found_at_once(reader: BlockingDesk) -> None:
    wrong = {"servers": {}, "teams": {"a": {}, "b": {}}, "grants": {"root": {"role": "king"}}}
    assert len(reader.run(read_catalogue, wrong).findings) == 4


def test_the_demonstrations_catalogue_is_one(desk: BlockingDesk) -> None:
    document = yaml.safe_load(files("application.demo").joinpath("catalogue.yaml").read_text(encoding="utf-8"))
    desk.run(carry_out, planned(desk, document))
    before = events(desk)
    desk.run(carry_out, planned(desk, document))
    assert events(desk) == before
    assert {kind for kind, _, _ in planned(desk, document).entries} == set(TYPES) - {"webhooks"}
