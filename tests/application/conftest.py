"""Two processes on one database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from application.administration.catalogue import OPERATOR
from application.execution.requests import Request
from domain.values import Actor, Role
from tests.blocking import BlockingDesk, open_desk
from tests.conftest import TestDatabase, grant_everybody

ADMIN = Request(Actor("root", Role.ADMIN), "test")


@pytest.fixture
def desks(database: TestDatabase) -> Iterator[tuple[BlockingDesk, BlockingDesk]]:
    """Two processes on one database. The first changes things; the second has its own memory of how they were."""
    with open_desk(database) as office, open_desk(database) as desk:
        grant_everybody(office)
        office.grants.ensure("root", Role.ADMIN, None, None, OPERATOR, anew=False)
        office.policy.adopt(OPERATOR)
        desk.references.refresh()
        yield office, desk


def events(desk: BlockingDesk) -> int:
    return desk.position
