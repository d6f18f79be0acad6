"""The forms of the console against the bodies of the API: a form sends what its body takes, and each command has one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from api.http.bodies.self_service import ReportBody
from api.http.console.fields import Kind, body_of
from api.http.console.forms.cases import CASE_FORMS
from api.http.console.forms.command_form import CommandForm
from api.http.console.forms.others import OPEN_PROBLEM, PROBLEM_FORMS, REPORT, TELEPHONE
from api.http.console.times import ago, due_of, span
from api.http.console.wording import EVENTS, STATUSES
from api.http.routes.verbs import VERBS, Verb
from domain.case.case import EVENTS as CASE_EVENTS
from domain.case.status import Status

ELSEWHERE = {
    "log": TELEPHONE,
    "follow_up": TELEPHONE,
    "open_problem": OPEN_PROBLEM,
}
FOR_THE_ADMINISTRATOR = {"hold", "release_hold"}
"""They need an auditor's approval; the administrator's pages come later."""


def forms() -> Iterator[tuple[Verb, CommandForm]]:
    for verb in VERBS:
        if verb.command in FOR_THE_ADMINISTRATOR:
            continue
        name = verb.path.rpartition("/")[2]
        known = ELSEWHERE.get(verb.command) or (PROBLEM_FORMS if verb.on_problem else CASE_FORMS).get(name)
        assert known is not None, f"{verb.path} has no form"
        yield verb, known


def field_at(model: type[BaseModel], path: list[str]) -> Any:
    """The field of a body at a path, or None."""
    found = model.model_fields.get(path[0])
    if found is None or len(path) == 1:
        return found
    parts = getattr(found.annotation, "__args__", (found.annotation,))
    inner = next(each for each in parts if isinstance(each, type) and issubclass(each, BaseModel))
    return field_at(inner, path[1:])


@pytest.mark.parametrize(("verb", "form"), list(forms()), ids=lambda each: getattr(each, "path", ""))
def test_a_form_sends_what_its_body_takes(verb: Verb, form: CommandForm) -> None:
    for field in form.fields:
        assert field_at(verb.body, field.name.split(".")) is not None, field.name
    named = {field.name.split(".")[0] for field in form.fields if field.required or field.kind is Kind.CHECK}
    required = {name for name, field in verb.body.model_fields.items() if field.is_required()}
    sent_by_the_page = {"received_at"} if form is TELEPHONE else set()
    lists = {field.name for field in form.fields if field.kind is Kind.CODES}
    assert required - sent_by_the_page - lists <= named, "a field that the API requires is required on the page"


def test_a_report_sends_what_its_body_takes() -> None:
    assert {field.name for field in REPORT.fields} <= set(ReportBody.model_fields)


def test_empty_fields_are_left_out_and_parts_are_nested() -> None:
    form = {"impact": ["2"], "severity": ["1"], "override.priority": [""], "reason": [" whole floor "]}
    assert body_of(CASE_FORMS["prioritize"].fields, form, "UTC") == {
        "impact": 2,
        "severity": 1,
        "reason": "whole floor",
    }
    told = {"help_desk": ["dhs"], "contact.method": ["phone"], "contact.outcome": ["informed"]}
    assert body_of(CASE_FORMS["refer"].fields, told, "UTC")["contact"] == {"method": "phone", "outcome": "informed"}


def test_a_time_is_read_in_the_zone_of_the_desk() -> None:
    form = {"at": ["2026-07-01T08:00"], "satisfactory": ["true"], "able_to_work": ["false"], "method": ["phone"]}
    read = body_of(CASE_FORMS["verify"].fields, form, "America/Chicago")
    assert read["at"] == "2026-07-01T08:00:00-05:00"
    assert (read["satisfactory"], read["able_to_work"]) == (True, False)


def test_every_status_and_event_of_a_case_has_words() -> None:
    assert set(Status) <= set(STATUSES)
    assert {event.TOPIC for event in CASE_EVENTS.values()} == set(EVENTS)


NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=40), "40 s"),
        (timedelta(minutes=59), "59 min"),
        (timedelta(hours=2, minutes=5), "2 h 5 min"),
        (timedelta(hours=11, minutes=5), "11 h"),
        (timedelta(days=3, hours=4), "3 d 4 h"),
        (timedelta(days=40), "40 d"),
    ],
)
def test_a_length_of_time_is_said_in_two_parts_at_most(length: timedelta, words: str) -> None:
    assert span(length) == words
    assert ago(NOON - length, NOON) == f"{words} ago"
    assert ago(NOON + length, NOON) == f"in {words}"


def test_a_target_says_in_words_what_its_colour_says() -> None:
    since = NOON - timedelta(hours=2)
    assert due_of(NOON - timedelta(minutes=5), since, NOON).words == "5 min late"
    assert due_of(NOON + timedelta(minutes=5), since, NOON).kind == "soon"
    assert (
        due_of(NOON + timedelta(hours=6), since, NOON).kind,
        due_of(NOON + timedelta(hours=6), since, NOON).left,
    ) == (
        "fine",
        75,
    )
