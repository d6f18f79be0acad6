"""Checkpoints in a test's database, as the sealer puts them there."""

from __future__ import annotations

import json

import psycopg

from tests.conftest import TestDatabase
from tests.infrastructure.transparency.trees import MemoryLog

_INSERT = "INSERT INTO tlog.checkpoints SELECT (jsonb_populate_record(NULL::tlog.checkpoints, %s)).*"


def sealed(database: TestDatabase, *logs: MemoryLog) -> None:
    """Put logs and their checkpoints there, as the sealer would."""
    with psycopg.connect(database.superuser, autocommit=True) as superuser:
        for number, log in enumerate(logs, start=1):
            superuser.execute("INSERT INTO tlog.logs (log, origin) VALUES (%s, %s)", (number, log.signer.verifier.name))
            row = {"log": number, "size": log.size, "position": log.size, "note": log.note(), "sealed_at": "2026-11-25"}
            superuser.execute(_INSERT.encode(), (json.dumps(row),))
