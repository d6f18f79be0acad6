"""The OpenAPI document on the site: a table of every operation, and Swagger UI from files of our own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import nullcontext
from importlib.resources import files
from pathlib import Path
from shutil import copytree
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

from api.http.app import create_app

_PAGE = "explorer"


def document() -> dict[str, Any]:
    """The OpenAPI document of this release. No desk runs for it."""
    return create_app(nullcontext).openapi()


class Operations(Directive):
    """Every operation of the document by its path, and the way to the explorer. The content is what readers see without a site."""

    has_content: ClassVar[bool] = True

    def run(self) -> list[nodes.Node]:
        """Build the table."""
        rows = [
            (f"{method.upper()} {path}", operation.get("summary", ""))
            for path, operations in document()["paths"].items()
            for method, operation in operations.items()
        ]
        body = nodes.tbody(
            "", *(_row(nodes.literal(text=operation), nodes.inline(text=says)) for operation, says in rows)
        )
        head = nodes.thead("", _row(nodes.inline(text="operation"), nodes.inline(text="what it does")))
        columns = (nodes.colspec(colwidth=1), nodes.colspec(colwidth=1))
        table = nodes.table("", nodes.tgroup("", *columns, head, body, cols=2))
        ways = nodes.raw(
            "",
            f'<p><a href="../{_PAGE}.html">Explore it</a> · <a href="../openapi.json">openapi.json</a></p>',
            format="html",
        )
        return [ways, table]


def _row(*cells: nodes.Node) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", cell)) for cell in cells))


def pages(_app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """The explorer's own page. It carries the document, since a page that is opened as a file may load nothing."""
    yield _PAGE, {"document": json.dumps(document()).replace("<", "\\u003c")}, "explorer.html"


def write_files(app: Sphinx, failure: Exception | None) -> None:
    """Put Swagger UI's files and the document beside the pages."""
    if failure is None and app.builder.format == "html":
        out = Path(app.outdir)
        (out / "openapi.json").write_text(json.dumps(document(), indent=1) + "\n", encoding="utf-8")
        copytree(str(files("fastapi_offline") / "static"), out / _PAGE, dirs_exist_ok=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_directive("openapi", Operations)
    app.connect("html-collect-pages", pages)
    app.connect("build-finished", write_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
