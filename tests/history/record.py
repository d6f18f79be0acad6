"""Records what this release writes: one history with every topic, as stored. Once a release, never changed after it.

python -m tests.history.record > tests/history/0.1.0.jsonl
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg

from api.main import open_desk
from application.demo import load_demo
from application.desk import Desk
from application.intake.importer import Importer
from application.intake.servicenow import ServiceNowLog
from domain.case.resolution import Outcome, Verification
from domain.case.state import CauseCorrected, PendingReason
from infrastructure.postgres.database import Database
from infrastructure.postgres.embedded import embedded_server
from infrastructure.postgres.migrate import migrate
from tests.acceptance.test_import import row
from tests.application.cases import FIXED, NETWORK, TECHNICIAN, assigned, resolved


def work(desk: Desk) -> None:
    """Everything a case can go through."""
    load_demo(desk)
    number = assigned(desk)
    desk.pend(number, PendingReason.VENDOR, "ordered", None, NETWORK)
    desk.resume(number, "arrived", NETWORK)
    now = desk.clock.now()
    desk.verify(number, Verification(False, False, "phone", now, Outcome.REACHED), None, NETWORK)
    desk.correct(number, "location", "Room 7", "misheard", TECHNICIAN)
    desk.correct(number, "service", "email", "misheard", TECHNICIAN)
    desk.note(number, "called", visible_to_customer=True, request=TECHNICIAN)
    for _ in range(2):  # the second joins the problem of the first
        problem = "PRB-0000002" if _ else None
        other = assigned(desk)
        desk.verify(other, Verification(True, True, "phone", desk.clock.now()), None, NETWORK)
        remaining = replace(FIXED, cause_corrected=CauseCorrected.UNKNOWN, problem=problem)
        desk.resolve(other, remaining, "restarted", "it happens", NETWORK)
    desk.reopen(resolved(desk), "too early", NETWORK)
    rows = [
        row(),
        row(u_symptom="Symptom 7"),
        row(incident_state="Awaiting Vendor", assignment_group="Group 1"),
        row(
            incident_state="Closed", sys_updated_at="1/3/2016 10:00", resolved_at="1/3/2016 09:00", closed_code="code 1"
        ),
        row(incident_state="Active", sys_updated_at="2/3/2016 10:00", priority="1 - Critical"),
    ]
    log = ServiceNowLog(ZoneInfo("UTC"))
    Importer(desk, "servicenow", "log.csv@0").run(
        log.incidents((line, list(values.values())) for line, values in enumerate(rows, start=2)), lambda _: None
    )


def main() -> None:
    """Print the history as JSON lines: stream, version, topic, recorded_at, state."""
    folder = Path(tempfile.mkdtemp(prefix="cl-"))
    folder.chmod(0o755)
    try:
        with embedded_server(folder, fsync=False) as conninfo:
            database = Database(conninfo, embedded=True)
            migrate(database)
            with open_desk(database) as desk:
                work(desk)
            with psycopg.connect(database.for_component("auditor")) as auditor:
                for line in auditor.execute(
                    "SELECT originator_id::text, originator_version, topic, recorded_at::text, "
                    "convert_from(state, 'UTF8') FROM ledger.stored_events ORDER BY notification_id"
                ):
                    sys.stdout.write(json.dumps(line) + "\n")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
