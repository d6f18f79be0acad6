"""SOP 5.1-5.5 at the desk: log, triage or refer, prioritise, diagnose."""

from __future__ import annotations

import hmac
from dataclasses import replace

from application.cases.attachments import Attaching
from application.cases.candidates import Hinting
from application.execution.reference import Reference
from application.execution.requests import Committed, Request
from application.execution.runner import Words
from application.mail_out.notices import Telling
from domain.aggregate import Root
from domain.case import Case
from domain.case.clauses.diagnosis import ScriptRun, StepTaken
from domain.case.clauses.logging import CODED, REACHED, SPOKEN, IncidentReport, missing_information
from domain.case.clauses.notification import ContactAttempt
from domain.case.clauses.priority import Assessment
from domain.case.status import authorise
from domain.catalogue import ListedHelpDesk, Script
from domain.errors import Invalid
from domain.values import Channel, Disclosure, DisclosureKind, Provenance, Role


class Logging(Attaching, Hinting, Telling):
    """5.1-5.2."""

    def log_case(
        self,
        report: IncidentReport,
        contact: Words,
        words: Words,
        reporter: Words,
        reason: str | None,
        request: Request,
    ) -> Committed:
        """Log an incident (R-5.2a, R-5.2c). ``report.customer`` is filled in here. Raises Forbidden, Invalid."""
        authorise(request.actor, "log")
        report = self._by_himself(report, reporter, request)

        def attempt(reference: Reference) -> Committed:
            sealed = self._sealed(report, contact, words, reporter, request, reference)
            provenance = self._provenance(request, report.channel)
            why = self._why_logged(sealed, reason, request)
            number, case_id = self.register.next_case_number(), self._new_id(provenance)
            case = Case.log(case_id, number, sealed, reference.policy, provenance, reason=why)
            return self._commit(case, self._told_opened(case, request, provenance), request, reference)

        return self._keys.once(request, lambda: self._decide("the desk", request, attempt), fresh=True)

    def follow_up(
        self,
        number: str,
        report: IncidentReport,
        contact: Words,
        words: Words,
        reporter: Words,
        reason: str | None,
        request: Request,
    ) -> Committed:
        """Log a later contact about a closed case as a new case (R-5.9f). Raises Forbidden, InvalidTransition."""
        authorise(request.actor, "follow_up")
        report = self._by_himself(report, reporter, request)

        def attempt(reference: Reference) -> Committed:
            closed = self._read(number, request.actor)
            new = self._sealed(report, contact, words, reporter, request, reference)
            provenance = self._provenance(request, report.channel)
            given, case_id = self.register.next_case_number(), self._new_id(provenance)
            why = self._why_logged(new, reason, request)
            case = closed.follow_up(case_id, given, new, reference.policy, provenance, reason=why)
            return self._commit(case, self._told_opened(case, request, provenance), request, reference)

        return self._keys.once(request, lambda: self._decide(number, request, attempt))

    def _told_opened(self, case: Case, request: Request, provenance: Provenance) -> list[Root]:
        """Whoever reports without a person at the other end has it in writing; staff tell the number themselves."""
        return self._acknowledge(case, provenance) if request.actor.role is Role.CUSTOMER else []

    def waive(self, number: str, reason: str, request: Request) -> Committed:
        """Do without the information that is missing (R-5.2c)."""
        return self._act("waive", number, request, lambda case, p: case.waive(self._said(case, reason=reason), p))

    def note(self, number: str, text: str, visible_to_customer: bool, request: Request) -> Committed:
        """Annotate a case in any state."""

        def decide(case: Case, provenance: Provenance) -> None:
            own = provenance.by.role is Role.CUSTOMER
            kind = DisclosureKind.CUSTOMER_WORDS if own else DisclosureKind.STAFF_WORDS
            said = self._say(case.customer, kind, {"text": text})
            assert said is not None
            case.note(said, provenance, visible_to_customer=visible_to_customer or own)
            self._take_answer(case, provenance)

        return self._act("note", number, request, decide)

    def _by_himself(self, report: IncidentReport, reporter: Words, request: Request) -> IncidentReport:
        """What a customer logs comes by self service and now, whatever he says of that, and is his own (R-5.1a, R-5.2a).

        Raises Invalid for what is not his to give.
        """
        if request.actor.role is not Role.CUSTOMER:
            return report
        if reporter:
            raise Invalid("who reports by self service is the customer", "/reporter")
        if report.external_ref is not None:
            raise Invalid("a reference of another system is the desk's to give", "/external_ref")
        return replace(report, channel=Channel.SELF_SERVICE, received_at=self.clock.now())

    def _why_logged(self, report: IncidentReport, reason: str | None, request: Request) -> Disclosure | None:
        own = request.actor.role is Role.CUSTOMER
        kind = DisclosureKind.CUSTOMER_WORDS if own else DisclosureKind.STAFF_WORDS
        return self._say(report.customer, kind, {"reason": reason})

    def _sealed(
        self,
        report: IncidentReport,
        contact: Words,
        words: Words,
        reporter: Words,
        request: Request,
        reference: Reference,
    ) -> IncidentReport:
        """The report with what only the desk knows: whose it is, the service's version, what is missing."""
        own = request.actor.role is Role.CUSTOMER
        customer = request.actor.subject if own else self.customer_id(contact)
        reported_by = self.customer_id(reporter) if reporter else None
        version, name = (report.service and reference.service(report.service)) or (None, None)
        codes = {"agency": report.agency, "service": report.service}
        missing = missing_information([name for name, said in {**contact, **words, **codes}.items() if said])
        impersonal = report.channel is Channel.MONITORING and "contact" in missing
        required = tuple(m for m in missing if m in reference.policy.required_information and not impersonal)
        return replace(
            report,
            customer=customer,
            reporter=reported_by,
            service_version=version,
            service_name=name,
            impersonal=impersonal,
            missing=missing,
            required=required,
            symptomatic=bool(words.get("symptoms")),
            contact=self._say(customer, DisclosureKind.CONTACT, contact),
            words=self._say(customer, DisclosureKind.CUSTOMER_WORDS, words),
            reported_by=self._say(reported_by, DisclosureKind.CONTACT, reporter) if reported_by else None,
            candidates=self._hint(report, words, request, reference),
        )

    def customer_id(self, contact: Words) -> str:
        """A stable id for a person known by an address: keyed, so that the public record tells nothing of it."""
        address = contact.get("email") or contact.get("phone")
        if not address:
            return self.random(16).hex()
        said = str(address).strip().casefold().encode()
        return hmac.digest(self.register.pseudonym_key(), said, "sha256")[:16].hex()


class Handling(Logging):
    """5.2 corrected, 5.3 to 5.5."""

    def correct(self, number: str, field: str, value: str, reason: str, request: Request) -> Committed:
        """Correct a field of the log (R-5.2d). A better address is written to, where no window has started."""

        def decide(case: Case, provenance: Provenance) -> list[Root]:
            said = None
            if field in SPOKEN | REACHED:
                kind = DisclosureKind.CONTACT if field in REACHED else DisclosureKind.CUSTOMER_WORDS
                said = self._say(case.customer, kind, {field: value})
            service = self.references.current().service(value, "/value") if field == "service" else None
            case.correct(
                field,
                provenance,
                value=value if field in CODED else None,
                words=said,
                reason=self._staff(case, reason=reason),
                service=service,
            )
            return self._tell_again(case, provenance) if field == "email" else []

        return self._act("correct", number, request, decide)

    def triage(self, number: str, owner: str, reason: str | None, request: Request) -> Committed:
        """Decide that the case is ours (R-5.3a)."""
        return self._act(
            "triage", number, request, lambda case, p: case.triage(owner, p, reason=self._staff(case, reason=reason))
        )

    def refer(
        self, number: str, help_desk: str, contact: ContactAttempt, reason: str | None, request: Request
    ) -> Committed:
        """Refer to another agency's desk, tell the customer by mail too (R-5.3b, R-5.3c). Raises Invalid."""

        def decide(case: Case, provenance: Provenance) -> list[Root]:
            listed = self.references.current().help_desk(help_desk)
            entry = (help_desk, listed.version, self._snapshot(listed))
            told = replace(contact, method=self.policy.contact_method(contact.method, "/contact/method"))
            case.refer(entry, told, self.policy, provenance, reason=self._staff(case, reason=reason))
            return self._tell(case, provenance)

        return self._act("refer", number, request, decide)

    def _snapshot(self, listed: ListedHelpDesk) -> Disclosure | None:
        """The other desk's entry as it is now, so that the event says what the customer was told."""
        told = (listed.contact and listed.contact.texts) or {}
        words = {"agency": listed.entry.agency, "desk": listed.entry.name, **told}
        return self._say(f"help_desk:{listed.entry.id}", DisclosureKind.CONTACT, words)

    def prioritize(self, number: str, assessment: Assessment, reason: str | None, request: Request) -> Committed:
        """Assess impact and severity (R-5.4a); the targets run on the service's calendar, or the team's (R-4.1a)."""

        def decide(case: Case, provenance: Provenance) -> None:
            named, why = self.references.current().calendar(case.service, case.team), self._staff(case, reason=reason)
            case.prioritize(assessment, self.policy, provenance, named=named, reason=why)

        return self._act("prioritize", number, request, decide)

    def diagnose(
        self,
        number: str,
        words: Words,
        script: str | None,
        steps: tuple[str, ...],
        reason: str | None,
        request: Request,
    ) -> Committed:
        """Record a diagnosis, with the run of a script where one was followed (R-5.5a)."""

        def decide(case: Case, provenance: Provenance) -> None:
            said = self._said(case, **words)
            run = self._run(script, steps) if script else None
            case.diagnose(said, provenance, run=run, reason=self._staff(case, reason=reason))

        return self._act("diagnose", number, request, decide)

    def _run(self, script: str, steps: tuple[str, ...]) -> ScriptRun:
        """A run against the script's present version. What the script does not have is kept, and said to be so."""
        listed, taken = self.references.current().script(script), tuple(StepTaken(step) for step in steps)
        if listed is None:
            return ScriptRun(script, None, taken, ("script_not_in_catalogue",))
        entry: Script = listed.entry
        strange = {step.step for step in taken} - {step.id for step in entry.steps}
        return ScriptRun(script, listed.version, taken, ("step_not_in_script",) if strange else ())

    def known_errors_searched(
        self,
        number: str,
        query: str,
        shown: tuple[str, ...],
        chosen: str | None,
        applied: bool,
        reason: str | None,
        request: Request,
    ) -> Committed:
        """Record a look at the known errors, also one that found none (R-5.5b)."""

        def decide(case: Case, provenance: Provenance) -> None:
            said, why = self._said(case, query=query), self._staff(case, reason=reason)
            case.search_known_errors(said, shown, chosen, applied, provenance, reason=why)

        return self._act("known_errors", number, request, decide)
