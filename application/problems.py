"""SOP 5.8.1: Problem Cases, from investigation to closure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from application.execution.attempt import Attempt
from application.execution.requests import Committed, Request
from application.execution.runner import CommandRunner, expect
from domain.case.status import STAFF
from domain.errors import Forbidden, Invalid
from domain.problem import Problem, authorise_problem
from domain.values import Actor, Disclosure, DisclosureKind


class Problems:
    """Commands on problems."""

    def __init__(self, runner: CommandRunner) -> None:
        self._runner = runner

    async def problem(self, number: str, actor: Actor, *, version: int | None = None) -> Problem:
        """Return a problem, now or at a version; staff only. Raises Forbidden, NotFound."""
        if actor.role not in STAFF:
            raise Forbidden(f"problems need the role {' or '.join(sorted(STAFF))}; you are {actor.role}")
        return await self._runner.repository.get(Problem, number, version)

    async def open(
        self, service: str | None, priority: int | None, title: str, description: str, request: Request
    ) -> Committed:
        """Open a problem without an incident. Raises Forbidden, Invalid."""
        authorise_problem(request.actor, "open_problem")

        async def attempt(on: Attempt) -> Committed:
            if service is not None:
                on.reference.service(service)
            number = await self._runner.register.next_problem_number()
            words = _about(number, on, title=title, description=description)
            opened = Problem.open_for(
                on.new_id(), number, None, service, None, on.provenance, priority=priority, words=words
            )
            return await self._runner.commit(opened, on)

        return await self._runner.run("the desk", request, attempt, fresh=True)

    async def import_known_error(
        self, stream: UUID, service: str | None, article: dict[str, str], request: Request
    ) -> None:
        """Record a catalogue file's known error as a problem of its own, once however often it is imported."""

        async def attempt(on: Attempt) -> Committed:
            problem = await self._runner.repository.find(Problem, stream)
            if problem is None:
                number = await self._runner.register.next_problem_number()
                problem = Problem.open_for(stream, number, None, service, None, on.provenance)
            if (problem.article and problem.article.texts) != article:
                said = _about(problem.number, on, **article)
                problem.publish_known_error(_known_error(problem.number), said, on.provenance)
            return await self._runner.commit(problem, on)

        await self._runner.try_until_committed("the known errors", request, attempt)

    async def investigate(self, number: str, findings: str, request: Request) -> Committed:
        """Record the findings of an investigation."""
        return await self._on_problem(
            "investigate",
            number,
            request,
            lambda problem, on: problem.investigate(_about(number, on, findings=findings), on.provenance),
        )

    async def find_root_cause(self, number: str, cause: str, request: Request) -> Committed:
        """Record the root cause."""
        return await self._on_problem(
            "find_root_cause",
            number,
            request,
            lambda problem, on: problem.find_root_cause(_about(number, on, cause=cause), on.provenance),
        )

    async def publish_known_error(
        self, number: str, title: str, symptoms: str, workaround: str, request: Request
    ) -> Committed:
        """Publish a known error, so that a diagnosis finds it (R-5.5b)."""

        def decide(problem: Problem, on: Attempt) -> None:
            article = _about(number, on, title=title, symptoms=symptoms, workaround=workaround)
            problem.publish_known_error(_known_error(number), article, on.provenance)

        return await self._on_problem("publish_known_error", number, request, decide)

    async def prioritize(self, number: str, priority: int, request: Request) -> Committed:
        """Set a problem's priority."""
        return await self._on_problem(
            "prioritize_problem",
            number,
            request,
            lambda problem, on: problem.prioritize(priority, on.provenance, reason=_reason(number, on)),
        )

    async def resolve(self, number: str, solution: str, request: Request) -> Committed:
        """Record that the cause is corrected."""
        return await self._on_problem(
            "resolve_problem",
            number,
            request,
            lambda problem, on: problem.resolve(_about(number, on, solution=solution), on.provenance),
        )

    async def reopen(self, number: str, reason: str, request: Request) -> Committed:
        """Record that the cause has returned."""
        return await self._on_problem(
            "reopen_problem",
            number,
            request,
            lambda problem, on: problem.reopen(_about(number, on, reason=reason), on.provenance),
        )

    async def close(self, number: str, request: Request) -> Committed:
        """Close a problem."""
        return await self._on_problem(
            "close_problem",
            number,
            request,
            lambda problem, on: problem.close(on.provenance, reason=_reason(number, on)),
        )

    async def _on_problem(
        self, command: str, number: str, request: Request, decide: Callable[[Problem, Attempt], None]
    ) -> Committed:
        authorise_problem(request.actor, command)

        async def attempt(on: Attempt) -> Committed:
            problem = await self._runner.repository.get(Problem, number)
            expect(problem, request)
            decide(problem, on)
            return await self._runner.commit(problem, on)

        return await self._runner.run(number, request, attempt)


def _about(number: str, on: Attempt, **words: Any) -> Disclosure:
    """Return staff's words about a problem, stored under the problem's name. Raises Invalid if there are none."""
    said = on.say(f"problem:{number}", DisclosureKind.STAFF_WORDS, words)
    if said is None:
        raise Invalid("The text cannot be empty.", f"/{next(iter(words))}")
    return said


def _reason(number: str, on: Attempt) -> Disclosure | None:
    return None if on.request.reason is None else _about(number, on, reason=on.request.reason)


def _known_error(problem: str) -> str:
    """Return the number of a problem's known error: the problem's own, as there is only one."""
    return f"KE-{problem.removeprefix('PRB-')}"
