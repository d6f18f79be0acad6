"""Pages of docs/ that are generated from the code: `python -m tools.pages` writes them, and a test compares them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tools.pages import conformance, events, flow, policy, reporting_schema, reports, settings

PAGES: Mapping[str, Callable[[], str]] = {
    "docs/conformance.md": conformance.page,
    "docs/conformance.svg": flow.picture,
    "docs/events.md": events.page,
    "docs/policy.md": policy.page,
    "docs/reporting-schema.md": reporting_schema.page,
    "docs/reports.md": reports.page,
    "docs/settings.md": settings.page,
}
"""What writes each page, by its path in the repository."""
