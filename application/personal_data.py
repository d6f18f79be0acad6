"""Personal data: legal holds, and erasure with a trace (R-5.9f; audit.md, Personal data).

The administrator's or the operator's, with the approval of an auditor (`approving.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from application.approvals import Approving
from application.cases.logging import Logging
from application.execution.reference import Reference
from application.execution.requests import ApplicationError, Committed, Request
from application.ports import Disclosed, Erasure
from domain.aggregate import Root
from domain.approval import Approval, ApprovalState, Measure
from domain.case import Case
from domain.case.status import authorise
from domain.data_subject import DataSubject, erase_beside
from domain.errors import Invalid, NotFound, OnHold
from domain.values import Disclosure, DisclosureKind, ErasureScope, Provenance

ERASABLE = frozenset({"case", "problem", "message", "intake", "customer", "approval"})
"""What keeps words of persons, by the first part of its topics."""


@dataclass(frozen=True)
class Erased:
    """What an erasure took; nothing, when nothing was left."""

    subject: str
    scope: ErasureScope
    disclosures: int = 0
    by_kind: tuple[tuple[str, int], ...] = ()
    cases: tuple[str, ...] = ()
    position: int | None = None
    """Of the subject's own event, the last one; None when nothing was left to erase."""


@dataclass(frozen=True)
class _Kept:
    """What the vault has of somebody, and the streams that point to it."""

    known: DataSubject | None
    there: dict[UUID, Root]
    taken: list[Disclosed]
    """Those that the scope takes."""

    @property
    def roots(self) -> list[Root]:
        """The streams that lose words."""
        return [self.there[stream] for stream in dict.fromkeys(each.stream for each in self.taken)]


class ApprovalRequired(ApplicationError):
    """Nobody has approved this erasure yet, or the approval was for another scope, or it is over."""


class Privacy(Approving, Logging):
    """Erasure."""

    def request_erasure(self, given: str, scope: ErasureScope, reason: str, request: Request) -> Committed:
        """Ask for an erasure, which an auditor approves. Raises as `erase` does; InvalidTransition while one is open."""
        authorise(request.actor, "erase")
        subject = self._subject_named(given)

        def check(_: Provenance) -> None:
            if not self._kept_of(given, subject, scope).taken:
                raise NotFound(f"nothing is left of {given} to erase")

        return self._request(Measure.ERASE, subject, scope, reason, request, check)

    def erase(self, given: str, scope: ErasureScope, request: Request) -> Erased:
        """Erase what was said of somebody: from the vault and from all that is derived, in the transaction of its events.

        ``given`` is a customer's id, or an e-mail address (decision 5). An approved request of the same scope is needed
        unless nothing is left. Raises ApprovalRequired, Forbidden, Invalid, NotFound for one of whom nothing was ever kept,
        OnHold, Busy.
        """
        authorise(request.actor, "erase")
        subject, erased = self._subject_named(given), list[Erased]()

        def attempt(reference: Reference) -> Committed:
            kept = self._kept_of(given, subject, scope)
            erased[:] = [_told(subject, scope, kept)]
            if not kept.taken:
                return Committed(kept.known or next(iter(kept.there.values())), 0)
            return self._erase(kept, erased[0], request, reference)

        committed = self._decide(given, request, attempt)
        (told,) = erased
        return Erased(**{**vars(told), "position": committed.position or None})

    def _subject_named(self, given: str) -> str:
        if not given.isprintable():
            raise NotFound("nothing was ever kept under such an id")
        return self.subject_of(given)

    def _kept_of(self, given: str, subject: str, scope: ErasureScope) -> _Kept:
        """What there is to erase. Raises NotFound, Invalid, OnHold."""
        known, found = self._data_subject(subject), self.register.disclosed(subject)
        self._require_person(given, known, found)
        there = {stream: self._stream(stream) for stream in {each.stream for each in found}}
        # Looked at again, now that the versions are known: what was said after them is decided upon anew.
        found = [each for each in self.register.disclosed(subject) if each.stream in there]
        if held := sorted(root.number for root in there.values() if isinstance(root, Case) and root.hold):
            raise OnHold(held)
        return _Kept(known, there, [each for each in found if each.kind in scope.kinds])

    def subject_of(self, given: str) -> str:
        """The subject behind a customer's id or an e-mail address."""
        if "@" not in given or self._data_subject(given) or self.register.disclosed(given):
            return given
        return self.customer_id({"email": given})

    def _erase(self, kept: _Kept, told: Erased, request: Request, reference: Reference) -> Committed:
        provenance, approval = self._provenance(request), self._approved(told, request)
        why, roots = self._reason(told.subject, self._reason_of(approval)), kept.roots
        approved_by = approval.use(provenance)
        for root in roots:
            if isinstance(root, Case):
                root.erase(told.subject, told.scope, provenance, reason=why)
            else:
                erase_beside(root, told.subject, told.scope, provenance, reason=why)
        subject = kept.known or DataSubject.of(told.subject, provenance)
        subject.erase(told.scope, approved_by, told.disclosures, why, provenance)
        erasing = Erasure(told.subject, told.scope.kinds, [root.id for root in roots])
        recordings = self.save(approval, *roots, subject, known=reference.position, erasing=erasing)
        return Committed(subject, recordings[-1].notification.id)

    def _approved(self, told: Erased, request: Request) -> Approval:
        """The approval that this erasure is carried out under. Raises ApprovalRequired."""
        approval = self._approval(Measure.ERASE, told.subject)
        at = self._provenance(request).at
        if (
            approval is None
            or approval.standing_at(at) is not ApprovalState.APPROVED
            or approval.wanted is None
            or approval.wanted.scope is not told.scope
        ):
            raise ApprovalRequired(f"erasing {told.subject} ({told.scope}) needs the approval of an auditor")
        return approval

    def _require_person(self, given: str, known: DataSubject | None, found: Sequence[Disclosed]) -> None:
        if known is None and not found:
            raise NotFound(
                f"nothing was ever kept of {given}: name a customer's id, or the address they wrote from. "
                "Of a member of staff the events keep the actor id, which says who decided, and the catalogue its words"
            )
        if strange := sorted({each.aggregate for each in found} - ERASABLE):
            raise Invalid(f"{given} is nobody's id, but the desk's own word in its {', '.join(strange)}", "/subject")

    def _stream(self, stream: UUID) -> Root:
        root: Root = self.repository.get(stream)
        return root

    def _reason(self, subject: str, reason: str) -> Disclosure:
        """Why somebody was erased: of the erasure, since it must outlive what it erases."""
        said = self._say(f"erasure:{subject}", DisclosureKind.STAFF_WORDS, {"reason": reason})
        assert said is not None
        return said


def _told(subject: str, scope: ErasureScope, kept: _Kept) -> Erased:
    taken, there = kept.taken, kept.there
    kinds: Counter[str] = Counter()
    for each in taken:
        kinds[each.kind.value] += each.count
    cases = {there[each.stream].number for each in taken if each.aggregate == "case"}
    return Erased(subject, scope, kinds.total(), tuple(sorted(kinds.items())), tuple(sorted(cases)))
