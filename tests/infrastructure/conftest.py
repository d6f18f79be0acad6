"""What the tests of the infrastructure share."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def server_dir() -> Iterator[Path]:
    """A folder for data directories, open to the server's user as root's `tmp_path` is not."""
    folder = Path(tempfile.mkdtemp(prefix="caseledger-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
