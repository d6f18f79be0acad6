"""A policy that an older release adopted is whole: shown with every field, and changeable in each."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from application.administration.entries import change_policy
from application.cases.documents import policy_document
from domain.aggregate import Recorded
from domain.calendar import Calendar
from domain.policy import Policy, Target
from domain.policy_book import PolicyBook
from infrastructure.postgres.mapper import StateMapper
from tests.history.folding import RELEASES, folded, stored


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
def test_r_7_1_the_policy_that_a_release_adopted_is_whole_and_every_field_of_it_can_be_changed(release: Path) -> None:
    for book in folded(release).values():
        if isinstance(book, PolicyBook):
            _check_whole(book)


def test_r_7_1_a_policy_that_says_the_least_is_whole() -> None:
    """As a release would have stored it that knew none of the fields which have a default now."""
    row = next(row for row in stored(RELEASES[-1]) if row.topic == "policy.adopted")
    state = json.loads(row.state)
    state["policy"] = _least(state["policy"], Policy)
    event: Recorded = StateMapper().to_domain_event(replace(row, state=json.dumps(state).encode()))
    _check_whole(event.mutate(None))


def _check_whole(book: PolicyBook) -> None:
    shown = msgspec.to_builtins(policy_document(book))
    assert shown.keys() == {"book_version", "fields", *(field.name for field in fields(Policy))}
    assert shown["business"].keys() == {field.name for field in fields(Calendar)}
    assert [target.keys() for target in shown["targets"]] == [{field.name for field in fields(Target)}] * 4
    settable = {name: value for name, value in shown.items() if name not in ("version", "book_version", "fields")}
    assert change_policy(book.policy, settable) == book.policy
    for name, value in settable.items():
        assert change_policy(book.policy, {name: value}) == book.policy
    assert change_policy(book.policy, {"attachments_per_case": 7}).attachments_per_case == 7


def _least(stored: Any, kind: Any) -> Any:
    """Without whatever has a default, at every depth."""
    if isinstance(stored, list):
        return [_least(each, get_args(kind)[0]) for each in stored]
    if not is_dataclass(kind):
        return stored
    hints = get_type_hints(kind)
    needed = [field.name for field in fields(kind) if field.default is MISSING]
    return {name: _least(stored[name], hints[name]) for name in needed}
