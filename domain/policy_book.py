"""The policy from version to version, and the limits that the SOP sets to every policy.

A desk starts with version 1, which its first event records. Each change is an event that holds the whole policy.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

from domain.access import NOT_GRANTED
from domain.aggregate import Opening, Recorded, Root, register
from domain.case.clauses.logging import INFORMATION
from domain.case.terms import PendingReason
from domain.errors import Invalid
from domain.policy import (
    EVIDENCE,
    LARGEST_ATTACHMENT,
    LONGEST_GROUP,
    LONGEST_TARGET,
    SHORTEST_WINDOW,
    Policy,
    contact_method,
)
from domain.schedule import TIME_OF_DAY
from domain.values import CODE, Channel, Disclosure, Provenance, Role, whole

_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")
_ENDING = re.compile(r"[a-z0-9]{1,16}")
_METHOD = re.compile(r"[a-z0-9][a-z0-9_]{0,31}")
_MOST_CODES = 200
_MOST_SCHEDULES, _MOST_MAILED = 50, 50
ESCALATED_TO = (Role.TECHNICIAN, Role.TEAM_MEMBER, Role.DUTY_MANAGER, Role.ADMIN)
"""Roles that can do something about a breached target."""


def check_policy(policy: Policy) -> None:
    """Check a policy against the limits of the SOP. Raises Invalid."""
    for name, holds, rule in (*_limits(policy), *_counts(policy)):
        if not holds:
            raise Invalid(rule, f"/{name}")
    _check_codes(policy)
    _check_schedules(policy)
    _check_groups(policy)


def _check_groups(policy: Policy) -> None:
    """Check that each group stands for a role that somebody can hold. Raises Invalid."""
    if len(policy.groups) > _MOST_CODES or len(set(policy.groups)) < len(policy.groups):
        raise Invalid(
            f"The field groups has at most {_MOST_CODES} groups, and none twice with the same role.", "/groups"
        )
    for place, each in enumerate(policy.groups):
        if not (each.group.strip() and len(each.group) <= LONGEST_GROUP and "\0" not in each.group):
            raise Invalid(f"A group has a name of 1 to {LONGEST_GROUP} characters.", f"/groups/{place}/group")
        if each.role in NOT_GRANTED:
            raise Invalid(f"Nobody signs in as {each.role}.", f"/groups/{place}/role")
        if (each.role is Role.TEAM_MEMBER) != (each.team is not None):
            raise Invalid("A group of team members names their team; no other group does.", f"/groups/{place}/team")


def _limits(p: Policy) -> Iterator[tuple[str, bool, str]]:
    """Each field, whether it keeps its limit, and the limit."""
    ranked = all(1 <= priority <= len(p.targets) for row in p.matrix.rows for priority in row)
    reached = all(timedelta() < each.respond <= each.resolve <= LONGEST_TARGET for each in p.targets)
    year = timedelta(days=366)
    yield "dispute_window", p.dispute_window >= SHORTEST_WINDOW, "The window is never shorter than 72 h (R-5.9d)."
    yield "matrix", ranked, "A priority is 1 to 4."
    yield "targets", reached, "A target answers before it resolves, and resolves within a year."
    yield "retention", p.retention >= p.dispute_window, "Personal data stay as long as the case can be disputed."
    yield "reads_kept", p.reads_kept >= timedelta(days=30), "A read is kept for 30 days at least."
    yield "approval_answer", p.approval_answer > timedelta(), "A request needs some time to be answered."
    yield "webhook_overlap", p.webhook_overlap <= timedelta(days=30), "An old secret signs for 30 days at most."
    yield "acknowledgement_interval", timedelta() <= p.acknowledgement_interval <= year, "It is 0 to 366 days."


def _counts(p: Policy) -> Iterator[tuple[str, bool, str]]:
    attempts = min(p.verification_attempts, p.verification_days, p.notification_attempts)
    methods, mails = p.verification_methods, min(p.automatic_mails_an_hour, p.cases_an_hour)
    files, size = min(p.attachments_per_case, p.attachments_total), p.attachment_size
    yield "duplicate_threshold", 0 < p.duplicate_threshold <= 1, "A score is above 0 and at most 1."
    yield "target_warning", 0 < p.target_warning < 1, "A warning comes before the target: a share above 0 and below 1."
    yield "escalations_an_hour", 0 <= p.escalations_an_hour <= 100, "At most 100 mails an hour go to one person."
    yield "goal_respond", 0 < p.goal_respond <= 1, "A goal is a share above 0 and at most 1."
    yield "goal_resolve", 0 < p.goal_resolve <= 1, "A goal is a share above 0 and at most 1."
    yield "verification_attempts", attempts >= 1, "Attempts and days are at least 1."
    yield "verification_methods", methods <= p.verification_attempts, "There cannot be more methods than attempts."
    yield "attachment_size", 0 < size <= LARGEST_ATTACHMENT, f"An attachment has 1 to {LARGEST_ATTACHMENT} bytes."
    yield "attachments_per_case", files >= 0, "A limit is not negative."
    yield "automatic_mails_an_hour", mails >= 1, "At least one mail an hour is answered, and opens a case."


def _check_codes(policy: Policy) -> None:
    """Check that every list names known codes. A misspelt code would change nothing, and nobody would notice."""
    _require_known("pausing", policy.pausing, tuple(PendingReason))
    _require_known("escalates_to", policy.escalates_to, ESCALATED_TO)
    _require_known("required_information", policy.required_information, tuple(INFORMATION))
    _require_known("acknowledged", policy.acknowledged, tuple(Channel))
    _require_form("refused_types", policy.refused_types, _MEDIA_TYPE, "a media type reads like application/java-vm")
    _require_form("refused_endings", policy.refused_endings, _ENDING, "an extension reads like exe, without its dot")
    _require_form("criticalities", policy.criticalities, _METHOD, "a criticality reads like normal")
    _require_form("contact_methods", policy.contact_methods, _METHOD, "a method of contact reads like in_person")
    if evidence := sorted(EVIDENCE & set(policy.contact_methods)):
        raise Invalid(f"{evidence[0]} is evidence and reaches no person (R-5.8d).", "/contact_methods")
    if synonyms := [method for method in policy.contact_methods if contact_method(method) != method]:
        raise Invalid(f"Write {contact_method(synonyms[0])} for {synonyms[0]}.", "/contact_methods")
    if len(set(policy.contact_methods)) < policy.verification_methods:
        raise Invalid("A verification needs more methods than the policy has.", "/contact_methods")


def _check_schedules(policy: Policy) -> None:
    """Check the form of the scheduled reports. Which reports there are, the domain does not know."""
    schedules = policy.scheduled_reports
    if len(schedules) > _MOST_SCHEDULES:
        raise Invalid(f"At most {_MOST_SCHEDULES} reports are scheduled.", "/scheduled_reports")
    names = [each.name for each in schedules]
    for place, each in enumerate(schedules):
        within = f"/scheduled_reports/{place}"
        if not _METHOD.fullmatch(each.name):
            raise Invalid("A schedule's name reads like monthly_targets.", f"{within}/name")
        if each.name in names[:place]:
            raise Invalid(f"The name {each.name} is scheduled twice.", f"{within}/name")
        if not TIME_OF_DAY.fullmatch(each.at):
            raise Invalid("A time of day reads like 07:00.", f"{within}/at")
        if len(each.mail_to) > _MOST_MAILED:
            raise Invalid(f"A report is mailed to at most {_MOST_MAILED} people.", f"{within}/mail_to")
        for number, subject in enumerate(each.mail_to):
            if not CODE.fullmatch(subject) or subject in each.mail_to[:number]:
                raise Invalid("List ids of the directory, each once.", f"{within}/mail_to/{number}")


def _require_known(name: str, given: Collection[str], known: Sequence[str]) -> None:
    if unknown := sorted(set(given) - set(known)):
        raise Invalid(f"Unknown: {', '.join(unknown)}. The field {name} takes {', '.join(known)}.", f"/{name}")


def _require_form(name: str, given: Collection[str], form: re.Pattern[str], example: str) -> None:
    if len(given) > _MOST_CODES:
        raise Invalid(f"The field {name} has at most {_MOST_CODES} codes.", f"/{name}")
    if unformed := [code for code in given if not form.fullmatch(code)]:
        raise Invalid(f"{unformed[0][:100]!r} has another form: {example}.", f"/{name}")


class PolicyBook(Root):
    """The policy from version to version. There is one book."""

    TOPIC: ClassVar[str] = "policy"

    policy: Policy
    """The policy in force. A field that an older release did not store has its default."""

    def change(self, policy: Policy, provenance: Provenance, *, reason: Disclosure | None) -> None:
        """Put another policy in force. It gets the next version, and so does its matrix where it differs.

        Raises Invalid for a policy that the SOP does not allow.
        """
        check_policy(policy)
        number = self.version + 1
        same = policy.matrix.rows == self.policy.matrix.rows
        matrix = self.policy.matrix if same else replace(policy.matrix, version=f"matrix/{number}")
        changed = replace(policy, version=f"policy/{number}", matrix=matrix)
        if replace(changed, version=self.policy.version) != self.policy:
            self.record(PolicyChanged, provenance, policy=changed, reason=reason)


class PolicyAdopted(Opening):
    """The desk adopted its first policy."""

    TOPIC = "policy.adopted"
    policy: Policy

    def _fold(self, book: PolicyBook) -> None:
        book.policy, book.number = whole(self.policy), "policy"


class PolicyChanged(Recorded):
    """Another policy is in force."""

    TOPIC = "policy.changed"
    policy: Policy

    def _fold(self, book: PolicyBook) -> None:
        book.policy = whole(self.policy)


EVENTS = register((PolicyAdopted, PolicyChanged), PolicyBook)
