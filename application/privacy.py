"""Personal data: legal holds, and erasure with a trace (R-5.9f; audit.md, Personal data).

The administrator's, with an auditor's approval; or the operator's, who approves himself as he does the first grants.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from application.casework import Casework
from application.handling import Logging
from application.ports import Disclosed, Erasure
from application.reference import Reference
from application.requests import Committed, Request
from domain.aggregate import Root
from domain.case import Case
from domain.case.status import authorise
from domain.errors import Invalid, NotFound, OnHold
from domain.privacy import DataSubject, erase_beside
from domain.values import Actor, Disclosure, DisclosureKind, ErasureScope, Provenance, Role

ERASABLE = frozenset({"case", "problem", "message", "intake", "customer"})
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


class Holding(Casework):
    """Holds on cases."""

    def hold(self, number: str, approved_by: str, reason: str, request: Request) -> Committed:
        """Keep what was said in a case, whoever wants it erased. Raises Forbidden, Invalid, InvalidTransition."""

        def decide(case: Case, provenance: Provenance) -> None:
            self._require_approval(approved_by, request.actor, self.references.current())
            case.place_hold(approved_by, self._said(case, reason=reason), provenance)

        return self._act("hold", number, request, decide)

    def release_hold(self, number: str, approved_by: str, reason: str, request: Request) -> Committed:
        """Let it be erased again. Raises Forbidden, Invalid, InvalidTransition."""

        def decide(case: Case, provenance: Provenance) -> None:
            self._require_approval(approved_by, request.actor, self.references.current())
            case.release_hold(approved_by, self._said(case, reason=reason), provenance)

        return self._act("release_hold", number, request, decide)

    def _require_approval(self, approved_by: str, actor: Actor, reference: Reference) -> None:
        """An auditor other than the one who acts has approved; or the operator acts by himself. Raises Invalid."""
        if actor.role is Role.SYSTEM and approved_by == actor.subject:
            return
        if approved_by == actor.subject:
            raise Invalid("an auditor approves what somebody else does", "/approved_by")
        if not reference.granted(approved_by, Role.AUDITOR, None, self.clock.now()):
            raise Invalid(f"no grant of the role {Role.AUDITOR} is in force for {approved_by}", "/approved_by")


class Privacy(Holding, Logging):
    """Holds and erasure."""

    def erase(self, given: str, scope: ErasureScope, approved_by: str, reason: str, request: Request) -> Erased:
        """Erase what was said of somebody: from the vault and from all that is derived, in the transaction of its events.

        ``given`` is a customer's id, or an e-mail address (decision 5). Raises Forbidden, Invalid, NotFound for one of
        whom nothing was ever kept, OnHold, Busy.
        """
        authorise(request.actor, "erase")
        if not given.isprintable():
            raise NotFound("nothing was ever kept under such an id")
        subject, erased = self.subject_of(given), list[Erased]()

        def attempt(reference: Reference) -> Committed:
            self._require_approval(approved_by, request.actor, reference)
            known, found = self._data_subject(subject), self.register.disclosed(subject)
            self._require_person(given, known, found)
            there = {stream: self._stream(stream) for stream in {each.stream for each in found}}
            # Looked at again, now that the versions are known: what was said after them is decided upon anew.
            found = [each for each in self.register.disclosed(subject) if each.stream in there]
            if held := sorted(root.number for root in there.values() if isinstance(root, Case) and root.hold):
                raise OnHold(held)
            taken = [each for each in found if each.kind in scope.kinds]
            erased[:] = [_told(subject, scope, taken, there)]
            if not taken:
                return Committed(known or next(iter(there.values())), 0)
            roots = {each.stream: there[each.stream] for each in taken}
            return self._erase(known, roots, erased[0], approved_by, reason, request, reference)

        committed = self._decide(given, request, attempt)
        (told,) = erased
        return Erased(**{**vars(told), "position": committed.position or None})

    def subject_of(self, given: str) -> str:
        """The subject behind a customer's id or an e-mail address."""
        if "@" not in given or self._data_subject(given) or self.register.disclosed(given):
            return given
        return self.customer_id({"email": given})

    def _erase(
        self,
        known: DataSubject | None,
        roots: dict[UUID, Root],
        told: Erased,
        approved_by: str,
        reason: str,
        request: Request,
        reference: Reference,
    ) -> Committed:
        provenance, why = self._provenance(request), self._reason(told.subject, reason)
        for root in roots.values():
            if isinstance(root, Case):
                root.erase(told.subject, told.scope, provenance, reason=why)
            else:
                erase_beside(root, told.subject, told.scope, provenance, reason=why)
        subject = known or DataSubject.of(told.subject, provenance)
        subject.erase(told.scope, approved_by, told.disclosures, why, provenance)
        erasing = Erasure(told.subject, told.scope.kinds, list(roots))
        recordings = self.save(*roots.values(), subject, known=reference.position, erasing=erasing)
        return Committed(subject, recordings[-1].notification.id)

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


def _told(subject: str, scope: ErasureScope, taken: Sequence[Disclosed], there: dict[UUID, Any]) -> Erased:
    kinds: Counter[str] = Counter()
    for each in taken:
        kinds[each.kind.value] += each.count
    cases = {there[each.stream].number for each in taken if each.aggregate == "case"}
    return Erased(subject, scope, kinds.total(), tuple(sorted(kinds.items())), tuple(sorted(cases)))
