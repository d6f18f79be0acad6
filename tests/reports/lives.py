"""Random lives of cases around holidays and changes of the clocks: every command that a report counts, refused or not."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

from application.administration.policy import POLICY_STREAM
from domain.case import Case
from domain.case.clauses.closure import CLOSES, Confirmation
from domain.case.clauses.history_import import Observation
from domain.case.clauses.logging import IncidentReport
from domain.case.clauses.major_incident import Declaration
from domain.case.clauses.notification import ContactAttempt
from domain.case.clauses.priority import Assessment
from domain.case.clauses.resolution import ContactOutcome, Verification
from domain.case.status import Status
from domain.case.terms import CauseCorrected, PendingReason, Resolution, ResolutionCode
from domain.errors import DomainError
from domain.policy import first_policy
from domain.policy_book import PolicyAdopted, PolicyBook, PolicyChanged
from domain.values import Actor, Channel, Level, Origin, Provenance, Role, Via
from tests.infrastructure.histories import History, new_id, said

STEP = timedelta(minutes=10)
"""Everything happens at a multiple of this, so that business time can be counted step by step."""
STARTS = (datetime(2026, 3, 5, 6, tzinfo=UTC), datetime(2026, 10, 29, 6, tzinfo=UTC))
"""Days before the clocks change in Chicago, forward and back."""
HOLIDAYS = (date(2026, 3, 10), date(2026, 11, 3), date(2026, 11, 11))
SHORTER = (*HOLIDAYS, date(2026, 3, 12), date(2026, 11, 5))
TEAMS = ("network", "messaging")
DESK, TEAM, SYSTEM = Role.TECHNICIAN, Role.TEAM_MEMBER, Role.SYSTEM


class Lives:
    """Cases that live by chance, put on the record in turns."""

    def __init__(self, history: History, chance: Random) -> None:
        self.history, self.chance = history, chance
        self.start = chance.choice(STARTS)
        self.policy = replace(first_policy(HOLIDAYS), pausing=chance.choice((("customer",), ("customer", "vendor"))))
        self.book = PolicyBook.open(PolicyAdopted, POLICY_STREAM, self.by(self.start), policy=self.policy)
        history.put(self.book)

    def live(self, cases: int, steps: int) -> None:
        """Let some cases live for so many steps of chance, and the policy change once in between."""
        lives = [self._logged() if self.chance.random() < 0.8 else self._imported() for _ in range(cases)]
        for step in range(steps):
            if step == steps // 2:
                self._change_policy()
            index = self.chance.randrange(cases)
            case, now = lives[index]
            now += STEP * self.chance.choice((0, 1, 1, 3, 6, 20, 60, 150, 450))
            try:
                self.chance.choice(_IMPORTED if case.source_system else _COMMANDS)(self, case, now)
                self.history.put(case)
            except DomainError:
                case = self.history.repository.get(case.id)
            lives[index] = case, now

    def by(self, at: datetime, role: Role = DESK, team: str | None = None, subject: str | None = None) -> Provenance:
        """Who acts, when."""
        return Provenance(
            Actor(subject or f"some.{role}", role, team), Via("test"), at, secrets.token_bytes, occurred_at=at
        )

    def team(self, case: Case, at: datetime) -> Provenance:
        """A member of the case's team, or the desk."""
        return self.by(at, TEAM, case.team) if case.status is Status.ASSIGNED else self.by(at)

    def _when(self) -> datetime:
        return self.start + STEP * self.chance.randrange(6 * 24 * 6)

    def _report(self, received_at: datetime, **changes: object) -> IncidentReport:
        chosen = {
            "channel": self.chance.choice((Channel.PHONE, Channel.EMAIL)),
            "agency": self.chance.choice(("dot", "dhs", None)),
            "service": self.chance.choice(("printing", "email")),
        }
        return IncidentReport(received_at=received_at, customer="jo", symptomatic=True, **chosen | changes)  # type: ignore[arg-type]

    def _logged(self) -> tuple[Case, datetime]:
        received = self._when()
        now = received + STEP * self.chance.choice((0, 0, 1, 6))
        report = self._report(received)
        case = Case.log(new_id(), self.history.number("INC"), report, self.policy, self.by(now))
        self.history.put(case)
        return case, now

    def _imported(self) -> tuple[Case, datetime]:
        received = self._when()
        row = replace(self.by(received, Role.EXTERNAL), origin=origin())
        case = Case.log_imported(
            new_id(), self.history.number("INC"), self._report(received, channel=Channel.OTHER), row
        )
        self.history.put(case)
        return case, received

    def _change_policy(self) -> None:
        self.policy = replace(self.policy, version="policy/2", business=replace(self.policy.business, holidays=SHORTER))
        self.book.record(PolicyChanged, self.by(self.start), policy=self.policy, reason=None)
        self.history.put(self.book)


def origin() -> Origin:
    """A row of another system's log."""
    return Origin("other", "log", 1, secrets.token_hex(8))


def _prioritize(lives: Lives, case: Case, at: datetime) -> None:
    levels = Assessment(lives.chance.choice(list(Level)), lives.chance.choice(list(Level)))
    case.prioritize(levels, lives.policy, lives.by(at))


def _refer(lives: Lives, case: Case, at: datetime) -> None:
    informed = lives.chance.random() < 0.5
    case.refer(("dhs", 1, None), ContactAttempt("phone", at, informed), lives.policy, lives.by(at))


def _assign(lives: Lives, case: Case, at: datetime) -> None:
    case.assign(lives.chance.choice(TEAMS), lives.by(at), words=said())


def _pend(lives: Lives, case: Case, at: datetime) -> None:
    reason = lives.chance.choice((PendingReason.CUSTOMER, PendingReason.VENDOR))
    asks = reason is PendingReason.CUSTOMER and lives.chance.random() < 0.5
    case.pend(reason, lives.team(case, at), question=said() if asks else None)


def _verify(lives: Lives, case: Case, at: datetime) -> None:
    good = lives.chance.random() < 0.8
    outcome = ContactOutcome.REACHED if lives.chance.random() < 0.7 else ContactOutcome.UNREACHABLE
    method = lives.chance.choice(("phone", "email"))
    asked_at = at - STEP * lives.chance.choice((0, 0, 6, 30))
    case.verify(Verification(good, good, method, asked_at, outcome), lives.team(case, at))


def _resolve(lives: Lives, case: Case, at: datetime) -> None:
    code = lives.chance.choice((ResolutionCode.FIXED, ResolutionCode.WORKAROUND, ResolutionCode.RECLASSIFIED_REQUEST))
    caused = code is not ResolutionCode.RECLASSIFIED_REQUEST and lives.chance.random() < 0.5
    cause = CauseCorrected.NO if caused else CauseCorrected.YES
    resolution = Resolution(code, False, cause, "PRB-0000001" if caused else None)
    if case.status is Status.ASSIGNED and lives.chance.random() < 0.9:
        case.verify(Verification(True, True, "phone", at), lives.team(case, at))
    case.resolve(resolution, said(), lives.policy, lives.team(case, at))


def _tell(lives: Lives, case: Case, at: datetime) -> None:
    if lives.chance.random() < 0.3:
        case.not_notified("bounced", lives.policy, lives.by(at, SYSTEM))
    else:
        case.notified("<mail@desk>", case.resolution_version or 0, lives.policy, lives.by(at, SYSTEM))


def _tell_by_other_means(lives: Lives, case: Case, at: datetime) -> None:
    case.tell_by_other_means(ContactAttempt("phone", at, lives.chance.random() < 0.5), lives.policy, lives.by(at))


def _close(lives: Lives, case: Case, at: datetime) -> None:
    if lives.chance.random() < 0.6 and case.closes_at is not None:
        late = lives.by(max(at, case.closes_at) + STEP * lives.chance.choice((0, 1, 2)), SYSTEM, subject=CLOSES)
        case.close_elapsed(case.resolution_version or 0, lives.policy, late)
    else:
        case.close(lives.policy, lives.team(case, at), confirmation=Confirmation("phone", at))


def _correct(lives: Lives, case: Case, at: datetime) -> None:
    value = lives.chance.choice(("printing", "email"))
    case.correct("service", lives.by(at), value=value, words=None, reason=None)


def _declare(lives: Lives, case: Case, at: datetime) -> None:
    case.declare(Declaration("t.lee", timedelta(minutes=30), said()), lives.policy, lives.team(case, at))


def _suspect(lives: Lives, case: Case, at: datetime) -> None:
    case.suspect_dispute(at, None, lives.policy, lives.by(at))


def _note(lives: Lives, case: Case, at: datetime) -> None:
    role = lives.chance.choice((DESK, Role.CUSTOMER, SYSTEM))
    case.note(said(), lives.by(at, role), visible_to_customer=lives.chance.random() < 0.3)


Command = Callable[[Lives, Case, datetime], None]
_COMMANDS: tuple[Command, ...] = (
    *[lambda lives, case, at: case.triage("desk", lives.by(at))] * 3,
    *(
        _prioritize,
        _prioritize,
        _prioritize,
        _refer,
        _assign,
        _assign,
        _pend,
        _pend,
        _verify,
        _resolve,
        _resolve,
        _resolve,
    ),
    *(_tell, _tell, _tell_by_other_means, _close, _close, _correct, _declare, _suspect, _note),
    *[lambda lives, case, at: case.diagnose(said(), lives.team(case, at))] * 2,
    lambda lives, case, at: case.hand_back(said(), lives.team(case, at)),
    lambda lives, case, at: case.resume(lives.policy, lives.team(case, at)),
    lambda lives, case, at: case.dispute(at, lives.policy, lives.by(at)),
    lambda lives, case, at: case.reopen(said(), lives.policy, lives.by(at)),
    lambda lives, case, at: case.dismiss_dispute(said(), lives.by(at)),
    lambda lives, case, at: case.nominate(lives.policy, lives.by(at)),
    lambda lives, case, at: case.reject(said(), lives.team(case, at)),
)


def _observe(lives: Lives, case: Case, at: datetime) -> None:
    """The next row, now and then by a clock that runs backwards."""
    at -= STEP * lives.chance.choice((0, 0, 0, 4))
    status = lives.chance.choice(
        (Status.IN_DIAGNOSIS, Status.IN_DIAGNOSIS, Status.RESOLVED, Status.RESOLVED, Status.CLOSED)
    )
    waits = lives.chance.choice((None, PendingReason.CUSTOMER, PendingReason.VENDOR))
    priority = lives.chance.choice((1, 3))
    level = Level.HIGH if priority == 1 else Level.MEDIUM
    team = lives.chance.choice((None, *TEAMS))
    seen = Observation(status, waits if status is Status.IN_DIAGNOSIS else None, level, level, priority, team)
    rows = iter([replace(lives.by(at, Role.EXTERNAL), origin=origin()) for _ in range(9)])
    case.observe(seen, lives.policy, at, rows)


_IMPORTED: tuple[Command, ...] = (_observe,)
