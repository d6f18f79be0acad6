"""The reporting views as CSV and Parquet, and the examples of docs/exports.md."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import psycopg
import pyarrow.parquet
import pytest

from infrastructure.exports import tables
from infrastructure.exports.reporting_views import ReportingView, reporting_views
from tests.acceptance.exports.conftest import BACKWARDS, ROOT, Exporter
from tests.acceptance.imports.logs import imported
from tests.blocking import BlockingDesk


def views(exporter: Exporter) -> Sequence[ReportingView]:
    with exporter.database.connect("auditor") as auditor:
        return reporting_views(auditor)


def rows_of(exporter: Exporter, view: ReportingView) -> list[tuple[Any, ...]]:
    """All rows, as texts: two libraries have two types for one moment."""
    with exporter.database.connect("reporter") as reporter:
        found = reporter.execute(f'SELECT * FROM reporting."{view.name}"'.encode()).fetchall()
    return sorted(tuple(map(_text, row)) for row in found)


def _text(value: Any) -> str:
    return str(value.timestamp()) if isinstance(value, datetime) else str(value)


def test_parquet_holds_every_view_parted_by_month(exporter: Exporter, desk: BlockingDesk) -> None:
    imported(desk, BACKWARDS)
    exporter.settle()
    folder = exporter.folder / "reporting"
    manifest = exporter.manifest("parquet", folder)
    for view in views(exporter):
        files = sorted((folder / view.name).rglob("*.parquet"))
        assert files, view.name
        names = [column.name for column in view.columns]
        files_read = f"read_parquet('{folder}/{view.name}/**/*.parquet', hive_partitioning = true)"
        found = duckdb.execute(f"SELECT {', '.join(names)} FROM {files_read}").fetchall()
        assert sorted(tuple(map(_text, row)) for row in found) == rows_of(exporter, view)
        assert manifest["rows"][view.name] == len(found)
        assert all(
            re.fullmatch(r"month=(\d{4}-\d\d|__HIVE_DEFAULT_PARTITION__)", f.parent.name)
            for f in files
            if view.month_of
        )
        metadata = pyarrow.parquet.read_schema(files[0]).metadata
        assert metadata[b"caseledger.checkpoint"].decode() == manifest["checkpoint"]
        assert int(metadata[b"caseledger.position"]) == manifest["position"]
    assert {path.parent.name for path in (folder / "cases").rglob("*.parquet")} >= {"month=2016-02"}
    assert manifest["sha256"] == {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*.parquet")
    }
    assert json.loads(Path(f"{folder}.manifest.json").read_text(encoding="utf-8")) == manifest


def test_csv_holds_every_view(exporter: Exporter) -> None:
    folder = exporter.folder / "reporting"
    manifest = exporter.manifest("csv", folder)
    for view in views(exporter):
        text = (folder / view.name / f"{view.name}.csv").read_bytes().decode()
        assert text.endswith("\r\n")
        head, *rows = csv.reader(text.splitlines())
        assert head == [column.name for column in view.columns]
        assert len(rows) == manifest["rows"][view.name] == len(rows_of(exporter, view))


def test_a_spreadsheet_takes_nothing_in_it_for_a_formula(exporter: Exporter, desk: BlockingDesk) -> None:
    folder = exporter.folder / "reporting"
    with psycopg.connect(exporter.database.superuser, autocommit=True) as superuser:
        superuser.execute("UPDATE views.open_cases SET external_ref = '=HYPERLINK(1)' WHERE number = 'INC-0000001'")
    exporter.run("csv", folder)
    with psycopg.connect(exporter.database.superuser, autocommit=True) as superuser:
        superuser.execute("UPDATE views.open_cases SET external_ref = NULL WHERE number = 'INC-0000001'")
    assert '"\'=HYPERLINK(1)"' in (folder / "cases" / "cases.csv").read_text(encoding="utf-8")


class Killed(Exception):
    """What stands for a kill."""


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_folder_keeps_the_views_that_are_finished(
    exporter: Exporter, desk: BlockingDesk, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = exporter.folder / "reporting"
    written: list[str] = []
    again: list[str] = []
    write = tables.PartFolder.write

    def broken(self: tables.PartFolder, view: ReportingView, by: tables.Write) -> bool:
        if len(written) == 4:
            raise Killed
        written.append(view.name)
        return write(self, view, by)

    with monkeypatch.context() as patch:
        patch.setattr(tables.PartFolder, "write", broken)
        with pytest.raises(Killed):
            exporter.run(form, folder)
    assert not folder.exists()

    def counted(self: tables.PartFolder, view: ReportingView, by: tables.Write) -> bool:
        if is_new := write(self, view, by):
            again.append(view.name)
        return is_new

    with monkeypatch.context() as patch:
        patch.setattr(tables.PartFolder, "write", counted)
        exporter.run(form, folder)
    assert sorted((*written, *again)) == sorted(view.name for view in views(exporter))
    whole = exporter.folder / "whole"
    exporter.run(form, whole)
    names = [path.relative_to(whole) for path in whole.rglob("*") if path.is_file()]
    assert names
    assert all((folder / name).read_bytes() == (whole / name).read_bytes() for name in names)


def test_a_folder_of_another_position_is_begun_anew(
    exporter: Exporter, desk: BlockingDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = exporter.folder / "reporting"
    with monkeypatch.context() as patch:
        patch.setattr(tables.PartFolder, "finish", lambda self: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            exporter.run("csv", folder)
    imported(desk, BACKWARDS)
    exporter.settle()
    rows = exporter.manifest("csv", folder)["rows"]
    with exporter.database.connect("reporter") as reporter:
        assert reporter.execute("SELECT count(*) FROM reporting.cases").fetchone() == (rows["cases"],)


def test_parquet_without_its_packages_says_what_to_install(exporter: Exporter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql", None)
    assert "caseledger[columns]" in exporter.run("parquet", exporter.folder / "x", code=2).stderr


def examples() -> list[str]:
    text = (ROOT / "docs" / "exports.md").read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def test_the_examples_of_the_documents_run(exporter: Exporter) -> None:
    folder = exporter.folder / "reporting"
    exporter.run("parquet", folder)
    names: dict[str, Any] = {
        "DESK": psycopg.conninfo.make_conninfo(exporter.database.superuser, user="desk_reporter"),
        "FOLDER": folder,
    }
    for example in examples():
        exec(compile(example, "docs/exports.md", "exec"), names)
    with exporter.database.connect("reporter") as reporter:
        count = reporter.execute("SELECT count(*) FROM reporting.cases").fetchone()
        statuses = reporter.execute("SELECT status, count(*) FROM reporting.cases GROUP BY 1 ORDER BY 1").fetchall()
    assert (names["table"].num_rows,) == count
    assert names["by_status"].rows() == statuses
    assert isinstance(names["cases"], pl.DataFrame)
    assert names["rows"]
    assert names["backlog"]
    assert sum(resolutions for _, _, resolutions in names["reopened"]) > 0
    assert len(examples()) >= 5


def test_the_report_over_several_desks_that_the_documents_show(exporter: Exporter) -> None:
    """docs/scaling.md: each desk's export in a folder of its own, read as one."""
    (shown,) = re.findall(
        r"^```sql\n(.*?)^```", (ROOT / "docs" / "scaling.md").read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    for desk in ("dot", "dhs"):
        exporter.run("parquet", exporter.folder / f"desk={desk}")
    read = duckdb.sql(shown.replace("/lake", str(exporter.folder)))
    assert read is not None
    rows = read.fetchall()
    with exporter.database.connect("reporter") as reporter:
        count = reporter.execute("SELECT count(*) FROM reporting.case_measures").fetchone()
    assert [(sum(cases for name, _, cases, _ in rows if name == desk),) for desk in ("dhs", "dot")] == [count, count]
