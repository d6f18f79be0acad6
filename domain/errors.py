"""The rules of the SOP as refusals: one class a rule, its docstring the message people read."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from domain.values import Candidate


class DomainError(Exception):
    """The desk refuses."""

    rule: ClassVar[str] = "refused"
    """What an event calls a refusal by, such as `diagnosis-required`: a storage format."""

    def __init_subclass__(cls) -> None:
        cls.rule = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", cls.__name__).lower()

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

    def __init__(
        self, command: str, status: str, what: str = "case", *, way: str | None = None, possible: Sequence[str] = ()
    ) -> None:
        """``way`` is what leads to the command; ``possible`` are the commands that the caller may give instead."""
        detail = way or f"A {what} that is {status} cannot {command.replace('_', ' ')}."
        super().__init__(f"{detail} Possible now: {', '.join(possible)}." if possible else detail)
        self.possible = tuple(possible)


class ServiceRequired(DomainError):
    """Set the service first, with `correct` and the field `service` (R-4.1b)."""


class PriorityRequired(DomainError):
    """Assess impact and severity first, with `prioritize` (R-5.4a)."""


class DiagnosisRequired(DomainError):
    """Record a diagnosis first, with `diagnose`, or symptoms, with `correct` and the field `symptoms` (R-5.5c)."""


class VerificationRequired(DomainError):
    """Ask the customer first and record their answer with `verify`: it must be newer than the last work (R-5.8a)."""


class ProblemLinkRequired(DomainError):
    """The cause remains: name an open Problem Case in `problem`, or null to open a new one (R-5.8.1a)."""


class InformationRequired(DomainError):
    """Complete what is missing first, with `correct`, or do without it, with `waive` and a reason (R-5.2c)."""


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
    """Name the customer's confirmation in `confirmation`: `{method, by, at}` (R-5.5d)."""


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


class NoneFollowed(DomainError):
    """None of the linked cases can follow the resolution (R-5.7d). ``refusals`` has at least one."""

    def __init__(self, refusals: Sequence[tuple[str, DomainError]]) -> None:
        super().__init__("; ".join(f"{case}: {refusal}" for case, refusal in refusals))
        self.refusals = tuple(refusals)


class Invalid(DomainError):
    """A value breaks a rule of the SOP. ``pointer`` names the field (RFC 6901)."""

    def __init__(self, detail: str, pointer: str) -> None:
        super().__init__(detail)
        self.pointer = pointer
