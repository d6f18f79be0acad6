"""The read side on PostgreSQL."""

from __future__ import annotations

from application.views.questions import Views
from infrastructure.views.questions.health import HealthView
from infrastructure.views.questions.lists import ListView
from infrastructure.views.questions.reports.view import ReportView
from infrastructure.views.questions.retention import RetentionView
from infrastructure.views.questions.search import SearchView
from infrastructure.views.questions.view_reader import Lends, ViewReader
from infrastructure.views.questions.webhooks import WebhookView
from infrastructure.views.questions.what_if import WhatIfView


def views_on(pool: Lends, leader: Lends | None = None) -> Views:
    """The read side on a pool of connections. What only the database that takes writes can tell is asked on ``leader``."""
    reader, leading = ViewReader(pool), ViewReader(leader or pool)
    return Views(
        reader,
        ListView(reader),
        SearchView(reader),
        ReportView(reader),
        RetentionView(reader),
        HealthView(leading),
        WebhookView(leading),
        WhatIfView(reader),
    )
