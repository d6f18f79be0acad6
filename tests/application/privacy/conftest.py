"""The desk as `caseledger erase` opens it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from application.administration.catalogue import OPERATOR
from domain.values import Role
from tests.blocking import BlockingDesk, open_desk
from tests.conftest import TestDatabase, grant_everybody


@pytest.fixture
def desk(database: TestDatabase) -> Iterator[BlockingDesk]:
    """In the eraser's role, with an administrator and an auditor."""
    with open_desk(database, component="eraser") as opened:
        grant_everybody(opened)
        opened.grants.ensure("root", Role.ADMIN, None, None, OPERATOR, anew=False)
        yield opened
