"""A desk with cases on the record, sealed and projected."""

from __future__ import annotations

from pathlib import Path

import pytest

from application.catalogue import OPERATOR
from application.desk import Desk
from application.letters import Sent
from tests.application.cases import TECHNICIAN, log, resolved
from tests.conftest import TestDatabase
from tests.infrastructure.ledger.sealed import SealedDesk


@pytest.fixture
def record(database: TestDatabase, tmp_path: Path) -> SealedDesk:
    """A record on which nothing is sealed yet."""
    return SealedDesk(database, tmp_path / "sealer")


@pytest.fixture
def audited(desk: Desk, record: SealedDesk) -> SealedDesk:
    """A record of three cases, one of them resolved and mailed about: sealed in two checkpoints, and projected."""
    resolved(desk)
    record.seal()
    desk.note(log(desk), "called again", visible_to_customer=False, request=TECHNICIAN)
    log(desk)
    record.project()
    record.seal()
    return record


@pytest.fixture
def mailed(desk: Desk, audited: SealedDesk) -> SealedDesk:
    """The same, and a mail that a server took."""
    ((message,),) = audited.rows("SELECT id FROM views.outbox")
    desk.mail_accepted(message, Sent("Subject: resolved\r\n\r\nIt is done.\r\n", "250 ok"), desk.clock.now(), OPERATOR)
    audited.project()
    audited.seal()
    return audited
