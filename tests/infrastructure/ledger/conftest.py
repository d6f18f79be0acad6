"""The parties outside that the tests of the ledger share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.infrastructure.ledger.outsiders import WITNESS, AicsWitness, OpensslAuthority
from tests.infrastructure.ledger.trees import ORIGIN, a_signer


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
