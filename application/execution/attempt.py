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
"""Free text by field name."""


@dataclass(frozen=True)
class Attempt:
    """The context of one decision. The next attempt at the same command may have another context."""

    request: Request
    reference: Reference
    at: datetime
    simulated: bool
    """Whether the clock is not the machine's. Events then carry the time they occurred."""
    random: Callable[[int], bytes]
    actor: Actor | None = None
    """Who acts, if it is not who gives the command."""
    channel: Channel | None = None

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self.reference.policy

    @cached_property
    def provenance(self) -> Provenance:
        """Who acts, when and through which channel. Every event of the command carries it."""
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

    def not_before(self, moment: datetime) -> Self:
        """Return the same attempt, made at this moment if the clock is behind it.

        Machines' clocks differ. What is done after something else is not earlier, whoever did that and whoever recorded it.
        """
        return self if moment <= self.at else replace(self, at=moment)

    def through(self, channel: Channel | None) -> Self:
        """Return the same attempt for a report that came through a channel."""
        return replace(self, channel=channel)

    def acted_by(self, actor: Actor) -> Self:
        """Return the same attempt with another actor: the writer of a mail, or the requester of a hold."""
        return replace(self, actor=actor)

    def new_id(self) -> UUID:
        """Make an id that sorts by its time (UUID version 7)."""
        return uuid7(self.at, self.random(10))

    # words for the vault: None where there are none

    def say(self, subject: str, kind: DisclosureKind, words: Words) -> Disclosure | None:
        """Return the words about a subject, or None where every field is empty."""
        return Disclosure.of(subject, kind, words, self.random)

    def staff(self, case: Case, **words: Any) -> Disclosure | None:
        """Return the words of staff about a case."""
        return self.say(case.customer, DisclosureKind.STAFF_WORDS, words)

    def customer(self, case: Case, **words: Any) -> Disclosure | None:
        """Return the customer's words about their case."""
        return self.say(case.customer, DisclosureKind.CUSTOMER_WORDS, words)

    def contact(self, case: Case, **words: Any) -> Disclosure | None:
        """Return the contact: the customer's name and addresses."""
        return self.say(case.customer, DisclosureKind.CONTACT, words)

    def reason(self, case: Case) -> Disclosure | None:
        """Return the request's reason as words of staff about a case."""
        return self.staff(case, reason=self.request.reason)

    def required(self, case: Case, **words: Any) -> Disclosure:
        """Return the words of staff about a case. Raises Invalid where there are none."""
        said = self.staff(case, **words)
        if said is None:
            raise Invalid("The text cannot be empty.", f"/{next(iter(words))}")
        return said
