"""Laws of business time that hold for any calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import ALWAYS, Calendar
from tests.domain.calendars import CALENDARS, CHICAGO, OFFICE, ROUND, local

calendars = st.sampled_from(CALENDARS)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 6, 1), timezones=st.just(UTC))  # noqa: DTZ001 - so it wants
workings = st.timedeltas(timedelta(), timedelta(hours=60))
lengths = st.timedeltas(timedelta(), timedelta(days=9))


@st.composite
def starts(draw: st.DrawFn) -> datetime:
    """Any moment; often one about an opening, a closing or a change of clocks."""
    near = st.sampled_from(
        [local(3, 8, 3), local(11, 1, 1), local(11, 13, 17), local(11, 16, 8), local(11, 25, 17), local(3, 7, 1, 30)]
    )
    about = st.timedeltas(-timedelta(hours=30), timedelta(hours=30)) | st.just(timedelta())
    return draw(moments) if draw(st.booleans()) else draw(near) + draw(about)


@st.composite
def pauses_about(draw: st.DrawFn, start: datetime) -> list[tuple[datetime, datetime]]:
    """Pauses near a moment, in no order, some of them overlapping, some before it."""
    lengths_of = st.tuples(st.timedeltas(-timedelta(days=3), timedelta(days=20)), lengths)
    return [(start + offset, start + offset + length) for offset, length in draw(st.lists(lengths_of, max_size=4))]


@given(calendars, starts(), workings, st.data())
def test_what_was_added_lies_between(
    calendar: Calendar, start: datetime, working: timedelta, data: st.DataObject
) -> None:
    pauses = data.draw(pauses_about(start))
    due = calendar.add(start, working, pauses)
    assert due >= start
    assert calendar.between(start, due, pauses) == working


@given(calendars, starts(), workings.filter(bool), st.data())
def test_a_moment_earlier_less_has_passed(
    calendar: Calendar, start: datetime, working: timedelta, data: st.DataObject
) -> None:
    """The end is the first moment at which the time has passed."""
    pauses = data.draw(pauses_about(start))
    earlier = calendar.add(start, working, pauses) - timedelta.resolution
    assert calendar.between(start, earlier, pauses) == working - timedelta.resolution


@given(calendars, starts(), lengths, workings, st.data())
def test_who_starts_later_is_not_due_earlier(
    calendar: Calendar, start: datetime, later: timedelta, working: timedelta, data: st.DataObject
) -> None:
    pauses = data.draw(pauses_about(start))
    assert calendar.add(start, working, pauses) <= calendar.add(start + later, working, pauses)


@given(calendars, starts(), st.lists(workings, min_size=2, max_size=4), st.data())
def test_more_work_is_due_later(
    calendar: Calendar, start: datetime, several: list[timedelta], data: st.DataObject
) -> None:
    pauses = data.draw(pauses_about(start))
    dues = [calendar.add(start, working, pauses) for working in sorted(set(several))]
    assert all(earlier < later for earlier, later in pairwise(dues))


@given(calendars, starts(), workings, workings, st.data())
def test_adding_in_two_steps_is_adding_at_once(
    calendar: Calendar, start: datetime, first: timedelta, second: timedelta, data: st.DataObject
) -> None:
    pauses = data.draw(pauses_about(start))
    in_two = calendar.add(calendar.add(start, first, pauses), second, pauses)
    assert in_two == calendar.add(start, first + second, pauses)


@given(calendars, starts(), lengths, lengths, st.data())
def test_the_time_between_adds_up(
    calendar: Calendar, start: datetime, first: timedelta, second: timedelta, data: st.DataObject
) -> None:
    pauses = data.draw(pauses_about(start))
    middle, end = start + first, start + first + second
    parts = calendar.between(start, middle, pauses) + calendar.between(middle, end, pauses)
    assert parts == calendar.between(start, end, pauses)


@given(calendars, starts(), workings.filter(bool), workings, lengths)
def test_a_pause_puts_off_by_exactly_its_business_time(
    calendar: Calendar, start: datetime, before: timedelta, after: timedelta, length: timedelta
) -> None:
    """A pause that begins while the clock runs."""
    paused = calendar.add(start, before)
    resumed = paused + length
    working = before + after + timedelta.resolution
    shift = calendar.between(paused, resumed)
    assert calendar.add(start, working, [(paused, resumed)]) == calendar.add(start, working + shift)


@given(calendars, starts(), st.data())
def test_pauses_count_once_in_whatever_order_and_however_cut(
    calendar: Calendar, start: datetime, data: st.DataObject
) -> None:
    pauses = data.draw(pauses_about(start))
    cut = [part for since, until in pauses for part in ((since + (until - since) / 2, until), (since, until))]
    shuffled = data.draw(st.permutations(cut))
    end = start + timedelta(days=12)
    assert calendar.between(start, end, shuffled) == calendar.between(start, end, pauses)


@given(calendars, starts(), lengths)
def test_the_time_between_is_no_more_than_what_passed(calendar: Calendar, start: datetime, length: timedelta) -> None:
    passed = calendar.between(start, start + length)
    assert timedelta() <= passed <= length
    if calendar in (ALWAYS, ROUND):
        assert passed == length


@given(calendars, starts())
def test_a_rolled_end_is_never_earlier_and_stays(calendar: Calendar, at: datetime) -> None:
    end = calendar.end_of_business_day(at)
    assert end >= at
    assert calendar.end_of_business_day(end) == end


@given(starts())
def test_office_hours_count_as_they_do_on_paper(start: datetime) -> None:
    """Against a count of the next twelve days by half hours: a second, plainer way to the same answer."""
    step = timedelta(minutes=30)
    start = start.replace(minute=0, second=0, microsecond=0)
    halves = (start + step * number for number in range(2 * 24 * 12))
    open_halves = sum(
        8 <= half.astimezone(CHICAGO).hour < 17
        and half.astimezone(CHICAGO).weekday() < 5
        and half.astimezone(CHICAGO).date() not in OFFICE.holidays
        for half in halves
    )
    assert OFFICE.between(start, start + timedelta(days=12)) == open_halves * step
