"""The statuses and the command table of the SOP: from which status, to which, and by whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property

from domain.access import require_role
from domain.errors import InvalidTransition, NotAssignedTeam, NotFound
from domain.values import Actor, Role


class Status(StrEnum):
    """Where a case stands. `pending` is no status but a mark on an open case."""

    LOGGED = "logged"
    TRIAGED = "triaged"
    PRIORITIZED = "prioritized"
    IN_DIAGNOSIS = "in_diagnosis"
    ASSIGNED = "assigned"
    RESOLVED = "resolved"
    CLOSED = "closed"


ANY = frozenset(Status)
OPEN = ANY - {Status.CLOSED}
WORKED = frozenset({Status.PRIORITIZED, Status.IN_DIAGNOSIS, Status.ASSIGNED})
SETTLED = frozenset({Status.RESOLVED, Status.CLOSED})
NONE: frozenset[Status] = frozenset()

STAFF = (Role.TECHNICIAN, Role.TEAM_MEMBER, Role.DUTY_MANAGER, Role.AUDITOR, Role.REPORTER)
READERS = frozenset({*STAFF, Role.CUSTOMER})
"""Roles that read cases. A customer reads their own only; intake reads none (R-2.1a)."""


@dataclass(frozen=True)
class Command:
    """One row of the command table."""

    name: str
    since: frozenset[Status]
    who: tuple[Role, ...]
    """Roles that may give it on any case."""
    team: tuple[Role, ...] = ()
    """Roles that may give it on a case of their team."""
    own: tuple[Role, ...] = ()
    """Roles that may give it on their own case."""

    @property
    def verb(self) -> str:
        """The command's name in a URL: `POST /cases/{number}/<verb>`."""
        return {"note": "notes", "attach": "attachments"}.get(self.name, _verb(self.name))

    @cached_property
    def roles(self) -> frozenset[Role]:
        """All roles that may give it."""
        return frozenset((*self.who, *self.team, *self.own))


def _verb(name: str) -> str:
    return name.replace("_", "-")


def _table(rows: Iterable[Command]) -> dict[str, tuple[Command, ...]]:
    table: dict[str, tuple[Command, ...]] = {}
    for row in rows:
        table[row.name] = (*table.get(row.name, ()), row)
    return table


_T, _M, _D, _C = Role.TECHNICIAN, Role.TEAM_MEMBER, Role.DUTY_MANAGER, Role.CUSTOMER
_KEEPERS = (Role.ADMIN, Role.SYSTEM)
"""They need an auditor's approval. The operator acts in the system's role."""
COMMANDS = _table(
    (
        Command("log", NONE, (_T, _C, Role.INTAKE)),
        Command("triage", frozenset({Status.LOGGED}), (_T,)),
        Command("refer", frozenset({Status.LOGGED, Status.TRIAGED}), (_T,)),
        Command("prioritize", OPEN - {Status.LOGGED}, (_T,), team=(_M,)),
        Command("diagnose", WORKED, (_T,), team=(_M,)),
        Command("known_errors", WORKED, (_T,), team=(_M,)),
        Command("relate", ANY, (_T,), team=(_M,)),
        Command("unrelate", ANY, (_T,), team=(_M,)),
        Command("consult", OPEN, (_T,), team=(_M,)),
        Command("answer_consultation", ANY, (_T, _M)),
        Command("assign", WORKED, (_T,), team=(_M,)),
        Command("accept", frozenset({Status.ASSIGNED}), (), team=(_M,)),
        Command("hand_back", frozenset({Status.ASSIGNED}), (), team=(_M,)),
        Command("nominate_major", OPEN, (_T, Role.INTAKE, Role.SYSTEM)),
        Command("declare_major", frozenset({Status.ASSIGNED}), (_D,), team=(_M,)),
        Command("reject_major", frozenset({Status.ASSIGNED}), (_D,), team=(_M,)),
        Command("fan_out", frozenset({Status.RESOLVED, Status.CLOSED}), (_D,), team=(_M,)),
        Command("pend", WORKED, (_T,), team=(_M,)),
        Command("resume", WORKED, (_T,), team=(_M,)),
        Command("verify", WORKED - {Status.PRIORITIZED}, (_T,), team=(_M,)),
        Command("resolve", frozenset({Status.IN_DIAGNOSIS}), (_T,)),
        Command("resolve", frozenset({Status.ASSIGNED}), (), team=(_M,)),
        Command("notify", SETTLED, (Role.SYSTEM,)),
        Command("discharge", ANY, (_T, _D), team=(_M,)),
        Command("close", frozenset({Status.RESOLVED}), (_T, _D, Role.SYSTEM), team=(_M,), own=(_C,)),
        Command("dispute", SETTLED, (_T,), own=(_C,)),
        Command("suspect_dispute", SETTLED, (_T, Role.INTAKE)),
        Command("uphold_dispute", SETTLED, (_T,)),
        Command("dismiss_dispute", SETTLED, (_T,)),
        Command("reopen", frozenset({Status.RESOLVED}), (_T, _D), team=(_M,)),
        Command("receive_message", ANY, (_T, Role.INTAKE)),
        Command("note", ANY, (*STAFF, Role.SYSTEM), own=(_C,)),
        Command("attach", ANY, STAFF, own=(_C,)),
        Command("follow_up", frozenset({Status.CLOSED}), (_T,), own=(_C,)),
        Command("correct", OPEN, (_T,), team=(_M,)),
        Command("waive", OPEN, (_T,), team=(_M,)),
        Command("hold", ANY, _KEEPERS),
        Command("release_hold", ANY, _KEEPERS),
        Command("erase", ANY, _KEEPERS),
    )
)


@cache
def roles_for(command: str) -> frozenset[Role]:
    """The roles that may give a command."""
    return frozenset().union(*(row.roles for row in COMMANDS[command]))


def authorise(actor: Actor, command: str) -> None:
    """Refuse a role that may never give this command (R-6a). Raises Forbidden, naming the roles that may."""
    require_role(actor, command, roles_for(command))


def authorise_team(actor: Actor, command: str, team: str | None) -> None:
    """Refuse a member of another team where the command is for the case's team. Raises NotAssignedTeam."""
    if any(actor.role in row.team for row in COMMANDS[command]) and (team is None or actor.team != team):
        raise NotAssignedTeam(f"The case is with {team or 'no team'}; you act for {actor.team or 'no team'}.")


def authorise_reading(actor: Actor) -> None:
    """Refuse a role that reads no cases. Raises Forbidden, naming the roles that do."""
    require_role(actor, "reading cases", READERS)


def hide_from_others(actor: Actor, number: str, customer: str) -> None:
    """Hide a case from other customers, as if it did not exist. Raises NotFound."""
    if actor.role is Role.CUSTOMER and actor.subject != customer:
        raise NotFound(f"There is no case {number}.")  # word for word what an unknown number answers


def allow(command: str, status: Status, role: Role) -> None:
    """Refuse a command that the table does not list for this status and role.

    Raises InvalidTransition, which names the next step and the commands possible now.
    """
    rows = [row for row in COMMANDS[command] if role in row.roles] or COMMANDS[command]
    if all(status not in row.since for row in rows):
        raise InvalidTransition(_way(command, status), possible=_possible_now(role, status))


def can(actor: Actor, status: Status, team: str | None) -> list[str]:
    """The verbs that an actor may use on a case of this status and team."""
    return list(_verbs(actor.role, status, of_the_team=team is not None and actor.team == team))


@cache
def _possible_now(role: Role, status: Status) -> tuple[str, ...]:
    return _possible(status, (row for row in _rows() if role in row.roles and row.since != ANY))


@cache
def _verbs(role: Role, status: Status, *, of_the_team: bool) -> tuple[str, ...]:
    given = (row for row in _rows() if role in row.who or (of_the_team and role in row.team))
    return _possible(status, given)


_NO_VERBS = frozenset({"log", "notify", "receive_message", "erase"})
"""Commands without a URL under a case."""


def _rows() -> Iterator[Command]:
    for rows in COMMANDS.values():
        yield from rows


def _possible(status: Status, rows: Iterable[Command]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row.verb for row in rows if status in row.since and row.name not in _NO_VERBS))


_NEXT = {
    Status.LOGGED: "Triage this case first.",
    Status.TRIAGED: "Prioritize this case first.",
    Status.PRIORITIZED: "Diagnose this case first.",
    Status.IN_DIAGNOSIS: "Assign this case first.",
    Status.ASSIGNED: "Resolve this case first.",
    Status.RESOLVED: "This case is resolved. Reopen it first.",
    Status.CLOSED: "This case is closed. Log a follow-up instead.",
}
"""The next step from each status."""


@cache
def _way(command: str, status: Status) -> str:
    """The step that leads to a command which the status does not allow."""
    rows = COMMANDS[command]
    if others := [row for row in rows if status in row.since]:
        team = {role for row in others for role in row.team}
        whom = "the case's team" if team else " or ".join(sorted({role for row in others for role in row.roles}))
        return f"Only {whom} can {_verb(command)} a case that is {status}."
    since = frozenset().union(*(row.since for row in rows))
    comes = [each for each in Status if each in since]
    order = list(Status)
    if since <= SETTLED and status not in SETTLED:
        return "This case is not resolved yet."
    if status in SETTLED:
        reopens = status is Status.RESOLVED and not since.isdisjoint(WORKED)
        return _NEXT[status] if reopens or status is Status.CLOSED else f"This case is {status} already."
    later = bool(comes) and order.index(comes[-1]) > order.index(status)
    return _NEXT[status] if later else f"This case is {status} already."
