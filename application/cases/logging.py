"""SOP 5.1-5.2: log an incident, add to it, correct it."""

from __future__ import annotations

from application.cases.attachments import take_answer
from application.cases.opening import Opening
from application.execution.attempt import Attempt, Words
from application.execution.requests import Committed, Request
from application.execution.runner import CommandRunner
from application.mail_out.notices import Notices
from domain.aggregate import Root
from domain.case import Case
from domain.case.clauses.logging import CODED, REACHED, SPOKEN, IncidentReport
from domain.case.status import authorise
from domain.values import DisclosureKind, Role


class Logging:
    """Commands of 5.1 and 5.2."""

    def __init__(self, runner: CommandRunner, opening: Opening, notices: Notices) -> None:
        self._runner, self._opening, self._notices = runner, opening, notices

    async def log(
        self, report: IncidentReport, contact: Words, words: Words, reporter: Words, request: Request
    ) -> Committed:
        """Log an incident (R-5.2a, R-5.2c). Fills in ``report.customer``. Raises Forbidden, Invalid."""
        authorise(request.actor, "log")

        async def attempt(on: Attempt) -> Committed:
            case = await self._opening.log(report, contact, words, reporter, on)
            return await self._runner.commit(case, on, await self._acknowledged(case, on))

        return await self._runner.run("the desk", request, attempt, fresh=True)

    async def follow_up(
        self, number: str, report: IncidentReport, contact: Words, words: Words, reporter: Words, request: Request
    ) -> Committed:
        """Log a later contact about a closed case as a new case (R-5.9f). Raises Forbidden, InvalidTransition."""
        authorise(request.actor, "follow_up")

        async def attempt(on: Attempt) -> Committed:
            closed = await self._runner.repository.read(number, request.actor)
            case = await self._opening.log(report, contact, words, reporter, on, closed=closed)
            return await self._runner.commit(case, on, await self._acknowledged(case, on))

        return await self._runner.run(number, request, attempt)

    async def _acknowledged(self, case: Case, on: Attempt) -> list[Root]:
        """Acknowledge by mail a report that no staff took. Staff tell the number themselves."""
        own = on.request.actor.role is Role.CUSTOMER
        return await self._notices.acknowledge(case, on.through(case.channel)) if own else []

    async def correct(self, number: str, field: str, value: str, reason: str, request: Request) -> Committed:
        """Correct a field of the log (R-5.2d). Mails the resolution to a corrected address if no window has started."""

        async def decide(case: Case, on: Attempt) -> list[Root]:
            words = None
            if field in SPOKEN | REACHED:
                kind = DisclosureKind.CONTACT if field in REACHED else DisclosureKind.CUSTOMER_WORDS
                words = on.say(case.customer, kind, {field: value})
            case.correct(
                field,
                on.provenance,
                value=value if field in CODED else None,
                words=words,
                reason=on.staff(case, reason=reason),
                service=on.reference.service(value, "/value") if field == "service" else None,
            )
            return await self._notices.tell_again(case, on) if field == "email" else []

        return await self._runner.on_case("correct", number, request, decide)

    async def waive(self, number: str, reason: str, request: Request) -> Committed:
        """Waive the missing information (R-5.2c)."""
        return await self._runner.on_case(
            "waive", number, request, lambda case, on: case.waive(on.required(case, reason=reason), on.provenance)
        )

    async def note(self, number: str, text: str, visible_to_customer: bool, request: Request) -> Committed:
        """Annotate a case in any state."""

        def decide(case: Case, on: Attempt) -> None:
            own = request.actor.role is Role.CUSTOMER
            said = on.customer(case, text=text) if own else on.staff(case, text=text)
            assert said is not None
            case.note(said, on.provenance, visible_to_customer=visible_to_customer or own)
            take_answer(case, on)

        return await self._runner.on_case("note", number, request, decide)
