"""The figures of a report over what a naive count found; without those that a report has for each priority or status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.reports import naive
from tests.reports.naive import Count

Figures = dict[str, Any]


@dataclass
class Counts:
    """Some counts together."""

    counts: Sequence[Count]

    @cached_property
    def adds(self) -> Counter[str]:
        return sum((count.adds for count in self.counts), Counter())

    def seconds(self, duration: str) -> list[float]:
        found = (count.durations.get(duration) for count in self.counts)
        return [each for each in found if each is not None]

    def of(self, *names: str) -> Figures:
        return {name: self.adds[name] for name in names}

    def hours(self, duration: str, part: float) -> float | None:
        return naive.hours(naive.percentile(self.seconds(duration), part))

    def spread(self, *durations: str) -> Figures:
        words = {"median": 0.5, "p90": 0.9}
        return {f"{word}_{each}": self.hours(each, part) for each in durations for word, part in words.items()}


def share(rate: str, part: str, whole: str, *beside: str) -> Callable[[Counts], Figures]:
    """Counts, and one of them as a share of another."""
    return lambda counts: {
        **counts.of(whole, *beside, part),
        rate: naive.rate(counts.adds[part], counts.adds[whole]),
    }


def since_receipt(counts: Counts) -> Figures:
    return counts.of("cases") | counts.spread("hours", "hours_business")


def resolve(counts: Counts) -> Figures:
    durations = ("hours", "hours_business", "hours_wall_clock", "hours_to_first", "hours_to_first_business")
    return counts.of("resolved") | counts.spread(*durations)


def resolution(counts: Counts) -> Figures:
    medians = {f"median_{each}": counts.hours(each, 0.5) for each in ("hours", "hours_wall_clock")}
    return counts.of("resolved") | medians


def first_contact(counts: Counts) -> Figures:
    adds = counts.adds
    rate = naive.rate(adds["first_contact"], adds["ended_alone"])
    return {**counts.of("resolved", "first_contact"), "window_ended": adds["ended_alone"], "first_contact_rate": rate}


def notifications(counts: Counts) -> Figures:
    failed, accepted = counts.adds["failed"], counts.adds["accepted"]
    return {"accepted": accepted, "failed": failed, "failure_rate": naive.rate(failed, accepted + failed)}


def closures(counts: Counts) -> Figures:
    late = (naive.percentile(counts.seconds("lateness"), part) for part in (0.5, 0.99))
    median, last = (None if each is None else round(each, 3) for each in late)
    return {**counts.of("closures"), "p50_seconds": median, "p99_seconds": last}


def deviations(counts: Counts) -> Figures:
    names = Counter(each for count in counts.counts for each in count.more["names"])
    return {**counts.of("deviations", "imported"), "by_name": dict(names)}


def backlog(counts: Counts) -> Figures:
    ages = counts.of("under_1_day", "1_to_3_days", "3_to_7_days", "7_to_30_days", "over_30_days")
    oldest = min((count.more["received_at"] for count in counts.counts), default=None)
    return {**counts.of("cases"), "by_age": ages, "oldest_received_at": oldest}


def attainment(counts: Counts) -> Figures:
    found = counts.of("cases")
    for target, goal in (("respond", 0.95), ("resolve", 0.9)):
        met, missed, undecided = names = [f"{target}_{how}" for how in ("met", "missed", "undecided")]
        assert undecided
        attained = naive.rate(counts.adds[met], counts.adds[met] + counts.adds[missed])
        found |= counts.of(*names) | {f"{target}_attainment": attained, f"{target}_goal": goal}
    return found


FIGURES: dict[str, Callable[[Counts], Figures]] = {
    "volume": lambda counts: counts.of("cases", "events"),
    "acknowledge": since_receipt,
    "respond": since_receipt,
    "attainment": attainment,
    "backlog": backlog,
    "resolution": resolution,
    "resolve": resolve,
    "first_contact": first_contact,
    "reopen_rate": share("reopen_rate", "disputed", "window_ended", "resolved"),
    "referral": share("referral_rate", "referred", "settled"),
    "unreachable": share("unreachable_rate", "unreachable", "resolved"),
    "problem_links": share("problem_link_rate", "problem_linked", "problem_required"),
    "hand_back": share("hand_back_rate", "hand_backs", "assignments"),
    "notifications": notifications,
    "closures": closures,
    "major_incidents": lambda counts: counts.of("nominated", "declared", "rejected"),
    "deviations": deviations,
}


def figures(name: str, counts: Sequence[Count]) -> Figures:
    """The figures of a report."""
    return FIGURES[name](Counts(counts))
