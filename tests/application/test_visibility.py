"""What each role reads of each event (R-2.1a): the table covers every topic and field, and holds on every history."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest

from application.cases.documents import MESSAGES, case_document
from application.cases.history import history_items
from application.cases.visibility import CASE, EVENTS, OF_ONE_CUSTOMER
from application.ports import Entry
from domain.aggregate import Recorded
from domain.case import EVENTS as TOPICS
from domain.case import Case
from domain.values import Disclosure, DisclosureKind, Role
from infrastructure.postgres.mapper import StateMapper
from tests.domain.cases import NOW, at, logged
from tests.history.folding import RELEASES, folded, stored

SHARED = {field.name for field in fields(Recorded)}
HIDDEN = {"unrelated", "consultations", "obligations", "assumed", "hold", "candidates"}
"""What of a case its customer does not read."""
NUMBER = re.compile(r"INC-\d{7}")


def test_r_2_1a_the_table_names_every_field_of_every_event_of_a_case() -> None:
    """A new event, or a new field, is listed when somebody has decided who reads it."""
    known = {topic: {field.name for field in fields(event)} - SHARED for topic, event in TOPICS.items()}
    assert {topic: set(row) for topic, row in EVENTS.items()} == known


def test_r_2_1a_the_table_names_every_field_of_a_case() -> None:
    case = next(root for release in RELEASES for root in folded(release).values() if isinstance(root, Case))
    assert set(case_document(case)) - HIDDEN == CASE
    assert set(case_document(case, Role.CUSTOMER)) == CASE


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
def test_r_2_1a_no_history_tells_a_customer_of_others_cases_or_of_a_hold(release: Path) -> None:
    roots = folded(release)
    for stream, entries in histories(release):
        case = roots[stream]
        own = {case.number, case.follow_up_of, *(n for n, kind in ever_linked(entries) if kind in OF_ONE_CUSTOMER)}
        seen = json.dumps([history_items(entries, Role.CUSTOMER), case_document(case, Role.CUSTOMER)], default=str)
        assert set(NUMBER.findall(seen)) <= own
        for hidden in ("approved_by", "hold_", "db_role", "first_technician_not_consulted", "answer_consultation"):
            assert hidden not in seen


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
def test_r_2_1a_staff_words_reach_a_customer_only_where_they_are_meant_for_them(release: Path) -> None:
    """Each text is its own name here, so that what is read says where it was from."""
    meant = {("case.resolved", "solution"), ("case.noted", "note"), ("case.pended", "question")}
    told = set[tuple[str, str]]()
    for _, entries in histories(release):
        staff = {d.digest for e in entries for d in e.disclosures if d.kind is DisclosureKind.STAFF_WORDS}
        for item in history_items(entries, Role.CUSTOMER):
            texts = [name for name, value in item["data"].items() if is_staff(value) and value["value"] is not None]
            told |= {(item["topic"], name) for name in texts}
            assert item["reason"] not in staff
    assert told <= meant
    assert ("case.resolved", "solution") in told


def test_r_2_1a_staff_auditors_and_reporters_read_everything() -> None:
    for _, entries in histories(RELEASES[-1]):
        whole = history_items(entries, Role.AUDITOR)
        assert len(whole) == len(entries)
        for role in (Role.TECHNICIAN, Role.TEAM_MEMBER, Role.DUTY_MANAGER, Role.REPORTER):
            assert history_items(entries, role) == whole


def is_staff(value: Any) -> bool:
    return isinstance(value, dict) and value.get("kind") == DisclosureKind.STAFF_WORDS


def ever_linked(entries: list[Entry]) -> list[tuple[str, str]]:
    """The cases that a case was ever linked with, and how."""
    links = [vars(entry.event) for entry in entries if entry.event.TOPIC == "case.linked"]
    return [(link["case"], link["kind"]) for link in links]


def histories(release: Path) -> Iterator[tuple[UUID, list[Entry]]]:
    """The history of every case of a release. The vault is not here, so each disclosure says its own digest."""
    mapper, found = StateMapper(), dict[UUID, list[Entry]]()
    for position, row in enumerate(stored(release), start=1):
        if not row.topic.startswith("case."):
            continue
        event = mapper.to_domain_event(row)
        said = tuple(with_words(each) for each in disclosures_of(event))
        entry = Entry(event, row.state, position, datetime(2026, 11, 30, tzinfo=UTC), "desk_api", said)
        found.setdefault(cast("UUID", row.originator_id), []).append(entry)
    yield from found.items()


def disclosures_of(event: Recorded) -> Iterator[Disclosure]:
    for value in vars(event).values():
        yield from (each for each in (value if isinstance(value, tuple) else (value,)) if isinstance(each, Disclosure))


def with_words(said: Disclosure) -> Disclosure:
    words = json.dumps({"text": said.digest, "reason": said.digest})
    return Disclosure(said.digest, said.subject, said.kind, words, b"-")


def test_a_long_thread_shows_its_latest_messages_and_counts_the_others() -> None:
    case = logged()
    for number in range(MESSAGES + 3):
        case.receive_message(f"mail {number}", "jo" if number % 2 else "al", NOW, None, None, at())
    document = case_document(case)
    assert [each["id"] for each in document["messages"]] == [f"mail {n}" for n in range(3, MESSAGES + 3)]
    assert document["earlier_messages"] == 3
    own = case_document(case, Role.CUSTOMER)
    assert (len(own["messages"]), own["earlier_messages"]) == ((MESSAGES + 3) // 2, 0)
