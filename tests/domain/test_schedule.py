"""Which periods a scheduled report covers, and when each is due: local time, over changed clocks and days off."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import Calendar
from domain.errors import Invalid
from domain.policy import first_policy
from domain.policy_book import check_policy
from domain.schedule import Every, Period, ScheduledReport, due_periods, next_period

CHICAGO = Calendar("business", "America/Chicago")
DAILY = ScheduledReport("daily", "volume", "day")
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy's own


def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment).astimezone(UTC)


def latest(schedule: ScheduledReport, now: str, calendar: Calendar = CHICAGO) -> Period:
    return next(due_periods(schedule, calendar, at(now)))


@pytest.mark.parametrize(
    ("every", "now", "label", "since", "until", "due"),
    [
        ("day", "2026-12-02T07:00-06:00", "2026-12-01", "2026-12-01T00:00-06:00", "2026-12-02T00:00-06:00", "2026-12-02T07:00-06:00"),
        ("day", "2026-12-02T06:59-06:00", "2026-11-30", "2026-11-30T00:00-06:00", "2026-12-01T00:00-06:00", "2026-12-01T07:00-06:00"),
        ("week", "2027-01-04T07:00-06:00", "2026-W53", "2026-12-28T00:00-06:00", "2027-01-04T00:00-06:00", "2027-01-04T07:00-06:00"),
        ("month", "2027-01-01T07:00-06:00", "2026-12", "2026-12-01T00:00-06:00", "2027-01-01T00:00-06:00", "2027-01-01T07:00-06:00"),
        # 23 and 25 hours
        ("day", "2026-03-09T07:00-05:00", "2026-03-08", "2026-03-08T00:00-06:00", "2026-03-09T00:00-05:00", "2026-03-09T07:00-05:00"),
        ("day", "2026-11-02T07:00-06:00", "2026-11-01", "2026-11-01T00:00-05:00", "2026-11-02T00:00-06:00", "2026-11-02T07:00-06:00"),
    ],
)  # fmt: skip
def test_a_period_is_of_local_days_and_due_on_the_day_after(
    every: Every, now: str, label: str, since: str, until: str, due: str
) -> None:
    found = latest(replace(DAILY, every=every), now)
    assert found == Period(label, at(since), at(until), at(due))


def test_a_report_waits_for_a_business_day_where_the_schedule_says_so() -> None:
    calendar = replace(CHICAGO, holidays=(date(2026, 11, 26), date(2026, 11, 27)))
    waiting = replace(DAILY, on_business_day=True)
    assert latest(waiting, "2026-11-30T06:59-06:00", calendar).label == "2026-11-24"
    assert [each.label for each in islice(due_periods(waiting, calendar, at("2026-11-30T07:00-06:00")), 5)] == [
        *("2026-11-29", "2026-11-28", "2026-11-27", "2026-11-26", "2026-11-25")
    ]
    assert next_period(waiting, calendar, at("2026-11-28T12:00-06:00")).label == "2026-11-25"


@given(MOMENTS, st.sampled_from(["day", "week", "month"]), st.booleans(), st.integers(0, 23))
def test_periods_follow_each_other_without_gap_or_overlap(
    now: datetime, every: Every, business: bool, hour: int
) -> None:
    schedule = replace(DAILY, every=every, on_business_day=business, at=f"{hour:02}:30")
    found = list(islice(due_periods(schedule, CHICAGO, now), 8))
    assert all(later.since == earlier.until for later, earlier in pairwise(found))
    assert all(each.since < each.until <= each.due_at <= now for each in found)
    upcoming = next_period(schedule, CHICAGO, now)
    assert upcoming.since == found[0].until
    assert upcoming.due_at > now
    assert next(due_periods(schedule, CHICAGO, upcoming.due_at)).label >= upcoming.label
    assert upcoming.until - upcoming.since <= timedelta(days=31, hours=1)


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"name": "Monthly targets"}, "/scheduled_reports/0/name"),
        ({"at": "7:00"}, "/scheduled_reports/0/at"),
        ({"at": "24:00"}, "/scheduled_reports/0/at"),
        ({"mail_to": ("d.manager", "d.manager")}, "/scheduled_reports/0/mail_to/1"),
        ({"mail_to": ("no such\nid",)}, "/scheduled_reports/0/mail_to/0"),
        ({"mail_to": tuple(f"p{each}" for each in range(51))}, "/scheduled_reports/0/mail_to"),
    ],
)
def test_a_schedule_that_contradicts_itself_is_refused(wrong: dict[str, object], pointer: str) -> None:
    schedule = ScheduledReport(**{**vars(DAILY), **wrong})
    with pytest.raises(Invalid) as refused:
        check_policy(replace(first_policy(), scheduled_reports=(schedule,)))
    assert refused.value.pointer == pointer


def test_each_name_is_scheduled_once_and_at_most_fifty() -> None:
    with pytest.raises(Invalid, match="twice") as twice:
        check_policy(replace(first_policy(), scheduled_reports=(DAILY, DAILY)))
    assert twice.value.pointer == "/scheduled_reports/1/name"
    many = tuple(replace(DAILY, name=f"d{each}") for each in range(51))
    with pytest.raises(Invalid, match="At most 50"):
        check_policy(replace(first_policy(), scheduled_reports=many))
    check_policy(replace(first_policy(), scheduled_reports=many[:50]))
