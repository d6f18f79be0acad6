"""The table of states and commands, written from requirements.md and not from the domain: two readings of one text."""

from __future__ import annotations

from dataclasses import dataclass, field

from domain.errors import (
    DisputeWindowClosed,
    DomainError,
    Forbidden,
    InvalidTransition,
    NotAssignedTeam,
    NotFound,
    PriorityRequired,
)
from domain.values import Actor

STATUSES = ("logged", "triaged", "prioritized", "in_diagnosis", "assigned", "resolved", "closed")
ANY = frozenset(STATUSES)
OPEN = ANY - {"closed"}
WORKED = frozenset({"prioritized", "in_diagnosis", "assigned"})
SETTLED = frozenset({"resolved", "closed"})
READERS = frozenset({"technician", "team_member", "duty_manager", "auditor", "reporter"})
"""Who may see every case; customers their own."""


@dataclass(frozen=True)
class Row:
    """From which statuses, by which roles, whether by the case's team and by its customer, and to which status."""

    since: frozenset[str]
    who: frozenset[str] = frozenset({"technician"})
    team: bool = False
    own: bool = False
    to: dict[str, str] | str = field(default_factory=dict)
    """A status, or from which to which; unchanged where it says nothing. `where it was` after a resolution."""

    def after(self, status: str, was: str | None) -> str | None:
        """The status after it; ``was`` is the one that the case was resolved in."""
        if self.to == "where it was":
            return was
        return self.to if isinstance(self.to, str) else self.to.get(status, status)


def _roles(*names: str) -> frozenset[str]:
    return frozenset(names)


TABLE = {
    "triage": Row(frozenset({"logged"}), to="triaged"),
    "refer": Row(frozenset({"logged", "triaged"}), to="resolved"),
    "prioritize": Row(OPEN - {"logged"}, team=True, to={"triaged": "prioritized"}),
    "diagnose": Row(WORKED, team=True, to={"prioritized": "in_diagnosis"}),
    "known_errors": Row(WORKED, team=True, to={"prioritized": "in_diagnosis"}),
    "relate": Row(ANY, team=True),
    "duplicate": Row(ANY, team=True, to="resolved"),
    "unrelate": Row(ANY, team=True),
    "assign": Row(WORKED, team=True, to="assigned"),
    "accept": Row(frozenset({"assigned"}), _roles(), team=True),
    "hand_back": Row(frozenset({"assigned"}), _roles(), team=True, to="in_diagnosis"),
    "pend": Row(WORKED, team=True),
    "resume": Row(WORKED, team=True),
    "nominate_major": Row(OPEN, _roles("technician", "intake", "system")),
    "declare_major": Row(frozenset({"assigned"}), _roles("duty_manager"), team=True),
    "reject_major": Row(frozenset({"assigned"}), _roles("duty_manager"), team=True),
    "verify": Row(frozenset({"in_diagnosis", "assigned"}), team=True),
    "resolve": Row(frozenset({"in_diagnosis", "assigned"}), team=True, to="resolved"),
    "close": Row(frozenset({"resolved"}), _roles("technician", "duty_manager"), team=True, own=True, to="closed"),
    "close_elapsed": Row(frozenset({"resolved"}), _roles("system"), to="closed"),
    "dispute": Row(SETTLED, own=True, to="where it was"),
    "reopen": Row(frozenset({"resolved"}), _roles("technician", "duty_manager"), team=True, to="where it was"),
    "note": Row(ANY, READERS, own=True),
    "attach": Row(ANY, READERS, own=True),
    "correct": Row(OPEN, team=True),
    "follow_up": Row(frozenset({"closed"}), own=True),
    # what the clauses add
    "waive": Row(OPEN, team=True),  # R-5.2c
    "consult": Row(OPEN, team=True),  # R-5.6b
    "answer_consultation": Row(ANY, _roles("technician", "team_member")),  # R-5.6b: whoever was asked
    "fan_out": Row(SETTLED, _roles("duty_manager"), team=True),  # R-5.7d
    "discharge": Row(ANY, _roles("technician", "duty_manager"), team=True),  # R-5.3c, R-5.7c, R-5.9g
    "suspect_dispute": Row(SETTLED, _roles("technician", "intake")),  # R-5.9c
    "uphold_dispute": Row(SETTLED, to="where it was"),  # R-5.9c
    "dismiss_dispute": Row(SETTLED),  # R-5.9c
}
LOGS = _roles("technician", "customer", "intake")


@dataclass(frozen=True)
class Seen:
    """What the table asks of a case, and what the clauses ask beside it."""

    status: str
    customer: str
    team: str | None = None
    late: bool = False
    """Whether a nomination was not answered in time (R-5.7b)."""
    uninformed: bool = False
    """Whether the customer could not be informed by the policy's attempts, and still is not (R-5.9g)."""
    elapsed: bool = False
    """Whether 72 h have passed since the customer was told (R-5.9d)."""
    too_late: bool = False
    """Whether more than that have: at the very deadline a dispute is in time (R-5.9c)."""


Refusals = tuple[type[DomainError], ...]
OF_THE_CALLER: Refusals = (Forbidden, NotAssignedTeam, NotFound)
"""Refusals for who somebody is, whatever the case is like."""


def refusals(command: str, who: Actor, case: Seen) -> Refusals:
    """How the table refuses a command; by nothing when it allows it."""
    return _of_the_caller(command, who, case) or _of_the_case(command, who, case)


def _of_the_caller(command: str, who: Actor, case: Seen) -> Refusals:
    row, role = TABLE[command], str(who.role)
    if role == "customer" and row.own:
        return () if who.subject == case.customer else (NotFound,)
    if role == "team_member" and row.team:
        return () if case.team is not None and who.team == case.team else (NotAssignedTeam,)
    closes_early = role == "duty_manager" and command == "close" and not case.uninformed
    return (Forbidden,) if role not in row.who or closes_early else ()


def _of_the_case(command: str, who: Actor, case: Seen) -> Refusals:
    row, role = TABLE[command], str(who.role)
    wrong = (
        case.status not in row.since
        # the desk resolves what is with the desk, the team what is with the team
        or (command == "resolve" and (role == "technician") is (case.status == "assigned"))
        or (command == "duplicate" and case.status in SETTLED)
        or (command == "close_elapsed" and not case.elapsed)
    )
    if wrong:
        return (InvalidTransition, PriorityRequired) if case.status == "triaged" else (InvalidTransition,)
    if role == "duty_manager" and command in ("declare_major", "reject_major") and not case.late:
        return (Forbidden, InvalidTransition)
    if command == "dispute" and case.status == "closed" and case.too_late:
        return (DisputeWindowClosed, InvalidTransition)
    return ()
