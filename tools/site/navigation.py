"""The site's navigation: which page stands where. The pages themselves carry none, and read well without."""

from __future__ import annotations

from pathlib import Path

from sphinx.application import Sphinx

PAGES = {
    "Start": ("docs/tour", "docs/sop", "docs/requirements", "docs/glossary", "docs/architecture", "docs/record"),
    "Use": (
        *(
            "docs/console",
            "docs/access",
            "docs/openapi",
            "docs/problems",
            "docs/self-service",
            "docs/lists",
            "docs/targets",
        ),
        *(
            "docs/reporting",
            "docs/reports",
            "docs/what-if",
            "docs/reporting-schema",
            "docs/conformance",
            "docs/exports",
            "docs/importing",
        ),
    ),
    "Operate": (
        *(
            "docs/operating",
            "docs/kubernetes",
            "docs/high-availability",
            "docs/scaling",
            "docs/runbooks",
            "docs/backups",
            "docs/settings",
            "docs/policy",
            "docs/mail",
            "docs/monitoring",
            "docs/webhooks",
        ),
        *("docs/auditing", "docs/security", "docs/personal-data"),
    ),
    "Develop": (
        "CONTRIBUTING",
        "docs/console-design",
        "docs/events",
        "docs/reference/index",
        "docs/decisions/README",
        "CHANGELOG",
    ),
}
"""Pages by the part of the navigation they stand in. A page that is not there is left out."""


PARTS = {"docs/decisions/README": "docs/decisions/0*"}
"""The pages below a page."""


def add_navigation(app: Sphinx, page: str, source: list[str]) -> None:
    """Append the table of contents to the home page, and to a page with others below it."""
    if page == app.config.root_doc:
        source[0] += "".join(_part(Path(app.srcdir), pages, title) for title, pages in PAGES.items())
    if page in PARTS:
        source[0] += _part(Path(app.srcdir), (PARTS[page],))


def _part(root: Path, pages: tuple[str, ...], title: str = "") -> str:
    there = [page for page in pages if any(root.glob(f"{page}.*"))]
    lines = ("```{toctree}", ":hidden:", ":glob:", f":caption: {title}", "", *(f"/{page}" for page in there), "```")
    return "\n" + "\n".join(line for line in lines if line != ":caption: ") + "\n"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("source-read", add_navigation)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
