"""What each template asks, on histories of letters: `a` is the activation, `b` the target, `v` takes back."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import product

import pytest

from application.reports.conformance.check import Verdict, check
from application.reports.conformance.model_file import read_model
from application.reports.conformance.templates import TEMPLATES, UNARY
from domain.calendar import Calendar
from tests.application.conformance.histories import START, history, step

CALENDAR = Calendar("business")
TOPICS = {
    "a": "case.noted",
    "b": "case.attached",
    "v": "case.recovery_observed",
    "x": "case.accepted",
    "c": "case.closed",
}
CASES = (
    # template, holds, does not
    ("existence", ("a", "xa"), ("x",)),
    ("absence", ("x",), ("a", "xa")),
    ("exactly", ("a", "xa"), ("x", "aa")),
    ("init", ("a", "ax"), ("xa",)),
    ("responded existence", ("ab", "ba", "x"), ("a", "xac")),
    ("co-existence", ("ab", "ba", "x"), ("a", "b")),
    ("response", ("ab", "aab", "axb", "b", "a", "avc"), ("ac", "bac")),
    ("alternate response", ("ab", "abab", "abac"[:3]), ("aab", "abac")),
    ("chain response", ("ab", "a", "x"), ("axb", "ax")),
    ("precedence", ("ba", "bxa", "baa", "x"), ("a", "ab", "bva")),
    ("alternate precedence", ("ba", "baba"), ("baa", "ab")),
    ("chain precedence", ("ba", "x"), ("bxa", "a")),
    ("succession", ("ab", "aabb"), ("ac", "ba")),
    ("alternate succession", ("abab",), ("aab", "abb")),
    ("chain succession", ("ab", "xabx"), ("axb", "b")),
    ("not response", ("ba", "a", "avb"), ("ab", "axb", "aavb"[:2] + "b")),
    ("not chain response", ("ba", "axb"), ("ab",)),
    ("not co-existence", ("a", "b", "aa"), ("ab", "ba")),
)
"""Each history by itself; an open case's response may still come, a closed one's (`c`) may not."""


REGULAR = {
    "existence": ".*a.*",
    "absence": "[^a]*",
    "exactly": "[^a]*a[^a]*",
    "init": "a.*",
    "responded existence": "[^a]*((a.*b.*)|(b.*a.*))*[^a]*",
    "co-existence": "[^ab]*((a.*b.*)|(b.*a.*))*[^ab]*",
    "response": "[^a]*(a.*b)*[^a]*",
    "alternate response": "[^a]*(a[^a]*b[^a]*)*[^a]*",
    "chain response": "[^a]*(ab[^a]*)*[^a]*",
    "precedence": "[^a]*(b.*a)*[^a]*",
    "alternate precedence": "[^a]*(b[^a]*a[^a]*)*[^a]*",
    "chain precedence": "[^a]*(ba[^a]*)*[^a]*",
    "succession": "[^ab]*(a.*b)*[^ab]*",
    "alternate succession": "[^ab]*(a[^ab]*b[^ab]*)*[^ab]*",
    "chain succession": "[^ab]*(ab[^ab]*)*[^ab]*",
    "not response": "[^a]*(a[^b]*)*[^ab]*",
    "not chain response": "[^a]*(a+[^ab][^a]*)*([^a]*|a+)",
    "not co-existence": "[^ab]*((a[^b]*)|(b[^a]*))?",
}
"""The same templates as regular expressions over whole traces (C. Di Ciccio, M. Mecella: On the discovery of declarative control flows
for artful processes, ACM TMIS 5, 2015)."""
_LONGEST = 5


def verdict(template: str, letters: str, more: str = "", *, hours: float = 1, until: float | None = None) -> Verdict:
    target = "" if template in UNARY else f"\n    target: {TOPICS['b']}\n    voided by: {TOPICS['v']}"
    rule = f"  - rule: r\n    clause: R-5.8a\n    says: It holds.\n    template: {template}\n    activation: {TOPICS['a']}{target}{more}"
    model = read_model(f"model: test\nrules:\n{rule}\n", "test.yaml", CALENDAR)
    steps = (step(TOPICS[letter], hours) for letter in letters)
    moment = None if until is None else START + timedelta(hours=until)
    return check(history(*steps, until=moment), model)


def test_every_template_is_tried() -> None:
    assert {template for template, _, _ in CASES} == set(TEMPLATES)


@pytest.mark.parametrize(("template", "letters"), [(t, each) for t, holds, _ in CASES for each in holds])
def test_a_template_holds(template: str, letters: str) -> None:
    assert verdict(template, letters).deviations == ()


@pytest.mark.parametrize(("template", "letters"), [(t, each) for t, _, breaks in CASES for each in breaks])
def test_a_template_does_not_hold(template: str, letters: str) -> None:
    found = verdict(template, letters)
    assert found.deviations
    assert found.violated["r"] >= 1


@pytest.mark.parametrize(
    ("hours", "until", "deviates"),
    [(71, None, False), (73, None, True)],
)
def test_a_response_has_its_time(hours: float, until: float | None, deviates: bool) -> None:
    assert bool(verdict("response", "ab", "\n    time: {at most: 72 h}", hours=hours).deviations) is deviates


@pytest.mark.parametrize(("until", "deviates"), [(72.5, False), (74, True)])
def test_a_response_that_has_not_come_is_late_once_its_time_is_over(until: float, deviates: bool) -> None:
    found = verdict("response", "a", "\n    time: {at most: 72 h}", until=until)
    assert bool(found.deviations) is deviates


@pytest.mark.parametrize(("hours", "deviates"), [(8, False), (9.5, False), (23, False), (26, True)])
def test_business_time_stands_still_at_night(hours: float, deviates: bool) -> None:
    """From 09:00 on a Monday, 9 business hours end at 09:00 on Tuesday."""
    model = "\n    time: {at most: 9 h, clock: business}"
    target = verdict("response", "ab", model, hours=hours)
    assert bool(target.deviations) is deviates


def test_a_target_may_be_needed_several_times() -> None:
    assert verdict("precedence", "bba", "\n    times: 2").deviations == ()
    assert verdict("precedence", "ba", "\n    times: 2").deviations


def test_a_model_counts_activations() -> None:
    found = verdict("response", "aabac")
    assert (found.activated, found.violated) == ({"r": 3}, {"r": 1})


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_means_what_the_literature_says(template: str) -> None:
    """On every closed history of up to five events, `x` being any other."""
    words = ("".join(word) for length in range(_LONGEST + 1) for word in product("abx", repeat=length))
    wrong = [
        w for w in words if bool(verdict(template, f"{w}c").deviations) is bool(re.fullmatch(REGULAR[template], w))
    ]
    assert wrong == []
