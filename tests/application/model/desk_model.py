"""A desk that is held against the table at every step, and what its tests remember of each case by themselves."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from hypothesis import note

from application.cases.documents import case_document
from application.execution.requests import Committed, Request
from application.mail_out.letters import Sent
from domain.case import Case
from domain.case.clauses.closure import CLOSES
from domain.case.clauses.logging import IncidentReport
from domain.errors import DomainError, DuplicateDecisionRequired, Forbidden, Invalid, NotFound
from domain.outgoing_mail import Message
from domain.values import Actor, Channel, Role
from tests.application.cases import LINKS
from tests.application.conformance.heard import Heard
from tests.application.model.command_table import LOGS, OF_THE_CALLER, SETTLED, TABLE, Refusals, Seen, refusals
from tests.application.model.commands import Call
from tests.application.model.invariants import Cases, Known, check
from tests.blocking import BlockingDesk
from tests.travel_clock import TravelClock

START = datetime(2026, 11, 23, 14, tzinfo=UTC)
WINDOW = timedelta(hours=72)
NOMINATION = timedelta(minutes=15)
AUDITOR = Actor("r.audit", Role.AUDITOR)
OF_THE_FIRST = ("suspect_dispute", "dismiss_dispute")
"""What is said of a duplicate's resolution is said of the first case's (R-5.6c)."""
SYSTEM = Actor(CLOSES, Role.SYSTEM)


@dataclass
class Remembered:
    """What is known of a case from what was done and when, and not from the case."""

    was: str | None = None
    """The status it was resolved in."""
    referred: bool = False
    told_at: datetime | None = None
    held: timedelta = field(default_factory=timedelta)
    suspected_at: datetime | None = None
    failures: int = 0
    nominated_at: datetime | None = None

    def forget_resolution(self) -> None:
        self.told_at, self.held, self.suspected_at, self.failures = None, timedelta(), None, 0

    def left(self, now: datetime) -> timedelta:
        """What is left of the customer's time to dispute; all of it while they were not told."""
        return WINDOW if self.told_at is None else self.told_at + WINDOW + self.held - now


@dataclass
class DeskModel:
    """Takes steps on a desk. ``done`` counts them by command, and by whether it succeeded."""

    desk: BlockingDesk
    clock: TravelClock
    done: Counter[tuple[str, bool]] = field(default_factory=Counter)
    cases: dict[str, Case] = field(default_factory=dict)
    """As they are now: read again whenever the record says that they changed."""
    known: dict[str, Remembered] = field(default_factory=dict)
    mails: list[UUID] = field(default_factory=list)
    looked_at: Cases = field(default_factory=dict)
    """The same cases, with what a replay and the views make of their histories."""

    heard: Heard = field(default_factory=Heard)
    """The histories as the record has them, to be held against the SOP's model."""
    heard_until: int = 0
    said: int = 0

    def fresh_words(self) -> str:
        """Words that nobody used before; the same in every run."""
        self.said += 1
        return sha256(b"%d" % self.said).hexdigest()[:32]

    def begin(self) -> None:
        """Forget all cases, and start time anew."""
        self.cases, self.known, self.mails, self.looked_at = {}, {}, [], {}
        self.heard = Heard(numbers=self.heard.numbers)  # a problem of before may take an incident
        self.heard_until = self._position()
        self.clock.travel(START - self.clock.now())

    def seen(self, number: str) -> Seen:
        case, known, now = self.cases[number], self.known[number], self.clock.now()
        return Seen(
            status=case.status,
            customer=case.customer,
            team=case.team,
            late=known.nominated_at is not None and now >= known.nominated_at + NOMINATION,
            uninformed=known.failures >= 3 and known.told_at is None,
            elapsed=known.left(now) <= timedelta(),
            too_late=known.left(now) < timedelta(),
        )

    def log(self, who: Actor, contact: dict[str, Any], words: str) -> str | None:
        """Log a case where the table allows it; returns its number."""
        before, report = self._position(), IncidentReport(Channel.PHONE, self.clock.now(), "", service="printing")
        said = {"subject": words, "symptoms": words}
        outcome = _outcome(lambda request: self.desk.logging.log(report, contact, said, {}, request), who)
        assert isinstance(outcome, Committed) is (who.role in LOGS)
        if isinstance(outcome, DomainError):
            assert isinstance(outcome, Forbidden)
            assert self._position() == before
            return None
        number = self._add(outcome)
        self._conform()
        return number

    def step(self, command: str, number: str, who: Actor, call: Call) -> bool:
        """Try a command and hold what comes of it against the table; says whether it succeeded."""
        before, expected = self._position(), refusals(command, who, self.seen(number))
        note(f"{number} {command} by {who.role} {who.subject} at {self.clock.now():%d %H:%M}")
        outcome = _outcome(call, who)
        self.done[command, isinstance(outcome, Committed)] += 1
        if isinstance(outcome, DomainError):
            assert self._position() == before, f"{command} was refused and appended something"
            assert _rightly(command, outcome, expected), f"{command} by {who.role}: {outcome!r} for {expected}"
            return False
        assert not expected, f"{command} by {who} on {self.seen(number)} is not in the table"
        assert self._position() > before, f"{command} succeeded and appended nothing"
        self._judge(command, number, outcome, before)
        self._conform()
        return True

    def deliver(self, *, accepted: bool) -> None:
        """The worker sends what waits; a server takes all of it, or refuses it for good."""
        waiting, self.mails = self.mails, []
        for mail in waiting:
            before, request = self._position(), Request(SYSTEM, "process")
            message: Message = self.desk.runner.store.load(mail)
            case, known = self.cases[message.case], self.known[message.case]
            letter = self.desk.outbox.letter(mail, LINKS)
            undone = message.kind == "continued" and case.duplicate_of is None
            assert (letter is None) is (undone or message.resolution not in (None, case.resolution_version))
            contestable = message.kind not in ("continued", "acknowledged")
            if letter is None:
                self.desk.outbox.withdraw(mail, request)
            elif accepted:
                self.desk.outbox.accepted(mail, Sent("raw", "250 ok"), self.clock.now(), request)
                known.told_at = known.told_at or (self.clock.now() if contestable else None)
            else:
                self.desk.outbox.refused(mail, "550 no such user", request)
                known.failures += contestable
            self._read_again(before)
        self._conform()

    # what became of a command

    def _judge(self, command: str, number: str, committed: Committed, before: int) -> None:
        """The status is the one that the table names, the answer is the record, and every record replays."""
        statuses = {other: str(case.status) for other, case in self.cases.items()}
        self._read_again(before)
        if command == "follow_up":
            new = self._add(committed)
            assert (self.cases[new].follow_up_of, self.cases[new].status) == (number, "logged")
        else:
            assert case_document(committed.case) == case_document(self.cases[number])
        known = self.known[number]
        was = "triaged" if known.referred and command in ("dispute", "uphold_dispute") else known.was  # R-5.3e
        if command != "unrelate":  # a duplicate that is none goes on where it was
            assert self.cases[number].status == TABLE[command].after(statuses[number], was), command
        for other, status in statuses.items():
            self._follow(other, status)
        self._remember(command, number)

    def _follow(self, number: str, before: str) -> None:
        """Keep up with a case that was resolved, or opened again, by whatever command on whatever case."""
        case, known = self.cases[number], self.known[number]
        if case.status == "resolved" and before not in SETTLED:
            known.forget_resolution()
            known.was, known.referred = before, False
        elif case.status not in SETTLED and before in SETTLED:
            known.forget_resolution()
            known.nominated_at = self.clock.now() if case.major == "nominated" else None  # it has its whole time again

    def _remember(self, command: str, number: str) -> None:
        if command in OF_THE_FIRST and (first := self.cases[number].duplicate_of) is not None:
            number = first
        case, known, now = self.cases[number], self.known[number], self.clock.now()
        if command == "refer":
            known.referred = True
        if command in ("refer", "discharge"):
            event = vars(self.desk.runner.store.history(case.id, after=case.version - 1)[0].event)
            if event.get("informed"):
                known.told_at = known.told_at or now
            known.failures += event.get("informed") is False
        if command == "suspect_dispute":
            known.suspected_at = now
        if command == "dismiss_dispute":
            if known.suspected_at is not None and known.told_at is not None and case.status == "resolved":
                known.held += now - max(known.suspected_at, known.told_at)
            known.suspected_at = None
        known.nominated_at = (known.nominated_at or now) if case.major == "nominated" else None

    def _add(self, committed: Committed) -> str:
        number = committed.case.number
        self.known[number] = Remembered()
        self._look_at(number)
        check(self.looked_at, {number})
        return number

    def _read_again(self, before: int) -> None:
        """Read what the record says has changed, and nothing else: the others are as they were."""
        events = self.desk.recorded(before)
        self.mails += [UUID(str(event.originator_id)) for event in events if event.topic == "message.queued"]
        streams = {UUID(str(event.originator_id)) for event in events}
        changed = {number for number, case in self.cases.items() if case.id in streams}
        for number in changed:
            self._look_at(number)
        check(self.looked_at, changed)

    def _look_at(self, number: str) -> None:
        """Read a case, and the events that are new of it."""
        case, known = self.desk.records.case(number, AUDITOR), self.looked_at.get(number)
        fresh = self.desk.runner.store.history(case.id, after=known.case.version if known else 0)
        if known is None:
            known = self.looked_at[number] = Known(case)
        known.read(case, fresh)
        self.cases[number] = case

    def _conform(self) -> None:
        """What commands can do, the SOP's model allows: the model and the code are two readings of one text."""
        rows = self.desk.recorded(self.heard_until)
        if rows:
            self.heard_until = rows[-1].id
        changed = self.heard.hear((row, row.id, row.recorded_at) for row in rows)
        assert self.heard.deviations(changed, self.clock.now()) == []

    def _position(self) -> int:
        return self.desk.position


def _outcome(call: Call, who: Actor) -> Committed | DomainError:
    try:
        return call(Request(who, "test"))
    except DomainError as refusal:
        return refusal


def _rightly(command: str, refusal: DomainError, expected: Refusals) -> bool:
    """Whether a refusal is one that the table, or where it allows the command a clause, may give."""
    if not expected:
        # Who was asked is not in the table, so whoever was not is refused by the clause (R-5.6b).
        return not isinstance(refusal, (Forbidden, NotFound) if command == "answer_consultation" else OF_THE_CALLER)
    if expected[0] in OF_THE_CALLER:
        return isinstance(refusal, expected)
    return isinstance(refusal, (*expected, Invalid, DuplicateDecisionRequired))
