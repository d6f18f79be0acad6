"""Tables and JSON Lines in every dialect that spreadsheets and desks write."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from application.imports.source import Broken
from infrastructure.history_files.opening import open_history

TABLE = 'id;what;when\n1;"two\nlines; and ""quotes""";2024-01-01\n2;Grüße;2024-01-02\n'
ROWS = [
    (3, {"id": "1", "what": 'two\nlines; and "quotes"', "when": "2024-01-01"}),
    (4, {"id": "2", "what": "Grüße", "when": "2024-01-02"}),
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "windows-1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("zipped", [False, True])
def test_a_table_is_read_in_any_encoding_and_dialect(tmp_path: Path, encoding: str, end: str, zipped: bool) -> None:
    file = tmp_path / "log"
    written = TABLE.replace("\n2;", f"{end}2;").replace("when\n", f"when{end}").encode(encoding)
    file.write_bytes(gzip.compress(written, mtime=0) if zipped else written)
    stated = encoding if encoding == "windows-1252" else "utf-8"
    history = open_history(file, ("id", "when"), encoding=stated)
    assert (history.format, history.delimiter, history.columns) == ("csv", ";", ("id", "what", "when"))
    assert list(history.lines()) == ROWS


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_shows_the_expected_columns(tmp_path: Path, delimiter: str) -> None:
    file = tmp_path / "log.csv"
    file.write_text(delimiter.join(("case, or ticket", "a;b|c\td" if delimiter == "," else "x")) + "\n", "utf-8")
    assert open_history(file, ("X",)).delimiter == delimiter


def test_a_row_of_another_width_is_broken_and_empty_cells_at_its_end_are_not(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text("a,b,a,\n1,2,3,4,,\n\n1,2\n1,2,3,4,5\n", "utf-8")
    lines = list(open_history(file, ("a",)).lines())
    assert lines[0] == (2, {"a": "1", "b": "2", "a (3)": "3", "column 4": "4"})
    assert [(line, type(row)) for line, row in lines[1:]] == [(4, Broken), (5, Broken)]


def test_json_lines_become_names_with_dots(tmp_path: Path) -> None:
    file = tmp_path / "log.txt"
    file.write_text('{"a": {"b": 1.50, "c": null}, "d": true, "e": [1, "x"]}\n\n{"a": \n3\n', "utf-8")
    lines = list(open_history(file, ()).lines())
    assert lines[0] == (1, {"a.b": "1.50", "d": "true", "e": '["1", "x"]'})
    assert [(line, type(row)) for line, row in lines[1:]] == [(3, Broken), (4, Broken)]
