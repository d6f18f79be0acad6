"""The rules of the SOP as refusals: one class a rule, its docstring the message people read."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain.case.state import Candidate


class DomainError(Exception):
    """The desk refuses."""

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail or inspect.cleandoc(type(self).__doc__ or ""))


class Forbidden(DomainError):
    """The role does not allow this command (R-6a)."""


class NotAssignedTeam(DomainError):
    """The case is not assigned to the team of the one who acts (R-5.7a)."""


class NotFound(DomainError):
    """There is no such case, or it is not for this caller to see."""


class InvalidTransition(DomainError):
    """The command is not in the table of states for the present status of a case, or of whatever it is."""

    def __init__(self, command: str, status: str, what: str = "case") -> None:
        super().__init__(f"a {what} that is {status} cannot {command.replace('_', ' ')}")


class ServiceRequired(DomainError):
    """The service must be set before the case is assigned or resolved (R-4.1b)."""


class PriorityRequired(DomainError):
    """Impact and severity must be assessed first (R-5.4a)."""


class DiagnosisRequired(DomainError):
    """Symptoms or a diagnosis must be recorded before the case is assigned or resolved (R-5.5c)."""


class VerificationRequired(DomainError):
    """A service team resolves only with a positive verification newer than the last work on the case (R-5.8a)."""


class ProblemLinkRequired(DomainError):
    """A cause that is not known to be corrected needs a Problem Case, new or open (R-5.8.1a)."""


class InformationRequired(DomainError):
    """What is missing must be completed, or waived with a reason, before the case is resolved (R-5.2c)."""


class DuplicateDecisionRequired(DomainError):
    """Others may have reported this: somebody decides on each candidate, by `relate`, before it goes on (R-5.6b)."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        super().__init__()
        self.candidates = candidates


class DisputeWindowClosed(DomainError):
    """The time to dispute the resolution is over; a later contact is a follow-up case (R-5.9f)."""

    def __init__(self, number: str) -> None:
        super().__init__()
        self.number = number


class ConfirmationRequired(DomainError):
    """The desk closes a case only with the customer's recorded confirmation (R-5.5d)."""


class AttachmentsFull(DomainError):
    """A case takes only so many attachments."""


class AttachmentTooLarge(DomainError):
    """An attachment may have only so many bytes."""


class AttachmentRefused(DomainError):
    """Files of this kind are not taken."""


class Erased(DomainError):
    """It was here, and has been erased."""


class OnHold(DomainError):
    """A legal hold on a case keeps what was said in it (audit.md, Personal data)."""

    def __init__(self, cases: Sequence[str]) -> None:
        held = f"{', '.join(cases)} {'is' if len(cases) == 1 else 'are'} on legal hold"
        super().__init__(f"{held}: nothing is erased before it is released (`caseledger release-hold`)")
        self.cases = tuple(cases)


class Invalid(DomainError):
    """A value breaks a rule of the SOP. ``pointer`` names the field (RFC 6901)."""

    def __init__(self, detail: str, pointer: str) -> None:
        super().__init__(detail)
        self.pointer = pointer
