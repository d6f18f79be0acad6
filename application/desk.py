"""The service desk: one method per command of the SOP's table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from application.casework import Casework, Words
from application.requests import Committed, Request
from domain.aggregate import Root
from domain.case import Case
from domain.case.dispute import Confirmation
from domain.case.logging import CODED, REACHED, SPOKEN, Report
from domain.case.priority import Assessment
from domain.case.resolution import Verification
from domain.case.state import PendingReason, Resolution
from domain.case.status import authorise
from domain.errors import Invalid, ProblemLinkRequired
from domain.problem import Problem
from domain.values import Channel, Disclosure, DisclosureKind, Provenance, Role


class Desk(Casework):
    """The commands on cases."""

    # 5.1-5.2

    def log_case(
        self, report: Report, contact: Words, words: Words, reporter: Words, reason: str | None, request: Request
    ) -> Committed:
        """Log an incident (R-5.2a, R-5.2c). ``report.customer`` is filled in here. Raises Forbidden, Invalid."""
        authorise(request.actor, "log")
        return self._keys.once(
            request, lambda: self._log(report, contact, words, reporter, reason, request), fresh=True
        )

    def _log(
        self, report: Report, contact: Words, words: Words, reporter: Words, reason: str | None, request: Request
    ) -> Committed:
        report = self._sealed(report, contact, words, reporter, request.actor)
        provenance = self._provenance(request, report.channel)
        why = self._say(report.customer, DisclosureKind.STAFF_WORDS, {"reason": reason})
        number, case_id = self.register.next_case_number(), self._new_id(provenance)
        case = Case.log(case_id, number, report, self.policy, provenance, reason=why)
        return self._commit(case, (), request)

    def follow_up(
        self,
        number: str,
        report: Report,
        contact: Words,
        words: Words,
        reporter: Words,
        reason: str | None,
        request: Request,
    ) -> Committed:
        """Log a later contact about a closed case as a new case (R-5.9f). Raises Forbidden, InvalidTransition."""
        authorise(request.actor, "follow_up")

        def run() -> Committed:
            closed = self._read(number, request.actor)
            new = self._sealed(report, contact, words, reporter, request.actor)
            provenance = self._provenance(request, report.channel)
            given, case_id = self.register.next_case_number(), self._new_id(provenance)
            why = self._say(new.customer, DisclosureKind.STAFF_WORDS, {"reason": reason})
            case = closed.follow_up(case_id, given, new, self.policy, provenance, reason=why)
            return self._commit(case, (), request)

        return self._keys.once(request, run)

    def correct(self, number: str, field: str, value: str, reason: str, request: Request) -> Committed:
        """Correct a field of the log (R-5.2d)."""

        def decide(case: Case, provenance: Provenance) -> None:
            said = None
            if field in SPOKEN | REACHED:
                kind = DisclosureKind.CONTACT if field in REACHED else DisclosureKind.CUSTOMER_WORDS
                said = self._say(case.customer, kind, {field: value})
            code = value if field in CODED else None
            case.correct(field, provenance, value=code, words=said, reason=self._staff(case, reason=reason))

        return self._act("correct", number, request, decide)

    # 5.3-5.5

    def triage(self, number: str, owner: str, reason: str | None, request: Request) -> Committed:
        """Decide that the case is ours (R-5.3a)."""
        return self._act(
            "triage", number, request, lambda case, p: case.triage(owner, p, reason=self._staff(case, reason=reason))
        )

    def prioritize(self, number: str, assessment: Assessment, reason: str | None, request: Request) -> Committed:
        """Assess impact and severity (R-5.4a)."""
        return self._act(
            "prioritize",
            number,
            request,
            lambda case, p: case.prioritize(assessment, self.policy.matrix, p, reason=self._staff(case, reason=reason)),
        )

    def diagnose(
        self, number: str, script: str | None, words: Words, reason: str | None, request: Request
    ) -> Committed:
        """Record a diagnosis, with a script's answers where one was followed (R-5.5a)."""

        def decide(case: Case, provenance: Provenance) -> None:
            said = self._staff(case, **words)
            if said is None:
                raise Invalid("a diagnosis says something", "/findings")
            case.diagnose(said, provenance, script=script, reason=self._staff(case, reason=reason))

        return self._act("diagnose", number, request, decide)

    # 5.7

    def assign(
        self,
        number: str,
        team: str,
        technician: str | None,
        diagnosis: str | None,
        reason: str | None,
        request: Request,
    ) -> Committed:
        """Assign to a service team (R-5.7a)."""

        def decide(case: Case, provenance: Provenance) -> None:
            words, why = self._staff(case, diagnosis=diagnosis), self._staff(case, reason=reason)
            case.assign(team, provenance, technician=technician, words=words, reason=why)

        return self._act("assign", number, request, decide)

    def accept(self, number: str, request: Request) -> Committed:
        """Take a case of one's team."""
        return self._act("accept", number, request, lambda case, p: case.accept(p))

    def hand_back(self, number: str, reason: str, request: Request) -> Committed:
        """Return a case to the desk (R-5.7a)."""
        return self._act("hand_back", number, request, lambda case, p: case.hand_back(self._why(case, reason), p))

    def pend(
        self, number: str, waiting_for: PendingReason, note: str | None, reason: str | None, request: Request
    ) -> Committed:
        """Mark a case as waiting."""

        def decide(case: Case, provenance: Provenance) -> None:
            words, why = self._staff(case, note=note), self._staff(case, reason=reason)
            case.pend(waiting_for, provenance, note=words, reason=why)

        return self._act("pend", number, request, decide)

    def resume(self, number: str, reason: str | None, request: Request) -> Committed:
        """Take the mark off."""
        return self._act(
            "resume", number, request, lambda case, p: case.resume(p, reason=self._staff(case, reason=reason))
        )

    # 5.8

    def verify(self, number: str, verification: Verification, reason: str | None, request: Request) -> Committed:
        """Record what the customer said of the resolution (R-5.8a)."""
        return self._act(
            "verify",
            number,
            request,
            lambda case, p: case.verify(verification, p, reason=self._staff(case, reason=reason)),
        )

    def resolve(
        self, number: str, resolution: Resolution, solution: str, reason: str | None, request: Request
    ) -> Committed:
        """Resolve a case, opening or joining a Problem Case in the same transaction when the cause remains (R-5.8.1a)."""

        def decide(case: Case, provenance: Provenance) -> Sequence[Root]:
            words, why = self._staff(case, solution=solution), self._staff(case, reason=reason)
            assert words is not None
            problems, final = self._problem_for(case, resolution, words, provenance)
            case.resolve(final, words, provenance, reason=why)
            return problems

        return self._act("resolve", number, request, decide)

    def _problem_for(
        self, case: Case, resolution: Resolution, words: Disclosure, provenance: Provenance
    ) -> tuple[list[Root], Resolution]:
        if resolution.problem is not None:
            problem_id = self.register.find(resolution.problem)
            if problem_id is None or not resolution.problem.startswith("PRB-"):
                raise ProblemLinkRequired(f"there is no problem {resolution.problem}")
            known: Problem = self.repository.get(problem_id)
            known.link(case.number, provenance)
            return [known], resolution
        if not resolution.needs_problem:
            return [], resolution
        number = self.register.next_problem_number()
        workaround = words if resolution.workaround else None
        opened = Problem.open_for(self._new_id(provenance), number, case.number, case.service, workaround, provenance)
        return [opened], replace(resolution, problem=number)

    # 5.9

    def dispute(
        self, number: str, reason: str, received_at: datetime | None, channel: Channel | None, request: Request
    ) -> Committed:
        """Take a dispute and reopen the case where it was (R-5.9c)."""

        def decide(case: Case, provenance: Provenance) -> None:
            said = self._say(case.customer, DisclosureKind.CUSTOMER_WORDS, {"reason": reason})
            case.dispute(received_at or provenance.at, provenance, channel=channel, reason=said)

        return self._act("dispute", number, request, decide)

    def reopen(self, number: str, reason: str, request: Request) -> Committed:
        """Reopen a resolved case on the staff's own account."""
        return self._act("reopen", number, request, lambda case, p: case.reopen(self._why(case, reason), p))

    def close_case(
        self,
        number: str,
        confirmation: Confirmation | None,
        confirmed_by: str | None,
        reason: str | None,
        request: Request,
    ) -> Committed:
        """Close a resolved case with the customer's word (R-5.5d, R-6.2)."""

        def decide(case: Case, provenance: Provenance) -> None:
            by = self._say(case.customer, DisclosureKind.CONTACT, {"confirmed_by": confirmed_by})
            why = self._staff(case, reason=reason)
            case.close(self.policy.version, provenance, confirmation=confirmation, words=by, reason=why)

        return self._act("close", number, request, decide)

    def note(self, number: str, text: str, visible_to_customer: bool, request: Request) -> Committed:
        """Annotate a case in any state."""

        def decide(case: Case, provenance: Provenance) -> None:
            own = provenance.by.role is Role.CUSTOMER
            kind = DisclosureKind.CUSTOMER_WORDS if own else DisclosureKind.STAFF_WORDS
            said = self._say(case.customer, kind, {"text": text})
            assert said is not None
            case.note(said, provenance, visible_to_customer=visible_to_customer or own)

        return self._act("note", number, request, decide)
