"""Answers the retention report: what is kept of whom, and whose retention period is over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from domain.data_subject import OFFICE
from infrastructure.postgres.queries import load
from infrastructure.views.questions.paging import Asking

_SQL = {name: sql.decode() for name, sql in load("retention", "infrastructure.views.questions").items()}
VERSION = "retention/1"


class Retaining(Asking):
    """The retention report."""

    def retention(self, now: datetime, kept: timedelta) -> dict[str, Any]:
        values = {"office": list(OFFICE), "before": now - kept}
        (persons,), kinds = self._rows(_SQL["persons"], values), self._rows(_SQL["vault"])
        due = self._rows(_SQL["due"], values)
        totals = {
            "subjects": persons["subjects"],
            "subjects_due": len(due),
            "disclosures": sum(row["disclosures"] for row in kinds),
            "by_kind": {row["kind"]: row["disclosures"] for row in kinds},
            "cases_on_hold": persons["cases_on_hold"],
            "oldest_closed_at": min((row["last_closed_at"] for row in due if row["last_closed_at"]), default=None),
            "retention_days": kept.days,
        }
        nothing_asked = dict.fromkeys(("from", "to", "effective_at", "by"))
        return {
            "report": "retention",
            "definitions_version": VERSION,
            "position": persons["position"],
            **nothing_asked,
            "totals": totals,
            "rows": due,
        }
