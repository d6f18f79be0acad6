"""One attempt at a command: who gives it, when, and under which catalogue, policy and grants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Self
from uuid import UUID

from application.execution.identifiers import uuid7
from application.execution.reference import Reference
from application.execution.requests import Request
from domain.case import Case
from domain.errors import Invalid
from domain.policy import Policy
from domain.values import Actor, Channel, Disclosure, DisclosureKind, Provenance, Via

Words = dict[str, Any]
"""What somebody said, by field."""


@dataclass(frozen=True)
class Attempt:
    """What a decision is made under. Another attempt at the same command may be made under something else."""

    request: Request
    reference: Reference
    at: datetime
    simulated: bool
    """Whether the clock is not the machine's: then events say when they occurred."""
    random: Callable[[int], bytes]
    actor: Actor | None = None
    """Who acts, where that is not who gives the command."""
    channel: Channel | None = None

    @property
    def policy(self) -> Policy:
        """The policy it is decided under."""
        return self.reference.policy

    @cached_property
    def provenance(self) -> Provenance:
        """Who acts, through what and when: what every event of the command says of itself."""
        request = self.request
        return Provenance(
            by=self.actor or request.actor,
            via=Via(request.interface, self.channel),
            at=self.at,
            random=self.random,
            occurred_at=self.at if self.simulated else None,
            request_id=request.request_id,
            trace_id=request.trace_id,
            causation=request.causation,
        )

    def through(self, channel: Channel | None) -> Self:
        """The same for what came through a channel."""
        return replace(self, channel=channel)

    def acted_by(self, actor: Actor) -> Self:
        """The same for what somebody else does with this command: the writer of a mail, the requester of a hold."""
        return replace(self, actor=actor)

    def new_id(self) -> UUID:
        """An id that sorts by the time it was made (UUID version 7)."""
        return uuid7(self.at, self.random(10))

    # words, to be kept in the vault: None where nothing is said

    def say(self, subject: str, kind: DisclosureKind, words: Words) -> Disclosure | None:
        """Words about a subject."""
        return Disclosure.of(subject, kind, words, self.random)

    def staff(self, case: Case, **words: Any) -> Disclosure | None:
        """Words of staff about a case."""
        return self.say(case.customer, DisclosureKind.STAFF_WORDS, words)

    def customer(self, case: Case, **words: Any) -> Disclosure | None:
        """Words of the customer about their case."""
        return self.say(case.customer, DisclosureKind.CUSTOMER_WORDS, words)

    def contact(self, case: Case, **words: Any) -> Disclosure | None:
        """Whom the case is about, and where they are reached."""
        return self.say(case.customer, DisclosureKind.CONTACT, words)

    def reason(self, case: Case) -> Disclosure | None:
        """The reason that the request gives, as words of staff about a case."""
        return self.staff(case, reason=self.request.reason)

    def required(self, case: Case, **words: Any) -> Disclosure:
        """Words of staff that must be there. Raises Invalid where nothing is said."""
        said = self.staff(case, **words)
        if said is None:
            raise Invalid("something must be said", f"/{next(iter(words))}")
        return said
