"""How words are read for searching: typed words are words, in any script and any normal form (issue 12, field input 24)."""

from __future__ import annotations

import json
from unicodedata import normalize

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.views.questions import Page
from domain.values import Role
from infrastructure.views.projector import Projector
from tests.blocking import BlockingDesk
from tests.conftest import DATA, TestDatabase
from tests.infrastructure.histories import POLICY, History, by
from tests.infrastructure.views.test_search import ALL, numbers

MAC = "Port of 02:1b:44:fe:9a:3c is off"
JAPANESE = "社員のパスワードを忘れました。表"
FOUND = [
    (MAC, "02:1b:44:fe:9a:3c"),
    (MAC, "fe:9a"),
    (MAC, "is off"),
    (JAPANESE, "パスワード"),
    (JAPANESE, "ﾊﾟｽﾜｰﾄﾞ"),
    (JAPANESE, "社員 忘れ"),
    (JAPANESE, "表"),
    (JAPANESE, "員"),
    ("비밀번호를 잊었습니다", "비밀번호"),
    ("打印机无法打印", "打印机"),
    ("เข้าสู่ระบบไม่ได้", "ระบบ"),
    ("PC電源が入らない", "PC電源"),
    ("The C++ build fails with 50%_off(err)", "C++"),
    ("The C++ build fails with 50%_off(err)", "50%_off(err)"),
    ("The C++ build fails with 50%_off(err)", "off"),
    ("To be or not to be", '"not to be'),
    ("To be or not to be", "or"),
    ("To be or not to be", "or not be"),
    ("Both printers were jamming, asset-000417, Köln-Süd", "printer"),
    ("Both printers were jamming, asset-000417, Köln-Süd", "000417"),
    ("Both printers were jamming, asset-000417, Köln-Süd", "KÖLN"),
    ("Both printers were jamming, asset-000417, Köln-Süd", "süd"),
    ("Both printers were jamming", "the jammed printer"),
    ("rm -rf fails on db1.example.com", "rm -rf"),
    ("rm -rf fails on db1.example.com", "db1"),
    ("rm -rf fails on db1.example.com", "example.com"),
    ("see /var/log/syslog.1 or mail jo@agency.example", "syslog"),
    ("see /var/log/syslog.1 or mail jo@agency.example", "agency"),
    ('the screen is 5" wide', '5" screen'),
    ("it's 10:30 & <b>dark</b>", "it's <b>dark</b> & | ! :* \\ '"),
    ("\N{FULLWIDTH LATIN SMALL LETTER F}ull width", "full"),
    ("हिन्दी में लिखा", "हिन्दी"),
]  # fmt: skip
NOT_FOUND = [
    (MAC, "02:1b:44:fe:9a:3d"),
    (JAPANESE, "パスポート"),
    ("Both printers were jamming", "scanner"),
    ("printer and scanner", '"scanner and printer"'),
    ("printer or scanner", '"printer and scanner"'),
    ("anything", ""),
    ("anything", '"'),
    ("anything", "++ !! ()"),
]


def finds(connection: psycopg.Connection[tuple[bool]], text: str, query: str) -> bool:
    row = connection.execute("SELECT search.lexemes(%s) @@ search.question(%s)", (text, query)).fetchone()
    assert row is not None
    return row[0]


def test_typed_words_are_words_in_any_script_and_form(database: TestDatabase) -> None:
    with psycopg.connect(database.for_component("api")) as connection:
        for text, query in FOUND:
            for said in (normalize("NFC", text), normalize("NFD", text)):
                for asked in (query, normalize("NFD", query), normalize("NFC", query)):
                    assert finds(connection, said, asked), (text, query)
        for text, query in NOT_FOUND:
            assert not finds(connection, text, query), (text, query)


WORDS = st.text(st.characters(categories=["L", "N", "M", "P", "S"]), min_size=1, max_size=12)


def test_whatever_a_text_says_each_word_of_it_finds_it(database: TestDatabase) -> None:
    with psycopg.connect(database.for_component("api")) as connection:

        @settings(max_examples=200, deadline=None)
        @given(st.lists(WORDS, min_size=1, max_size=6), st.sampled_from(["NFC", "NFD", "NFKC"]))
        def check(words: list[str], form: str) -> None:
            text = " ".join(words)
            for word in words:
                if finds(connection, word, word):  # it has a letter or a digit
                    assert finds(connection, text, normalize(form, word)), (text, word)  # type: ignore[arg-type]

        check()


def test_no_question_is_an_error(database: TestDatabase) -> None:
    with psycopg.connect(database.for_component("api")) as connection:

        @settings(max_examples=200, deadline=None)
        @given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40))
        def check(asked: str) -> None:
            finds(connection, asked, asked)

        check()


def test_field_24_each_query_finds_its_case_open_or_closed(
    history: History, projector: Projector, views: BlockingDesk
) -> None:
    given = DATA / "field" / "24-search-terms.json"
    if not given.exists():
        pytest.skip("the field's inputs are not beside the checkout")
    document = json.loads(given.read_text(encoding="utf-8"))
    cases = {
        case["key"]: history.resolved(words={"subject": case["title"], "description": case["text"]})
        for case in document["cases"]
    }
    for closed in (False, True):
        if closed:
            for case in cases.values():
                history.tell(case, 10)
                case.close_elapsed(case.resolution_version or 0, POLICY, by(10 + 72 * 60, Role.SYSTEM))
                history.put(case)
        projector.catch_up()
        for query in document["queries"]:
            for form in ("NFC", "NFD"):
                found = numbers(views.search.cases(normalize(form, query["q"]), ALL))
                assert cases[query["hit"]].number in found, (query, closed)


def test_what_is_misspelt_is_found_beside_an_unfinished_quote_and_not_beside_a_whole_one(
    history: History, projector: Projector, views: BlockingDesk
) -> None:
    case = history.logged(words={"subject": "Printer stripes"})
    projector.catch_up()
    assert numbers(views.search.cases('"pritner', Page(limit=5))) == [case.number]
    assert numbers(views.search.cases('"pritner"', Page(limit=5))) == []


def test_known_errors_are_read_alike(history: History, projector: Projector, views: BlockingDesk) -> None:
    history.published("パスワードを忘れました", "C++ build", "not to be")
    projector.catch_up()
    for query in ("パスワード", "C++", '"not to be'):
        assert numbers(views.search.known_errors(query, None, ALL), "id") == ["KE-0000001"], query
