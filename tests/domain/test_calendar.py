"""Business time by example: Oklahoma's holidays, pauses, and the two days on which the clocks change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from application.administration.holidays import holidays_of
from domain.calendar import ALWAYS, Calendar
from tests.domain.calendars import CHICAGO, DAY, OFFICE, ROUND, SAMOA, SKIPPED, WEEK, hours, local


def test_oklahoma_keeps_twelve_holidays_in_2026_the_observed_among_them() -> None:
    days = ((1, 1), (1, 19), (2, 16), (5, 25), (6, 19), (7, 3), (7, 4), (9, 7), (11, 11), (11, 26), (11, 27), (12, 25))
    assert holidays_of("US-OK", [2026]) == tuple(date(2026, month, day) for month, day in days)


def test_a_new_year_on_a_saturday_is_observed_in_the_old_year() -> None:
    assert date(2027, 12, 31) in holidays_of("US-OK", [2027])


@pytest.mark.parametrize("code", ["", "XX", "US-XX", "US-", "us-ok", "date", "HolidayBase", "__name__", "US-OK\n"])
def test_nobody_knows_the_holidays_of_an_unknown_code(code: str) -> None:
    with pytest.raises(ValueError, match=r"US-OK, not|nobody knows"):
        holidays_of(code, [2026])


def test_nine_hours_are_one_business_day() -> None:
    assert OFFICE.add(local(11, 16, 8), DAY) == local(11, 16, 17)
    assert OFFICE.add(local(11, 16, 10), DAY) == local(11, 17, 10)


def test_a_p4_case_of_thanksgiving_week_skips_its_holidays() -> None:
    """Mon 3 h, Tue and Wed 9 h each; Thu and Fri are holidays; Mon 9 h, Tue 9 h, Wed 6 h."""
    assert OFFICE.add(local(11, 23, 14), WEEK) == local(12, 2, 14)
    assert OFFICE.add(local(11, 23, 8), WEEK) == local(12, 1, 17)
    assert OFFICE.between(local(11, 23, 14), local(12, 2, 14)) == WEEK


def test_a_case_of_a_weekend_starts_to_count_on_monday() -> None:
    assert OFFICE.add(local(11, 14, 3), hours(4)) == local(11, 16, 12)


def test_a_pause_over_a_weekend_counts_only_its_business_hours() -> None:
    friday_to_monday = [(local(11, 13, 16), local(11, 16, 9))]
    assert OFFICE.add(local(11, 13, 15), hours(4)) == local(11, 16, 10)
    assert OFFICE.add(local(11, 13, 15), hours(4), friday_to_monday) == local(11, 16, 12)
    assert OFFICE.between(local(11, 13, 15), local(11, 16, 12), friday_to_monday) == hours(4)


def test_a_pause_outside_business_hours_changes_nothing() -> None:
    assert OFFICE.add(local(11, 13, 15), hours(4), [(local(11, 13, 17), local(11, 16, 8))]) == local(11, 16, 10)


def test_overlapping_pauses_do_not_count_twice() -> None:
    pauses = [(local(11, 16, 11), local(11, 16, 14)), (local(11, 16, 10), local(11, 16, 12))]
    within = (local(11, 16, 11, 30), local(11, 16, 12))
    assert OFFICE.between(local(11, 16, 8), local(11, 16, 17), pauses) == hours(5)
    assert OFFICE.between(local(11, 16, 8), local(11, 16, 17), [*pauses, within]) == hours(5)
    assert OFFICE.add(local(11, 16, 8), hours(3), pauses) == local(11, 16, 15)


def test_a_pause_that_ends_before_it_begins_is_none() -> None:
    assert OFFICE.between(local(11, 16, 8), local(11, 16, 17), [(local(11, 16, 12), local(11, 16, 11))]) == DAY


@pytest.mark.parametrize(("friday", "monday"), [((3, 6), (3, 9)), ((10, 30), (11, 2))])
def test_the_business_days_around_a_change_of_clocks_have_nine_hours(
    friday: tuple[int, int], monday: tuple[int, int]
) -> None:
    assert OFFICE.add(local(*friday, 16), hours(2)) == local(*monday, 9)
    assert OFFICE.between(local(*friday, 8), local(*monday, 17)) == 2 * DAY


@pytest.mark.parametrize(("sunday", "passed"), [((3, 8), 23), ((11, 1), 25)])
def test_on_a_day_of_changed_clocks_business_hours_are_the_hours_that_really_pass(
    sunday: tuple[int, int], passed: int
) -> None:
    sundays = replace(OFFICE, weekdays=(6,))
    around = replace(OFFICE, opens="00:00", closes="24:00", weekdays=(6,))
    midnight, next_midnight = local(*sunday), local(*sunday) + hours(passed)
    assert sundays.between(midnight, next_midnight) == DAY
    assert sundays.add(midnight, DAY) == local(*sunday, 17)
    assert around.between(midnight, next_midnight) == hours(passed)
    assert around.add(midnight, hours(passed)) == next_midnight


def test_utc_hours_move_with_the_clocks_on_the_wall() -> None:
    assert OFFICE.add(local(3, 6, 8), DAY) == datetime(2026, 3, 6, 23, tzinfo=UTC)
    assert OFFICE.add(local(3, 9, 8), DAY) == datetime(2026, 3, 9, 22, tzinfo=UTC)


def test_an_hour_that_is_skipped_has_no_business() -> None:
    assert not SKIPPED.between(local(3, 8), local(3, 9))
    assert SKIPPED.end_of_business_day(local(3, 8)) == local(3, 14, 3)


def test_no_hour_comes_twice_where_a_date_is_skipped() -> None:
    """From noon of 29 December (UTC-10) to noon of 31 December (UTC+14) it was one day."""
    noon, next_noon = datetime(2011, 12, 29, 22, tzinfo=UTC), datetime(2011, 12, 30, 22, tzinfo=UTC)
    assert SAMOA.between(noon, next_noon) == DAY


def test_the_moments_of_another_zone_are_the_same_moments() -> None:
    """Local subtraction and comparison would ignore that an hour comes twice on 1 November."""
    around = replace(ROUND, time_zone="America/Chicago")
    since, until = datetime(2026, 10, 31, 23, tzinfo=CHICAGO), datetime(2026, 11, 1, 4, tzinfo=CHICAGO)
    twice = (datetime(2026, 11, 1, 1, 50, tzinfo=CHICAGO), datetime(2026, 11, 1, 1, 10, fold=1, tzinfo=CHICAGO))
    assert around.between(since, until) == hours(6)
    assert around.between(since, until, [twice]) == hours(6) - timedelta(minutes=20)
    due = around.add(since, hours(6), [twice])
    assert (due, due.tzinfo) == (local(11, 1, 4, 20), UTC)


def test_around_the_clock_every_hour_counts() -> None:
    assert ALWAYS.add(local(12, 25, 3), hours(2)) == local(12, 25, 5)
    assert ALWAYS.between(local(11, 1), local(11, 2)) == hours(25)


@pytest.mark.parametrize("start", [local(11, 14, 3), local(11, 16, 12), local(11, 16, 17)])
def test_no_time_at_all_passes_at_once(start: datetime) -> None:
    assert OFFICE.add(start, timedelta(), [(start - DAY, start + DAY)]) == start


def test_time_does_not_pass_backwards() -> None:
    assert OFFICE.between(local(11, 17, 12), local(11, 16, 12)) == timedelta()
    with pytest.raises(ValueError, match="backwards"):
        OFFICE.add(local(11, 16, 12), -hours(1))


@pytest.mark.parametrize(
    ("at", "end"),
    [
        (local(11, 24, 6), local(11, 24, 17)),
        (local(11, 24, 12), local(11, 24, 17)),
        (local(11, 24, 17), local(11, 24, 17)),
        (local(11, 24, 17, 1), local(11, 25, 17)),
        (local(11, 25, 18), local(11, 30, 17)),
        (local(11, 26, 12), local(11, 30, 17)),
        (local(11, 29, 12), local(11, 30, 17)),
    ],
)
def test_r_5_9d_a_window_rolls_to_the_end_of_its_business_day_or_of_the_next(at: datetime, end: datetime) -> None:
    assert OFFICE.end_of_business_day(at) == end


def test_r_5_8c_attempts_on_one_day_or_on_a_day_off_do_not_add_up() -> None:
    monday, evening, saturday = local(11, 16, 9), local(11, 16, 23), local(11, 14, 12)
    assert OFFICE.business_days([]) == 0
    assert OFFICE.business_days([monday, evening, saturday, local(11, 26, 12)]) == 1
    assert OFFICE.business_days([monday, evening, local(11, 17, 0)]) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"time_zone": "America/Tulsa"},
        {"time_zone": "America"},
        {"time_zone": "../UTC"},
        {"time_zone": ""},
        {"opens": "17:00"},
        {"opens": "18:00"},
        {"closes": "24:01"},
        {"opens": "8:00"},
        {"opens": "8:000"},
        {"opens": "08:60"},
        {"opens": "\u0660\u0668:\u0660\u0660"},
        {"weekdays": ()},
        {"weekdays": (0, 7)},
    ],
)
def test_a_calendar_that_contradicts_itself_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"time zone|opens before|reads like|Business days"):
        msgspec.convert({"name": "business", **wrong}, Calendar)


@pytest.mark.parametrize(
    "ask",
    [
        lambda moment: OFFICE.add(moment, hours(1)),
        lambda moment: OFFICE.add(moment, timedelta()),
        lambda moment: OFFICE.between(local(11, 16), moment),
        lambda moment: OFFICE.add(local(11, 16), hours(1), [(moment, moment)]),
        OFFICE.end_of_business_day,
        lambda moment: OFFICE.business_days([moment]),
    ],
)
def test_a_moment_without_a_time_zone_is_refused(ask: Callable[[datetime], object]) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        ask(datetime(2026, 11, 16))  # noqa: DTZ001 - what is refused


def test_holidays_without_a_break_for_years_end_at_last() -> None:
    closed = tuple(date(2026, 1, 1) + timedelta(days=day) for day in range(1500))
    long_closed = replace(OFFICE, holidays=closed)
    assert long_closed.between(local(1, 1), local(1, 1, year=2028)) == timedelta()
    assert long_closed.add(local(1, 1), WEEK) > local(1, 1, year=2030)


def test_a_calendar_is_the_same_after_its_record() -> None:
    assert msgspec.json.decode(msgspec.json.encode(OFFICE), type=Calendar) == OFFICE
