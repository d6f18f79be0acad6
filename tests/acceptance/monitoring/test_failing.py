"""A notification that fails whenever it comes waits for a person after some tries; the others go on (R-5.1d)."""

from __future__ import annotations

import psycopg

from domain.monitoring.alert import alert_id
from tests.acceptance.conftest import done
from tests.acceptance.monitoring.conftest import Monitoring, alert, group
from tests.conftest import TestDatabase


def poison(database: TestDatabase, fingerprint: str) -> None:
    """Put an event into an alert's stream that this release cannot read."""
    with psycopg.connect(database.superuser, autocommit=True) as superuser:
        added = superuser.execute(
            "INSERT INTO ledger.stored_events (originator_id, originator_version, topic, state)"
            " SELECT originator_id, max(originator_version) + 1, 'alert.unheard_of', '{}' FROM ledger.stored_events"
            " WHERE originator_id = %s GROUP BY 1",
            (alert_id("prom", fingerprint),),
        )
        assert added.rowcount == 1


def test_r_5_1d_a_notification_that_always_fails_waits_in_the_quarantine_after_some_tries(
    monitoring: Monitoring, database: TestDatabase
) -> None:
    key = monitoring.source()
    opened = done(monitoring.alertmanager(group(alert("a")), key))
    poison(database, opened["alerts"][0]["fingerprint"])
    failing = group(alert("a", episode=2))
    for _ in range(4):
        assert monitoring.alertmanager(failing, key, Connection="close").status_code == 503
        assert monitoring.alertmanager(group(alert("b")), key).is_success
    waiting = monitoring.alertmanager(failing, key)
    assert (waiting.status_code, waiting.json()["outcome"]) == (202, "quarantined")
    last = monitoring.desk.office.position
    (item,) = done(monitoring.desk.technician.get("/quarantine", after=last))["items"]
    assert (item["id"], item["cause"]) == (waiting.json()["message"], "unreadable")
