"""How the facts of cases are written and read back: one row for each case, and the policies by which they were counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from operator import attrgetter
from typing import Any

import psycopg

from application.administration.policy import POLICY_STREAM
from application.views.case_facts import Facts
from application.views.cases import CaseFold
from application.views.policy_history import PolicyHistory
from infrastructure.postgres.mapper import StateMapper
from infrastructure.postgres.stored_event import LedgerNotification

_KEPT = tuple(field.name for field in fields(Facts))
_kept = attrgetter(*_KEPT)
_STATE = (
    *("received_at", "priority", "status", "team", "service", "channel", "agency", "dispute_until", "suspected_at"),
    *("reopenings", "hand_backs", "failed_fixes", "respond_by", "resolve_by"),
)
_of_state = attrgetter(*_STATE)
_EPISODE = (
    *("first_contact", "resolved_at", "code", "net_seconds", "business_seconds", "first_resolved_at"),
    *("first_net_seconds", "first_business_seconds", "source_seconds", "verifier", "cause_corrected", "problem"),
)
"""What a case has of its latest stay in `resolved`."""
_of_episode = attrgetter(*_EPISODE)
_NEVER_RESOLVED = (None,) * len(_EPISODE)
_TURNED = ("reopened", "after_closure", "disputed")
"""Whether the latest stay was followed by a reopening, by one after its closure, and by one for a dispute."""
COLUMNS = (
    *("case_id", "position", "updated_at", "version", "pending_since", "always", "episodes"),
    *_STATE, *_KEPT, *_EPISODE, *_TURNED,
)  # fmt: skip
"""The columns of a case's facts."""


def fact_row(fold: CaseFold) -> tuple[Any, ...]:
    """The row of a case, by COLUMNS."""
    now, state, episode = fold.now, fold.state, fold.episode
    assert now is not None
    told, turned = _NEVER_RESOLVED, (False, False, False)
    if episode is not None:
        told = _of_episode(episode)
        after_closure = episode.reopened_after_closure_position is not None
        turned = (bool(episode.reopened), after_closure, episode.disputed_position is not None)
    waits = state.pending and state.pending.since
    key = (now.case_id, now.position, now.since, now.version, waits, fold.always, fold.episodes)
    return (*key, *_of_state(state), *_kept(fold.facts), *told, *turned)


def facts_of(row: Mapping[str, Any]) -> Facts:
    """The facts that a row keeps."""
    return Facts(**{name: row[name] for name in _KEPT})


def selected_facts(alias: str) -> str:
    """The columns from which facts are read back."""
    return ", ".join(f"{alias}.{name}" for name in _KEPT)


class Policies:
    """The history of the policy, read from the ledger as it grows."""

    def __init__(self, connection: psycopg.Connection[Any], query: bytes) -> None:
        self._connection, self._query = connection, query
        self._history, self._mapper = PolicyHistory(), StateMapper()

    def refreshed(self) -> PolicyHistory:
        """The history with every version that is on the record."""
        cursor = self._connection.cursor(binary=True)
        for position, stream, version, *rest in cursor.execute(self._query, (POLICY_STREAM, self._history.version)):
            topic, state, recorded_at, db_role = rest
            row = LedgerNotification(stream, version, topic, state, position, recorded_at, db_role)
            self._history.fold(self._mapper.to_domain_event(row), position)
        return self._history
