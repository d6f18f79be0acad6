"""An API process that reads its views on a streaming replica (docs/high-availability.md): it answers as from the leader."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from application.reports.definitions import REPORTS
from tests.acceptance.conftest import done, served
from tests.conftest import TestDatabase
from tests.infrastructure.postgres.standby import standby

LISTS = ("/cases", "/cases?status=closed", "/queues", "/queues/triage", "/obligations", "/problems", "/quarantine")
SEARCHES = ("/search?q=printer", "/search?q=prnter", "/known-errors", "/known-errors?q=printer")


def test_everything_that_views_answer_is_read_on_the_replica(
    server: str, database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infrastructure.postgres.replica._MOST_LOOKS", 200)  # so that the leader never steps in
    with standby(server) as conninfo:
        replica = make_conninfo(conninfo, dbname=database.name)
        with served(database, tmp_path, read_database_url=replica) as desk:
            number = desk.closed()
            position = desk.office.position
            queue = done(desk.technician.get("/cases", after=position))
            assert queue["as_of_position"] == position
            assert [case["number"] for case in queue["items"]] == [number]
            for path in (*LISTS, *SEARCHES):
                assert done(desk.technician.get(path, after=position))["as_of_position"] == position
            for report in REPORTS:
                assert done(desk.auditor.get(f"/reports/{report}", after=position))["position"] == position, report
            done(desk.auditor.get("/conformance", after=position))
            asked = done(desk.auditor.post("/policy/what-if", {"changes": {"roll_to_business_day": True}}, match=None))
            assert asked["position"] == position
            with psycopg.connect(replica) as superuser:
                readers = superuser.execute("SELECT FROM pg_stat_activity WHERE application_name = 'caseledger api'")
                assert readers.fetchall()
