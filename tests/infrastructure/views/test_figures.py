"""The figures of the reports that are about outcomes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from application.views.questions import Point, ReportQuestion
from domain.case.clauses.notification import ContactAttempt
from domain.case.clauses.resolution import ContactOutcome, Verification
from domain.case.terms import CauseCorrected, Resolution, ResolutionCode
from infrastructure.views.projector import Projector
from tests.blocking import BlockingDesk
from tests.infrastructure.histories import (
    FIXED,
    MEDIUM,
    NOW,
    POLICY,
    TEAM,
    History,
    by,
    moment,
    said,
)

UNREACHABLE = Verification(True, True, "phone", NOW, ContactOutcome.UNREACHABLE)
REQUEST = Resolution(ResolutionCode.RECLASSIFIED_REQUEST, False, CauseCorrected.NOT_APPLICABLE)
DAYS = 24 * 60


def settled(history: History) -> None:
    """One case of every outcome, all resolved within two hours and told then, but for one told three days later."""
    at_once, disputed, too_fresh = (history.resolved_by_desk(0) for _ in range(3))
    by_team, unreached = history.resolved(0, service="email"), history.assigned(0)
    reclassified = history.prioritized(0)
    reclassified.diagnose(said(), by(2))
    reclassified.resolve(REQUEST, said(), POLICY, by(2))
    for minutes, method in ((3, "phone"), (1 * DAYS, "mail"), (1 * DAYS + 1, "phone")):
        unreached.verify(replace(UNREACHABLE, method=method, at=moment(minutes)), by(minutes + 3, TEAM))
    unreached.resolve(FIXED, said(), POLICY, by(1 * DAYS + 3, TEAM))
    history.put(reclassified, unreached)
    referred = history.logged(0)
    referred.refer(("dhs", 1, None), ContactAttempt("phone", moment(1), informed=True), POLICY, by(1))
    first, duplicate = history.prioritized(0), history.prioritized(1)
    duplicate.duplicate(first, None, POLICY, by(5))
    first.mirror(duplicate.number, duplicate.links[first.number], by(5))
    history.put(referred, first, duplicate)
    for case in (at_once, disputed, by_team):
        history.tell(case, 60)
    history.tell(too_fresh, 3 * DAYS)
    disputed.dispute(moment(70), POLICY, by(70))
    referred.dispute(moment(71), POLICY, by(71))
    history.put(disputed, referred)


def test_outcomes_tell_first_contact_from_the_rest_once_the_window_has_ended(
    history: History, projector: Projector, views: BlockingDesk
) -> None:
    settled(history)
    projector.catch_up()

    def totals(now: datetime | None, **asked: Any) -> dict[str, Any]:
        report = views.reports.report(ReportQuestion("outcomes", now=now, **asked))
        assert report["definitions_version"] == "outcomes/2"
        return dict(report["totals"])

    expected = {
        "resolved": 5, "window_ended": 3, "first_contact": 1, "first_contact_rate": 0.3333, "referred": 1,
        "duplicate": 1, "reclassified": 1, "unreachable": 1, "handed_back": 0, "failed_fixes": 0,
    }  # fmt: skip
    assert totals(moment(4 * DAYS)) == expected
    early = {**expected, "window_ended": 1, "first_contact": 0, "first_contact_rate": 0.0}
    assert totals(moment(3 * DAYS)) == early
    assert totals(None) == early  # as of the last event
    assert totals(moment(4 * DAYS), point=Point(effective_at=moment(3 * DAYS))) == early
    assert totals(moment(7 * DAYS))["first_contact"] == 2
    none = totals(moment(9 * DAYS), point=Point(0))
    assert none == {**dict.fromkeys(expected, 0), "first_contact_rate": None}
    assert totals(moment(9 * DAYS), since=moment(2 * DAYS))["resolved"] == 0
    rows = views.reports.report(ReportQuestion("outcomes", by="service", now=moment(4 * DAYS)))["rows"]
    assert [(row["service"], row["resolved"], row["first_contact"]) for row in rows] == [
        ("email", 1, 0),
        ("printing", 4, 1),
    ]


def test_outcomes_count_what_came_back_and_what_was_no_fix(
    history: History, projector: Projector, views: BlockingDesk
) -> None:
    case = history.assigned(0)
    case.hand_back(said(), by(3, TEAM))
    case.assign("network", by(4))
    for minutes in (5, 6):
        case.verify(Verification(False, False, "phone", moment(minutes)), by(minutes, TEAM))
    case.verify(Verification(True, True, "phone", moment(7)), by(7, TEAM))
    case.resolve(FIXED, said(), POLICY, by(8, TEAM))
    history.put(case)
    projector.catch_up()
    totals = views.reports.report(ReportQuestion("outcomes"))["totals"]
    assert (totals["resolved"], totals["handed_back"], totals["failed_fixes"]) == (1, 1, 2)


def test_what_is_no_incident_leaves_the_figures_of_resolution_and_reopening(
    history: History, projector: Projector, views: BlockingDesk
) -> None:
    """R-4.2c, R-5.3d: referred, duplicate and reclassified ones are reported apart."""
    settled(history)
    projector.catch_up()
    resolution = views.reports.report(ReportQuestion("resolution"))
    assert (resolution["definitions_version"], resolution["totals"]["resolved"]) == ("resolution/3", 5)
    reopenings = views.reports.report(ReportQuestion("reopenings"))
    assert (reopenings["definitions_version"], reopenings["totals"]["reopenings"]) == ("reopenings/2", 1)


def test_a_referral_that_came_back_counts_by_its_resolution_as_an_incident(
    history: History, projector: Projector, views: BlockingDesk
) -> None:
    case = history.logged(0)
    case.refer(("dhs", 1, None), ContactAttempt("phone", moment(1), informed=True), POLICY, by(1))
    case.dispute(moment(60), POLICY, by(60))
    case.prioritize(MEDIUM, POLICY, by(60))
    case.diagnose(said(), by(60))
    case.resolve(FIXED, said(), POLICY, by(120))
    history.put(case)
    projector.catch_up()
    totals = views.reports.report(ReportQuestion("resolution"))["totals"]
    assert (totals["resolved"], totals["median_hours_to_first_resolution"]) == (1, 2.0)
    outcomes = views.reports.report(ReportQuestion("outcomes"))["totals"]
    assert (outcomes["resolved"], outcomes["referred"]) == (1, 0)


def test_a_past_report_has_no_row_for_what_was_resolved_later(
    history: History, projector: Projector, views: BlockingDesk
) -> None:
    history.resolved(0)
    projector.catch_up()
    now = views.positions.last()
    for position, teams in ((now, ["network"]), (now - 1, [])):
        report = views.reports.report(ReportQuestion("reopenings", point=Point(position), by="team"))
        assert [row["team"] for row in report["rows"]] == teams
