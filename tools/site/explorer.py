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
    return create_app(nullcontext).app.openapi()


class Operations(Directive):
    """Every operation of the document by its area, and the way to the explorer. The content is for readers without a site."""

    has_content: ClassVar[bool] = True

    def run(self) -> list[nodes.Node]:
        """Build a table for each area."""
        ways = f'<p><a href="../{_PAGE}.html">Explore it</a> · <a href="../openapi.json">openapi.json</a></p>'
        areas: dict[str, list[nodes.row]] = {}
        for path, operations in document()["paths"].items():
            for method, operation in operations.items():
                row = _row([nodes.literal(text=f"{method.upper()} {path}")], _words(operation.get("summary", "")))
                areas.setdefault(operation.get("tags", ["others"])[0], []).append(row)
        tables = [each for area, rows in areas.items() for each in (nodes.rubric(text=area), _table(rows))]
        return [nodes.raw("", ways, format="html"), *tables]


def _table(rows: list[nodes.row]) -> nodes.table:
    columns = (nodes.colspec(colwidth=1), nodes.colspec(colwidth=1))
    return nodes.table("", nodes.tgroup("", *columns, nodes.tbody("", *rows), cols=2))


def _row(*cells: list[nodes.Node]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", *cell)) for cell in cells))


def _words(text: str) -> list[nodes.Node]:
    """A text with its code marked by backticks."""
    parts = enumerate(text.split("`"))
    return [nodes.literal(text=part) if place % 2 else nodes.Text(part) for place, part in parts if part]


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
