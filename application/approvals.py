"""Four eyes: who requests an erasure or a legal hold, and the auditor who approves it (audit.md, Personal data).

The requester is an administrator, or the operator at the command line. A hold takes effect with its approval, in the same
transaction; an erasure waits for `erase`, which only the database role of the eraser can carry out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from eventsourcing.application import AggregateNotFoundError

from application.execution.reference import Reference
from application.execution.requests import Committed, Request
from application.execution.runner import Casework
from domain.approval import OPEN, Approval, ApprovalGiven, ApprovalRequested, Measure, approval_id
from domain.case import Case
from domain.case.status import authorise
from domain.errors import Forbidden, NotFound
from domain.values import Actor, Disclosure, DisclosureKind, ErasureScope, Provenance, Role

COMMANDS = {
    "approve": (Role.AUDITOR,),
    "refuse": (Role.AUDITOR,),
    "withdraw": (Role.ADMIN, Role.SYSTEM),
}
"""Who answers a request, and who takes it back; who makes one stands in the table of cases (`hold`, `release_hold`, `erase`)."""


def authorise_approval(actor: Actor, command: str) -> None:
    """Refuse whoever may not decide on a request. Raises Forbidden, naming the role."""
    needed = COMMANDS[command]
    if actor.role not in needed:
        raise Forbidden(f"{command} needs the role {' or '.join(needed)}; you are {actor.role}")


class Approving(Casework):
    """Requests and their approvals."""

    def approval(self, number: str) -> Approval:
        """A measure by its number, such as ``hold:INC-0000123``. Raises NotFound."""
        measure, _, target = number.partition(":")
        found = self._approval(Measure(measure), target) if measure in set(Measure) else None
        if found is None:
            raise NotFound(f"nothing was ever requested as {number}")
        return found

    def approvals(self, *, everything: bool = False) -> list[Approval]:
        """What waits, the most urgent first: for an approval, or to be carried out. ``everything`` has the rest too."""
        now, ids = self.clock.now(), self.register.approvals()
        if not everything:
            last = self.register.latest(ids)
            ids = [each.originator_id for each in last if isinstance(each, ApprovalRequested | ApprovalGiven)]
        found: list[Approval] = [self.repository.get(each) for each in ids]
        kept = [each for each in found if everything or each.standing_at(now) in OPEN]
        return sorted(kept, key=lambda each: (each.wanted is None or each.wanted.answer_by, each.number))

    def request_hold(self, number: str, reason: str, request: Request) -> Committed:
        """Ask for a legal hold on a case. Raises Forbidden, NotFound, InvalidTransition."""
        authorise(request.actor, "hold")

        def check(provenance: Provenance) -> None:
            self._expected(number, request).require_no_hold(provenance)

        return self._request(Measure.HOLD, number, None, reason, request, check)

    def request_release(self, number: str, reason: str, request: Request) -> Committed:
        """Ask for the release of a legal hold. Raises Forbidden, NotFound, InvalidTransition."""
        authorise(request.actor, "release_hold")

        def check(provenance: Provenance) -> None:
            self._expected(number, request).require_hold(provenance)

        return self._request(Measure.RELEASE_HOLD, number, None, reason, request, check)

    def approve(self, number: str, request: Request) -> Committed:
        """Approve a request as an auditor; a hold is placed or released with it.

        Raises Forbidden for whoever requested it, or when the requester's own grant is gone; NotFound, InvalidTransition.
        """

        def decide(approval: Approval, provenance: Provenance, reference: Reference) -> list[Case]:
            approval.approve(provenance)
            assert approval.wanted is not None
            reference.require_grant(approval.wanted.by, provenance.at)
            return [] if approval.measure is Measure.ERASE else [self._carry_out(approval, provenance)]

        return self._on_approval("approve", number, request, decide)

    def refuse(self, number: str, reason: str, request: Request) -> Committed:
        """Refuse a request as an auditor, or take an unused approval back. Raises Forbidden, NotFound, InvalidTransition."""

        def decide(approval: Approval, provenance: Provenance, _: Reference) -> list[Case]:
            approval.refuse(self._grounds(approval, reason), provenance)
            return []

        return self._on_approval("refuse", number, request, decide)

    def withdraw(self, number: str, reason: str | None, request: Request) -> Committed:
        """Take a request back. Raises Forbidden, NotFound, InvalidTransition."""

        def decide(approval: Approval, provenance: Provenance, _: Reference) -> list[Case]:
            approval.withdraw(self._grounds(approval, reason), provenance)
            return []

        return self._on_approval("withdraw", number, request, decide)

    def _request(
        self,
        measure: Measure,
        target: str,
        scope: ErasureScope | None,
        reason: str,
        request: Request,
        check: Callable[[Provenance], None],
    ) -> Committed:
        def attempt(reference: Reference) -> Committed:
            provenance = self._provenance(request)
            check(provenance)
            approval = self._approval(measure, target) or Approval.of(measure, target, provenance)
            answer_by = provenance.at + reference.policy.approval_answer
            approval.request(scope, answer_by, self._grounds(approval, reason), provenance)
            return self._commit(approval, (), request, reference)

        return self._keys.once(request, lambda: self._decide(f"{measure}:{target}", request, attempt))

    def _expected(self, number: str, request: Request) -> Case:
        """The case, at the version that the caller has seen. Raises NotFound, StaleVersion."""
        case = self._get(Case, number)
        self._expect(case, request)
        return case

    def _on_approval(
        self,
        command: str,
        number: str,
        request: Request,
        decide: Callable[[Approval, Provenance, Reference], list[Case]],
    ) -> Committed:
        authorise_approval(request.actor, command)

        def attempt(reference: Reference) -> Committed:
            approval = self.approval(number)
            self._expect(approval, request)
            others = decide(approval, self._provenance(request), reference)
            return self._commit(approval, others, request, reference)

        return self._keys.once(request, lambda: self._decide(number, request, attempt))

    def _carry_out(self, approval: Approval, provenance: Provenance) -> Case:
        """Place or release the hold in the requester's name: it was theirs to ask for."""
        assert approval.wanted is not None
        case, theirs = self._get(Case, approval.target), replace(provenance, by=approval.wanted.by)
        reason = self._said(case, reason=self._reason_of(approval))
        approved_by = approval.use(provenance)
        if approval.measure is Measure.HOLD:
            case.place_hold(approved_by, reason, theirs)
        else:
            case.release_hold(approved_by, reason, theirs)
        return case

    def _approval(self, measure: Measure, target: str) -> Approval | None:
        try:
            found: Approval = self.repository.get(approval_id(measure, target))
        except AggregateNotFoundError:
            return None
        return found

    def _reason_of(self, approval: Approval) -> str:
        wanted = approval.wanted
        return str((wanted and wanted.reason and wanted.reason.text("reason")) or "as it was requested")

    def _grounds(self, approval: Approval, reason: str | None) -> Disclosure | None:
        """Why. What is said of a case goes with its customer's words; why somebody is erased outlives what it explains."""
        erasing = approval.measure is Measure.ERASE
        subject = f"erasure:{approval.target}" if erasing else self._get(Case, approval.target).customer
        return self._say(subject, DisclosureKind.STAFF_WORDS, {"reason": reason})
