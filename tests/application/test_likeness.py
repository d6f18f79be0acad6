"""R-5.6a: how alike two reports are. A person decides above the threshold, so what is above it matters."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.cases.likeness import candidates, least_shared, likeness
from application.views.open_reports import stems, terms_of
from application.views.similar import Match, Profile, shared
from domain.policy import first_policy

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)
POLICY = first_policy()
HORIZON, THRESHOLD = POLICY.duplicate_horizon, POLICY.duplicate_threshold

QUEUED = "Printer on floor 2 does not print. Nothing comes out, jobs stay queued."


def profile(words: str = QUEUED, **changes: object) -> Profile:
    return replace(Profile("INC-0000002", "printing", NOW, None, terms_of(words)), **changes)  # type: ignore[arg-type]


def report(words: str = QUEUED, *, of: str = QUEUED, hours: float = 1, **changes: object) -> Match:
    """An earlier report, beside one with the words ``of``."""
    both = shared(terms_of(of), terms_of(words))
    return replace(Match("INC-0000001", "printing", NOW - timedelta(hours=hours), None, both), **changes)  # type: ignore[arg-type]


def alike(words: str, others: str, **changes: object) -> float:
    return likeness(profile(words), report(others, of=words, **changes), HORIZON)  # type: ignore[arg-type]


def test_alerts_of_one_template_are_no_duplicates_of_each_other() -> None:
    """Else one outage of many hosts would need a decision on each of them before anything is assigned (R-5.6b)."""
    one = profile("High memory on the print host", external_ref="f1")
    other = report("High memory on the print host", of="High memory on the print host", external_ref="f2")
    assert likeness(one, other, HORIZON) < THRESHOLD
    assert likeness(one, replace(other, external_ref="f1"), HORIZON) == 1.0
    assert likeness(one, replace(other, external_ref=None), HORIZON) >= THRESHOLD


# examples


@pytest.mark.parametrize(
    "words",
    [
        QUEUED,
        "The printer on floor 2 is not printing. Nothing comes out and the jobs are queued.",
        "printer, floor 2: nothing comes out; jobs queued, does not print",
    ],
    ids=["the same words", "other endings and small words", "another order"],
)
def test_a_paraphrase_is_alike(words: str) -> None:
    assert alike(QUEUED, words) >= THRESHOLD


@pytest.mark.parametrize(
    ("words", "others"),
    [
        ("Printer 17 does not print", "Printer 18 does not print"),
        ("Printer 17 does not print, jobs stay queued", "Printer 18 does not print, jobs stay queued"),
        ("Room B204: no network", "Room B205: no network"),
        ("Cannot open the shared mailbox", "Payslips of October are missing"),
        ("Mailbox is full", "Calendar does not sync"),
    ],
)
def test_what_names_another_thing_or_says_another_thing_is_not_alike(words: str, others: str) -> None:
    assert alike(words, others) < THRESHOLD


def test_the_same_fingerprint_is_certainty_whatever_the_words() -> None:
    alert = profile("disk full", external_ref="alert:77")
    same, other, none = (
        report("something else", of="disk full", external_ref=ref) for ref in ("alert:77", "alert:78", None)
    )
    assert likeness(alert, replace(same, service="email"), HORIZON) == 1.0
    assert likeness(alert, other, HORIZON) == 0.0
    assert likeness(profile("disk full"), none, HORIZON) == 0.0, "no fingerprint is no fingerprint"


def test_the_same_words_about_another_service_are_less_alike() -> None:
    same, unknown, other = (alike(QUEUED, QUEUED, service=service) for service in ("printing", None, "payroll"))
    assert same >= unknown > other
    assert other < THRESHOLD


def test_what_was_received_long_before_is_less_alike() -> None:
    words = "Printer on floor 2 does not print anything"
    recent, old = alike(QUEUED, words, hours=1), alike(QUEUED, words, hours=24 * 14)
    assert recent > old > 0
    assert alike(QUEUED, words, hours=24 * 100) == old, "beyond the horizon it is no less"


def test_where_nothing_is_said_nothing_is_alike() -> None:
    for empty in ("", "  ", "... !", "it is the"):
        assert alike(empty, empty) == 0.0


def test_words_that_say_nothing_and_endings_do_not_count() -> None:
    assert stems("The printers are printing") == stems("printer, prints") | stems("printing")
    assert stems("the is and of") == frozenset()
    assert "17" in stems("printer 17")


# candidates


def test_only_earlier_reports_are_candidates_and_the_most_alike_comes_first() -> None:
    earlier, less, later = (
        report(),
        report("Printer on floor 2 prints blank pages", number="INC-0000000"),
        report(hours=-1, number="INC-0000003"),
    )
    found = candidates(profile(), [less, later, earlier], HORIZON)
    assert [candidate.case for candidate in found] == ["INC-0000001", "INC-0000000"]
    assert found[0].score > found[1].score


def test_of_two_received_at_the_same_time_the_lower_number_is_the_first() -> None:
    same_time = [report(hours=0, number=number) for number in ("INC-0000001", "INC-0000003")]
    assert [candidate.case for candidate in candidates(profile(), same_time, HORIZON)] == ["INC-0000001"]


def test_what_has_nothing_in_common_is_not_even_shown() -> None:
    assert candidates(profile(), [report("Payslips of October are missing")], HORIZON) == []


# properties

WORDS = st.lists(
    st.sampled_from(
        ["printer", "printers", "printing", "17", "18", "floor", "the", "is", "not", "é", "mailbox", "B204"]
    ),
    max_size=12,
).map(" ".join)
SERVICES = st.sampled_from([None, "printing", "email"])
REFS = st.sampled_from([None, "alert:1", "alert:2"])
HOURS = st.integers(-24 * 40, 24 * 40)


@given(st.text() | WORDS, st.text() | WORDS, SERVICES, SERVICES, REFS, REFS, HOURS)
def test_a_likeness_lies_between_0_and_1_and_is_the_same_from_both_sides(
    words: str,
    others: str,
    service: str | None,
    its_service: str | None,
    ref: str | None,
    its_ref: str | None,
    hours: int,
) -> None:
    one = profile(words, service=service, external_ref=ref)
    other = report(others, of=words, hours=hours, service=its_service, external_ref=its_ref)
    score = likeness(one, other, HORIZON)
    assert 0 <= score <= 1
    turned = likeness(
        Profile(other.number, other.service, other.received_at, other.external_ref, terms_of(others)),
        Match(one.number, one.service, one.received_at, one.external_ref, shared(terms_of(others), one.terms)),
        HORIZON,
    )
    assert turned == score


@given(WORDS, SERVICES, HOURS)
def test_nothing_is_more_like_a_report_than_itself(words: str, service: str | None, hours: int) -> None:
    one = profile(words, service=service)
    itself = likeness(one, report(words, of=words, hours=0, service=service), HORIZON)
    for others in (words + " fridge", "mailbox " + words, words):
        assert likeness(one, report(others, of=words, hours=hours, service=service), HORIZON) <= itself


@given(st.text())
def test_any_text_has_its_words(words: str) -> None:
    assert all(stem and stem == stem.casefold() for stem in stems(words))
    assert all(0 <= term < 2**31 for term in terms_of(words))


def test_a_word_that_names_a_thing_weighs_as_much_as_three() -> None:
    assert (len(terms_of("printer")), len(terms_of("17")), len(terms_of("printer 17"))) == (1, 3, 4)
    assert terms_of("Köln") == terms_of("Ko\u0308ln")


@given(st.floats(0.01, 1), SERVICES, st.floats(0, 1), HOURS)
def test_no_likeness_reaches_a_score_without_its_least_share_of_terms(
    score: float, service: str | None, both: float, hours: int
) -> None:
    other = Match("INC-0000001", service, NOW - timedelta(hours=hours), None, both)
    assert both >= least_shared(score) - 1e-9 or likeness(profile(service=service), other, HORIZON) < score
