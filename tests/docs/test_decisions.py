"""The table of decisions lists each record, under its own number and title."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "decisions"


def test_the_table_lists_every_decision() -> None:
    listed = re.findall(r"^\| \[(\d+)\]\((\S+)\) \| (.+?) \|", (FOLDER / "README.md").read_text("utf-8"), re.MULTILINE)
    records = sorted(FOLDER.glob("0*.md"))
    headings = [record.read_text("utf-8").partition("\n")[0] for record in records]
    assert [f"# {number}. {title}" for number, _, title in listed] == headings
    assert [name for _, name, _ in listed] == [record.name for record in records]
    assert [int(record.name[:4]) for record in records] == [int(number) for number, *_ in listed]
