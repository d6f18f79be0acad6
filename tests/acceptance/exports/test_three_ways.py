"""A real company's log: the figures counted independently, from reports, from SQL on `reporting`, and from Parquet by DuckDB."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from application.views.questions import ReportQuestion
from infrastructure.views.questions.postgres_views import views_on
from tests.acceptance.exports.conftest import Exporter
from tests.acceptance.imports.logs import LOG, Imports, needs_data
from tests.blocking import on_pool
from tests.conftest import DATA, TestDatabase

INCIDENTS = "code NOT IN ('referred', 'duplicate', 'reclassified_request')"
QUERIES = {
    "cases": "SELECT count(*) FROM reporting.cases",
    "events": "SELECT count(*) FROM reporting.events WHERE number IS NOT NULL AND imported",
    "by_status": "SELECT status, count(*) FROM reporting.cases GROUP BY 1 ORDER BY 1",
    "by_priority": "SELECT priority, count(*) FROM reporting.cases GROUP BY 1 ORDER BY 1",
    "entered_resolved": "SELECT count(*) FROM reporting.resolutions",
    "reopenings": f"""
        SELECT count(DISTINCT case_id) FILTER (WHERE reopened), count(*) FILTER (WHERE reopened),
               count(*) FILTER (WHERE reopened AND ended_at - resolved_at > INTERVAL '72 hours'), count(reopened_after_closure_at)
        FROM reporting.resolutions WHERE {INCIDENTS}""",
    "source_hours": f"""
        SELECT count(source_hours), percentile_cont(0.5) WITHIN GROUP (ORDER BY source_hours)
        FROM reporting.resolutions WHERE NOT superseded AND {INCIDENTS}""",
    "source_hours_by_priority": f"""
        SELECT c.priority, count(r.source_hours), percentile_cont(0.5) WITHIN GROUP (ORDER BY r.source_hours)
        FROM reporting.resolutions r JOIN reporting.cases c USING (case_id)
        WHERE NOT r.superseded AND {INCIDENTS} GROUP BY 1 ORDER BY 1""",
    "first_resolution_hours": f"""
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM first_resolved_at - received_at) / 3600)
        FROM reporting.resolutions WHERE NOT superseded AND {INCIDENTS}""",
    "closed": "SELECT count(closed_at) FROM reporting.cases",
    "net_hours": f"""
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY net_hours)
        FROM reporting.resolutions WHERE NOT superseded AND {INCIDENTS}""",
    "resolve": f"""
        SELECT count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY resolve_business_hours),
               percentile_cont(0.5) WITHIN GROUP (ORDER BY resolve_hours)
        FROM reporting.case_measures WHERE resolved_at IS NOT NULL AND resolution_{INCIDENTS}""",
    "acknowledge": "SELECT count(acknowledged_at), percentile_cont(0.5) WITHIN GROUP (ORDER BY acknowledge_business_hours),"
    " percentile_cont(0.5) WITHIN GROUP (ORDER BY acknowledge_hours) FROM reporting.case_measures",
    "hand_backs": "SELECT count(*) FROM reporting.happenings WHERE kind = 'handed_back'",
    "deviations": "SELECT value, count(*) FROM reporting.happenings WHERE kind = 'deviation' GROUP BY 1 ORDER BY 1",
}
"""One text for both: PostgreSQL and DuckDB read the same names."""
Answers = dict[str, list[list[Any]]]


def asked(ask: Callable[[str], list[tuple[Any, ...]]]) -> Answers:
    return {name: [_rounded(row) for row in ask(query)] for name, query in QUERIES.items()}


def _rounded(row: tuple[Any, ...]) -> list[Any]:
    """Hours have four digits in the figures that were counted independently."""
    return [round(float(value), 4) if not isinstance(value, int | str) else value for value in row]


def by_sql(database: TestDatabase) -> Answers:
    with database.connect("reporter") as reporter:
        return asked(lambda query: reporter.execute(query.encode()).fetchall())


def by_duckdb(folder: Path) -> Answers:
    with duckdb.connect() as reader:
        reader.execute("CREATE SCHEMA reporting")
        for view in ("cases", "resolutions", "events", "case_measures", "happenings"):
            files = f"read_parquet('{folder}/{view}/**/*.parquet', hive_partitioning = true)"
            reader.execute(f"CREATE VIEW reporting.{view} AS SELECT * FROM {files}")
        return asked(lambda query: reader.execute(query).fetchall())


def by_reports(database: TestDatabase) -> Answers:
    with on_pool(database, "api", views_on) as views:
        names = ("volume", "reopenings", "resolution", "resolve", "acknowledge", "hand_back", "deviations")
        totals = {name: views.reports.report(ReportQuestion(name))["totals"] for name in names}
    volume, reopenings, resolution = totals["volume"], totals["reopenings"], totals["resolution"]
    medians = ("median_hours_business", "median_hours")
    priorities = resolution["by_priority"]
    return {
        "cases": [[volume["cases"]]],
        "events": [[volume["events"]]],
        "by_status": [[name, count] for name, count in sorted(volume["by_status"].items())],
        "by_priority": [[int(name), count] for name, count in sorted(volume["by_priority"].items())],
        "reopenings": [
            [
                reopenings[f]
                for f in ("cases_reopened", "reopenings", "reopenings_after_72h", "reopenings_after_closure")
            ]
        ],
        "source_hours": [[resolution["source_cases"], resolution["source_median_hours"]]],
        "source_hours_by_priority": [
            [int(name), each["source_cases"], each["source_median_hours"]] for name, each in sorted(priorities.items())
        ],
        "first_resolution_hours": [[resolution["median_hours_to_first_resolution"]]],
        "net_hours": [[resolution["median_hours"]]],
        "resolve": [[totals["resolve"]["resolved"], *(totals["resolve"][name] for name in medians)]],
        "acknowledge": [[totals["acknowledge"]["cases"], *(totals["acknowledge"][name] for name in medians)]],
        "hand_backs": [[totals["hand_back"]["hand_backs"]]],
        "deviations": [[name, count] for name, count in sorted(totals["deviations"]["by_name"].items())],
    }


def by_truth() -> Answers:
    truth = json.loads((DATA / "servicenow" / "truth.json").read_text(encoding="utf-8"))
    reopen, hours = truth["reopen"], truth["resolution_hours_resolved_at_minus_opened_at_last_row"]
    return {
        "cases": [[truth["incidents"]]],
        "by_status": [["closed", truth["state_last_row"]["Closed"]]],
        "by_priority": [[int(n[0]), c] for n, c in sorted(truth["value_counts_incidents_last_row"]["priority"].items())],
        "entered_resolved": [[truth["event_clock"]["entering_Resolved_events"]]],
        "reopenings": [[
            reopen["incidents_with_transition_out_of_Resolved_not_to_Closed"], reopen["transitions_out_of_Resolved_not_to_Closed"],
            reopen["reopen_transitions_after_3_days"], reopen["transitions_out_of_Closed"],
        ]],
        "source_hours": [[hours["all"]["n"], hours["all"]["median"]]],
        "source_hours_by_priority": [[int(n[0]), e["n"], e["median"]] for n, e in sorted(hours["by_priority"].items())],
        "first_resolution_hours": [[truth["event_clock"]["first_entry_to_Resolved_minus_opened_hours"]["median"]]],
        "closed": [[truth["incidents"] - truth["never"]["incidents_never_Closed"]]],
    }  # fmt: skip


@pytest.fixture
def company(database: TestDatabase, tmp_path: Path) -> Exporter:
    """The whole log, imported, folded and sealed."""
    code, told = Imports(database, tmp_path).report(LOG)
    assert (code, told["rejected_rows"]) == (0, 0)
    return Exporter(database, tmp_path)


@needs_data
def test_three_ways_lead_to_one_number(company: Exporter) -> None:
    folder = company.folder / "reporting"
    company.run("parquet", folder)
    sql, parquet, reports, truth = by_sql(company.database), by_duckdb(folder), by_reports(company.database), by_truth()
    assert sql == parquet
    assert {name: sql[name] for name in reports} == {
        n: [_rounded(tuple(row)) for row in rows] for n, rows in reports.items()
    }
    assert {name: sql[name] for name in truth} == truth
    assert sum(len(list((folder / "cases").glob(f"month={month}/*.parquet"))) for month in ("2016-02", "2016-03")) == 2
