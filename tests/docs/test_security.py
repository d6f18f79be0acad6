"""The threat model: every row names a test that there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROWS = re.findall(
    r"^\| ([STRIDE]) \| (.+?) \| .+ \| `(.+)::(.+)` \|$", (ROOT / "docs" / "security.md").read_text(), re.MULTILINE
)


def test_each_kind_of_threat_is_in_it() -> None:
    assert {kind for kind, *_ in ROWS} == set("STRIDE")


def test_every_row_of_its_tables_is_read_here() -> None:
    lines = [
        line for line in (ROOT / "docs" / "security.md").read_text().splitlines() if re.match(r"\| [A-Z] \|", line)
    ]
    assert len(ROWS) == len(lines) > 40


@pytest.mark.parametrize(("threat", "file", "test"), [row[1:] for row in ROWS], ids=lambda given: given[:40])
def test_each_threat_names_the_test_of_its_defence(threat: str, file: str, test: str) -> None:
    assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), threat
