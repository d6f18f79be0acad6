"""A desk with cases on the record, sealed and projected; and the parties outside."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from application.administration.catalogue import OPERATOR
from application.cases.attachments import File
from application.mail_out.letters import Sent
from tests.application.cases import TECHNICIAN, log, resolved
from tests.blocking import BlockingDesk
from tests.conftest import TestDatabase
from tests.infrastructure.transparency.bundles import Made, bundle_of
from tests.infrastructure.transparency.outsiders import WITNESS, AicsWitness, OpensslAuthority
from tests.infrastructure.transparency.sealed import SealedDesk
from tests.infrastructure.transparency.trees import ORIGIN, a_signer


@pytest.fixture
def record(database: TestDatabase, tmp_path: Path) -> SealedDesk:
    """A record on which nothing is sealed yet."""
    return SealedDesk(database, tmp_path / "sealer")


@pytest.fixture
def audited(desk: BlockingDesk, record: SealedDesk) -> SealedDesk:
    """A record of three cases, one of them resolved and mailed about: sealed in two checkpoints, and projected."""
    resolved(desk)
    record.seal()
    desk.logging.note(log(desk), "called again", visible_to_customer=False, request=TECHNICIAN)
    files = (File("log.txt", "text/plain", b"it says: paper jam"), File("other.txt", "text/plain", b"it says: no ink"))
    desk.attachments.attach(log(desk), files, True, TECHNICIAN)
    record.project()
    record.seal()
    return record


@pytest.fixture
def mailed(desk: BlockingDesk, audited: SealedDesk) -> SealedDesk:
    """The same, and a mail that a server took."""
    ((message,),) = audited.rows("SELECT id FROM views.outbox")
    desk.outbox.accepted(
        message, Sent("Subject: resolved\r\n\r\nIt is done.\r\n", "250 ok"), desk.clock.now(), OPERATOR
    )
    audited.project()
    audited.seal()
    return audited


@pytest.fixture
def made(desk: BlockingDesk, record: SealedDesk) -> Made:
    """The bundle of a resolved case that has gone on, with an older checkpoint."""
    number = resolved(desk)
    record.seal()
    old = record.folder.last_note() or ""
    desk.logging.note(number, "grüße", visible_to_customer=True, request=TECHNICIAN)
    log(desk)
    record.seal()
    return Made(number, bundle_of(record, number, old), record.folder.verifiers(), old, record)


@pytest.fixture
def outsider(tmp_path: Path) -> AicsWitness:
    """A witness that trusts the log of these tests."""
    if not WITNESS.is_dir():
        pytest.skip("the package aics-witness is not installed (make .venv/.dev does): no witness from outside")
    witness = AicsWitness(tmp_path)
    witness.trust(ORIGIN, a_signer().verifier)
    return witness


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> OpensslAuthority:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed (.ci/run installs it): there is no timestamp authority")
    return OpensslAuthority(tmp_path_factory.mktemp("tsa"))


@pytest.fixture
def impostor(authority: OpensslAuthority, tmp_path: Path) -> OpensslAuthority:
    """Another authority, that calls itself the same."""
    return OpensslAuthority(tmp_path)
