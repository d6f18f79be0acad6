"""What the organisation decided and may decide anew: versioned data, never a constant in a rule.

The version in force is frozen on each event it decided, so that changing a policy never changes how an old
decision reads. Its history is in `policy_book.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.calendar import ALWAYS, AROUND_THE_CLOCK, BUSINESS_HOURS, Calendar, SupportCalendar
from domain.errors import Invalid
from domain.values import Level


@dataclass(frozen=True)
class Matrix:
    """The priority matrix (R-5.4a): rows are impact, columns severity, both 1 (high) to 3 (low)."""

    version: str
    rows: tuple[tuple[int, int, int], tuple[int, int, int], tuple[int, int, int]]

    def priority(self, impact: Level, severity: Level) -> int:
        """The priority, 1 to 4, 1 the most urgent."""
        return self.rows[impact - 1][severity - 1]


@dataclass(frozen=True)
class Target:
    """How soon a priority is to be answered and resolved, on which calendar."""

    respond: timedelta
    resolve: timedelta
    around_the_clock: bool = False


@dataclass(frozen=True)
class OutageReport:
    """What a report of a service outage says: SOP 05.2.4 is not known to us, so its content is data (R-5.7c)."""

    version: str
    sections: tuple[str, ...]


SHORTEST_WINDOW = timedelta(hours=72)
"""3 days: no policy may give the customer less (R-5.9d)."""


EVIDENCE = frozenset({"monitoring", "alert", "alert_recovery", "recovery"})
"""Methods that reach no person (R-5.8d)."""
NO_PERSON = "an alert's recovery is evidence, not verification: a person says so (R-5.8d)"
LONGEST_TARGET = timedelta(days=366)
LARGEST_ATTACHMENT = 25 * 1_048_576
"""Bytes: no policy allows more (http.md, Limits)."""


@dataclass(frozen=True)
class Policy:
    """The policy in force: times are wall-clock intervals unless they say business time."""

    version: str
    matrix: Matrix
    targets: tuple[Target, Target, Target, Target]
    """By priority, 1 to 4."""
    business: Calendar
    outage_report: OutageReport
    dispute_window: timedelta = SHORTEST_WINDOW
    """From the accepted notification to the automatic closure (R-5.9d)."""
    roll_to_business_day: bool = False
    """Whether a window's end moves to the end of that business day, or of the next one (R-5.9d)."""
    backdating_limit: timedelta = timedelta(hours=72)
    """How far `received_at` may lie in the past when a person enters it (R-5.2a)."""
    backdating_unexplained: timedelta = timedelta(hours=8)
    """How old a contact may be before entering it by hand needs a reason (R-5.2a)."""
    oldest_contact: timedelta = timedelta(days=366)
    """How old a contact may be whatever logs it: older ones are history, which is imported."""
    clock_tolerance: timedelta = timedelta(minutes=2)
    """How far a caller's clock may run ahead of ours before `received_at` counts as in the future."""
    required_information: tuple[str, ...] = ("contact",)
    """What a case may not be resolved without, unless waived (R-5.2c): names of `logging.INFORMATION`."""
    pausing: tuple[str, ...] = ("customer",)
    """The pending reasons under which the clock stands still."""
    unprioritized_alarm: timedelta = timedelta(minutes=30)
    """How long a case may stay without a priority before it stands in the alarmed queue (R-5.4d)."""
    duplicate_threshold: float = 0.75
    """The score, 0 to 1, from which a candidate needs a person's decision (R-5.6b)."""
    duplicate_horizon: timedelta = timedelta(days=14)
    """How long before a case its candidates may have been received."""
    consultation_answer: timedelta = timedelta(minutes=30)
    nomination_answer: timedelta = timedelta(minutes=15)
    inform_management: timedelta = timedelta(minutes=30)
    major_review: timedelta = timedelta(days=5)
    inform_customer: timedelta = timedelta(hours=4)
    decide_dispute: timedelta = timedelta(hours=4)
    read_answer: timedelta = timedelta(hours=4)
    """How soon somebody reads what the customer answered, or asks by other means when the question failed."""
    verification_attempts: int = 3
    """Attempts to reach a customer before a case may be resolved without his word (R-5.8c)."""
    verification_days: int = 2
    """Business days over which they are spread."""
    verification_methods: int = 2
    notification_attempts: int = 3
    """Failed attempts to inform a customer before the duty manager decides (R-5.9g)."""
    acknowledged: tuple[str, ...] = ("email", "self_service")
    """The channels on which whoever opens a case is written to that he did."""
    acknowledgement_interval: timedelta = timedelta(days=1)
    """For how long a customer gets no second acknowledgement of the same case, whatever he sends."""
    automatic_mails_an_hour: int = 5
    """How many mails a customer gets within an hour before no acknowledgement is sent any more.

    What the SOP owes him is never held back: a resolution is a person's doing, and starts no loop (R-5.9a).
    """
    cases_an_hour: int = 10
    """How many cases one sender opens within an hour by mail; whatever follows goes to the last of them."""
    retention: timedelta = timedelta(days=3 * 365)
    """How long after its last case is closed what was said of somebody is kept (audit.md, Personal data)."""
    attachment_size: int = LARGEST_ATTACHMENT
    """Bytes that one attachment may have."""
    attachments_per_case: int = 100
    attachments_total: int = 10 * LARGEST_ATTACHMENT
    """Bytes that all attachments of a case may have together."""
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
    """What no attachment may be, by its content: programs."""
    refused_endings: tuple[str, ...] = (
        *("exe", "dll", "com", "scr", "pif", "cpl", "msi", "msp", "bat", "cmd", "ps1", "vbs", "vbe", "js", "jse"),
        *("wsf", "wsh", "hta", "lnk", "url", "reg", "jar", "app", "iso", "img", "vhd"),
    )
    """How no attachment's name may end: what a double click runs."""
    approval_answer: timedelta = timedelta(days=7)
    """How long a request to erase, or for a legal hold, may wait for its approval, and an approval to be used."""
    criticalities: tuple[str, ...] = ("low", "normal", "high", "critical")
    """How critical a service may be, from the least (R-4.1a)."""
    goal_respond: float = 0.95
    goal_resolve: float = 0.90
    contact_methods: tuple[str, ...] = (
        *("phone", "email", "in_person", "chat", "sms", "video", "fax", "voicemail", "letter", "visit", "walk_in"),
        *("meeting", "portal", "self_service", "partner_desk"),
    )
    """How a person is reached, in the form of `contact_method`."""

    def contact_method(self, given: str, pointer: str = "/method") -> str:
        """A method of contact as it is recorded. Raises Invalid for one that the policy does not have."""
        method = contact_method(given)
        if method in EVIDENCE:
            raise Invalid(NO_PERSON, pointer)
        if method not in self.contact_methods:
            known = ", ".join(self.contact_methods)
            raise Invalid(f"{given} is no method of contact here; known are: {known}", pointer)
        return method

    def calendar(self, priority: int) -> Calendar:
        """The calendar that a priority's targets run on where neither a service nor a team names one."""
        return self.named(self.support(priority, None).name)

    def support(self, priority: int, named: SupportCalendar | None) -> SupportCalendar:
        """Whose calendar a priority's targets run on: that of the service or team, else the policy's (R-4.1a).

        A target that runs around the clock does so for every service.
        """
        if self.targets[priority - 1].around_the_clock:
            return SupportCalendar(AROUND_THE_CLOCK, "policy")
        return named or SupportCalendar(BUSINESS_HOURS, "policy")

    def named(self, name: str) -> Calendar:
        """The calendar of that name."""
        return ALWAYS if name == AROUND_THE_CLOCK else self.business

    def window_from(self, accepted_at: datetime) -> datetime:
        """When a window that starts now ends (R-5.9d): never before 72 h are over."""
        end = accepted_at + self.dispute_window
        return self.business.end_of_business_day(end) if self.roll_to_business_day else end


_SYNONYMS = {"mail": "email", "e_mail": "email"}


def contact_method(given: str) -> str:
    """One spelling for a method: lower case, underscores for blanks and hyphens, `email` for `mail` and `E-Mail`."""
    method = "_".join(given.replace("-", " ").replace("_", " ").casefold().split())
    return _SYNONYMS.get(method, method)


def first_policy(holidays: tuple[date, ...] = ()) -> Policy:
    """Version 1: the SOP's figures, with the holidays of the years to come as data."""
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
