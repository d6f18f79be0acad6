"""The benchmarks that ask a running desk, on a small one: they run, and each row has its figure."""

from __future__ import annotations

from pathlib import Path

from benchmarks import case_reads, exports, imports, lists, pages, read, reports, search, storage
from benchmarks.rows import Row
from infrastructure.views.questions.postgres_views import views_on
from tests.acceptance.conftest import RunningDesk
from tests.blocking import on_pool
from tests.conftest import TestDatabase
from tests.infrastructure.transparency.sealed import SealedDesk


def test_reads_of_cases_and_of_long_streams(running: RunningDesk) -> None:
    token = running.technician.http.headers["Authorization"].removeprefix("Bearer ")
    rows = list(case_reads.rows(running.url, token, events=12, seconds=0.01))
    assert [row.what for row in rows] == [
        "case_read_p95_ms",
        "case_read_304_p95_ms",
        "history_p95_ms",
        "long_read_vs_short",
        "long_history_vs_short",
        "long_command_vs_short",
    ]
    assert all(row.ours > 0 for row in rows)


def test_pages_beside_their_calls(running: RunningDesk) -> None:
    running.in_diagnosis()
    running.catch_up()
    token = running.technician.http.headers["Authorization"].removeprefix("Bearer ")
    measured = {row.what: row for row in pages.rows(running.url, token, seconds=0.01)}
    assert {"page_queue_ms", "page_queue_p95_ms", "page_case_ms", "page_report_ms"} <= measured.keys()
    assert all(row.ours > 0 and (row.baseline is None or row.baseline > 0) for row in measured.values())


def test_bytes_of_a_case() -> None:
    rows = {row.what: row.ours for row in storage.rows(3, 2)}
    assert list(rows) == ["bytes_per_lifecycle", "bytes_per_lifecycle_singly", "bytes_per_long_lifecycle"]
    assert all(each > 0 for each in rows.values())


def test_lists_and_queues(running: RunningDesk, database: TestDatabase) -> None:
    running.prioritized()
    running.resolved()
    running.closed()
    running.catch_up()
    with on_pool(database, "api", views_on, size=lists.READERS) as views:
        measured = views.portal.call(lists.rows, views.target, 1)
    assert [row.what for row in measured] == ["queue_page_p95_ms", "queue_as_of_vs_now", "list_filtered_p95_ms"]
    assert all(row.ours > 0 for row in measured)


def test_reports(running: RunningDesk, database: TestDatabase) -> None:
    running.closed()
    running.catch_up()
    with on_pool(database, "api", views_on, size=lists.READERS) as views:
        measured = views.portal.call(reports.rows, views.target, 1)
    assert [row.what for row in measured] == ["report_p95_ms", "report_as_of_p95_ms"]
    assert reports.kept(database).what == "report_answers_kept_s"
    assert all(row.ours > 0 for row in measured)


def test_imports() -> None:
    [row] = imports.rows(3)
    assert row.what == "import_rows_per_s"
    assert row.ours > 0


def test_exports(running: RunningDesk, database: TestDatabase, tmp_path: Path) -> None:
    running.closed()
    running.catch_up()
    SealedDesk(database, tmp_path / "sealer").seal()
    measured = list(exports.rows(database))
    assert [row.what for row in measured] == [f"export_{form}_events_per_s" for form in ("jsonl", "xes", "ocel")]
    assert all(row.ours > 0 for row in measured)


def test_what_should_be_flat_is_compared_between_desks() -> None:
    small, large = [Row("queue_page_p95_ms", 4.0, "ms")], [Row("queue_page_p95_ms", 5.0, "ms"), Row("other", 1, "ms")]
    (row,) = read.compared(small, large)
    assert (row.what, row.ratio, row.holds) == ("queue_page_p95_largest_vs_smallest", 1.25, False)


def test_searches_and_assignments(running: RunningDesk) -> None:
    running.log(subject="Printer trouble nearby", description="prints stripes")
    running.catch_up()
    token = running.technician.http.headers["Authorization"].removeprefix("Bearer ")
    rows = list(search.rows(running.url, token, seconds=0.01, cases=2))
    kinds = ("common", "common_words", "rare", "absent", "misspelt", "cjk", "number", "nothing_left")
    assert [row.what for row in rows] == [
        *(f"search_{kind}_p95_ms" for kind in kinds),
        "search_p95_ms",
        "assign_vs_prioritize",
    ]
    assert all(row.ours > 0 for row in rows)
