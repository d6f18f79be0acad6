"""Every command on a case with words to go with it, the first of each choice being the ordinary one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from application.cases.attachments import File
from application.execution.requests import Committed, Request
from domain.case import Case
from domain.case.clauses.closure import Confirmation
from domain.case.clauses.logging import IncidentReport
from domain.case.clauses.notification import ContactAttempt
from domain.case.clauses.priority import Assessment
from domain.case.clauses.relations import Relation
from domain.case.clauses.resolution import ContactOutcome, Verification
from domain.case.terms import CauseCorrected, PendingReason, Resolution, ResolutionCode
from domain.values import Actor, Channel, Level, Role
from tests.blocking import BlockingDesk, because

T = TypeVar("T")
Call = Callable[[Request], Committed]

JO, SAM = ({"name": name.title(), "email": f"{name}@agency.example"} for name in ("jo", "sam"))
LOU = {"name": "Lou"}
"""They left no address."""
LEVELS = (Level.MEDIUM, Level.HIGH, Level.LOW)
CODES = (
    ResolutionCode.FIXED,
    ResolutionCode.WORKAROUND,
    ResolutionCode.NOT_REPRODUCIBLE,
    ResolutionCode.RECLASSIFIED_REQUEST,
    ResolutionCode.AVERTED,
)
CAUSES = (CauseCorrected.YES, CauseCorrected.NO, CauseCorrected.UNKNOWN)


class Picker:
    """Chooses: the first of what there is."""

    def __call__(self, options: Sequence[T]) -> T:
        return options[0]


class Commands:
    """The desk's commands on one case. ``others`` are the cases it may be linked with."""

    def __init__(self, desk: BlockingDesk, number: str, others: Sequence[str], pick: Picker) -> None:
        self.desk, self.number, self.others, self.pick = desk, number, others or (number,), pick

    def __getitem__(self, command: str) -> Call:
        made: Call = getattr(self, command)
        return made

    @property
    def _case(self) -> Case:
        return self.desk.records.case(self.number, Actor("r.audit", Role.AUDITOR))

    @property
    def _linked(self) -> Sequence[str]:
        """The cases it is linked with; where there are none, those it is not."""
        return tuple(self._case.links) or self.others

    def triage(self, by: Request) -> Committed:
        return self.desk.triage.triage(self.number, "desk", by)

    def refer(self, by: Request) -> Committed:
        contact = ContactAttempt("phone", self.desk.clock.now(), informed=self.pick((True, False)))
        return self.desk.triage.refer(self.number, "dhs", contact, because(by, "theirs"))

    def prioritize(self, by: Request) -> Committed:
        assessment = Assessment(self.pick(LEVELS), self.pick(LEVELS), self.pick((None, 1, 3)))
        return self.desk.diagnosis.prioritize(self.number, assessment, because(by, "assessed"))

    def diagnose(self, by: Request) -> Committed:
        return self.desk.diagnosis.diagnose(self.number, {"findings": "spooler"}, self.pick((None, "basics")), (), by)

    def known_errors(self, by: Request) -> Committed:
        applied = self.pick((False, True))
        return self.desk.diagnosis.search_known_errors(self.number, "queue", ("KE-1",), "KE-1", applied, by)

    def relate(self, by: Request) -> Committed:
        relation = self.pick((Relation.RELATED, Relation.UNRELATED))
        consulted = self.pick((None, ("t.lee", self.desk.clock.now(), "the same switch")))
        return self.desk.relations.relate(self.number, self.pick(self.others), relation, consulted, by)

    def duplicate(self, by: Request) -> Committed:
        return self.desk.relations.relate(
            self.number, self.pick(self.others), Relation.DUPLICATE, None, because(by, "same call")
        )

    def unrelate(self, by: Request) -> Committed:
        return self.desk.relations.unrelate(self.number, self.pick(self._linked), "not so", by)

    def consult(self, by: Request) -> Committed:
        return self.desk.relations.consult(self.number, self.pick(self.others), by)

    def answer_consultation(self, by: Request) -> Committed:
        asked = tuple(self._case.consultations) or self.others
        return self.desk.relations.answer_consultation(self.number, self.pick(asked), "the same", by)

    def assign(self, by: Request) -> Committed:
        teams = tuple(team for team in ("network", "messaging") if team != by.actor.team)
        return self.desk.assignment.assign(self.number, self.pick(teams), None, self.pick(("spooler", None)), by)

    def accept(self, by: Request) -> Committed:
        return self.desk.assignment.accept(self.number, by)

    def hand_back(self, by: Request) -> Committed:
        return self.desk.assignment.hand_back(self.number, "not ours", by)

    def pend(self, by: Request) -> Committed:
        return self.desk.pending.pend(self.number, self.pick(tuple(PendingReason)), None, by)

    def resume(self, by: Request) -> Committed:
        return self.desk.pending.resume(self.number, by)

    def nominate_major(self, by: Request) -> Committed:
        return self.desk.major_incidents.nominate(self.number, "three floors", by)

    def declare_major(self, by: Request) -> Committed:
        parts = self.pick(((), tuple(self.others)))
        return self.desk.major_incidents.declare(self.number, "t.lee", timedelta(minutes=30), "the CIO", parts, by)

    def reject_major(self, by: Request) -> Committed:
        return self.desk.major_incidents.reject(self.number, "one printer", by)

    def fan_out(self, by: Request) -> Committed:
        return self.desk.major_incidents.fan_out(self.number, self.pick(((), tuple(self._linked))), by)

    def discharge(self, by: Request) -> Committed:
        key, done = self.pick((*self._case.obligations, "communicate")), self.pick((True, False))
        return self.desk.obligations.discharge(self.number, key, "phone", None, done, None, by)

    def verify(self, by: Request) -> Committed:
        good, outcome = self.pick((True, False)), self.pick(tuple(ContactOutcome))
        verification = Verification(good, good, self.pick(("phone", "mail")), self.desk.clock.now(), outcome)
        return self.desk.resolution.verify(self.number, verification, by)

    def resolve(self, by: Request) -> Committed:
        resolution = Resolution(self.pick(CODES), self.pick((False, True)), self.pick(CAUSES))
        return self.desk.resolution.resolve(self.number, resolution, "restarted", by)

    def close(self, by: Request) -> Committed:
        said = self.pick((Confirmation("phone", self.desk.clock.now()), None))
        return self.desk.closure.close(self.number, said, "the customer" if said else None, because(by, "nobody there"))

    def dispute(self, by: Request) -> Committed:
        return self.desk.disputes.dispute(self.number, "it does not work", None, Channel.PHONE, by)

    def suspect_dispute(self, by: Request) -> Committed:
        return self.desk.disputes.suspect(self.number, "thanks, but", None, Channel.EMAIL, by)

    def uphold_dispute(self, by: Request) -> Committed:
        return self.desk.disputes.uphold(self.number, because(by, "still broken"))

    def dismiss_dispute(self, by: Request) -> Committed:
        return self.desk.disputes.dismiss(self.number, "they say thanks", by)

    def reopen(self, by: Request) -> Committed:
        return self.desk.disputes.reopen(self.number, "rolled back", by)

    def attach(self, by: Request) -> Committed:
        return self.desk.attachments.attach(
            self.number, (File("a.txt", "text/plain", b"log"),), self.pick((False, True)), by
        )

    def note(self, by: Request) -> Committed:
        return self.desk.logging.note(self.number, "called", visible_to_customer=self.pick((False, True)), request=by)

    def correct(self, by: Request) -> Committed:
        corrections = (("location", "floor 3"), ("service", "email"), ("email", "new@agency.example"))
        field, value = self.pick((*corrections, ("channel", "email")))
        return self.desk.logging.correct(self.number, field, value, "misheard", by)

    def waive(self, by: Request) -> Committed:
        return self.desk.logging.waive(self.number, "walked in", by)

    def follow_up(self, by: Request) -> Committed:
        report = IncidentReport(Channel.PHONE, self.desk.clock.now(), "", service="printing")
        return self.desk.logging.follow_up(self.number, report, JO, {"subject": "again"}, {}, by)
