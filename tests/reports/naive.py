"""The KPIs a second time: from raw events, one case after the other, as one would count them on paper.

Nothing here reads a view, or uses how the views fold. Business time is counted step by step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.policy import Policy
from tests.reports.lives import STEP
from tests.reports.raw import SETTLED, Life, Past

PEOPLE = {"technician", "team_member", "duty_manager", "external"}
STAFF = {"technician", "team_member", "duty_manager", "auditor", "reporter"}
APART = {"referred", "duplicate", "reclassified_request"}
DAY = timedelta(days=1)


def business(
    policy: Policy, since: datetime, until: datetime, stopped: Iterable[tuple[datetime, datetime, int]] = ()
) -> float:
    """Seconds of business between two moments, counted in steps: a step counts where it begins within business hours."""
    hours, pauses, total, step = policy.business, list(stopped), 0.0, since
    zone = ZoneInfo(hours.time_zone)
    while step < until:
        local = step.astimezone(zone)
        works = local.weekday() in hours.weekdays and local.date() not in hours.holidays and 8 <= local.hour < 17
        if works and not any(pause[0] <= step < pause[1] for pause in pauses):
            total += STEP.total_seconds()
        step += STEP
    return total


def percentile(values: Sequence[float], part: float) -> float | None:
    """As PostgreSQL's `percentile_cont`: between the two nearest values."""
    ordered = sorted(values)
    if not ordered:
        return None
    place = part * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def hours(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / 3600, 4)


def rate(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


@dataclass
class Count:
    """What one case, or one happening, adds to a report: its breakdowns, its figures and its durations."""

    at: datetime | None
    dimensions: dict[str, Any]
    adds: Counter[str] = field(default_factory=Counter)
    durations: dict[str, float | None] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)


@dataclass
class Question:
    """The period, and the moment that decides on windows and targets."""

    since: datetime
    until: datetime
    moment: datetime

    def has(self, at: datetime | None) -> bool:
        return at is not None and self.since <= at < self.until


def contact(past: Past) -> datetime | None:
    """When an event says that the desk had contact with the customer; None where it says nothing of the kind."""
    event = past.event
    shown = getattr(event, "visible_to_customer", False) and event.by.role in STAFF
    counts: dict[str, Callable[[], Any]] = {
        "case.informed": lambda: event.informed and event.at,
        "case.verified": lambda: event.outcome == "reached" and event.at,
        "case.noted": lambda: shown and event.timestamp,
        "case.pended": lambda: event.question is not None and event.since,
        "case.notified": lambda: event.accepted_at,
        "case.closed": lambda: event.confirmation and event.confirmation.at,
    }
    return counts.get(past.topic, lambda: None)() or None


def first_contact(life: Life) -> tuple[datetime, Past] | None:
    """The earliest contact, and the event that first tells of it."""
    found = [(max(at, life.case.received_at), each) for each in life.past if (at := contact(each)) is not None]
    return min(found, key=lambda each: (each[0], each[1].position), default=None)


def since_receipt(life: Life, asked: Question, at: datetime, policy: Policy) -> Iterable[Count]:
    if not asked.has(at):
        return
    elapsed = max(0.0, (at - life.case.received_at).total_seconds())
    worked = elapsed if life.around_the_clock else business(policy, life.case.received_at, at)
    yield Count(at, life.dimensions, Counter(cases=1), {"hours": elapsed, "hours_business": worked})


def acknowledge(life: Life, asked: Question) -> Iterable[Count]:
    found = life.first(lambda past: past.event.by.role in PEOPLE)
    return () if found is None else since_receipt(life, asked, found.at, found.policy)


def respond(life: Life, asked: Question) -> Iterable[Count]:
    found = first_contact(life)
    return () if found is None else since_receipt(life, asked, found[0], found[1].policy)


def volume(life: Life, asked: Question) -> Iterable[Count]:
    if asked.has(life.case.received_at):
        yield Count(life.case.received_at, life.dimensions, Counter(cases=1, events=life.version))


def last_stay(life: Life, asked: Question) -> Past | None:
    stays = [each for each in life.stays if asked.has(each.event.resolved_at)]
    return stays[-1] if stays else None


def net(life: Life, stay: Past) -> tuple[float, float]:
    """Elapsed and business seconds from receipt to a resolution, less what stood still and was known by then."""
    received, resolved = life.case.received_at, stay.event.resolved_at
    stopped = [each for each in life.stopped if each[2] <= stay.position]
    elapsed = (resolved - received).total_seconds() - sum(
        max(0.0, (until - since).total_seconds()) for since, until, _ in stopped
    )
    return elapsed, business(stay.policy, received, resolved, stopped)


def resolve(life: Life, asked: Question) -> Iterable[Count]:
    stay = last_stay(life, asked)
    if stay is None or stay.event.code in APART:
        return
    first = next(each for each in life.stays if each.event.code not in APART)
    (elapsed, worked), (first_elapsed, first_worked) = net(life, stay), net(life, first)
    always = life.around_the_clock
    durations: dict[str, float | None] = {
        "hours": elapsed,
        "hours_business": elapsed if always else worked,
        "hours_wall_clock": (stay.event.resolved_at - life.case.received_at).total_seconds(),
        "hours_to_first": first_elapsed,
        "hours_to_first_business": first_elapsed if always else first_worked,
    }
    yield Count(stay.event.resolved_at, life.dimensions, Counter(resolved=1), durations)


def window_ended(life: Life, stay: Past, asked: Question) -> bool:
    case = life.case
    ended = case.dispute_until is not None and case.dispute_until <= asked.moment and case.suspected_at is None
    return life.reopening_of(stay) is not None or ended


def outcome(life: Life, asked: Question) -> Iterable[Count]:
    """The figures of all reports that count cases by their last resolution."""
    stay = last_stay(life, asked)
    if stay is None:
        return
    event, adds = stay.event, Counter(settled=1)
    adds["referred"] += event.code == "referred"
    needs = event.code in ("fixed", "workaround") and event.cause_corrected in ("no", "unknown")
    adds["problem_required"], adds["problem_linked"] = int(needs), int(needs and event.problem is not None)
    if event.code not in APART:
        ended = window_ended(life, stay, asked)
        stays = [each for each in life.stays if asked.has(each.event.resolved_at) and each.event.code not in APART]
        again = [life.reopening_of(each) for each in stays]
        disputed = any(each is not None and (each.event.disputed or each.event.origin is not None) for each in again)
        never = not any(each.topic == "case.reopened" for each in life.past)
        adds += Counter(resolved=1, window_ended=int(ended or disputed), disputed=int(disputed))
        adds["unreachable"] += event.verifier == "unreachable"
        adds["first_contact"] += ended and event.first_contact and never
        adds["ended_alone"] += ended
    yield Count(event.resolved_at, life.dimensions, adds)


def attainment(life: Life, asked: Question) -> Iterable[Count]:
    case = life.case
    settled = str(case.status) in SETTLED
    if not asked.has(case.received_at) or None in (case.priority, case.respond_by, case.resolve_by):
        return
    if settled and life.stays[-1].event.code in APART:
        return
    contacted = first_contact(life)
    if contacted is not None:
        respond_as = "met" if contacted[0] <= case.respond_by else "missed"
    else:
        respond_as = "missed" if asked.moment > case.respond_by else "undecided"
    if settled:
        resolve_as = "met" if case.resolved_at <= case.resolve_by else "missed"
    else:
        runs_until = min(asked.moment, case.pending.since) if case.pending else asked.moment
        resolve_as = "missed" if runs_until > case.resolve_by else "undecided"
    yield Count(
        case.received_at, life.dimensions, Counter({"cases": 1, f"respond_{respond_as}": 1, f"resolve_{resolve_as}": 1})
    )


def backlog(life: Life, instant: datetime) -> Iterable[Count]:
    if not life.open_at(instant):
        return
    age = instant - life.case.received_at
    days = age / DAY
    bucket = next(
        name
        for most, name in ((1, "under_1_day"), (3, "1_to_3_days"), (7, "3_to_7_days"), (30, "7_to_30_days"), (9e9, "over_30_days"))
        if days < most
    )  # fmt: skip
    yield Count(None, life.dimensions, Counter({"cases": 1, bucket: 1}), more={"received_at": life.case.received_at})


def happenings(life: Life, asked: Question) -> Iterable[Count]:
    """The figures of all reports that count what befell a case."""
    for each in life.past:
        if not asked.has(each.at):
            continue
        adds, durations, event = Counter[str](), dict[str, float | None](), each.event
        dimensions = each.dimensions
        match each.topic:
            case "case.assigned" if event.team != each.team_before:
                adds["assignments"] += 1
            case "case.handed_back":
                adds["hand_backs"] += 1
                dimensions = {**dimensions, "team": event.team}
            case "case.notified":
                adds["accepted"] += 1
            case "case.notification_failed":
                adds["failed"] += 1
            case "case.major_nominated" | "case.major_declared" | "case.major_rejected":
                adds[each.topic.removeprefix("case.major_")] += 1
            case "case.closed" if event.by.subject == "system:auto-close":
                adds["closures"] += 1
                durations["lateness"] = (event.closed_at - each.dispute_until).total_seconds()
        adds["deviations"] += len(set(event.deviations))
        adds["imported"] += len(set(event.deviations)) * (event.origin is not None)
        yield Count(each.at, dimensions, adds, durations, {"names": sorted(set(event.deviations))})
