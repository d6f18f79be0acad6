"""SOP 5.6: has somebody else reported it? The search finds candidates; a person decides."""

from __future__ import annotations

from datetime import datetime

from application.cases.candidates import Candidates
from application.execution.attempt import Attempt
from application.execution.requests import Committed, Request
from application.execution.runner import CommandRunner
from application.mail_out.notices import Notices
from domain.aggregate import Root
from domain.case import Case
from domain.case.clauses.relations import Consulted, Relation
from domain.case.status import authorise_reading
from domain.case.terms import LinkKind
from domain.values import Actor, Candidate


class Relations:
    """Commands of 5.6."""

    def __init__(self, runner: CommandRunner, candidates: Candidates, notices: Notices) -> None:
        self._runner, self._candidates, self._notices = runner, candidates, notices
        self._named = runner.repository.named

    async def candidates(self, number: str, actor: Actor) -> list[Candidate]:
        """Return the undecided duplicate candidates, most alike first (R-5.6a)."""
        authorise_reading(actor)
        case = await self._runner.repository.read(number, actor)
        return await self._candidates.of(case, (await self._runner.references.current()).policy)

    async def relate(
        self,
        number: str,
        other: str,
        relation: Relation,
        consulted: tuple[str, datetime, str] | None,
        request: Request,
    ) -> Committed:
        """Decide how another case relates to this one (R-5.6b, R-5.6c).

        ``consulted`` holds the technician, the time of asking, and the answer.
        """

        async def decide(case: Case, on: Attempt) -> list[Root]:
            first, reason, asked = await self._named(other), on.reason(case), None
            if consulted is not None:
                technician, when, answer = consulted
                asked = Consulted(technician, when, on.staff(case, answer=answer))
            if relation is Relation.UNRELATED:
                case.find_unrelated(first, asked, on.provenance, reason=reason)
                return []
            if relation is Relation.RELATED:
                case.relate(first, asked, on.provenance, reason=reason)
                first.mirror(case.number, LinkKind.RELATED, on.provenance)
                return [first]
            case.duplicate(first, asked, on.policy, on.provenance, reason=reason)
            first.mirror(case.number, LinkKind.DUPLICATE_OF, on.provenance)
            return [first, *await self._notices.tell(case, on)]

        return await self._runner.on_case("relate", number, request, decide)

    async def unrelate(self, number: str, other: str, reason: str, request: Request) -> Committed:
        """Undo a link (R-5.6c)."""

        async def decide(case: Case, on: Attempt) -> list[Root]:
            linked = await self._named(other)
            kind = case.unrelate(other, on.policy, on.provenance, reason=on.required(case, reason=reason))
            if kind is LinkKind.DUPLICATE:  # undone from the first case's side: the other case continues
                linked.unrelate(case.number, on.policy, on.provenance)
            else:
                linked.unmirror(case.number, on.policy, on.provenance)
            return [linked]

        return await self._runner.on_case("unrelate", number, request, decide)

    async def consult(self, number: str, other: str, request: Request) -> Committed:
        """Consult the technician of the first case (R-5.6b)."""

        async def decide(case: Case, on: Attempt) -> None:
            case.consult(await self._named(other), on.policy, on.provenance)

        return await self._runner.on_case("consult", number, request, decide)

    async def answer_consultation(self, number: str, first: str, answer: str, request: Request) -> Committed:
        """Answer a consultation on the first case (R-5.6b)."""

        def decide(case: Case, on: Attempt) -> None:
            case.answer_consultation(first, on.required(case, answer=answer), on.provenance)

        return await self._runner.on_case("answer_consultation", number, request, decide)
