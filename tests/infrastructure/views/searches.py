"""What the tests of searches share."""

from __future__ import annotations

from uuid import UUID

import psycopg

from tests.conftest import TestDatabase
from tests.infrastructure.histories import (
    moment,
)

NEVER = moment(-1_000_000)


def erase(database: TestDatabase, stream: UUID) -> None:
    """What erasing does to what was said in a stream."""
    with psycopg.connect(database.superuser, autocommit=True) as superuser:
        superuser.execute("DELETE FROM vault.disclosures WHERE originator_id = %s", (stream,))
