"""Answers the retention report: whose data are kept, and for whom the retention period is over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from application.reports.retention_figures import RETENTION
from domain.data_subject import OFFICE
from infrastructure.views.questions.view_reader import ViewReader, texts

_SQL = texts("retention")


class RetentionView:
    """The retention report."""

    def __init__(self, reader: ViewReader) -> None:
        self._reader = reader

    async def report(self, now: datetime, kept: timedelta) -> dict[str, Any]:
        """The data subjects whose retention period ``kept`` is over at ``now``, in the shape of a report."""
        values = {"office": list(OFFICE), "before": now - kept}
        (persons,), kinds = await self._reader.rows(_SQL["persons"], values), await self._reader.rows(_SQL["vault"])
        due = await self._reader.rows(_SQL["due"], values)
        totals = {
            "subjects": persons["subjects"],
            "subjects_due": len(due),
            "disclosures": sum(row["disclosures"] for row in kinds),
            "by_kind": {row["kind"]: row["disclosures"] for row in kinds},
            "cases_on_hold": persons["cases_on_hold"],
            "oldest_closed_at": min((row["last_closed_at"] for row in due if row["last_closed_at"]), default=None),
            "retention_days": kept.days,
        }
        return {
            "report": RETENTION.name,
            "definitions_version": RETENTION.version,
            "position": persons["position"],
            **dict.fromkeys(("from", "to", "effective_at", "by")),  # a report of now has no period
            "totals": totals,
            "rows": due,
        }
