"""SOP 5.2: the one way a report becomes a case, whatever its channel."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from application.cases.candidates import Candidates
from application.execution.attempt import Attempt, Words
from application.execution.pseudonyms import Pseudonyms
from application.execution.runner import CommandRunner
from domain.case import Case
from domain.case.clauses.logging import IncidentReport, missing_information
from domain.errors import Invalid
from domain.values import Channel, Disclosure, DisclosureKind, Role


class Opening:
    """Makes cases from reports. The caller commits them."""

    def __init__(self, runner: CommandRunner, pseudonyms: Pseudonyms, candidates: Candidates) -> None:
        self._register, self._pseudonyms, self._candidates = runner.register, pseudonyms, candidates

    async def log(
        self,
        report: IncidentReport,
        contact: Words,
        words: Words,
        reporter: Words,
        on: Attempt,
        *,
        closed: Case | None = None,
    ) -> Case:
        """Open a case, or the follow-up of a closed one (R-5.2a, R-5.2c, R-5.9f). Raises Invalid."""
        report = _by_self_service(report, reporter, on)
        sealed = await self.sealed(report, contact, words, reporter, on)
        number, case_id = await self.identity(on)
        reason, provenance = _reason(sealed, on), on.through(report.channel).provenance
        if closed is not None:
            return closed.follow_up(case_id, number, sealed, on.policy, provenance, reason=reason)
        return Case.log(case_id, number, sealed, on.policy, provenance, reason=reason)

    async def identity(self, on: Attempt) -> tuple[str, UUID]:
        """Return number and id for a new case."""
        return await self._register.next_case_number(), on.new_id()

    async def sealed(
        self, report: IncidentReport, contact: Words, words: Words, reporter: Words, on: Attempt
    ) -> IncidentReport:
        """Complete a report with its customer, the service's version, and what is missing. Raises Invalid."""
        own = on.request.actor.role is Role.CUSTOMER
        customer = on.request.actor.subject if own else await self._pseudonyms.of(contact)
        reported_by = await self._pseudonyms.of(reporter) if reporter else None
        version, name = (report.service and on.reference.service(report.service)) or (None, None)
        codes = {"agency": report.agency, "service": report.service}
        missing = missing_information([name for name, said in {**contact, **words, **codes}.items() if said])
        impersonal = report.channel is Channel.MONITORING and "contact" in missing
        required = tuple(m for m in missing if m in on.policy.required_information and not impersonal)
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
            contact=on.say(customer, DisclosureKind.CONTACT, contact),
            words=on.say(customer, DisclosureKind.CUSTOMER_WORDS, words),
            reported_by=on.say(reported_by, DisclosureKind.CONTACT, reporter) if reported_by else None,
            candidates=await self._candidates.hint(report, words, on),
        )


def _by_self_service(report: IncidentReport, reporter: Words, on: Attempt) -> IncidentReport:
    """Mark a customer's report as their own, received now by self service, whatever it says (R-5.1a, R-5.2a).

    Raises Invalid for fields that customers may not give.
    """
    if on.request.actor.role is not Role.CUSTOMER:
        return report
    if reporter:
        raise Invalid("In self service, the reporter is the customer.", "/reporter")
    if report.external_ref is not None:
        raise Invalid("Only the desk can give a reference of another system.", "/external_ref")
    return replace(report, channel=Channel.SELF_SERVICE, received_at=on.at)


def _reason(report: IncidentReport, on: Attempt) -> Disclosure | None:
    own = on.request.actor.role is Role.CUSTOMER
    kind = DisclosureKind.CUSTOMER_WORDS if own else DisclosureKind.STAFF_WORDS
    return on.say(report.customer, kind, {"reason": on.request.reason})
