"""A desk beside a newer release on the same database (docs/operating.md, Upgrades)."""

from __future__ import annotations

from pathlib import Path

import psycopg

from application.demo.small_desk import load_demo
from application.reports.definitions import REPORTS
from infrastructure.postgres.setup.releases import LEVEL
from tests.acceptance.conftest import RunningDesk, done
from tests.conftest import TestDatabase, differences
from tests.infrastructure.transparency.sealed import SealedDesk

_EVERY_TABLE = """
    SELECT format('ALTER TABLE %I.%I ADD COLUMN newer int DEFAULT 0', table_schema, table_name)
    FROM information_schema.tables
    WHERE table_schema IN ('ledger', 'vault', 'views', 'tlog', 'operations') AND table_type = 'BASE TABLE'
"""


def test_a_desk_goes_on_beside_a_release_that_adds_and_says_when_it_is_left_behind(
    running: RunningDesk, database: TestDatabase, tmp_path: Path
) -> None:
    """Every table has a column more: whatever is asked or done is answered as before."""
    running.office.run(load_demo)
    running.catch_up()
    with psycopg.connect(database.superuser) as connection:
        connection.execute("SET caseledger.migration = on")
        for (statement,) in connection.execute(_EVERY_TABLE.encode()).fetchall():
            connection.execute(statement)
        connection.execute("UPDATE operations.schema SET level = %s", (LEVEL + 1,))
    number = running.resolved()
    running.send_mail()
    done(running.technician.post(f"/cases/{number}/dispute", {"reason": "it still jams"}))
    running.catch_up()
    assert done(running.technician.get(f"/cases/{number}"))["status"] == "assigned"
    paths = [path for path, item in done(running.technician.get("/openapi.json"))["paths"].items() if "get" in item]
    asked = {path: running.auditor.get(path).status_code for path in paths if "{" not in path and path != "/events"}
    queues = [each["name"] for each in done(running.technician.get("/queues"))["items"]]
    asked |= {path: running.auditor.get(path).status_code for path in (f"/queues/{name}" for name in queues)}
    asked |= {path: running.auditor.get(path).status_code for path in (f"/reports/{name}" for name in REPORTS)}
    assert {path: status for path, status in asked.items() if status >= 500} == {}
    assert sum(status == 200 for status in asked.values()) > len(asked) / 2
    sealed = SealedDesk(database, tmp_path / "sealer")
    sealed.seal()
    assert differences(database) == {}

    with psycopg.connect(database.superuser) as connection:
        connection.execute("UPDATE operations.schema SET level = %s, needs = %s", (LEVEL + 2, LEVEL + 2))
    for path in ("/readyz", "/readyz/write", "/readyz/views"):
        answer = running.anonymous().get(path)
        assert answer.status_code == 503
        assert f"must know migration {LEVEL + 2}" in answer.json()["detail"]
    assert running.anonymous().get("/healthz").status_code == 200


def test_a_case_with_an_event_of_a_newer_release_is_not_answered_here_and_is_no_error(
    running: RunningDesk, database: TestDatabase
) -> None:
    number = running.log()["number"]
    other = running.log()["number"]
    with psycopg.connect(database.superuser) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "INSERT INTO ledger.stored_events (originator_id, originator_version, topic, state)"
            " SELECT e.originator_id, e.originator_version + 1, 'case.paused_by_fax', e.state"
            " FROM ledger.stored_events e JOIN ledger.numbers n ON n.originator_id = e.originator_id"
            " WHERE n.number = %s ORDER BY e.originator_version DESC LIMIT 1",
            (number,),
        )
    for answer in (
        running.technician.get(f"/cases/{number}"),
        running.technician.get(f"/cases/{number}/history"),
        running.technician.post(f"/cases/{number}/triage", {"owner": "desk"}),
    ):
        assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (503, "unavailable")
        assert "does not know" in answer.json()["detail"]
        assert answer.headers["Retry-After"]
    done(running.technician.post(f"/cases/{other}/triage", {"owner": "desk"}))
