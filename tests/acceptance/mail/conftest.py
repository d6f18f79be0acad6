"""A desk that mail comes to, on a Monday at the beginning of each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.conftest import RunningDesk
from tests.acceptance.travelling import back_to_monday, on_monday
from tests.conftest import cloned


@pytest.fixture(scope="module")
def desk(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    with cloned(server) as database, on_monday(database, tmp_path_factory.mktemp("keys")) as running:
        yield running


@pytest.fixture
def monday(desk: RunningDesk) -> None:
    """For `usefixtures`: the clock as it was at first."""
    back_to_monday(desk)
