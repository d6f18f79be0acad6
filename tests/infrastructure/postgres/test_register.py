"""Look-ups of the write side, as the database plans them."""

from __future__ import annotations

from infrastructure.postgres.queries import load
from tests.conftest import TestDatabase


def test_reference_data_are_read_without_all_the_disclosures(database: TestDatabase) -> None:
    """PostgreSQL takes a thirtieth of all events for reference data. It must not merge them with every disclosure."""
    with database.connect("api") as connection:
        connection.execute("SET enable_nestloop = off")  # then only a plan that has no other choice looks each one up
        query = b"EXPLAIN " + load("register")["reference_events"].replace(b"%s", b"0")
        plan = "\n".join(line for (line,) in connection.execute(query).fetchall())
    assert "Nested Loop" in plan, plan
    assert "Index Cond: ((originator_id = e.originator_id)" in plan, plan
