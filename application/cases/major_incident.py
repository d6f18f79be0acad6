"""SOP 5.7: the assigned team declares major incidents. Linked cases follow the resolution."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from application.cases.candidates import Candidates
from application.execution.attempt import Attempt
from application.execution.repository import Repository
from application.execution.requests import Committed, Request
from application.execution.runner import CommandRunner
from application.mail_out.notices import Notices
from domain.aggregate import Root
from domain.case import Case
from domain.case.clauses.major_incident import Declaration, FanOutRefusal
from domain.case.status import SETTLED
from domain.case.terms import LinkKind, Resolution, ResolutionCode
from domain.errors import ContradictsRecord, DomainError, InvalidTransition, NoneFollowed, ProblemLinkRequired
from domain.problem import Problem


class MajorIncidents:
    """Commands of 5.7 on major incidents."""

    def __init__(self, runner: CommandRunner, candidates: Candidates, notices: Notices) -> None:
        self._runner, self._candidates, self._notices = runner, candidates, notices
        self._repository: Repository = runner.repository

    async def nominate(self, number: str, reason: str, request: Request) -> Committed:
        """Ask the team whether this is a major incident (R-5.7b)."""

        def decide(case: Case, on: Attempt) -> None:
            case.nominate(on.policy, on.provenance, reason=on.required(case, reason=reason))

        return await self._runner.on_case("nominate_major", number, request, decide)

    async def declare(
        self,
        number: str,
        owner: str,
        every: timedelta,
        management_contact: str,
        cases: tuple[str, ...],
        request: Request,
    ) -> Committed:
        """Declare a major incident and link the cases that are part of it (R-5.7c)."""

        async def decide(case: Case, on: Attempt) -> list[Case]:
            management = on.required(case, management_contact=management_contact)
            case.declare(Declaration(owner, every, management), on.policy, on.provenance, reason=on.reason(case))
            parts = await self._all_named(tuple(dict.fromkeys(cases)))
            for part in parts:
                if part.number == case.number:
                    raise ContradictsRecord("A case cannot be a part of itself.", "/cases")
                part.mirror(case.number, LinkKind.PART, on.provenance)
                case.mirror(part.number, LinkKind.MAJOR, on.provenance)
            return parts

        return await self._runner.on_case("declare_major", number, request, decide)

    async def reject(self, number: str, reason: str, request: Request) -> Committed:
        """Reject a nomination (R-5.7b)."""
        return await self._runner.on_case(
            "reject_major",
            number,
            request,
            lambda case, on: case.reject(on.required(case, reason=reason), on.provenance),
        )

    async def fan_out(self, number: str, cases: tuple[str, ...], request: Request) -> Committed:
        """Resolve linked cases with this one's resolution and tell every customer (R-5.7d). All if none is named.

        A case that fails a check of `resolve` is reported with the check; the others go through. Raises NoneFollowed.
        """

        async def decide(case: Case, on: Attempt) -> Sequence[Root]:
            resolution = case.resolution
            if resolution is None or resolution.code in (ResolutionCode.REFERRED, ResolutionCode.DUPLICATE):
                raise InvalidTransition("This case has no resolution of its own to fan out.")
            problem = None if resolution.problem is None else await self._repository.get(Problem, resolution.problem)
            changed, followed = list[Root](), list[str]()
            refused = list[tuple[str, DomainError]]()
            for part in await self._parts(case, cases):
                try:
                    changed += await self._let_follow(part, case, resolution, problem, on)
                    followed.append(part.number)
                except DomainError as refusal:
                    refused.append((part.number, refusal))
            if not followed:
                raise NoneFollowed(refused) if refused else ContradictsRecord("no linked case is open", "/cases")
            told = tuple(FanOutRefusal(part, refusal.rule, str(refusal)) for part, refusal in refused)
            case.fanned_out(tuple(followed), on.provenance, refused=told, reason=on.reason(case))
            return [*changed, problem] if problem is not None and problem.pending_events else changed

        return await self._runner.on_case("fan_out", number, request, decide)

    async def _parts(self, case: Case, named: tuple[str, ...]) -> list[Case]:
        """Return the cases to follow: those named, else all linked open cases that are no duplicates of another."""
        if named:
            return await self._all_named(named)
        parts = [await self._repository.named(number) for number in case.parts()]
        return [part for part in parts if part.status not in SETTLED and part.goes_with is None]

    async def _all_named(self, numbers: tuple[str, ...]) -> list[Case]:
        return [await self._repository.named(number, f"/cases/{place}") for place, number in enumerate(numbers)]

    async def _let_follow(
        self, part: Case, case: Case, resolution: Resolution, problem: Problem | None, on: Attempt
    ) -> list[Root]:
        """Resolve a linked case, or record nothing. Two cases linked to this one need no decision on each other."""
        await self._candidates.require_decision(part, on, case.links)
        if resolution.needs_problem and problem is not None and not problem.is_open:
            raise ProblemLinkRequired(
                f"{problem.number} is {problem.status}: resolve {part.number} by itself (R-5.8.1a)"
            )
        solution = (case.solution and case.solution.text("solution")) or "as the linked case"
        words = on.required(part, solution=solution)
        part.resolve_with(case.number, resolution, words, on.policy, on.provenance)
        if problem is not None and problem.is_open:
            problem.link(part.number, on.provenance)
        return [part, *await self._notices.tell(part, on)]
