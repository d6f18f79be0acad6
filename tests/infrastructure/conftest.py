"""What the tests of the infrastructure share."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from infrastructure.postgres.embedded.server import embedded_server
from infrastructure.views.questions.postgres_views import views_on
from tests.blocking import BlockingDesk, on_pool
from tests.conftest import TestDatabase
from tests.infrastructure.histories import History, open_history


@pytest.fixture
def server_dir() -> Iterator[Path]:
    """A folder for data directories, open to the server's user as root's `tmp_path` is not."""
    folder = Path(tempfile.mkdtemp(prefix="caseledger-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def second_server(server_dir: Path) -> Iterator[str]:
    """A server without any of our roles, for what concerns a whole server."""
    with embedded_server(server_dir, fsync=False) as conninfo:
        yield conninfo


@pytest.fixture
def history(database: TestDatabase) -> Iterator[History]:
    """Aggregates that act and are put on the record, without the application's services."""
    with open_history(database) as opened:
        yield opened


@pytest.fixture
def views(database: TestDatabase) -> Iterator[BlockingDesk]:
    """The read side, in the API's role."""
    with on_pool(database, "api", views_on, size=2) as views:
        yield views
