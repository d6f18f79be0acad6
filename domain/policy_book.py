"""The policy from version to version, and what no policy of this SOP may say.

A desk starts with version 1, which its own first event records; each change is an event that holds the whole policy.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

from domain.aggregate import Opening, Recorded, Root, register
from domain.case.clauses.logging import INFORMATION
from domain.case.terms import PendingReason
from domain.errors import Invalid
from domain.policy import EVIDENCE, LARGEST_ATTACHMENT, LONGEST_TARGET, SHORTEST_WINDOW, Policy, contact_method
from domain.values import Channel, Disclosure, Provenance, whole

_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")
_ENDING = re.compile(r"[a-z0-9]{1,16}")
_METHOD = re.compile(r"[a-z0-9][a-z0-9_]{0,31}")
_MOST_CODES = 200


def check_policy(policy: Policy) -> None:
    """Refuse what no policy of this SOP may say. Raises Invalid."""
    if policy.dispute_window < SHORTEST_WINDOW:
        raise Invalid("the customer has 3 days to dispute: the window is never shorter than 72 h", "/dispute_window")
    if any(not 1 <= priority <= len(policy.targets) for row in policy.matrix.rows for priority in row):
        raise Invalid("a priority is 1 to 4", "/matrix")
    if any(not timedelta() < t.respond <= t.resolve <= LONGEST_TARGET for t in policy.targets):
        raise Invalid("a target answers before it resolves, and within a year", "/targets")
    if policy.retention < policy.dispute_window:
        raise Invalid("nothing is due to be erased while its case can be disputed", "/retention")
    if policy.approval_answer <= timedelta():
        raise Invalid("a request waits for a while", "/approval_answer")
    if not timedelta() <= policy.acknowledgement_interval <= timedelta(days=366):
        raise Invalid("an acknowledgement is repeated within a year, if at all", "/acknowledgement_interval")
    _check_numbers(policy)
    _check_codes(policy)


def _check_numbers(policy: Policy) -> None:
    if not 0 < policy.duplicate_threshold <= 1:
        raise Invalid("a score is between 0 and 1", "/duplicate_threshold")
    for goal in ("goal_respond", "goal_resolve"):
        if not 0 < getattr(policy, goal) <= 1:
            raise Invalid("a goal is a share between 0 and 1", f"/{goal}")
    if min(policy.verification_attempts, policy.verification_days, policy.notification_attempts) < 1:
        raise Invalid("at least one attempt is made", "/verification_attempts")
    if policy.verification_methods > policy.verification_attempts:
        raise Invalid("there are more methods than attempts", "/verification_methods")
    if not 0 < policy.attachment_size <= LARGEST_ATTACHMENT:
        raise Invalid(f"an attachment may have 1 to {LARGEST_ATTACHMENT} bytes", "/attachment_size")
    if min(policy.attachments_per_case, policy.attachments_total) < 0:
        raise Invalid("a limit is not negative", "/attachments_per_case")
    if min(policy.automatic_mails_an_hour, policy.cases_an_hour) < 1:
        raise Invalid("one mail is answered, and one opens a case", "/automatic_mails_an_hour")


def _check_codes(policy: Policy) -> None:
    """Every list of codes names what exists: a misspelt code would change nothing and nobody would know."""
    _require_known("pausing", policy.pausing, tuple(PendingReason))
    _require_known("required_information", policy.required_information, tuple(INFORMATION))
    _require_known("acknowledged", policy.acknowledged, tuple(Channel))
    _require_form("refused_types", policy.refused_types, _MEDIA_TYPE, "a type reads as application/java-vm")
    _require_form("refused_endings", policy.refused_endings, _ENDING, "an ending reads as exe, without its dot")
    _require_form("criticalities", policy.criticalities, _METHOD, "a criticality reads as normal")
    _require_form("contact_methods", policy.contact_methods, _METHOD, "a method of contact reads as in_person")
    if evidence := sorted(EVIDENCE & set(policy.contact_methods)):
        raise Invalid(f"{evidence[0]} is evidence, and no way to reach a person (R-5.8d)", "/contact_methods")
    if synonyms := [method for method in policy.contact_methods if contact_method(method) != method]:
        raise Invalid(f"{synonyms[0]} is written as {contact_method(synonyms[0])}", "/contact_methods")
    if len(set(policy.contact_methods)) < policy.verification_methods:
        raise Invalid("a verification needs more methods than the policy has", "/contact_methods")


def _require_known(name: str, given: Collection[str], known: Sequence[str]) -> None:
    if unknown := sorted(set(given) - set(known)):
        raise Invalid(f"{', '.join(unknown)}: unknown; {name} takes {', '.join(known)}", f"/{name}")


def _require_form(name: str, given: Collection[str], form: re.Pattern[str], says: str) -> None:
    if len(given) > _MOST_CODES:
        raise Invalid(f"{name} has at most {_MOST_CODES} codes", f"/{name}")
    if unformed := [code for code in given if not form.fullmatch(code)]:
        raise Invalid(f"{unformed[0][:100]!r} is none: {says}", f"/{name}")


class PolicyBook(Root):
    """The policy from version to version; there is one book."""

    TOPIC: ClassVar[str] = "policy"

    policy: Policy
    """In force. A field that an older release did not store has its default."""

    def change(self, policy: Policy, provenance: Provenance, *, reason: Disclosure | None) -> None:
        """Put another policy in force. It gets the next version, and so does its matrix where it differs.

        Raises Invalid for a policy the SOP does not allow.
        """
        check_policy(policy)
        number = self.version + 1
        same = policy.matrix.rows == self.policy.matrix.rows
        matrix = self.policy.matrix if same else replace(policy.matrix, version=f"matrix/{number}")
        changed = replace(policy, version=f"policy/{number}", matrix=matrix)
        if replace(changed, version=self.policy.version) != self.policy:
            self.record(PolicyChanged, provenance, policy=changed, reason=reason)


class PolicyAdopted(Opening):
    TOPIC = "policy.adopted"
    policy: Policy

    def _fold(self, book: PolicyBook) -> None:
        book.policy, book.number = whole(self.policy), "policy"


class PolicyChanged(Recorded):
    TOPIC = "policy.changed"
    policy: Policy

    def _fold(self, book: PolicyBook) -> None:
        book.policy = whole(self.policy)


EVENTS = register((PolicyAdopted, PolicyChanged), PolicyBook)
