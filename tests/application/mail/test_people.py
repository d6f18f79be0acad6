"""The people that a mail was written to: everybody who stands there, and nobody else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.mail_in.parsing.header_fields import unfolded
from application.mail_in.parsing.people import people_of, writable

ANN, BO = (None, "ann@x.example"), (None, "bo@x.example")
LISTS = {
    "": [],
    "ann@x.example": [ANN],
    "<ann@x.example>": [ANN],
    "Ann <ann@x.example>": [("Ann", "ann@x.example")],
    '"Lee, Ann" <ann@x.example>, bo@x.example': [("Lee, Ann", "ann@x.example"), BO],
    "Lee, Ann <ann@x.example>": [("Ann", "ann@x.example")],
    '"JM-vrg WM-dlde" <ann@x.example>': [("JM-vrg WM-dlde", "ann@x.example")],
    '"a@b.example" <ann@x.example>': [("a@b.example", "ann@x.example")],
    r'"A \"the\" B" <ann@x.example>': [('A "the" B', "ann@x.example")],
    "ann@x.example (Ann (the) Lee)": [("Ann (the) Lee", "ann@x.example")],
    "ann@x.example; bo@x.example;": [ANN, BO],
    "Undisclosed recipients:;": [],
    "undisclosed-recipients: ;": [],
    "undisclosed-recipients:": [],
    "<undisclosed-recipients>": [],
    '"Field crew": ann@x.example, Bo <bo@x.example>;': [ANN, ("Bo", "bo@x.example")],
    "Crew: ann@x.example;, bo@x.example": [ANN, BO],
    "A: ann@x.example; B: bo@x.example;": [ANN, BO],
    "=?utf-8?q?Lee=2C_Ann?= <ann@x.example>": [("Lee, Ann", "ann@x.example")],
    "=?utf-8?q?Lee,_Ann?= <ann@x.example>": [("Lee, Ann", "ann@x.example")],
    '"=?utf-8?q?Lee=2C_Ann?=" <ann@x.example>': [("Lee, Ann", "ann@x.example")],
    "=?iso-8859-8-i?q?=E4=E3?= <ann@x.example>": [("הד", "ann@x.example")],
    "mailto:ann@x.example, <mailto:bo@x.example>": [ANN, BO],
    "<@relay.example:ann@x.example>": [ANN],
    "Ann <ann @ x . example>": [("Ann", "ann@x.example")],
    "Ann <ann(who)@x(where).example>": [("Ann", "ann@x.example")],
    "Ann <ann@x.example> Bo <bo@x.example>": [("Ann", "ann@x.example"), ("Bo", "bo@x.example")],
    '"Ann <ann@x.example>, bo@x.example': [("Ann", "ann@x.example"), BO],
    "Ann (unclosed <ann@x.example>": [("Ann unclosed", "ann@x.example")],
    "Ann Lee, the desk, nobody": [],
    ",;:<>,,": [],
}


@pytest.mark.parametrize(("written", "people"), LISTS.items())
def test_field_08_everybody_who_stands_there_is_found_and_nobody_else(
    written: str, people: list[tuple[str | None, str]]
) -> None:
    assert [tuple(person) for person in people_of(written) if writable(person.address)] == people


def test_field_03_bare_8_bit_names_stay_one_person_s() -> None:
    bare = b'"J\xf6rg, M\xfcller" <ann@x.example>, Zo\xeb <bo@x.example>'.decode("ascii", "surrogateescape")
    assert [tuple(person) for person in people_of(unfolded(bare, None))] == [
        ("Jörg, Müller", "ann@x.example"),
        ("Zoë", "bo@x.example"),
    ]


@pytest.mark.parametrize("seed", ['"', "(", "<", '"\\', "(\\", "=?", "=?a?q?", ",", ":", "a@b,", '"a" <', "()", "(("])
def test_field_08_whatever_is_written_reading_it_ends(seed: str) -> None:
    """It ends soon, too: a pattern that starts anew at every sign would take minutes."""
    list(people_of(seed * (65_536 // len(seed))))


@given(st.text(alphabet='ab@.,;:<>()"\\ =?', max_size=60))
def test_field_08_no_address_is_invented(written: str) -> None:
    for person in people_of(written):
        if writable(person.address):
            assert person.address.partition("@")[0] in written
