"""Personal data: legal holds, and erasure with a trace (R-5.9f; audit.md, Personal data).

The administrator's or the operator's, with the approval of an auditor (`approvals.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from application.execution.attempt import Attempt
from application.execution.pseudonyms import Pseudonyms
from application.execution.requests import ApplicationError, Committed, Request
from application.execution.runner import CommandRunner
from application.personal_data.approvals import Approvals, reason_of
from application.ports import Disclosed, Erasure
from domain.aggregate import Root
from domain.approval import Approval, ApprovalState, Measure
from domain.case import Case
from domain.case.status import authorise
from domain.data_subject import DataSubject, erase_beside
from domain.errors import Invalid, NotFound, OnHold
from domain.values import DisclosureKind, ErasureScope

ERASABLE = frozenset({"case", "problem", "message", "intake", "customer", "approval"})
"""Aggregates that hold words of persons, by the first part of their topics."""


@dataclass(frozen=True)
class Erased:
    """The result of an erasure; empty if nothing was left."""

    subject: str
    scope: ErasureScope
    disclosures: int = 0
    by_kind: tuple[tuple[str, int], ...] = ()
    cases: tuple[str, ...] = ()
    position: int | None = None
    """Position of the subject's own event, the last one; None if nothing was left to erase."""


@dataclass(frozen=True)
class _Kept:
    """A person's data in the vault, and the streams that refer to them."""

    known: DataSubject | None
    there: dict[UUID, Root]
    taken: list[Disclosed]
    """Data that the scope covers."""

    @property
    def roots(self) -> list[Root]:
        """Aggregates that lose words."""
        return [self.there[stream] for stream in dict.fromkeys(each.stream for each in self.taken)]


class ApprovalRequired(ApplicationError):
    """The erasure has no approval, or only one that has expired or has another scope."""


class PersonalData:
    """Erasure."""

    def __init__(self, runner: CommandRunner, approvals: Approvals, pseudonyms: Pseudonyms) -> None:
        self._runner, self._approvals, self._pseudonyms = runner, approvals, pseudonyms

    async def request_erasure(self, given: str, scope: ErasureScope, reason: str, request: Request) -> Committed:
        """Request an erasure, for an auditor to approve. Raises as `erase`; InvalidTransition while one is open."""
        authorise(request.actor, "erase")
        subject = await self._subject_named(given)

        async def check(_: Attempt) -> None:
            if not (await self._kept_of(given, subject, scope)).taken:
                raise NotFound(f"Nothing of {given} is left to erase.")

        return await self._approvals.request(Measure.ERASE, subject, scope, reason, request, check)

    async def erase(self, given: str, scope: ErasureScope, request: Request) -> Erased:
        """Erase a person's words from the vault and all derived data, in the transaction of the events.

        ``given`` is a customer's id or an e-mail address (decision 5). Needs an approved request of the same scope,
        unless nothing is left. Raises ApprovalRequired, Forbidden, Invalid, OnHold, Busy; NotFound if unknown.
        """
        authorise(request.actor, "erase")
        subject, erased = await self._subject_named(given), list[Erased]()

        async def attempt(on: Attempt) -> Committed:
            kept = await self._kept_of(given, subject, scope)
            erased[:] = [_told(subject, scope, kept)]
            if not kept.taken:
                return Committed(kept.known or next(iter(kept.there.values())), 0)
            return await self._erase(kept, erased[0], on)

        committed = await self._runner.try_until_committed(given, request, attempt)
        return replace(erased[0], position=committed.position or None)

    async def subject_of(self, given: str) -> str:
        """Return the subject for a customer's id or an e-mail address."""
        known = "@" not in given or await self._runner.repository.data_subject(given)
        if known or await self._runner.register.disclosed(given):
            return given
        return await self._pseudonyms.of({"email": given})

    async def _subject_named(self, given: str) -> str:
        if not given.isprintable():
            raise NotFound("The desk never kept anything under this id.")
        return await self.subject_of(given)

    async def _kept_of(self, given: str, subject: str, scope: ErasureScope) -> _Kept:
        """Return the data to erase. Raises NotFound, Invalid, OnHold."""
        register, store = self._runner.register, self._runner.store
        known = await self._runner.repository.data_subject(subject)
        found = await register.disclosed(subject)
        _require_person(given, known, found)
        loaded = {stream: await store.load(stream) for stream in {each.stream for each in found}}
        there = {stream: root for stream, root in loaded.items() if root is not None}
        # Read again now that the versions are known. Later words cause a conflict, and a new decision.
        found = [each for each in await register.disclosed(subject) if each.stream in there]
        if held := sorted(root.number for root in there.values() if isinstance(root, Case) and root.hold):
            raise OnHold(held)
        return _Kept(known, there, [each for each in found if each.kind in scope.kinds])

    async def _erase(self, kept: _Kept, erased: Erased, on: Attempt) -> Committed:
        approval = await self._approved(erased, on)
        reason = on.say(f"erasure:{erased.subject}", DisclosureKind.STAFF_WORDS, {"reason": reason_of(approval)})
        assert reason is not None  # it belongs to the erasure and outlives the erased data
        approved_by = approval.use(on.provenance)
        for root in kept.roots:
            if isinstance(root, Case):
                root.erase(erased.subject, erased.scope, on.provenance, reason=reason)
            else:
                erase_beside(root, erased.subject, erased.scope, on.provenance, reason=reason)
        subject = kept.known or DataSubject.of(erased.subject, on.provenance)
        subject.erase(erased.scope, approved_by, erased.disclosures, reason, on.provenance)
        erasing = Erasure(erased.subject, erased.scope.kinds, [root.id for root in kept.roots])
        return await self._runner.commit(subject, on, [approval, *kept.roots], erasing=erasing)

    async def _approved(self, erased: Erased, on: Attempt) -> Approval:
        """Return the approval for this erasure. Raises ApprovalRequired."""
        approval = await self._approvals.find(Measure.ERASE, erased.subject)
        if (
            approval is None
            or approval.standing_at(on.at) is not ApprovalState.APPROVED
            or approval.wanted is None
            or approval.wanted.scope is not erased.scope
        ):
            raise ApprovalRequired(f"An auditor must approve the erasure of {erased.subject} ({erased.scope}).")
        return approval


def _require_person(given: str, known: DataSubject | None, found: Sequence[Disclosed]) -> None:
    if known is None and not found:
        raise NotFound(
            f"The desk never kept anything of {given}. Name a customer's id, or the address they wrote from. "
            "Of a member of staff the events keep the actor id, which says who decided, and the catalogue keeps its words."
        )
    if strange := sorted({each.aggregate for each in found} - ERASABLE):
        raise Invalid(f"{given} is no person's id. The desk uses the word in its {', '.join(strange)}.", "/subject")


def _told(subject: str, scope: ErasureScope, kept: _Kept) -> Erased:
    taken, there = kept.taken, kept.there
    kinds: Counter[str] = Counter()
    for each in taken:
        kinds[each.kind.value] += each.count
    cases = {there[each.stream].number for each in taken if each.aggregate == "case"}
    return Erased(subject, scope, kinds.total(), tuple(sorted(kinds.items())), tuple(sorted(cases)))


@dataclass(frozen=True)
class Remaining:
    """A kind of data that an erasure leaves."""

    what: str
    why: str


STAYS = (
    Remaining(
        "the pseudonym, codes, times and digests in the events",
        "the record is append-only, and they say nothing without the words that are gone",
    ),
    Remaining(
        "the actor id in every event they caused as a member of staff, and their grants",
        "the record says who decided; an id is a code that the desk's own directory resolves",
    ),
    Remaining(
        "words of catalogue entries, and the reasons of policies and grants",
        "they are the desk's own words, kept under the entry's name; a new version replaces them in use only",
    ),
    Remaining("what others wrote about them", "it is kept under the other person's id, and is erased with it"),
    Remaining("mails that were sent, backups, and copies on other servers", "they are out of the desk's reach"),
)
STAFF_WORDS = Remaining(
    "what staff wrote in their cases: notes, diagnoses, solutions, reasons", "`--scope everything` erases it as well"
)
