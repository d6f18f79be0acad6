"""Rows by a mapping: what becomes a code, what a text, what is unknown, and which row is which."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from application.imports.columns import MissingColumns
from application.imports.mapping import read_mapping, shipped, shipped_mapping
from application.imports.rows import Log
from application.imports.source import SourceRow
from domain.case.status import Status
from domain.case.terms import PendingReason

PLAIN = "system: x\ncase: id\ntime: {column: at, zone: UTC}\nstatus: {column: s, values: {Open: open, Done: closed}}\n"


def read(mapping: str, *rows: dict[str, str], zone: str | None = None) -> tuple[Log, list[SourceRow]]:
    log = Log(read_mapping(mapping), None if zone is None else ZoneInfo(zone))
    lines: list[Any] = list(enumerate(rows, start=2))
    return log, [row for _, of_case in log.cases(lines, log.look_at(lines)) for row in of_case]


def a_row(**cells: str) -> dict[str, str]:
    return {"id": "1", "at": "2024-05-01 10:00", "s": "Open", **cells}


def test_every_mapping_that_the_desk_brings_can_be_read() -> None:
    assert {shipped_mapping(name).system for name in shipped()} >= {"servicenow", "bpi-2013-incidents", "tickets"}


def test_a_case_comes_whole_as_soon_as_its_last_row_is_read() -> None:
    log = Log(read_mapping(PLAIN))
    lines: list[Any] = list(enumerate([a_row(), a_row(id="2"), a_row(s="Done"), a_row(id="3")], start=2))
    cases = [(number, [row.row for row in rows]) for number, rows in log.cases(lines, log.look_at(lines))]
    assert cases == [("2", [3]), ("1", [2, 4]), ("3", [5])]


def test_rows_that_are_the_same_to_the_letter_are_two_rows() -> None:
    _, rows = read(PLAIN, a_row(), a_row(), a_row())
    assert len({row.key for row in rows}) == 3
    _, again = read(PLAIN, a_row(), a_row(), a_row())
    assert [row.key for row in again] == [row.key for row in rows]


def test_the_order_of_columns_and_empty_ones_do_not_make_another_row() -> None:
    _, (one,) = read(PLAIN, a_row())
    _, (other,) = read(PLAIN, {"s": "Open", "note": "", **a_row()})
    assert one.key == other.key


def test_names_of_columns_are_found_whatever_their_case_and_blanks() -> None:
    _, (row,) = read(
        PLAIN.replace("column: at", "column: Changed At"), {"ID": "1", "changed_at": "2024-05-01", "S ": "Done"}
    )
    assert (row.number, row.seen.status) == ("1", Status.CLOSED)


def test_a_column_without_which_nothing_can_be_read_is_missed_and_another_reported() -> None:
    with pytest.raises(MissingColumns, match="at"):
        read(PLAIN, {"id": "1", "s": "Open"})
    log, _ = read(PLAIN + "team: group\n", a_row())
    assert log.findings.missing_columns == ("group",)


@pytest.mark.parametrize(
    ("unknown", "rows", "reported", "rejected"), [("report", 2, 1, 0), ("accept", 2, 0, 0), ("reject", 1, 0, 1)]
)
def test_what_becomes_of_an_unknown_value(unknown: str, rows: int, reported: int, rejected: int) -> None:
    mapping = PLAIN.replace("Done: closed}", f"Done: closed}}, unknown: {unknown}")
    log, known = read(mapping, a_row(), a_row(s="Parked"))
    assert (len(known), log.findings.unknown.total(), len(log.findings.rejected)) == (rows, reported, rejected)
    assert all(row.changes(None)["s"] in ("Open", "Parked") for row in known)


def test_a_row_without_a_status_is_reported() -> None:
    log, _ = read(PLAIN, a_row(s=""))
    assert log.findings.unknown == {("s", ""): 1}


def test_values_are_known_whatever_their_case_and_blanks() -> None:
    log, (row,) = read(PLAIN.replace("Done", "All done"), a_row(s=" all  DONE "))
    assert (row.seen.status, log.findings.unknown.total()) == (Status.CLOSED, 0)


def test_addresses_long_texts_and_lines_are_texts_and_codes_are_codes() -> None:
    cells = {
        "mail": "jo@agency.example",
        "long": "x" * 129,
        "lines": "a\nb",
        "short": "Prod 1",
        "by": "kim@desk.example",
    }
    _, (row,) = read(PLAIN + "by: by\n", a_row(**cells))
    assert row.texts == {name: cells[name] for name in ("mail", "long", "lines")}
    assert row.codes == {**a_row(), "short": "Prod 1", "by": "kim@desk.example"}


def test_hindsight_stands_with_the_last_row_only() -> None:
    _, rows = read(PLAIN + "hindsight: [fixed]\n", a_row(fixed="yes"), a_row(s="Done", fixed="yes"))
    assert [row.changes(None, last=place == 1).get("fixed") for place, row in enumerate(rows)] == [None, "yes"]


@pytest.mark.parametrize(
    ("form", "text", "moment"),
    [
        ("iso", "2024-05-01T10:00:00.123Z", "2024-05-01T10:00:00.123000+00:00"),
        ("iso", "2024-05-01 10:00", "2024-05-01T10:00:00+02:00"),
        ('["%d/%m/%Y %H:%M", "%d.%m.%Y %H:%M"]', "1.5.2024 10:00", "2024-05-01T10:00:00+02:00"),
        ("unix", "1714550400", "2024-05-01T08:00:00+00:00"),
        ("unix_ms", "1714550400000", "2024-05-01T08:00:00+00:00"),
    ],
)
def test_times_are_read_in_the_stated_form_and_zone(form: str, text: str, moment: str) -> None:
    mapping = PLAIN.replace("zone: UTC", f"zone: Europe/Rome, format: {form}")
    _, (row,) = read(mapping, a_row(at=text))
    assert row.at.isoformat() == moment


def test_a_time_without_a_zone_is_no_time_until_somebody_names_one() -> None:
    mapping = PLAIN.replace(", zone: UTC", "")
    log, rows = read(mapping, a_row())
    assert (rows, "no time zone" in log.findings.rejected[0][1]) == ([], True)
    _, (row,) = read(mapping, a_row(), zone="America/Chicago")
    assert row.at.utcoffset() is not None


def test_a_wait_says_for_whom() -> None:
    _, (row,) = read(PLAIN.replace("Open: open", "Open: waiting_vendor"), a_row())
    assert (row.seen.status, row.seen.waiting_for) == (Status.IN_DIAGNOSIS, PendingReason.VENDOR)
