"""A few linked cases in memory, every command on them, and what must hold of them after each one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from copy import deepcopy
from datetime import timedelta
from random import Random
from typing import Any

from application.execution.attempt import Attempt
from application.execution.duplicates import take_along
from application.execution.reference import Reference
from application.execution.requests import Request
from application.views.obligations import ObligationsFold
from domain.aggregate import Recorded
from domain.case import Case
from domain.case.clauses.closure import Confirmation
from domain.case.clauses.major_incident import Declaration
from domain.case.clauses.notification import ContactAttempt
from domain.case.clauses.relations import Consulted
from domain.case.status import COMMANDS as TABLE
from domain.case.status import SETTLED, Status
from domain.case.terms import LinkKind, Major, PendingReason
from domain.errors import DomainError
from domain.obligation import ObligationKind
from domain.values import Provenance, Role
from tests.domain.cases import FIXED, HIGH, MEDIUM, POLICY, at, logged, moment, positive, said

FIRST, ONE, TWO, MAJOR, PART = NUMBERS = tuple(f"INC-000000{n}" for n in range(1, 6))
TEAMS = ("network", "messaging")
_ROWS = {"duplicate": "relate", "find_unrelated": "relate", "notified": "notify", "close_elapsed": "close"}
"""The rows of the table by another name."""
_HELD = ("suspect_dispute", "uphold_dispute", "dismiss_dispute")
_RARE = (*_HELD, "resume", "refer", "resolve", "notified", "close_elapsed", "dispute", "answer_consultation")
AFTER_CLOSING = {"inform_management", "review_major", "decide_dispute"}
Command = Callable[["LinkedCases", Case, Random], None]


class LinkedCases:
    """Cases that commands change together or not at all; time goes on by ten minutes a command."""

    def __init__(self) -> None:
        self.cases = {number: logged(number, symptomatic=True) for number in NUMBERS}
        self.events: list[Recorded] = []
        self.minutes = 0.0
        self.done: Counter[str] = Counter()
        self._keep()

    def run(self, name: str, number: str, chance: Random) -> bool:
        """Carry out a command, with what follows from it, as a commit does; a refused one changes nothing."""
        self.minutes += 10
        before, self.cases = self.cases, deepcopy(self.cases)
        try:
            COMMANDS[name](self, self.cases[number], chance)
            _ended(take_along(list(self.cases.values()), self._load, self._attempt()))
        except DomainError:
            self.cases = before
            return False
        self._keep()
        self.done[name] += 1
        return True

    async def _load(self, number: str) -> Case:
        return self.cases[number]

    def _attempt(self) -> Attempt:
        request = Request(self.desk().by, "test")
        return Attempt(request, Reference(0, POLICY), moment(self.minutes), simulated=True, random=bytes)

    def _keep(self) -> None:
        for case in self.cases.values():
            self.events += case.collect_events()  # type: ignore[arg-type]

    def possible(self, number: str) -> list[str]:
        """The commands that the table has for the status of a case, the rarer ones more often.

        Whether a clause allows them is another matter.
        """
        status = self.cases[number].status
        possible = [name for name in COMMANDS if any(status in row.since for row in TABLE[_ROWS.get(name, name)])]
        return [*possible, *(name for name in possible if name in _RARE for _ in range(3))]

    # who acts

    def desk(self) -> Provenance:
        return at(self.minutes)

    def system(self) -> Provenance:
        return at(self.minutes, Role.SYSTEM)

    def holder(self, case: Case) -> Provenance:
        return at(self.minutes, Role.TEAM_MEMBER, case.team) if case.status is Status.ASSIGNED else self.desk()

    def other(self, case: Case, chance: Random) -> Case:
        return self.cases[chance.choice([number for number in NUMBERS if number != case.number])]

    def disputed(self, case: Case) -> Case:
        return case if case.goes_with is None else self.cases[case.goes_with]

    # what must hold

    def check(self) -> None:
        """Duplicates follow, and what is owed follows from the state."""
        for case in self.cases.values():
            self._duplicates_follow(case)
            _owes_what_it_must(case)

    def check_folds(self) -> None:
        """A replay is the case, and the view of obligations says what the cases say."""
        for case in self.cases.values():
            self._replays(case)
        self._views_agree()

    def _duplicates_follow(self, case: Case) -> None:
        firsts = [number for number, kind in case.links.items() if kind is LinkKind.DUPLICATE_OF]
        assert len(firsts) <= 1, "a duplicate has one first case"
        for number in firsts:
            first = self.cases[number]
            assert first.links[case.number] is LinkKind.DUPLICATE
            assert first.duplicate_of is None, "duplicates make no chains"
            assert case.continued is (case.status in SETTLED), "it is settled in no other way"
            if first.status in SETTLED:
                assert case.status is first.status, "it is settled with the first case"
            else:
                assert case.status is not Status.CLOSED, "it closes with the first case"
        if case.continued:
            assert firsts or case.status is Status.CLOSED

    def _replays(self, case: Case) -> None:
        again = None
        for event in self.events:
            if event.originator_id == case.id:
                again = event.mutate(again)
        kept = {name: value for name, value in vars(case).items() if not name.startswith("_")}
        assert {name: value for name, value in vars(again).items() if name in kept} == kept

    def _views_agree(self) -> None:
        fold = ObligationsFold()
        for position, event in enumerate(self.events, 1):
            fold.fold(event, position)
        standing = {(o.case_id, o.key, o.due_at, o.role, o.team) for o in fold.fresh if o.until_position is None}
        assert standing == {
            (case.id, key, owed.due_at, owed.role, owed.team)
            for case in self.cases.values()
            for key, owed in case.obligations.items()
        }


def _ended(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Run a coroutine that has nothing to wait for, without an event loop."""
    with suppress(StopIteration):
        coroutine.send(None)
        raise AssertionError("it waits for something")


def _owes_what_it_must(case: Case) -> None:
    open_, owed = case.status not in SETTLED, case.obligations
    assert (ObligationKind.COMMUNICATE in owed) is (open_ and case.major is Major.DECLARED), "R-5.7c"
    assert (ObligationKind.ANSWER_NOMINATION in owed) is (open_ and case.major is Major.NOMINATED), "R-5.7b"
    decided = {*case.links, *case.unrelated}
    unanswered = {each.case for each in case.consultations.values() if each.answered_by is None}
    standing = {debt.about for debt in owed.values() if debt.kind is ObligationKind.ANSWER_CONSULTATION}
    if case.status is Status.CLOSED:
        assert not standing, "R-5.6b"
    else:
        assert unanswered - decided <= standing <= unanswered, "R-5.6b"
    for debt in owed.values():
        if debt.about or debt.role is Role.DUTY_MANAGER:
            continue
        of_team = debt.kind not in (ObligationKind.INFORM_CUSTOMER, ObligationKind.DECIDE_DISPUTE) and case.team
        assert (debt.role, debt.team) == ((Role.TEAM_MEMBER, case.team) if of_team else (Role.TECHNICIAN, None)), (
            "whoever holds the case owes it"
        )
    if case.status is Status.CLOSED:
        assert set(owed) <= AFTER_CLOSING


# every command that links, moves or settles a case


def _duplicate(bench: LinkedCases, case: Case, chance: Random) -> None:
    first = bench.other(case, chance)
    case.duplicate(first, None, POLICY, bench.desk())
    first.mirror(case.number, LinkKind.DUPLICATE_OF, bench.desk())


def _relate(bench: LinkedCases, case: Case, chance: Random) -> None:
    other = bench.other(case, chance)
    case.relate(other, Consulted("t.lee", moment(bench.minutes), None), bench.desk())
    other.mirror(case.number, LinkKind.RELATED, bench.desk())


def _find_unrelated(bench: LinkedCases, case: Case, chance: Random) -> None:
    case.find_unrelated(bench.other(case, chance), None, bench.desk())


def _unrelate(bench: LinkedCases, case: Case, chance: Random) -> None:
    other = bench.other(case, chance)
    if case.unrelate(other.number, POLICY, bench.desk()) is LinkKind.DUPLICATE:
        other.unrelate(case.number, POLICY, bench.desk())
    else:
        other.unmirror(case.number, POLICY, bench.desk())


def _consult(bench: LinkedCases, case: Case, chance: Random) -> None:
    case.consult(bench.other(case, chance), POLICY, bench.desk())


def _answer(bench: LinkedCases, case: Case, chance: Random) -> None:
    asked = bench.other(case, chance)
    team = case.consultations[asked.number].team if asked.number in case.consultations else None
    case.answer_consultation(asked.number, said(), at(bench.minutes, Role.TEAM_MEMBER, team))


def _declare(bench: LinkedCases, case: Case, chance: Random) -> None:
    declaration = Declaration("t.lee", timedelta(minutes=30), said())
    case.declare(declaration, POLICY, at(bench.minutes, Role.TEAM_MEMBER, case.team))
    part = bench.other(case, chance)
    part.mirror(case.number, LinkKind.PART, bench.desk())
    case.mirror(part.number, LinkKind.MAJOR, bench.desk())


def _discharge(bench: LinkedCases, case: Case, chance: Random) -> None:
    keys = [key for key in case.obligations if key in ("inform_management", "communicate", "review_major")]
    case.discharge(chance.choice(keys or ["communicate"]), "phone", moment(bench.minutes), bench.holder(case))


def _resolve(bench: LinkedCases, case: Case, _: Random) -> None:
    if case.status is Status.ASSIGNED:
        case.verify(positive(bench.minutes), bench.holder(case))
    case.resolve(FIXED, said(), POLICY, bench.holder(case))


def _fan_out(bench: LinkedCases, case: Case, _: Random) -> None:
    case.fanned_out(tuple(case.parts()), bench.holder(case))
    for part in case.parts():
        before = bench.cases[part].version
        try:
            bench.cases[part].resolve_with(case.number, FIXED, said(), POLICY, bench.desk())
        except DomainError:
            assert bench.cases[part].version == before


def _refer(bench: LinkedCases, case: Case, _: Random) -> None:
    contact = ContactAttempt("phone", moment(bench.minutes), informed=True)
    case.refer(("dhs", 1, said()), contact, POLICY, bench.desk())


def _notified(bench: LinkedCases, case: Case, _: Random) -> None:
    case.notified("<1@desk>", case.resolution_version or 0, POLICY, bench.system())


def _close_elapsed(bench: LinkedCases, case: Case, _: Random) -> None:
    bench.minutes += 73 * 60
    case.close_elapsed(case.resolution_version or 0, POLICY, bench.system())


def _suspect(bench: LinkedCases, case: Case, _: Random) -> None:
    bench.disputed(case).suspect_dispute(moment(bench.minutes), said(), POLICY, bench.desk())


COMMANDS: dict[str, Command] = {
    "triage": lambda bench, case, _: case.triage("desk", bench.desk()),
    "refer": _refer,
    "prioritize": lambda bench, case, chance: case.prioritize(chance.choice((HIGH, MEDIUM)), POLICY, bench.desk()),
    "diagnose": lambda bench, case, _: case.diagnose(said(), bench.holder(case)),
    "duplicate": _duplicate,
    "relate": _relate,
    "find_unrelated": _find_unrelated,
    "unrelate": _unrelate,
    "consult": _consult,
    "answer_consultation": _answer,
    "assign": lambda bench, case, chance: case.assign(chance.choice(TEAMS), bench.desk()),
    "hand_back": lambda bench, case, _: case.hand_back(said(), bench.holder(case)),
    "pend": lambda bench, case, _: case.pend(PendingReason.CUSTOMER, bench.holder(case)),
    "resume": lambda bench, case, _: case.resume(POLICY, bench.holder(case)),
    "nominate_major": lambda bench, case, _: case.nominate(POLICY, bench.desk()),
    "declare_major": _declare,
    "reject_major": lambda bench, case, _: case.reject(said(), at(bench.minutes, Role.TEAM_MEMBER, case.team)),
    "fan_out": _fan_out,
    "discharge": _discharge,
    "resolve": _resolve,
    "notified": _notified,
    "close": lambda bench, case, _: case.close(
        POLICY, bench.desk(), confirmation=Confirmation("phone", moment(bench.minutes))
    ),
    "close_elapsed": _close_elapsed,
    "dispute": lambda bench, case, _: bench.disputed(case).dispute(moment(bench.minutes), POLICY, bench.desk()),
    "suspect_dispute": _suspect,
    "uphold_dispute": lambda bench, case, _: bench.disputed(case).uphold_dispute(POLICY, bench.desk()),
    "dismiss_dispute": lambda bench, case, _: bench.disputed(case).dismiss_dispute(said(), bench.desk()),
    "reopen": lambda bench, case, _: case.reopen(said(), POLICY, bench.desk()),
}
