"""Saved filters: what an owner keeps under a name."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from domain.errors import ContradictsRecord, NotFound
from domain.readers.saved_filters import MOST, SavedFilter, SavedFilters
from domain.values import Actor, Provenance, Role, Via

BY = Provenance(Actor("a.ortiz", Role.TECHNICIAN), Via("http"), datetime(2026, 11, 23, 14, tzinfo=UTC), random=bytes)
LATE = {"overdue": "true", "sort": "due"}


def saved() -> SavedFilters:
    filters = SavedFilters.of(UUID(int=7), "network", BY)
    filters.save("late", LATE, BY)
    return filters


def test_a_filter_is_saved_in_place_of_the_one_before() -> None:
    filters = saved()
    assert filters.filters == {"late": SavedFilter(LATE, "a.ortiz")}
    filters.save("late", {"status": "assigned"}, BY)
    assert filters.filters["late"].query == {"status": "assigned"}


def test_the_same_query_again_records_nothing() -> None:
    filters = saved()
    before = filters.version
    filters.save("late", dict(LATE), BY)
    assert filters.version == before


def test_a_filter_that_is_removed_is_gone() -> None:
    filters = saved()
    filters.remove("late", BY)
    assert filters.filters == {}
    with pytest.raises(NotFound, match="network has no saved filter late"):
        filters.remove("late", BY)


def test_an_owner_has_a_bounded_number_of_filters() -> None:
    filters = saved()
    for place in range(1, MOST):
        filters.save(f"filter {place}", LATE, BY)
    with pytest.raises(ContradictsRecord, match="Remove one first"):
        filters.save("one more", LATE, BY)
    filters.save("late", {"status": "assigned"}, BY)  # in place of one there is
