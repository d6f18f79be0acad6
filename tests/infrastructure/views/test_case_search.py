"""The search for cases against a full scan: what it finds, in which order, in which pages, and by which work (decision 31)."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.views.questions import Page
from domain.values import DisclosureKind, ErasureScope
from infrastructure.views.projector import Projector
from infrastructure.views.questions import case_search
from infrastructure.views.questions.misspelt import closest, slips
from infrastructure.views.questions.spans import SMALLEST, Span, above, spans_of
from tests import four_eyes
from tests.application.cases import TECHNICIAN, log
from tests.blocking import BlockingDesk, open_desk
from tests.conftest import TestDatabase, differences, grant_everybody
from tests.infrastructure.histories import History, by, moment, said
from tests.infrastructure.views.test_search import ALL, numbers

NUMBERS = (1, 5, 2047, 2048, 2049, 30_000, 40_000, 70_000, 600_000, 1_100_000)
"""In every size of span."""


@pytest.fixture
def superuser(database: TestDatabase) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database.superuser, autocommit=True) as connection:
        yield connection


def full_scan(superuser: psycopg.Connection[Any], query: str, filters: Mapping[str, Any]) -> dict[str, float]:
    """The score of each case with all words of a query."""
    where = " AND ".join(["true", *(f"c.{name} = %({name})s" for name in filters)])
    statement = f"""
        SELECT c.number, round((0.5 + ts_rank(t.lexemes, search.question(%(query)s), 33) / 2)::numeric, 4)::float8
        FROM views.case_texts t JOIN (TABLE views.open_cases UNION ALL TABLE views.closed_cases) c ON c.case_id = t.case_id
        WHERE t.lexemes @@ search.question(%(query)s) AND {where}"""
    return dict(superuser.execute(statement.encode(), {"query": query, **filters}).fetchall())


def pages(views: Any, query: str, size: int, filters: Mapping[str, Any]) -> list[Any]:
    """The items of all pages."""
    found: list[Any] = []
    page: Page | None = Page(limit=size)
    while page is not None:
        part = views.search.cases(query, page, filters)
        assert len(part.items) <= size
        found += part.items
        page = Page(part.next_key, size) if part.next_key else None
    return found


WORDS = ("printer", "jams", "slow", "toner", "floor")
FILTERS: tuple[dict[str, Any], ...] = (
    {}, {"service": "email"}, {"status": "logged"}, {"service": "printing", "status": "logged"}
)  # fmt: skip


@pytest.mark.parametrize(("enough", "most", "looked_at"), [(500, 1_000, 4_000), (2, 3, 4), (1, 1, 1)])
def test_the_bounded_search_finds_what_a_full_scan_finds(
    history: History,
    projector: Projector,
    superuser: psycopg.Connection[Any],
    views: Any,
    monkeypatch: pytest.MonkeyPatch,
    enough: int,
    most: int,
    looked_at: int,
) -> None:
    for name, bound in (("_ENOUGH", enough), ("_MOST", most), ("_LOOKED_AT", looked_at)):
        monkeypatch.setattr(case_search, name, bound)
    chance = random.Random(enough)
    for once in range(5):
        for number in NUMBERS:
            history._numbers["INC"] = number + 7 * once
            words = {"subject": " ".join(chance.choices(WORDS, k=3))}
            history.logged(0, words=words, service=chance.choice(["email", "printing"]))
        projector.catch_up()
        for _ in range(8):
            query, filters = " ".join(chance.sample(WORDS, k=chance.randint(1, 2))), chance.choice(FILTERS)
            expected = full_scan(superuser, query, filters)
            found = pages(views, query, chance.randint(1, 7), filters)
            exact = [item for item in found if item["score"] > 0.5]
            assert {item["number"]: item["score"] for item in exact} == expected, (query, filters)
            assert len(exact) == len(expected), "no page repeats a case"
            if enough >= 500:
                assert [item["number"] for item in exact] == sorted(
                    expected, key=lambda n: (expected[n], n), reverse=True
                )


def test_a_number_is_found_however_it_is_typed(history: History, projector: Projector, views: Any) -> None:
    cases = [history.logged(minutes, words={"subject": "Room 12 has no light"}) for minutes in range(13)]
    projector.catch_up()
    for query in ("INC-0000012", "inc-12", "inc 12", "INC12", "#12".removeprefix("#"), " 0012 ", "inc: 12"):
        found = views.search.cases(query, ALL).items
        assert (found[0]["number"], found[0]["score"]) == ("INC-0000012", 1.0), query
    assert sorted(numbers(views.search.cases("12", ALL))) == [case.number for case in cases], "others name it"
    assert [item["number"] for item in pages(views, "12", 5, {})].count("INC-0000012") == 1
    assert numbers(views.search.cases("INC-0000099", ALL)) == []
    assert numbers(views.search.cases("12", ALL, {"status": "closed"})) == []


def test_filters_combine_with_words(history: History, projector: Projector, views: Any) -> None:
    printing = history.logged(0, words={"subject": "Printer"})
    email = history.logged(10, words={"subject": "Printer"}, service="email")
    held = history.assigned(20, words={"subject": "Printer"})
    projector.catch_up()
    for filters, found in (
        ({"service": "email"}, [email]),
        ({"status": "logged"}, [printing, email]),
        ({"team": "network"}, [held]),
        ({"received_from": moment(10)}, [email, held]),
        ({"received_to": moment(10)}, [printing]),
        ({"received_from": moment(1), "received_to": moment(20), "service": "printing"}, []),
        ({"service": "\0"}, []),
    ):
        for query in ("printer", "pritner"):
            assert numbers(views.search.cases(query, ALL, filters)) == [case.number for case in reversed(found)], (
                filters
            )


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("pritner", "printer"),
        ("prnter", "printer"),
        ("PRINTRES", "printer"),
        ("mialbox", "mailbox"),
        ("feild", "field"),
        ("baterry", "battery"),
        ("authentification", "authentication"),
        ("pritner stripes", "printer"),
        ("the pritner", "printer"),
        ("Kölnn", "köln"),
        ("pritner scanner", None),
        ("xyzzyx", None),
        ("prm", None),
        ("b205", None),
        ('"pritner"', None),
    ],
)
def test_misspelt_words_are_found(
    history: History, projector: Projector, views: Any, query: str, found: str | None
) -> None:
    texts = (
        "Printer stripes",
        "Mailbox",
        "Jo Field called",
        "Battery empty",
        "No authentication",
        "Köln B204 prn-0042",
    )
    cases = {text: history.logged(0, words={"subject": text}) for text in texts}
    projector.catch_up()
    expected = [case.number for text, case in cases.items() if found and found in text.lower()]
    listing = views.search.cases(query, ALL)
    assert numbers(listing) == expected
    assert all(0 < item["score"] < 0.5 for item in listing.items)


def test_those_with_all_words_come_before_those_with_similar_ones(
    history: History, projector: Projector, views: Any
) -> None:
    similar, exact = (history.logged(0, words={"subject": subject}) for subject in ("Printer jams", "Pinter jams"))
    projector.catch_up()
    for size in (1, 2):
        assert [item["number"] for item in pages(views, "pinter", size, {})] == [exact.number, similar.number]


def test_nothing_that_can_be_typed_is_an_error(history: History, projector: Projector, views: Any) -> None:
    case = history.logged(0, words={"subject": "Printer B-7 \N{PRINTER} it's 50%_off (err): 'x' | <b>"})
    projector.catch_up()
    for query in (
        "B-7",
        "b 7",
        "printer \N{PRINTER}",
        "it's",
        "50%_off",
        "'x'",
        "<b>",
        "(err):",
        "printer & ! | ( : *",
    ):
        assert numbers(views.search.cases(query, ALL)) == [case.number], query
    for query in (" ", "\N{PRINTER}", "!", "'", "\\", "\0", "''' | !a", "a" * 800, "word " * 200, "語" * 500, "@0.0"):
        assert numbers(views.search.cases(query, ALL)) == [], query


def test_words_are_counted_and_leave_with_the_last_case_that_has_them(
    history: History, projector: Projector, database: TestDatabase, superuser: psycopg.Connection[Any]
) -> None:
    case, other = (history.logged(0, words={"subject": subject}) for subject in ("Printer Zebedee", "Printer 2204"))
    case.note(said(text="asked Zebedee, Quentin"), by(1))
    history.put(case)
    projector.catch_up()
    assert counted(superuser) == {"printer": 2, "zebede": 1, "quentin": 1}
    renamed = said(DisclosureKind.CUSTOMER_WORDS, subject="Scanner")
    case.correct("subject", by(2), value=None, words=renamed, reason=None)
    history.put(case)
    projector.catch_up()
    assert counted(superuser) == {"printer": 1, "zebede": 1, "quentin": 1, "scanner": 1}
    assert differences(database) == {}
    assert other.number


def counted(superuser: psycopg.Connection[Any]) -> dict[str, int]:
    """How many cases have each word, as the view counts them, and as they are."""
    kept = dict(superuser.execute("SELECT word, cases FROM views.words").fetchall())
    rows = superuser.execute("SELECT word FROM views.case_texts, search.words(lexemes) AS word").fetchall()
    assert kept == Counter(word for (word,) in rows)
    return kept


def test_an_erased_word_leaves_the_distinct_words_at_once_and_what_is_left_is_found(
    database: TestDatabase, superuser: psycopg.Connection[Any], views: Any
) -> None:
    """Whether its case keeps other people's words or not."""
    with open_desk(database, component="eraser") as desk, database.connect("projector") as connection:
        grant_everybody(desk)
        projector = Projector(connection)
        number = log(desk, words={"subject": "Zebedee cannot print"})
        desk.logging.note(number, "janitor", visible_to_customer=False, request=TECHNICIAN)
        projector.catch_up()
        assert "zebede" in counted(superuser)
        assert numbers(views.search.cases("zebedee", ALL)) == [number]
        erase(desk)
        for query in ("zebedee", "zebadee"):
            assert views.search.cases(query, ALL).items == []
        assert "zebede" not in counted(superuser)
        projector.catch_up()
        assert numbers(views.search.cases("janitor", ALL)) == [number]
        assert set(counted(superuser)) == {"janitor"}
        assert differences(database) == {}


def erase(desk: BlockingDesk) -> None:
    four_eyes.erase(desk, "jo.field@agency.example", ErasureScope.CONTACT_AND_WORDS)


# spans and slips


@given(st.integers(0, 2_000), st.integers(0, 2_000))
def test_spans_cover_a_range_once_from_its_end_down(one: int, other: int) -> None:
    low, high = sorted((one * SMALLEST, other * SMALLEST))
    spans = list(spans_of(low, high))
    assert [span.high for span in spans] == [high, *(span.low for span in spans)][: len(spans)]
    assert (spans[-1].low if spans else high) == low
    assert all(span.high == above(span.high - 1) or span.level for span in spans)
    for span in spans:
        if span.level:
            assert len(span.parts) == 16
            assert (span.parts[0].high, span.parts[-1].low) == (span.high, span.low)


def test_a_span_is_named_as_its_cases_are(superuser: psycopg.Connection[Any]) -> None:
    for number in (*NUMBERS, 12_345_678):
        row = superuser.execute("SELECT tsvector_to_array(search.spans(%s))", (f"INC-{number:07d}",)).fetchone()
        assert row is not None
        expected = [Span(level, number >> bits) for level, bits in enumerate((11, 15, 19))]
        assert sorted(row[0]) == sorted(span.lexeme.strip("'") for span in expected)
        assert all(span.low <= number < span.high for span in expected)


@pytest.mark.parametrize(
    ("meant", "typed", "count"),
    [("printer", "printer", 0), ("printer", "pritner", 1), ("printer", "prnter", 1), ("", "ab", 2), ("abc", "ca", 3)],
)
def test_slips_are_counted(meant: str, typed: str, count: int) -> None:
    assert slips(meant, typed) == slips(typed, meant) == count


def test_few_slips_are_forgiven_and_fewer_in_a_short_word() -> None:
    words = ("printer", "painter", "planter", "prince", "minister", "word", "ward", "wards")
    assert closest(["pritner"], words) == {"printer": 1 - 1 / 7}, "those with more slips are not meant"
    assert list(closest(["painer", "pain"], words)) == ["painter"]
    assert list(closest(["wrod"], words)) == ["word"]
    assert list(closest(["wrdd"], words)) == []
