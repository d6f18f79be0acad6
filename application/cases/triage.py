"""SOP 5.3: does the case belong to us, or to another agency's help desk?"""

from __future__ import annotations

from dataclasses import replace

from application.execution.attempt import Attempt
from application.execution.requests import Committed, Request
from application.execution.runner import CommandRunner
from application.mail_out.notices import Notices
from domain.aggregate import Root
from domain.case import Case
from domain.case.clauses.notification import ContactAttempt
from domain.catalogue import ListedHelpDesk
from domain.values import Disclosure, DisclosureKind


class Triage:
    """Commands of 5.3."""

    def __init__(self, runner: CommandRunner, notices: Notices) -> None:
        self._runner, self._notices = runner, notices

    async def triage(self, number: str, owner: str, request: Request) -> Committed:
        """Decide that the case is ours (R-5.3a)."""
        return await self._runner.on_case(
            "triage", number, request, lambda case, on: case.triage(owner, on.provenance, reason=on.reason(case))
        )

    async def refer(self, number: str, help_desk: str, contact: ContactAttempt, request: Request) -> Committed:
        """Refer to another agency's desk and also mail the customer (R-5.3b, R-5.3c). Raises Invalid."""

        async def decide(case: Case, on: Attempt) -> list[Root]:
            listed = on.reference.help_desk(help_desk)
            entry = (help_desk, listed.version, _snapshot(listed, on))
            told = replace(contact, method=on.policy.contact_method(contact.method, "/contact/method"))
            case.refer(entry, told, on.policy, on.provenance, reason=on.reason(case))
            return await self._notices.tell(case, on)

        return await self._runner.on_case("refer", number, request, decide)


def _snapshot(listed: ListedHelpDesk, on: Attempt) -> Disclosure | None:
    """Return the other desk's current entry, so that the event records what the customer was told."""
    told = (listed.contact and listed.contact.texts) or {}
    words = {"agency": listed.entry.agency, "desk": listed.entry.name, **told}
    return on.say(f"help_desk:{listed.entry.id}", DisclosureKind.CONTACT, words)
