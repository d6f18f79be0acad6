"""Every clause of the SOP has a test that is named after its id: `R-5.8.1a` is proved by `test_r_5_8_1a_...`."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.conftest import DATA

HERE = Path(__file__).parent
OURS = HERE / "requirements.txt"
"""The ids as this release knows them, in the order of the SOP."""
SOP = DATA.parent / "sop" / "requirements.md"
"""The text itself, where it lies beside the checkout."""


def known() -> list[str]:
    return OURS.read_text(encoding="utf-8").split()


def stem(clause: str) -> str:
    """How a test's name says an id."""
    return re.sub(r"\W", "_", clause).lower()


def names() -> list[str]:
    """Every test function of the acceptance tests."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(HERE.rglob("test_*.py"))]
    return [
        node.name
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def test_every_clause_has_a_test_of_its_name() -> None:
    said = names()
    unproved = [c for c in known() if not any(re.search(rf"_{stem(c)}(_|$)", name) for name in said)]
    assert unproved == []


def test_no_test_is_named_after_a_clause_that_is_none() -> None:
    """A slip of the pen in a name would leave a clause unproved, or prove one that nobody asked for."""
    stems = {stem(clause) for clause in known()}
    named = {name: re.match(r"test_(r_\d+(?:_\d+)*[a-z]?)(?=_|$)", name) for name in names()}
    assert sorted(name for name, found in named.items() if found and found[1] not in stems) == []


def test_the_clauses_are_those_of_the_sop() -> None:
    if not SOP.exists():
        pytest.skip(f"the SOP's requirements are not beside the checkout ({SOP})")
    assert re.findall(r"\*\*(R-[^*]+)\*\*", SOP.read_text(encoding="utf-8")) == known()
