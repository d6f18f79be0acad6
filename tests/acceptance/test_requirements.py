"""docs/requirements.md and the tests agree: `R-5.8.1a` is proved by `test_r_5_8_1a_...`, and only known ids are cited."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import DATA

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PAGE = ROOT / "docs" / "requirements.md"
SOURCE = DATA.parent / "sop" / "requirements.md"
"""The requirements as they were handed to this project, where they lie beside the checkout."""
_CITING = ("domain", "application", "infrastructure", "api", "tests", "docs")
_KINDS = {".py", ".sql", ".md", ".yaml", ".j2"}
_ID = re.compile(r"\bR-\d+(?:\.\d+)*[a-z]?\b")


def requirements() -> dict[str, str]:
    """The text of every requirement on the page, by its id, in the order of the SOP."""
    found = re.findall(r"^### (R-\S+)\n\n(.+?)(?=\n\n#)", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return {clause: " ".join(text.split()) for clause, text in found}


def stem(clause: str) -> str:
    """How a test's name spells an id."""
    return re.sub(r"\W", "_", clause).lower()


def names() -> list[str]:
    """Every test function of the acceptance tests."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(HERE.rglob("test_*.py"))]
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [
        node.name
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, functions) and node.name.startswith("test_")
    ]


def cited() -> Iterator[tuple[str, str]]:
    """Every id that code, tests or docs cite, with the file that cites it."""
    for path in sorted(each for folder in _CITING for each in (ROOT / folder).rglob("*") if each.suffix in _KINDS):
        for clause in _ID.findall(path.read_text(encoding="utf-8")):
            yield clause, str(path.relative_to(ROOT))


def test_every_requirement_has_a_test_of_its_name() -> None:
    known = names()
    unproved = [c for c in requirements() if not any(re.search(rf"_{stem(c)}(_|$)", name) for name in known)]
    assert unproved == []


def test_no_test_is_named_after_a_requirement_that_does_not_exist() -> None:
    """A slip of the pen in a name would leave a requirement unproved."""
    stems = {stem(clause) for clause in requirements()}
    named = {name: re.match(r"test_(r_\d+(?:_\d+)*[a-z]?)(?=_|$)", name) for name in names()}
    assert sorted(name for name, found in named.items() if found and found[1] not in stems) == []


def test_every_id_that_is_cited_is_a_requirement() -> None:
    known = requirements().keys()
    assert sorted({(clause, path) for clause, path in cited() if clause not in known}) == []


def test_the_page_says_what_the_requirements_say() -> None:
    if not SOURCE.exists():
        pytest.skip(f"the requirements are not beside the checkout ({SOURCE})")
    source = SOURCE.read_text(encoding="utf-8").split("## States and commands", maxsplit=1)[0]
    source = source.replace("`kpis.md`", "[reporting](reporting.md)")
    found = re.findall(r"^- \*\*(R-[^*]+)\*\* (.+?)(?=\n- \*\*|\n\n|\Z)", source, re.MULTILINE | re.DOTALL)
    assert requirements() == {clause: " ".join(text.split()) for clause, text in found}
