"""Answers which messages wait in the quarantine."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from application.views.questions import Listing, Page, Point
from infrastructure.views.questions.view_reader import ViewReader, plain_item, texts

_SQL = texts("quarantine")


class QuarantineView(ViewReader):
    """The quarantine, oldest message first."""

    def quarantine(self, page: Page, *, recorded: bool = False) -> Listing:
        """The messages that wait for a decision, or with ``recorded`` those that no person wrote (R-5.1d)."""
        values: dict[str, Any] = {"received_at": None, "id": None, "recorded": recorded, "limit": page.limit + 1}
        if page.after is not None:
            received_at, values["id"] = page.after
            values["received_at"] = datetime.fromisoformat(received_at)
        rows = self._rows(_SQL["waiting"], values)
        return self._listing(
            rows, page, Point(), lambda row: (row["received_at"].isoformat(), str(row["id"])), plain_item
        )
