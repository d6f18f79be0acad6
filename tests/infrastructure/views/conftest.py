"""What the tests of views share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from infrastructure.views.similar import PostgresFinder
from tests.blocking import on_pool
from tests.conftest import TestDatabase


@pytest.fixture
def finder(database: TestDatabase) -> Iterator[Any]:
    """The search for similar reports, in the API's role."""
    with on_pool(database, "api", PostgresFinder) as made:
        yield made
