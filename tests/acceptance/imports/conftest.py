"""What the tests of imports need."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from infrastructure.views.questions.postgres_views import views_on
from tests.acceptance.imports.logs import Imports
from tests.blocking import BlockingDesk, on_pool
from tests.conftest import TestDatabase


@pytest.fixture
def imports(database: TestDatabase, tmp_path: Path) -> Imports:
    return Imports(database, tmp_path)


@pytest.fixture
def views(database: TestDatabase) -> Iterator[BlockingDesk]:
    with on_pool(database, "api", views_on) as views:
        yield views
