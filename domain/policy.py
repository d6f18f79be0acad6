"""What the organisation has decided and may decide anew: versioned data, never a constant in a rule.

Each event freezes the version that decided it, so changing a policy never changes how an old decision reads. The history
of the policy is in `policy_book.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.calendar import ALWAYS, AROUND_THE_CLOCK, BUSINESS_HOURS, Calendar, SupportCalendar
from domain.errors import UnknownReference
from domain.schedule import ScheduledReport
from domain.values import Level, Role


@dataclass(frozen=True)
class Matrix:
    """The priority matrix (R-5.4a)."""

    version: str
    """Name: which matrix it is. The desk assigns it, events record it."""
    rows: tuple[tuple[int, int, int], tuple[int, int, int], tuple[int, int, int]]
    """Priorities, 1 to 4: one for each impact (row) and severity (column), both from 1 (high) to 3 (low)."""

    def priority(self, impact: Level, severity: Level) -> int:
        """The priority, 1 to 4, 1 the most urgent."""
        return self.rows[impact - 1][severity - 1]


@dataclass(frozen=True)
class Target:
    """How soon a case of one priority is to be answered and resolved."""

    respond: timedelta
    """Interval, support time: from receipt to the first answer."""
    resolve: timedelta
    """Interval, support time: from receipt to the resolution."""
    around_the_clock: bool = False
    """True or false: whether support time never stops. If false, the service, the team or the desk has hours."""


@dataclass(frozen=True)
class OutageReport:
    """What the report of a service outage contains. The text of SOP 05.2.4 is unknown, so this is data (R-5.7c)."""

    version: str
    """Name: which form it is. Events record it."""
    sections: tuple[str, ...]
    """List of headings: the sections of the report, in order."""


@dataclass(frozen=True)
class GroupRole:
    """The role that a group of the identity provider stands for (R-7.1)."""

    group: str
    """Name: the group, as tokens have it in `groups`."""
    role: Role
    """Role: what its members may sign in as."""
    team: str | None = None
    """Code: the team, of a `team_member`; none for any other role."""


SHORTEST_WINDOW = timedelta(hours=72)
"""3 days. No policy may give the customer less (R-5.9d)."""

EVIDENCE = frozenset({"monitoring", "alert", "alert_recovery", "recovery"})
"""Methods that reach no person (R-5.8d)."""
NO_PERSON = "An alert's recovery is evidence. Only a person verifies (R-5.8d)."
LONGEST_TARGET = timedelta(days=366)
LONGEST_GROUP = 200
"""Characters of a group's name. A longer one in a token is ignored."""
LARGEST_ATTACHMENT = 25 * 1_048_576
"""Bytes. No policy allows more (http.md, Limits)."""


@dataclass(frozen=True)
class Policy:
    """The policy in force. Each field names its unit, then its meaning; intervals are ISO 8601 durations."""

    version: str
    """Name: which policy it is. The desk assigns it, events record it."""
    matrix: Matrix
    """Matrix: the priority that impact and severity give (R-5.4a)."""
    targets: tuple[Target, Target, Target, Target]
    """List of 4: how soon a case is to be answered and resolved, for each priority from 1 to 4."""
    business: Calendar
    """Calendar: the desk's business hours."""
    outage_report: OutageReport
    """Form: what the report of a service outage contains (R-5.7c)."""
    dispute_window: timedelta = SHORTEST_WINDOW
    """Interval, wall clock, at least 72 hours: from the accepted notification to the automatic closure (R-5.9d)."""
    roll_to_business_day: bool = False
    """True or false: if true, a dispute window is extended to the close of the business day it would end on, or of the next one (R-5.9d)."""
    backdating_limit: timedelta = timedelta(hours=72)
    """Interval, wall clock: how old a contact may be when a person enters it (R-5.2a)."""
    backdating_unexplained: timedelta = timedelta(hours=8)
    """Interval, wall clock: how old a contact may be before the person who enters it must give a reason (R-5.2a)."""
    oldest_contact: timedelta = timedelta(days=366)
    """Interval, wall clock: how old a contact may be on any channel. Older ones are history, and are imported."""
    clock_tolerance: timedelta = timedelta(minutes=2)
    """Interval, wall clock: how far a caller's clock may run ahead before `received_at` lies in the future."""
    required_information: tuple[str, ...] = ("contact",)
    """List of contact, agency, service, symptoms, location, callback: what a case needs before it is resolved.

    It may be waived with a reason (R-5.2c).
    """
    pausing: tuple[str, ...] = ("customer",)
    """List of customer, vendor, problem, evidence: the pending reasons that stop the clock of the targets."""
    target_warning: float = 0.75
    """Share, above 0 and below 1: how much of a target's support time passes before its warning (R-5.2e)."""
    escalates_to: tuple[str, ...] = ("duty_manager",)
    """List of technician, team_member, duty_manager, admin: who is informed of a breached target.

    Of the team members those of the case's team.
    """
    escalations_an_hour: int = 10
    """Count per hour, at most 100: mails about breached targets to one person. Later breaches stand in the queue alone."""
    unprioritized_alarm: timedelta = timedelta(minutes=30)
    """Interval, wall clock: how long a case may lack a priority before it joins the alarmed queue (R-5.4d)."""
    duplicate_threshold: float = 0.75
    """Score, above 0 and at most 1: from here on a person decides whether a candidate is a duplicate (R-5.6b)."""
    duplicate_horizon: timedelta = timedelta(days=14)
    """Interval, wall clock: how long before a case its candidates may have been received (R-5.6a)."""
    consultation_answer: timedelta = timedelta(minutes=30)
    """Interval, wall clock: how soon the technician of the first case answers a consultation (R-5.6b)."""
    nomination_answer: timedelta = timedelta(minutes=15)
    """Interval, wall clock: how soon the team accepts or rejects a nomination as a major incident (R-5.7b)."""
    inform_management: timedelta = timedelta(minutes=30)
    """Interval, wall clock: how soon management is informed of a major incident (R-5.7c)."""
    major_review: timedelta = timedelta(days=5)
    """Interval, wall clock: how soon after its declaration a major incident is reviewed (R-5.7c)."""
    inform_customer: timedelta = timedelta(hours=4)
    """Interval, wall clock: how soon a customer is informed by other means after a mail failed (R-5.9g)."""
    decide_dispute: timedelta = timedelta(hours=4)
    """Interval, wall clock: how soon a technician decides whether a mail is a dispute (R-5.9c)."""
    read_answer: timedelta = timedelta(hours=4)
    """Interval, wall clock: how soon a customer's answer is read, or a question that failed is asked by other means."""
    verification_attempts: int = 3
    """Count, at least 1: attempts to reach a customer before a case may be resolved as unreachable (R-5.8c)."""
    verification_days: int = 2
    """Count of business days, at least 1: over how many days these attempts are spread (R-5.8c)."""
    verification_methods: int = 2
    """Count: by how many methods these attempts are made (R-5.8c)."""
    notification_attempts: int = 3
    """Count, at least 1: failed attempts to inform a customer before the duty manager decides (R-5.9g)."""
    acknowledged: tuple[str, ...] = ("email", "self_service")
    """List of channels: where the customer gets a mail when a case is opened for them."""
    acknowledgement_interval: timedelta = timedelta(days=1)
    """Interval, wall clock, at most 366 days: how long a customer gets no second acknowledgement of the same case."""
    automatic_mails_an_hour: int = 5
    """Count per hour, at least 1: mails to a customer after which no acknowledgement is sent.

    Mails that the SOP owes are always sent: a person resolves a case, so they start no loop (R-5.9a).
    """
    cases_an_hour: int = 10
    """Count per hour, at least 1: cases that one sender may open by mail. Later mails are added to the last one."""
    webhook_overlap: timedelta = timedelta(days=1)
    """Interval, wall clock, at most 30 days: how long an old secret of a webhook signs beside a new one."""
    retention: timedelta = timedelta(days=3 * 365)
    """Interval, wall clock, at least the dispute window: how long personal data stay after a person's last closure."""
    reads_recorded: bool = False
    """True or false: if true, it is recorded when staff or auditors read words that can be erased: who, what and when."""
    reads_kept: timedelta = timedelta(days=366)
    """Interval, wall clock, at least 30 days: how long these reads stay."""
    attachment_size: int = LARGEST_ATTACHMENT
    """Bytes, at most 26214400 (25 MiB): the largest attachment."""
    attachments_per_case: int = 100
    """Count: attachments that one case may have."""
    attachments_total: int = 10 * LARGEST_ATTACHMENT
    """Bytes: all attachments of one case together."""
    refused_types: tuple[str, ...] = (
        "application/x-msdownload",
        "application/x-executable",
        "application/x-mach-binary",
        "application/x-shellscript",
        "application/x-ms-shortcut",
        "application/java-vm",
        "application/wasm",
        "application/x-shockwave-flash",
        "application/x-google-chrome-extension",
    )
    """List of media types: what no attachment may be, by its content. The default lists programs."""
    refused_endings: tuple[str, ...] = (
        *("exe", "dll", "com", "scr", "pif", "cpl", "msi", "msp", "bat", "cmd", "ps1", "vbs", "vbe", "js", "jse"),
        *("wsf", "wsh", "hta", "lnk", "url", "reg", "jar", "app", "iso", "img", "vhd"),
    )
    """List of file name extensions, without the dot: how no attachment's name may end. A double click runs these."""
    approval_answer: timedelta = timedelta(days=7)
    """Interval, wall clock: how long an erasure or a legal hold waits for approval, and an approval for its use."""
    criticalities: tuple[str, ...] = ("low", "normal", "high", "critical")
    """List of codes: how critical a service may be, the least first (R-4.1a)."""
    goal_respond: float = 0.95
    """Share, above 0 and at most 1: cases that should be answered within their target."""
    goal_resolve: float = 0.90
    """Share, above 0 and at most 1: cases that should be resolved within their target."""
    contact_methods: tuple[str, ...] = (
        *("phone", "email", "in_person", "chat", "sms", "video", "fax", "voicemail", "letter", "visit", "walk_in"),
        *("meeting", "portal", "self_service", "partner_desk"),
    )
    """List of codes: how a person may be reached, as `method` of a contact takes it."""
    scheduled_reports: tuple[ScheduledReport, ...] = ()
    """List of at most 50: the reports that are mailed and posted, each once for each of its periods."""
    groups: tuple[GroupRole, ...] = ()
    """List of groups, each with a role: what the groups of a person at the identity provider let them sign in as.

    A grant of the role is needed all the same (R-7.1).
    """

    def contact_method(self, given: str, pointer: str = "/method") -> str:
        """A method of contact in its one spelling. Raises Invalid for one that the policy does not list."""
        method = contact_method(given)
        if method in EVIDENCE:
            raise UnknownReference(NO_PERSON, pointer)
        if method not in self.contact_methods:
            known = ", ".join(self.contact_methods)
            raise UnknownReference(f"{given} is no method of contact here. Known: {known}.", pointer)
        return method

    def support(self, priority: int, named: SupportCalendar | None) -> SupportCalendar:
        """The calendar of a priority's targets: that of the service or team, else the policy's (R-4.1a).

        A target around the clock is so for every service.
        """
        if self.targets[priority - 1].around_the_clock:
            return SupportCalendar(AROUND_THE_CLOCK, "policy")
        return named or SupportCalendar(BUSINESS_HOURS, "policy")

    def named(self, name: str) -> Calendar:
        """The calendar of a name."""
        return ALWAYS if name == AROUND_THE_CLOCK else self.business

    def window_from(self, accepted_at: datetime) -> datetime:
        """The end of a dispute window that starts at ``accepted_at``, at least 72 h later (R-5.9d)."""
        end = accepted_at + self.dispute_window
        return self.business.end_of_business_day(end) if self.roll_to_business_day else end


_SYNONYMS = {"mail": "email", "e_mail": "email"}


def contact_method(given: str) -> str:
    """The one spelling of a method: lower case, underscores for blanks and hyphens, `email` for `mail` and `E-Mail`."""
    method = "_".join(given.replace("-", " ").replace("_", " ").casefold().split())
    return _SYNONYMS.get(method, method)


def first_policy(holidays: tuple[date, ...] = ()) -> Policy:
    """Version 1: the SOP's figures. The holidays of the years to come are data."""
    sections = ("what is affected", "since when", "who works on it", "work-around", "next message")
    return Policy(
        version="policy/1",
        matrix=Matrix("matrix/1", ((1, 2, 3), (2, 3, 4), (3, 4, 4))),
        targets=(
            Target(timedelta(minutes=15), timedelta(hours=2), around_the_clock=True),
            Target(timedelta(minutes=30), timedelta(hours=4)),
            Target(timedelta(hours=2), timedelta(hours=9)),
            Target(timedelta(hours=9), timedelta(hours=45)),
        ),
        business=Calendar("business", holidays=holidays),
        outage_report=OutageReport("outage-report/1", sections),
    )
