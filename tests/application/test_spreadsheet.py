"""CSV that a spreadsheet shows as it is: no text is a formula, numbers are numbers (issue 12, field input 25; RFC 4180)."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from unicodedata import normalize
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.reports.spreadsheet import BOM, csv_text, harmless
from tests.conftest import DATA

CHICAGO = ZoneInfo("America/Chicago")
SIGNS = "=+-@"
FORMULAS = [
    "=1+1",
    '=HYPERLINK("http://example.org/?v="&B2,"open")',
    "+49 30 1234",
    "-2+3",
    "@SUM(A1:A2)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "  =1+1",
    "\N{NO-BREAK SPACE}=1+1",
    "\N{ZERO WIDTH NO-BREAK SPACE}=1+1",
    "\N{FULLWIDTH EQUALS SIGN}1+1",
    "\N{FULLWIDTH COMMERCIAL AT}SUM(A1)",
    "\N{MINUS SIGN}2+3",
    "'=1+1",
    '"=1+1',
    ";=1+1",
    ",+1",
]
PLAIN = [
    'plain; "quoted", and\nsecond line',
    "Ärger mit Çedilla €",
    "1+1",
    "a=b",
    "jo@agency.example",
    "000417",
    "steps:\n- one\n- two",
    "",
    " ",
]


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def first_sign(text: str) -> str:
    return normalize("NFKC", text.lstrip(" \t\r\n\"';,|\N{NO-BREAK SPACE}\N{ZERO WIDTH NO-BREAK SPACE}"))[:1]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_looks_like_a_formula_is_text(text: str) -> None:
    [[_], [cell]] = cells(csv_text(["title"], [{"title": text}], UTC))
    assert cell == f"'{text}"


@pytest.mark.parametrize("text", PLAIN)
def test_any_other_text_is_as_it_was(text: str) -> None:
    assert cells(csv_text(["title"], [{"title": text}], UTC)) == [["title"], [text]]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a;=1+1", "a;'=1+1"),
        ("a\t@SUM(A1)", "a\t'@SUM(A1)"),
        ('a; "=1', "a; \"'=1"),
        ("a\n=1+1", "a\n'=1+1"),
        ("a;b", "a;b"),
    ],
)
def test_what_begins_a_cell_elsewhere_is_text_as_well(text: str, shown: str) -> None:
    assert harmless(text) == shown


def test_numbers_stay_numbers_and_times_are_told_in_the_zone() -> None:
    row = {"n": -3, "f": -1.5, "at": datetime(2026, 4, 1, 0, 30, tzinfo=UTC), "none": None, "yes": True}
    text = csv_text(list(row), [row], CHICAGO)
    assert text == '"n","f","at","none","yes"\r\n-3,-1.5,2026-03-31T19:30:00-05:00,,true\r\n'


def test_a_name_of_a_column_is_a_text_too() -> None:
    assert csv_text(["=1+1", 'a"b'], [], UTC) == '"\'=1+1","a""b"\r\n'


def test_a_byte_order_mark_comes_when_it_is_asked_for() -> None:
    assert csv_text(["a"], [], UTC, bom=True).encode() == b'\xef\xbb\xbf"a"\r\n'
    assert not csv_text(["a"], [], UTC).startswith(BOM)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=4))
def test_whatever_the_texts_are_no_cell_begins_a_formula_and_none_is_lost(texts: list[str]) -> None:
    names = [f"c{n}" for n in range(len(texts))]
    text = csv_text(names, [dict(zip(names, texts, strict=True))] * 2, UTC)
    _, *rows = cells(text)
    assert len(rows) == 2
    for cell, given_text in zip(rows[0], texts, strict=True):
        assert cell.replace("'", "") == given_text.replace("'", "")
        assert cell[:1] == "'" or normalize("NFKC", cell[:1])[:1] not in tuple(SIGNS)


def test_field_25_each_title_is_shown_as_text() -> None:
    given_file = DATA / "field" / "25-csv-formula.json"
    if not given_file.exists():
        pytest.skip("the field's inputs are not beside the checkout")
    titles = json.loads(given_file.read_text(encoding="utf-8"))["titles"]
    text = csv_text(["title"], ({"title": title} for title in titles), UTC)
    _, *rows = cells(text)
    for (cell,), title in zip(rows, titles, strict=True):
        assert cell.removeprefix("'") == title
        assert cell.startswith("'") == (first_sign(title) in tuple(SIGNS))
