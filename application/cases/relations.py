"""SOP 5.6: has it been reported by others? Candidates are found; a person decides."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from application.cases.likeness import COMPARED, Profile, candidates
from application.execution.requests import Committed, Request
from application.execution.runner import Words
from application.mail_out.notices import Telling
from domain.aggregate import Root
from domain.case import Case
from domain.case.clauses.relations import Consulted, Relation
from domain.case.status import Status, authorise_reading
from domain.case.terms import LinkKind
from domain.values import Actor, Candidate, Provenance

_MOST = 20
"""Candidates looked at."""


class Relating(Telling):
    """Relate, unrelate, consult."""

    def candidates(self, number: str, actor: Actor) -> list[Candidate]:
        """The cases that may be about the same and on which nobody has decided, most alike first (R-5.6a)."""
        authorise_reading(actor)
        return self._candidates(self._read(number, actor))

    def relate(
        self,
        number: str,
        other: str,
        relation: Relation,
        consulted: tuple[str, datetime, str] | None,
        reason: str | None,
        request: Request,
    ) -> Committed:
        """Decide what another case is to this one (R-5.6b, R-5.6c). ``consulted``: whom, when asked, his answer."""

        def decide(case: Case, provenance: Provenance) -> list[Root]:
            first, why = self._named(other), self._staff(case, reason=reason)
            asked = None
            if consulted is not None:
                whom, when, answer = consulted
                asked = Consulted(whom, when, self._staff(case, answer=answer))
            if relation is Relation.UNRELATED:
                case.find_unrelated(first, asked, provenance, reason=why)
                return []
            if relation is Relation.RELATED:
                case.relate(first, asked, provenance, reason=why)
                first.mirror(case.number, LinkKind.RELATED, provenance)
                return [first]
            case.duplicate(first, asked, self.policy, provenance, reason=why)
            first.mirror(case.number, LinkKind.DUPLICATE_OF, provenance)
            return [first, *self._tell(case, provenance)]

        return self._act("relate", number, request, decide)

    def unrelate(self, number: str, other: str, reason: str, request: Request) -> Committed:
        """Undo a link (R-5.6c)."""

        def decide(case: Case, provenance: Provenance) -> list[Root]:
            linked = self._named(other)
            kind = case.unrelate(other, self.policy, provenance, reason=self._said(case, reason=reason))
            if kind is LinkKind.DUPLICATE:  # undone from the first one's side: it is the other that goes on
                linked.unrelate(case.number, self.policy, provenance)
            else:
                linked.unmirror(case.number, self.policy, provenance)
            return [linked]

        return self._act("unrelate", number, request, decide)

    def consult(self, number: str, other: str, request: Request) -> Committed:
        """Ask whoever works on the first case (R-5.6b)."""
        return self._act("consult", number, request, lambda case, p: case.consult(self._named(other), self.policy, p))

    def answer_consultation(self, number: str, first: str, answer: str, request: Request) -> Committed:
        """Answer what was asked about the first case (R-5.6b)."""
        return self._act(
            "answer_consultation",
            number,
            request,
            lambda case, p: case.answer_consultation(first, self._said(case, answer=answer), p),
        )

    def _require_decision(self, case: Case, decided: Collection[str] = ()) -> None:
        """Look again before assignment and resolution (R-5.6a). Raises DuplicateDecisionRequired.

        ``decided`` are cases on which a decision stands elsewhere.
        """
        candidates = [candidate for candidate in self._candidates(case) if candidate.case not in decided]
        case.require_decision(candidates, self.policy)

    def _candidates(self, case: Case) -> list[Candidate]:
        words = self._words(case)
        said = " ".join(str(words[name]) for name in COMPARED if words.get(name))
        if not said:
            return []
        horizon = self.policy.duplicate_horizon
        one = Profile(case.number, case.service, case.received_at, case.external_ref, said)
        similar = self.finder.similar(said, case.external_ref, case.received_at - horizon, case.received_at, _MOST)
        found = candidates(one, similar, horizon)
        return [c for c in found if c.case not in case.links and c.case not in case.unrelated and self._open(c, case)]

    def _open(self, candidate: Candidate, case: Case) -> bool:
        """Whether a candidate still is one: the view may be behind, and the decision may stand on the other case."""
        if candidate.score < self.policy.duplicate_threshold:
            return True  # only shown
        other = self._named(candidate.case)
        return other.status is not Status.CLOSED and case.number not in other.unrelated

    def _words(self, case: Case) -> Words:
        said = dict((case.words and case.words.texts) or {})
        return {**said, **{name: words.text(name) for name, words in case.corrections.items()}}
