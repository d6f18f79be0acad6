"""The catalogue check: PostgreSQL's guards of the record, compared both ways with those that the migrations make.

Tables, triggers, functions, grants, roles and event triggers are read as facts, one a line, and compared with the facts
of a fresh database in `catalogue.txt` (audit.md, What must be detected). A guard that was removed and put back leaves no
trace here: the checks of the data find what was done meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Any, get_args

import psycopg
from psycopg.rows import scalar_row

from infrastructure.postgres.database import Component
from infrastructure.postgres.queries import load

_SQL = load("database_catalogue", "infrastructure.transparency.verification")
_GUARDED, _DERIVED = ["ledger", "vault", "tlog", "guards", "search"], ["views", "reporting"]
_NAMES = {
    "guarded": _GUARDED,
    "derived": _DERIVED,
    "all": [*_GUARDED, *_DERIVED],
    "roles": [f"desk_{name}" for name in ("owner", *get_args(Component))],
}
_FACTS = (
    *("schemas", "relations", "columns", "triggers", "rules", "policies", "functions", "sequences", "constraints"),
    *("indexes", "inheritance", "grants", "default_privileges", "roles", "stand_ins", "memberships", "database"),
    *("settings", "event_triggers"),
)
_EVENT_TRIGGERS = "event trigger "
_TO_BE_CALLED = ("event trigger function guards.refuse_ddl() owner ", "event trigger schema guards owner ")
EXPECTED = files("infrastructure.transparency.verification").joinpath("catalogue.txt")
"""The facts of a fresh database; written by `python -m tests.infrastructure.postgres.write_schema`."""


@dataclass(frozen=True)
class CatalogueFindings:
    """Differences from what the migrations make, and warnings for the auditor."""

    findings: list[str]
    warnings: list[str]
    facts: int
    """How many facts were read."""


def check_catalogue(connection: psycopg.Connection[Any]) -> CatalogueFindings:
    """Compare the catalogue with `catalogue.txt`, both ways. It only reads, in the caller's transaction if one is open."""
    with connection.transaction(force_rollback=True):
        present = set(catalogue_facts(connection))
        expected = set(EXPECTED.read_text(encoding="utf-8").splitlines())
        missing, unexpected = expected - present, present - expected
        warnings = _read(connection, "outsiders")
        if not _read(connection, "set_up_by_a_superuser")[0]:
            missing = {fact for fact in missing if not fact.startswith(_EVENT_TRIGGERS)}
            unexpected = {fact for fact in unexpected if not fact.startswith(_TO_BE_CALLED)}
            warnings.append("no event trigger refuses DDL on the record: this database was set up without a superuser")
    findings = [f"missing: {fact}" for fact in sorted(missing)] + [f"unexpected: {fact}" for fact in sorted(unexpected)]
    return CatalogueFindings(findings, warnings, len(present))


def catalogue_facts(connection: psycopg.Connection[Any]) -> list[str]:
    """The facts of a database, in the order of `catalogue.txt`."""
    with connection.transaction(force_rollback=True):
        return sorted({fact for query in _FACTS for fact in _read(connection, query)})


def _read(connection: psycopg.Connection[Any], query: str) -> list[Any]:
    """The rows of one query, under a search path that nobody can add objects to, for the open transaction only."""
    cursor = connection.cursor(row_factory=scalar_row)
    cursor.execute(_SQL["search_path"])
    return cursor.execute(_SQL[query], _NAMES).fetchall()
