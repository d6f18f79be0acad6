"""Two processes on one database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.main import open_desk
from application.catalogue import OPERATOR
from application.desk import Desk
from application.execution.requests import Request
from domain.values import Actor, Role
from tests.conftest import TestDatabase, grant_everybody

ADMIN = Request(Actor("root", Role.ADMIN), "test")


@pytest.fixture
def desks(database: TestDatabase) -> Iterator[tuple[Desk, Desk]]:
    """Two processes on one database. The first changes things; the second has its own memory of how they were."""
    with open_desk(database) as office, open_desk(database) as desk:
        grant_everybody(office)
        office.ensure_granted("root", Role.ADMIN, None, None, OPERATOR, anew=False)
        office.adopt_policy(OPERATOR)
        desk.references.refresh()
        yield office, desk


def events(desk: Desk) -> int:
    return desk.recorder.max_notification_id() or 0
