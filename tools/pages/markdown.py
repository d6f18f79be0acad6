"""Markdown as the generated pages need it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

GENERATED = "<!-- Written by `python -m tools.pages`. Do not edit. -->"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table. A column without a word in any row is left out."""
    filled = [tuple(map(cell, row)) for row in rows]
    kept = [column for column in range(len(head)) if any(row[column] for row in filled)]
    lines = [[head[column] for column in kept], ["---"] * len(kept), *([row[c] for c in kept] for row in filled)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def cell(text: str) -> str:
    """A text within a table."""
    return " ".join(text.split()).replace("|", r"\|")


def code(text: str) -> str:
    """A text as code; nothing where there is none."""
    return f"`{text}`" if text else ""


def prose(docstring: str) -> str:
    """A docstring as Markdown: its first paragraph, on one line, with code marked by one backtick."""
    return re.sub(r"``+", "`", " ".join(docstring.partition("\n\n")[0].split()))
