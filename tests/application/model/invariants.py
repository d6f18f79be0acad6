"""What holds after every step, whatever was commanded, in the SOP's words. Each names the first case that breaks it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from application.cases.documents import case_document
from application.cases.history import history_items
from application.ports import Entry
from application.views.cases import CaseFold, new_fold
from application.views.obligations import ObligationRow, ObligationsFold
from domain.case import Case
from domain.case.status import SETTLED, Status
from domain.case.terms import LinkKind, Major
from domain.obligation import Obligation, ObligationKind
from domain.values import Role
from tests.application.model.command_table import SETTLED as SETTLED_WORDS

SYMMETRIC = {
    (LinkKind.RELATED, LinkKind.RELATED),
    (LinkKind.DUPLICATE, LinkKind.DUPLICATE_OF),
    (LinkKind.DUPLICATE_OF, LinkKind.DUPLICATE),
    (LinkKind.MAJOR, LinkKind.PART),
    (LinkKind.PART, LinkKind.MAJOR),
}
OF_ONE_CUSTOMER = (LinkKind.DUPLICATE, LinkKind.DUPLICATE_OF)
OUTLIVES = {
    ObligationKind.INFORM_CUSTOMER,
    ObligationKind.DECIDE_UNINFORMED,
    ObligationKind.DECIDE_DISPUTE,
    ObligationKind.INFORM_MANAGEMENT,
    ObligationKind.REVIEW_MAJOR,
}
"""What may still be owed once a case is closed."""
_NUMBER = re.compile(r"INC-\d{7}")


@dataclass
class Known:
    """One case: as the desk reads it, and what a replay and the views make of its history."""

    case: Case
    fold: CaseFold | None = None
    owed: ObligationsFold = field(default_factory=ObligationsFold)
    replayed: Case | None = None
    fresh: Sequence[Entry] = ()
    """The events since it was last looked at."""

    def read(self, case: Case, fresh: Sequence[Entry]) -> None:
        """Take the case as it is now, and the events that made it so."""
        self.case, self.fresh = case, fresh
        for entry in fresh:
            self.replayed = entry.event.mutate(self.replayed)
            if self.fold is None:
                self.fold = new_fold(entry.event)
            self.fold.fold(entry.event, entry.position)
            self.owed.fold(entry.event, entry.position)

    @property
    def standing(self) -> dict[str, ObligationRow]:
        """What the view of obligations says that is owed."""
        return {owed.key: owed for owed in self.owed.fresh if owed.until_position is None}


Cases = dict[str, Known]


def check(cases: Cases, changed: set[str]) -> None:
    """Everything that holds of these cases. Only what may have changed is asked."""
    duplicates_follow(cases)
    links_are_symmetric(cases)
    for number in changed:
        known = cases[number]
        somebody_has_it(known.case)
        majors_owe(known.case)
        debts_have_somebody_and_something(cases, known.case)
        folds_agree(known)
        customers_read_nothing_of_others(cases, known)


def duplicates_follow(cases: Cases) -> None:
    """A duplicate is resolved, closed and reopened with the first case, and never alone (R-5.6c)."""
    for number, known in cases.items():
        if (first := known.case.duplicate_of) is None:
            continue
        mine, its = known.case.status, cases[first].case.status
        assert cases[first].case.duplicate_of is None, f"R-5.6c: {number} continues as {first}, itself a duplicate"
        assert known.case.customer == cases[first].case.customer, f"R-5.6c: {number} is another customer's than {first}"
        if mine not in SETTLED:
            assert its not in SETTLED, f"R-5.6c: {number} is left open while {first} is {its}"
        if Status.CLOSED in (mine, its):
            assert mine is its, f"R-5.6c: {number} is {mine} while {first} is {its}"
        assert mine not in SETTLED or known.case.continued, f"R-5.6c: {number} has a resolution of its own"


def links_are_symmetric(cases: Cases) -> None:
    """Each end of a link keeps it (R-5.6c)."""
    for number, known in cases.items():
        for other, kind in known.case.links.items():
            assert (kind, cases[other].case.links.get(number)) in SYMMETRIC, f"R-5.6c: {number} {kind} {other}"


def somebody_has_it(case: Case) -> None:
    """A team has an assigned case, and no other open one (R-6b)."""
    settled = case.status in SETTLED_WORDS
    assert settled or (case.team is not None) is (case.status is Status.ASSIGNED), f"R-6b: {case.number}"


def majors_owe(case: Case) -> None:
    """A declared major incident owes its next communication while it is open, a nomination its answer (R-5.7b, R-5.7c)."""
    is_open, kinds = case.status not in SETTLED, {owed.kind for owed in case.obligations.values()}
    declared, nominated = case.major is Major.DECLARED, case.major is Major.NOMINATED
    assert (ObligationKind.COMMUNICATE in kinds) is (declared and is_open), f"R-5.7c: {case.number} {case.major}"
    assert (ObligationKind.ANSWER_NOMINATION in kinds) is (nominated and is_open), f"R-5.7b: {case.number} {case.major}"


def debts_have_somebody_and_something(cases: Cases, case: Case) -> None:
    """Every obligation has somebody who owes it, and something it is about."""
    for key, owed in case.obligations.items():
        said = f"{case.number} owes {key} in {case.status}: {owed}"
        assert key == owed.key, said
        assert (owed.role is Role.TEAM_MEMBER) is (owed.team is not None), said
        assert owed.role in (Role.TECHNICIAN, Role.TEAM_MEMBER, Role.DUTY_MANAGER), said
        assert case.status is not Status.CLOSED or owed.kind in OUTLIVES, said
        _of_the_holder(case, owed, said)
        _about_something(cases, case, owed, said)


def _of_the_holder(case: Case, owed: Obligation, said: str) -> None:
    if owed.kind in (ObligationKind.COMMUNICATE, ObligationKind.ANSWER_NOMINATION):
        assert owed.team == case.team, said


def _about_something(cases: Cases, case: Case, owed: Obligation, said: str) -> None:
    if owed.kind is ObligationKind.ANSWER_CONSULTATION:
        asked = case.consultations[owed.about]
        assert owed.about in cases, said
        assert asked.answered_by is None, said
        assert owed.about not in case.links, said
    if owed.kind is ObligationKind.DECIDE_DISPUTE:
        assert case.suspected_at is not None, said
    if owed.kind in (ObligationKind.INFORM_CUSTOMER, ObligationKind.DECIDE_UNINFORMED):
        assert case.status in SETTLED, said
    if owed.kind in (ObligationKind.INFORM_MANAGEMENT, ObligationKind.REVIEW_MAJOR):
        assert case.major is Major.DECLARED, said


def folds_agree(known: Known) -> None:
    """What the views fold, and what a replay makes, is what the aggregate says."""
    case, fold = known.case, known.fold
    assert fold is not None
    assert known.replayed is not None
    assert case_document(known.replayed) == case_document(case)
    for name in ("status", "team", "technician", "priority", "resolve_by", "dispute_until", "closes_at", "pending"):
        assert getattr(fold.state, name) == getattr(case, name), f"{case.number}: the view says another {name}"
    standing = {key: _debt(owed) for key, owed in known.standing.items()}
    assert standing == {key: _debt(owed) for key, owed in case.obligations.items()}, f"{case.number}: what is owed"


def _debt(owed: ObligationRow | Obligation) -> tuple[str, datetime, str, str | None]:
    return str(owed.kind), owed.due_at, str(owed.role), owed.team


def customers_read_nothing_of_others(cases: Cases, known: Known) -> None:
    """A customer reads the numbers of their own cases, and nothing of a hold (R-2.1a)."""
    case = known.case
    seen = json.dumps([history_items(known.fresh, Role.CUSTOMER), case_document(case, Role.CUSTOMER)], default=str)
    others = set(_NUMBER.findall(seen)) - set(_own(cases, case))
    assert not others, f"R-2.1a: {case.number} tells its customer of {others}"


def _own(cases: Cases, case: Case) -> Iterator[str]:
    yield from (number for number, known in cases.items() if known.case.customer == case.customer)
