"""The site's navigation: which page stands where. The pages themselves carry none, and read well without."""

from __future__ import annotations

from pathlib import Path

from sphinx.application import Sphinx

PAGES = {
    "Start": ("docs/tour", "docs/architecture", "docs/record", "docs/glossary", "docs/requirements", "docs/sop"),
    "Use": ("docs/openapi", "docs/problems", "docs/self-service", "docs/mail", "docs/monitoring", "docs/reporting"),
    "Operate": ("docs/operating", "docs/access", "docs/settings", "docs/policy", "docs/auditing", "docs/personal-data"),
    "Develop": ("CONTRIBUTING", "docs/events", "docs/reference/*", "docs/decisions/*", "CHANGELOG"),
}
"""Pages by the part of the navigation they stand in. A page that is not there is left out."""


def add_navigation(app: Sphinx, page: str, source: list[str]) -> None:
    """Append the table of contents to the home page."""
    if page == app.config.root_doc:
        source[0] += "".join(_part(Path(app.srcdir), title, pages) for title, pages in PAGES.items())


def _part(root: Path, title: str, pages: tuple[str, ...]) -> str:
    there = [page for page in pages if any(root.glob(f"{page}.*"))]
    return (
        f"\n```{{toctree}}\n:hidden:\n:glob:\n:caption: {title}\n\n"
        + "\n".join(f"/{page}" for page in there)
        + "\n```\n"
    )


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("source-read", add_navigation)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
