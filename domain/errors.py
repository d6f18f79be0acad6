"""The rules of the SOP as errors: one class for each rule. Its docstring is the message that people read."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from typing import ClassVar

from domain.values import Candidate


class DomainError(Exception):
    """The desk refuses the command."""

    rule: ClassVar[str] = "refused"
    """The name of the rule in events, such as `diagnosis-required`: a storage format."""

    def __init_subclass__(cls) -> None:
        cls.rule = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", cls.__name__).lower()

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail or inspect.cleandoc(type(self).__doc__ or ""))


class Forbidden(DomainError):
    """The role does not allow this command (R-6a)."""


class NotAssignedTeam(DomainError):
    """The case is with another team than yours (R-5.7a)."""


class NotFound(DomainError):
    """There is no such case, or you may not see it."""


class InvalidTransition(DomainError):
    """The command is not possible in this status."""

    def __init__(self, detail: str, *, possible: Sequence[str] = ()) -> None:
        """Say why, and name the commands that the caller may give now."""
        super().__init__(f"{detail} Possible now: {', '.join(possible)}." if possible else detail)
        self.possible = tuple(possible)


class ServiceRequired(DomainError):
    """Set the service first with `correct` and the field `service` (R-4.1b)."""


class PriorityRequired(DomainError):
    """Assess impact and severity first with `prioritize` (R-5.4a)."""


class DiagnosisRequired(DomainError):
    """Record a diagnosis first with `diagnose`, or symptoms with `correct` and the field `symptoms` (R-5.5c)."""


class VerificationRequired(DomainError):
    """Ask the customer first, and record their answer with `verify`. It must be newer than the last work (R-5.8a)."""


class ProblemLinkRequired(DomainError):
    """The cause remains. Name an open Problem Case in `problem`, or null to open a new one (R-5.8.1a)."""


class InformationRequired(DomainError):
    """Complete the missing information first with `correct`, or waive it with `waive` and a reason (R-5.2c)."""


class DuplicateDecisionRequired(DomainError):
    """Others may have reported this. Decide on each candidate first, with `relate` (R-5.6b)."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        super().__init__()
        self.candidates = candidates


class DisputeWindowClosed(DomainError):
    """The time to dispute the resolution is over. Log a follow-up case instead (R-5.9f)."""

    def __init__(self, number: str) -> None:
        super().__init__()
        self.number = number


class ConfirmationRequired(DomainError):
    """Name the customer's confirmation in `confirmation`: `{method, by, at}` (R-5.5d)."""


class AttachmentsFull(DomainError):
    """The case has as many attachments as the policy allows."""


class AttachmentTooLarge(DomainError):
    """The attachment has more bytes than the policy allows."""


class AttachmentRefused(DomainError):
    """The policy refuses files of this type."""


class Erased(DomainError):
    """It has been erased."""


class OnHold(DomainError):
    """A legal hold keeps the words of a case (audit.md, Personal data)."""

    def __init__(self, cases: Sequence[str]) -> None:
        held = f"{', '.join(cases)} {'is' if len(cases) == 1 else 'are'} on legal hold"
        super().__init__(f"{held}. Release it first (`caseledger release-hold`).")
        self.cases = tuple(cases)


class NoneFollowed(DomainError):
    """None of the linked cases can follow the resolution (R-5.7d). There is at least one refusal."""

    def __init__(self, refusals: Sequence[tuple[str, DomainError]]) -> None:
        super().__init__("; ".join(f"{case}: {refusal}" for case, refusal in refusals))
        self.refusals = tuple(refusals)


class Invalid(DomainError):
    """A value breaks a rule of the SOP. ``pointer`` names the field (RFC 6901)."""

    def __init__(self, detail: str, pointer: str) -> None:
        super().__init__(detail)
        self.pointer = pointer


class UnknownReference(Invalid):
    """A field names what the desk does not have: a service, a team, a method of contact."""


class ContradictsRecord(Invalid):
    """A value contradicts what is recorded already."""
