"""The obligations of a case follow from its state: who holds it, and whether it is open (R-5.6b, R-5.7b, R-5.7c).

The team that holds a case owes the work on it; the desk does while no team holds it. While a case is settled nobody can
declare it or reject its nomination, and nobody owes news of it. A closed case asks nobody anything. A reopening brings
these obligations back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from domain.case.state import CaseState
from domain.case.status import SETTLED, Status
from domain.case.terms import Major
from domain.obligation import Obligation, ObligationKind
from domain.policy import Policy
from domain.values import Role

_OF_THE_HOLDER = frozenset(
    {
        ObligationKind.ANSWER_NOMINATION,
        ObligationKind.INFORM_MANAGEMENT,
        ObligationKind.COMMUNICATE,
        ObligationKind.REVIEW_MAJOR,
        ObligationKind.READ_ANSWER,
        ObligationKind.ASK_CUSTOMER,
    }
)
_OF_THE_OPEN = frozenset({ObligationKind.ANSWER_CONSULTATION, ObligationKind.COMMUNICATE})


def role_of(team: str | None) -> Role:
    """The role that acts for a team; the desk's where there is none."""
    return Role.TECHNICIAN if team is None else Role.TEAM_MEMBER


def handed_to(case: CaseState, team: str | None) -> tuple[Obligation, ...]:
    """The obligations that pass with the case to a team, or to the desk where it is None. Due times stay."""
    role = role_of(team)
    held = (owed for owed in case.obligations.values() if owed.kind in _OF_THE_HOLDER)
    return tuple(replace(owed, role=role, team=team) for owed in held if (owed.role, owed.team) != (role, team))


def owed_by_holder(case: CaseState, kind: ObligationKind, due_at: datetime) -> tuple[Obligation, ...]:
    """An obligation of whoever holds the case; none where it stands already, so that its due time stays."""
    owed = Obligation(kind, due_at, role_of(case.team), case.team)
    return () if owed.key in case.obligations else (owed,)


def owed_again(
    case: CaseState, status: Status, policy: Policy, at: datetime, *, undone: str | None = None
) -> tuple[Obligation, ...]:
    """The obligations that come back when a case goes on in ``status``, each with its whole time.

    ``undone`` is the case to which a link ends with it.
    """
    back = (*_by_major(case, status, policy, at), *_by_consultation(case, status, policy, at, undone))
    return tuple(owed for owed in back if owed.key not in case.obligations)


def ended_by_closing(case: CaseState) -> tuple[str, ...]:
    """Keys of the standing obligations that only an open case has."""
    return tuple(key for key, owed in case.obligations.items() if owed.kind in _OF_THE_OPEN)


def _by_major(case: CaseState, status: Status, policy: Policy, at: datetime) -> Iterator[Obligation]:
    if status in SETTLED:
        return
    role = role_of(case.team)
    if case.major is Major.NOMINATED:
        yield Obligation(ObligationKind.ANSWER_NOMINATION, at + policy.nomination_answer, role, case.team)
    if case.major is Major.DECLARED and case.communication_every is not None:
        yield Obligation(ObligationKind.COMMUNICATE, at + case.communication_every, role, case.team)


def _by_consultation(
    case: CaseState, status: Status, policy: Policy, at: datetime, undone: str | None
) -> Iterator[Obligation]:
    if status is Status.CLOSED:
        return
    decided = {*case.links, *case.unrelated} - {undone}
    for asked in case.consultations.values():
        if asked.answered_by is None and asked.case not in decided:
            due_at = at + policy.consultation_answer
            yield Obligation(ObligationKind.ANSWER_CONSULTATION, due_at, role_of(asked.team), asked.team, asked.case)
