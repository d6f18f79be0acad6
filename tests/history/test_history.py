"""Stored events of every release keep reading. The files beside this one are append-only: one a release."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from application.documents import case_document
from domain.access import EVENTS as ACCESS_EVENTS
from domain.aggregate import Recorded
from domain.alert import EVENTS as ALERT_EVENTS
from domain.case import EVENTS as CASE_EVENTS
from domain.case import Case
from domain.catalogue import EVENTS as CATALOGUE_EVENTS
from domain.intake import EVENTS as INTAKE_EVENTS
from domain.log import EVENTS as LOG_EVENTS
from domain.message import EVENTS as MESSAGE_EVENTS
from domain.policy import EVENTS as POLICY_EVENTS
from domain.privacy import EVENTS as PRIVACY_EVENTS
from domain.problem import EVENTS as PROBLEM_EVENTS
from domain.source import EVENTS as SOURCE_EVENTS
from infrastructure.postgres.mapper import StateMapper
from infrastructure.postgres.stored import LedgerEvent

RELEASES = sorted(Path(__file__).parent.glob("*.jsonl"))


def stored(release: Path) -> Iterator[LedgerEvent]:
    for line in release.read_text(encoding="utf-8").splitlines():
        stream, version, topic, recorded_at, state = json.loads(line)
        yield LedgerEvent(UUID(stream), version, topic, state.encode(), recorded_at=datetime.fromisoformat(recorded_at))


def folded(release: Path) -> dict[UUID, Any]:
    mapper, roots = StateMapper(), dict[UUID, Any]()
    for row in stored(release):
        event: Recorded = mapper.to_domain_event(row)
        roots[row.originator_id] = event.mutate(roots.get(row.originator_id))  # type: ignore[index, arg-type]
    return roots


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
def test_every_event_of_a_release_reads_and_folds(release: Path) -> None:
    roots = folded(release)
    assert len(roots) > 10
    documents = [case_document(root) for root in roots.values() if isinstance(root, Case)]
    assert {document["status"] for document in documents} >= {"logged", "assigned", "resolved", "closed"}
    assert all(document["erased"] or document["imported_from"] for document in documents), "the vault is not here"


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
def test_what_a_release_wrote_this_one_would_write_the_same_or_knows_how_to_read(release: Path) -> None:
    """Until a topic gets a new form (and an upcast), reading and writing it again gives the same bytes."""
    mapper = StateMapper()
    for row in stored(release):
        assert mapper.to_stored_event(mapper.to_domain_event(row)).state == row.state, row.topic


def test_every_topic_is_in_the_history_of_some_release() -> None:
    known = {row.topic for release in RELEASES for row in stored(release)}
    written = (
        CASE_EVENTS,
        PROBLEM_EVENTS,
        MESSAGE_EVENTS,
        INTAKE_EVENTS,
        CATALOGUE_EVENTS,
        POLICY_EVENTS,
        ACCESS_EVENTS,
        PRIVACY_EVENTS,
        LOG_EVENTS,
        ALERT_EVENTS,
        SOURCE_EVENTS,
    )
    assert known == {topic for events in written for topic in events}
