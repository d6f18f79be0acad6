"""What monitoring sees: episodes, heartbeats, recovery (`intake.md`), and what it may do with a case (R-5.8d)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.case.clauses.alerts import FiredAlert
from domain.case.status import Status
from domain.case.terms import Assumption
from domain.errors import InvalidTransition
from domain.monitoring.alert import MOST_EPISODES, Alert, Episode, Episodes, Sighting, Watch, alert_id
from domain.values import Level, Role
from tests.domain.cases import POLICY, at, closed, logged, moment, notified, resolved

ALERT = Episodes.begun("f1", moment(0), moment(1))


def test_the_same_episode_again_is_a_heartbeat() -> None:
    again, seen = ALERT.fires(moment(0), moment(0), moment(5))
    assert seen is Sighting.HEARTBEAT
    assert (again.episodes[0].heartbeats, again.episodes[0].last_seen_at) == (1, moment(5))


def test_a_later_start_is_a_new_episode_and_ends_the_one_before() -> None:
    again, seen = ALERT.fires(moment(9), moment(9), moment(10))
    assert (seen, [e.started_at for e in again.episodes]) == (Sighting.EPISODE, [moment(0), moment(9)])
    assert again.episodes[0].ended_at == moment(9)


def test_without_a_start_a_firing_alert_beats_and_a_recovered_one_begins_anew() -> None:
    assert ALERT.fires(None, moment(3), moment(3))[1] is Sighting.HEARTBEAT
    over, seen = ALERT.recovers(None, moment(4), moment(4))
    assert (seen, over.firing) == (Sighting.RECOVERED, False)
    assert over.fires(None, moment(6), moment(6))[1] is Sighting.EPISODE


@pytest.mark.parametrize("start", [moment(-5), moment(0)])
def test_what_is_old_or_over_is_no_news(start: datetime) -> None:
    over, _ = ALERT.recovers(moment(0), moment(2), moment(3))
    assert over.fires(start, start, moment(9)) == (over, Sighting.KNOWN)
    assert over.recovers(start, moment(9), moment(9)) == (over, Sighting.KNOWN)


def test_a_recovery_of_a_later_episode_ends_the_one_that_is_known() -> None:
    over, seen = ALERT.recovers(moment(7), moment(8), moment(9))
    assert (seen, over.firing) == (Sighting.RECOVERED, False)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 30)), max_size=60))
def test_whatever_is_said_episodes_are_in_order_and_bounded(said: list[tuple[bool, int]]) -> None:
    known, count = ALERT, 1
    for step, (fires, start) in enumerate(said):
        now = moment(100 + step)
        known, seen = known.fires(moment(start), moment(start), now) if fires else known.recovers(None, now, now)
        count += seen is Sighting.EPISODE
    starts = [episode.started_at for episode in known.episodes]
    assert starts == sorted(starts)
    assert len(starts) + known.forgotten == count
    assert len(starts) <= MOST_EPISODES
    assert all(episode.ended_at is not None for episode in known.episodes[:-1])


@given(st.lists(st.tuples(st.booleans(), st.none() | st.integers(-300, 900), st.integers(-300, 900)), max_size=40))
def test_whatever_clocks_say_no_episode_is_negative_and_what_came_last_counts(
    said: list[tuple[bool, int | None, int]],
) -> None:
    known = Episodes.begun("f1", moment(500), moment(1))
    for step, (fires, start, end) in enumerate(said, start=100):
        now, episode = moment(step), None if start is None else moment(start)
        told = (episode, moment(end), now)
        known, seen = known.fires(*told) if fires else known.recovers(*told)
        assert [e.started_at for e in known.episodes] == sorted(e.started_at for e in known.episodes)
        for each in known.episodes:
            assert each.started_at <= each.last_seen_at <= now
            assert each.ended_at is None or each.started_at <= each.ended_at <= now
        if seen is Sighting.EPISODE and episode is not None:
            assert known.fires(episode, episode, now)[1] is Sighting.HEARTBEAT
            over, _ = known.recovers(episode, now, now)
            assert over.fires(episode, episode, now)[1] is Sighting.KNOWN


def test_a_start_in_the_future_is_an_identity_and_orders_nothing() -> None:
    ahead = Episodes.begun("f1", moment(9_999), moment(1))
    assert (ahead.episodes[0].started_at, ahead.episodes[0].identity) == (moment(1), moment(9_999))
    assert ahead.fires(moment(9_999), moment(9_999), moment(2))[1] is Sighting.HEARTBEAT
    over, seen = ahead.recovers(moment(-50), moment(-51), moment(3))
    assert (seen, over.episodes[0].ended_at) == (Sighting.RECOVERED, moment(1))
    assert over.fires(moment(9_999), moment(9_999), moment(4)) == (over, Sighting.KNOWN)
    again, seen = over.fires(moment(-40), moment(-40), moment(5))
    assert (seen, again.episodes[1].identity, again.episodes[1].started_at) == (
        Sighting.EPISODE,
        moment(-40),
        moment(1),
    )
    assert again.fires(moment(-45), moment(-45), moment(6)) == (again, Sighting.KNOWN)


def test_an_episode_that_0_4_0_kept_in_the_future_reads_without_negative_durations() -> None:
    old = Episode(moment(9_999), moment(5), ended_at=moment(2))
    assert (old.began_at, old.over_at, old.identity) == (moment(5), moment(5), moment(9_999))
    assert (
        Episodes("f1", (replace(old, ended_at=None),)).recovers(moment(3), moment(4), moment(6))[1]
        is Sighting.RECOVERED
    )


def test_the_last_event_of_an_alert_and_of_a_watch_says_all() -> None:
    alert = Alert.raised("prom", ALERT, "INC-0000001", UUID(int=1), at(0, Role.INTAKE))
    beating, _ = ALERT.fires(None, moment(2), moment(2))
    alert.observe(beating, UUID(int=2), at(2, Role.INTAKE))
    alert.moved(ALERT, "INC-0000002", UUID(int=3), at(3, Role.INTAKE))
    seen: Any = alert.pending_events[1].mutate(None)
    assert (seen.id, seen.version, seen.case, seen.seen) == (alert_id("prom", "f1"), 2, "INC-0000001", beating)
    again: Any = alert.pending_events[-1].mutate(None)
    assert (again.version, again.case, again.seen) == (3, "INC-0000002", ALERT)
    watch = Watch.begin_on("prom", "INC-0000001", 2, UUID(int=1), at(0, Role.INTAKE))
    watch.observe(2, 0, moment(2), UUID(int=2), at(2, Role.INTAKE))
    last: Any = watch.pending_events[-1].mutate(None)
    assert (last.version, last.alerts, last.firing) == (2, 2, 0)
    last.observe(3, 1, None, UUID(int=3), at(3, Role.INTAKE))
    assert (last.version, last.is_new) == (3, False)


def test_a_watch_knows_when_the_latest_of_an_outage_ended() -> None:
    watch = Watch.begin_on("prom", "INC-0000001", 2, UUID(int=1), at(0, Role.INTAKE))
    watch.observe(2, 1, moment(5), UUID(int=2), at(6, Role.INTAKE))
    watch.observe(2, 0, moment(4), UUID(int=3), at(7, Role.INTAKE))
    assert watch.ended_at == moment(5)
    watch.observe(2, 1, None, UUID(int=4), at(9, Role.INTAKE))
    assert watch.ended_at is None  # another outage


FIRED = (FiredAlert("f1", moment(0)),)


def test_a_new_episode_reopens_a_resolved_case_and_is_none_of_a_closed_ones() -> None:
    case = resolved()
    case.alert("prom", FIRED, "r1", Assumption(Level.HIGH), POLICY, at(20, Role.INTAKE))
    assert (case.status, case.reopenings, case.verified_at) == (Status.ASSIGNED, 1, None)
    assert case.assumed == Assumption(Level.HIGH)
    with pytest.raises(InvalidTransition):
        closed().alert("prom", FIRED, "r1", None, POLICY, at(20, Role.INTAKE))


def test_a_recovery_moves_neither_status_nor_window() -> None:
    case = notified(7)
    before = (case.status, case.dispute_until, case.verified_at)
    case.observe_recovery("prom", moment(8), "r1", at(9, Role.INTAKE))
    assert ((case.status, case.dispute_until, case.verified_at), case.recovered_at) == (before, moment(8))
    with pytest.raises(InvalidTransition):
        closed().observe_recovery("prom", moment(8), "r1", at(9, Role.INTAKE))


def test_alerts_that_were_left_out_are_missing_information() -> None:
    case = logged()
    case.alert("prom", FIRED, "r1", None, POLICY, at(1, Role.INTAKE), truncated=3)
    case.alert("prom", FIRED, "r1", None, POLICY, at(2, Role.INTAKE), truncated=3)
    assert (case.incomplete, case.required.count("alerts"), case.missing.count("alerts")) == (True, 1, 1)


def test_a_case_takes_alerts_until_its_window_ends() -> None:
    case = notified(7)
    assert case.dispute_until is not None
    assert case.takes_alerts(moment(8))
    assert resolved().takes_alerts(moment(10_000_000))  # its window has not started
    assert not case.takes_alerts(case.dispute_until)
    assert not closed().takes_alerts(moment(8))
