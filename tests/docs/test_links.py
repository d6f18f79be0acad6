"""Every link between the documents leads somewhere: to a file of the repository, and to a heading in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
CODE = ("domain", "application", "infrastructure", "api", "tests", "tools")


@cache
def tokens(document: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(document.read_text(encoding="utf-8"))


def links(document: Path) -> Iterator[str]:
    """Where the links and pictures of a document lead."""
    inline = (child for token in tokens(document) for child in token.children or ())
    targets = (token.attrGet("href") or token.attrGet("src") for token in inline)
    return (str(target) for target in targets if target)


@cache
def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as forges and the site's generator make them."""
    found, seen = set(), Counter[str]()
    for opening, heading in zip(tokens(document), tokens(document)[1:], strict=False):
        if opening.type == "heading_open":
            said = "".join(child.content for child in heading.children or ())
            anchor = re.sub(r"[^\w\- ]", "", said.lower()).replace(" ", "-")
            found.add(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
            seen[anchor] += 1
    return found


def why_broken(document: Path, link: str) -> str | None:
    """What is wrong with a link of a document; None where nothing is."""
    parts = urlsplit(link)
    if parts.scheme:
        return None if parts.scheme in ("http", "https", "mailto") else "a scheme that no reader follows"
    target = (document.parent / unquote(parts.path)).resolve() if parts.path else document
    if not target.is_relative_to(ROOT):
        return "outside the repository"
    if not target.exists():
        return "no such file"
    if parts.fragment and (target.suffix != ".md" or parts.fragment not in anchors(target)):
        return "no such heading"
    return None


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    assert {link: why for link in links(document) if (why := why_broken(document, link))} == {}


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    readme = ROOT / "README.md"
    broken = ("docs/gone.md", "docs/mail.md#gone", "#gone", "../shared/design.md", "docs#gone", "file:///etc/passwd")
    assert all(why_broken(readme, link) for link in broken)
    page = tmp_path / "page.md"
    page.write_text(
        "# One `code`, twice\n## Same\n## Same\n[a](#same-1) ![b](b.svg)\n| c |\n|---|\n| [d](e.md) |\n",
        encoding="utf-8",
    )
    assert anchors(page) == {"one-code-twice", "same", "same-1"}
    assert list(links(page)) == ["#same-1", "b.svg", "e.md"]


def test_every_document_that_the_code_names_is_there() -> None:
    named = {
        name: path
        for folder in CODE
        for path in (ROOT / folder).rglob("*.py")
        for name in re.findall(r"\bdocs/[\w/-]+\.md\b", path.read_text(encoding="utf-8"))
        if path != Path(__file__)
    }
    assert {name: str(path) for name, path in named.items() if not (ROOT / name).exists()} == {}
