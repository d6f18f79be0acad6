"""What tests of workers share: the health that the API reports, and views that have caught up."""

from __future__ import annotations

from typing import Any

from infrastructure.views.projector import Projector
from infrastructure.views.questions.postgres_views import views_on
from tests.blocking import on_pool
from tests.conftest import TestDatabase


def told(database: TestDatabase) -> dict[str, Any]:
    """The health of a desk as the API reads it, with the items that were set aside."""
    with on_pool(database, "api", views_on) as views:
        return {**views.health.status(), "items": views.health.set_aside()}


def catch_up(database: TestDatabase) -> None:
    """Fold all events into the views."""
    with database.connect("projector") as connection:
        Projector(connection).catch_up()
