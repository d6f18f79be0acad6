"""Counts and fitness over several histories."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from application.reports.conformance.check import check
from application.reports.conformance.model_file import sop
from application.reports.conformance.tally import Tally
from domain.policy import first_policy
from tests.application.conformance.histories import ASSIGNED, CLOSED, LOGGED, MAIL, history, step

MODEL = sop(first_policy().business)
IMPORTED = (*LOGGED, step("prioritized"), step("resolved", code="not_recorded", solution=None), step("reopened", 80))


def tallied() -> Tally:
    tally = Tally(MODEL, ZoneInfo("America/Chicago"), ("clause", "month"))
    unverified = history(*ASSIGNED, step("resolved"), MAIL)
    for each in (history(*CLOSED), unverified, history(*IMPORTED, imported=True)):
        verdict = check(each, MODEL)
        tally.add(verdict)
        for deviation in verdict.deviations:
            tally.count(deviation)
    return tally


def test_deviations_are_counted_by_clause_kind_and_month() -> None:
    document = tallied().document()
    assert document["checked"] == 3
    assert document["by_clause"]["R-5.8a"] == {"broken": 1, "stated": 0, "not_recorded": 1}
    assert document["by_clause"]["R-5.9d"] == {"broken": 1, "stated": 0, "not_recorded": 0}
    assert {"clause": "R-5.8a", "month": "2026-03", "deviations": 2} in document["rows"]


def test_what_is_not_recorded_is_left_out_of_fitness() -> None:
    fitness = tallied().document()["fitness"]
    assert fitness["fitting"] == 1
    assert fitness["activations"] - fitness["fulfilled"] == 2
    assert fitness["not_recorded"] == 4
    assert 0.9 < fitness["rate"] < 1


def test_nothing_has_no_rate() -> None:
    fitness = Tally(MODEL, ZoneInfo("UTC")).document()["fitness"]
    assert (fitness["rate"], fitness["fitting_rate"]) == (None, None)
