"""SOP 5.8.1: work on Problem Cases, from the investigation to the closing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from application.execution.reference import Reference
from application.execution.requests import Committed, Request
from application.execution.runner import Casework
from domain.case.status import STAFF
from domain.errors import Forbidden, Invalid, NotFound
from domain.problem import Problem, authorise_problem
from domain.values import Actor, Disclosure, DisclosureKind, Provenance


class Problems(Casework):
    """The commands on problems."""

    def problem(self, number: str, actor: Actor, *, version: int | None = None) -> Problem:
        """A problem as it is, or as it was at a version; staff only. Raises Forbidden, NotFound."""
        if actor.role not in STAFF:
            raise Forbidden(f"problems need the role {' or '.join(sorted(STAFF))}; you are {actor.role}")
        problem = self._get(Problem, number, version)
        if version is not None and problem.version != version:
            raise NotFound(f"{number} has no version {version}")
        return problem

    def open_problem(
        self, service: str | None, priority: int | None, title: str, description: str, request: Request
    ) -> Committed:
        """Open a problem before any incident. Raises Forbidden, Invalid."""
        authorise_problem(request.actor, "open_problem")

        def attempt(reference: Reference) -> Committed:
            if service is not None:
                reference.service(service)
            provenance, number = self._provenance(request), self.register.next_problem_number()
            words = self._about(number, title=title, description=description)
            opened = Problem.open_for(
                self._new_id(provenance), number, None, service, None, provenance, priority=priority, words=words
            )
            return self._commit(opened, (), request, reference)

        return self._keys.once(request, lambda: self._decide("the desk", request, attempt), fresh=True)

    def import_known_error(self, stream: UUID, service: str | None, article: dict[str, str], request: Request) -> None:
        """Bring a known error of a catalogue file onto the record, as a problem of its own; once, however often read."""

        def attempt(reference: Reference) -> Committed:
            provenance = self._provenance(request)
            if self.register.existing([stream]):
                problem: Problem = self.repository.get(stream)
            else:
                number = self.register.next_problem_number()
                problem = Problem.open_for(stream, number, None, service, None, provenance)
            if (problem.article and problem.article.texts) != article:
                said = self._about(problem.number, **article)
                problem.publish_known_error(_known_error(problem.number), said, provenance)
            return self._commit(problem, (), request, reference)

        self._decide("the known errors", request, attempt)

    def investigate(self, number: str, findings: str, request: Request) -> Committed:
        """Record what an investigation found."""
        return self._on(
            "investigate", number, request, lambda it, p: it.investigate(self._about(number, findings=findings), p)
        )

    def find_root_cause(self, number: str, cause: str, request: Request) -> Committed:
        """Record the root cause."""
        return self._on(
            "find_root_cause", number, request, lambda it, p: it.find_root_cause(self._about(number, cause=cause), p)
        )

    def publish_known_error(
        self, number: str, title: str, symptoms: str, workaround: str, request: Request
    ) -> Committed:
        """Publish a known error, so that a diagnosis finds it (R-5.5b)."""

        def decide(problem: Problem, provenance: Provenance) -> None:
            article = self._about(number, title=title, symptoms=symptoms, workaround=workaround)
            problem.publish_known_error(_known_error(number), article, provenance)

        return self._on("publish_known_error", number, request, decide)

    def prioritize_problem(self, number: str, priority: int, reason: str | None, request: Request) -> Committed:
        """Set a problem's priority."""

        def decide(problem: Problem, provenance: Provenance) -> None:
            problem.prioritize(priority, provenance, reason=self._reason_for(number, reason))

        return self._on("prioritize_problem", number, request, decide)

    def resolve_problem(self, number: str, solution: str, request: Request) -> Committed:
        """The cause is corrected."""
        return self._on(
            "resolve_problem", number, request, lambda it, p: it.resolve(self._about(number, solution=solution), p)
        )

    def reopen_problem(self, number: str, reason: str, request: Request) -> Committed:
        """The cause is there again."""
        return self._on(
            "reopen_problem", number, request, lambda it, p: it.reopen(self._about(number, reason=reason), p)
        )

    def close_problem(self, number: str, reason: str | None, request: Request) -> Committed:
        """Nothing more to do."""
        return self._on(
            "close_problem", number, request, lambda it, p: it.close(p, reason=self._reason_for(number, reason))
        )

    def _on(
        self, command: str, number: str, request: Request, decide: Callable[[Problem, Provenance], None]
    ) -> Committed:
        authorise_problem(request.actor, command)

        def attempt(reference: Reference) -> Committed:
            problem = self._get(Problem, number)
            self._expect(problem, request)
            decide(problem, self._provenance(request))
            return self._commit(problem, (), request, reference)

        return self._keys.once(request, lambda: self._decide(number, request, attempt))

    def _about(self, number: str, **words: Any) -> Disclosure:
        """What staff say of a problem: of no customer, so under the problem's own name."""
        said = self._say(f"problem:{number}", DisclosureKind.STAFF_WORDS, words)
        if said is None:
            raise Invalid("something must be said", f"/{next(iter(words))}")
        return said

    def _reason_for(self, number: str, reason: str | None) -> Disclosure | None:
        return None if reason is None else self._about(number, reason=reason)


def _known_error(problem: str) -> str:
    """The number of a problem's known error: a problem has one, so it has the problem's."""
    return f"KE-{problem.removeprefix('PRB-')}"
