"""The files and folders that the documents name are there. Decisions are history, and name what was."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted(ROOT.glob("CONTRIBUTING.md")), *sorted((ROOT / "docs").glob("*.md"))]
NAMED = re.compile(r"(?:^|[\s`(])((?:domain|application|infrastructure|api|tests|benchmarks|docs|tools)/[\w./-]*\w/?)")

MEDIA_TYPES = (
    "application/json",
    "application/problem",
    "application/cloudevents",
    "application/x-",
    "application/java-vm",
    "application/wasm",
)


def paths(text: str) -> list[str]:
    """What a text names in this repository."""
    return [found.rstrip(".") for found in NAMED.findall(text) if not found.startswith(MEDIA_TYPES)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_that_a_document_names_is_there(document: Path) -> None:
    assert [path for path in paths(document.read_text(encoding="utf-8")) if not (ROOT / path).exists()] == []


def test_a_path_is_found_in_words_and_in_code() -> None:
    assert paths("see `domain/policy.py`, (docs/mail.md) and tests/history/.") == [
        "domain/policy.py",
        "docs/mail.md",
        "tests/history/",
    ]
