"""The command table answers three ways, and they agree: what is refused, what is said of it, what can be done (R-6a)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from api.http.routes.verbs import VERBS
from domain.case.status import COMMANDS, Status, allow, authorise_team, can, roles_for
from domain.errors import DomainError, InvalidTransition
from domain.values import Actor, Role

TEAM = "network"
PEOPLE = (
    Actor("a.ortiz", Role.TECHNICIAN),
    Actor("t.lee", Role.TEAM_MEMBER, TEAM),
    Actor("m.ruiz", Role.TEAM_MEMBER, "messaging"),
    Actor("d.manager", Role.DUTY_MANAGER),
    Actor("r.audit", Role.AUDITOR),
    Actor("reports", Role.REPORTER),
)
BY_HTTP = {verb.command: verb.path.rpartition("/")[2] for verb in VERBS if verb.path.startswith("/cases/")}


def allowed(actor: Actor, command: str, status: Status, team: str | None) -> bool:
    try:
        if actor.role not in roles_for(command):
            return False
        authorise_team(actor, command, team)
        allow(command, status, actor.role)
    except DomainError:
        return False
    return True


@pytest.mark.parametrize(("actor", "team"), list(product(PEOPLE, (None, TEAM))), ids=str)
def test_r_6a_what_somebody_can_do_is_what_no_rule_of_the_table_refuses(actor: Actor, team: str | None) -> None:
    names = {**BY_HTTP, "attach": "attachments"}
    for status in Status:
        expected = {name for command, name in names.items() if allowed(actor, command, status, team)}
        assert set(can(actor, status, team)) == expected, status


def refusals() -> Iterator[tuple[str, Status, Role, InvalidTransition]]:
    """Every refusal of the table to a role that may give the command at some time."""
    for command, status, role in product(COMMANDS, Status, Role):
        if role in roles_for(command):
            try:
                allow(command, status, role)
            except InvalidTransition as refusal:
                yield command, status, role, refusal


def test_r_6a_every_refusal_says_what_leads_to_the_command_and_what_is_possible() -> None:
    for command, status, role, refusal in refusals():
        assert str(refusal).split(" Possible now: ")[0].endswith("."), (command, status, role)
        assert command.replace("_", "-") not in refusal.possible, "what is refused is not offered"
        if refusal.possible:
            assert str(refusal).endswith(f" Possible now: {', '.join(refusal.possible)}.")


@pytest.mark.parametrize(
    ("command", "status", "role", "said"),
    [
        ("prioritize", "logged", "technician", "Triage this case first. Possible now: triage, refer,"),
        ("diagnose", "triaged", "technician", "Prioritize this case first. Possible now: refer, prioritize,"),
        ("resolve", "assigned", "technician", "Only the case's team can resolve a case that is assigned."),
        ("triage", "assigned", "technician", "This case is assigned already."),
        ("assign", "resolved", "technician", "This case is resolved. Reopen it first."),
        ("correct", "closed", "technician", "This case is closed. Log a follow-up instead."),
        ("dispute", "assigned", "customer", "This case is not resolved yet."),
    ],
)
def test_a_refusal_names_the_way(command: str, status: str, role: str, said: str) -> None:
    with pytest.raises(InvalidTransition) as refused:
        allow(command, Status(status), Role(role))
    assert str(refused.value).startswith(said)
