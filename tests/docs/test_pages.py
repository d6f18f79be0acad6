"""The generated pages say what the code says, and are the ones that are committed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.http.problems import TITLES
from application.administration.catalogue import COMMANDS as OFFICE
from application.administration.saved_filters import COMMANDS as FILTERS
from application.personal_data.approvals import COMMANDS as APPROVALS
from domain.case.status import COMMANDS as CASES
from domain.problem import COMMANDS as PROBLEMS
from domain.receipt import COMMANDS as INTAKE
from tests.history.folding import EVENTS, RELEASES
from tools.pages import PAGES
from tools.pages.causes import CAUSES, cause
from tools.pages.events import first_releases
from tools.pages.markdown import table

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("path", PAGES)
def test_a_generated_page_is_the_one_that_is_committed(path: str) -> None:
    committed = (ROOT / path).read_text(encoding="utf-8")
    assert PAGES[path]() == committed, "run `python -m tools.pages`"


def test_every_event_names_what_appends_it() -> None:
    assert set(CAUSES) == set(EVENTS)
    assert [topic for topic, (commands, otherwise) in CAUSES.items() if not commands and not otherwise] == []
    assert cause("case.accepted") == "`accept` (team_member of the case's team)"
    assert cause("policy.changed") == "`change_policy` (admin)"


def test_every_command_of_the_tables_appends_some_event() -> None:
    named = {command for commands, _ in CAUSES.values() for command in commands}
    assert named == {*CASES, *PROBLEMS, *INTAKE, *APPROVALS, *OFFICE, *FILTERS}


def test_a_topic_is_of_the_first_release_that_stored_it() -> None:
    since = first_releases()
    assert (since["case.logged"], since["case.referred"]) == ("0.1.0", "0.2.0")
    assert set(since.values()) <= {path.stem for path in RELEASES}


def test_a_table_escapes_bars_and_leaves_out_empty_columns() -> None:
    assert table(("a", "b", "c"), [("1|2", "", "x\ny")]) == "| a | c |\n| --- | --- |\n| 1\\|2 | x y |\n"


def test_every_problem_type_is_documented_with_its_status() -> None:
    text = (ROOT / "docs" / "problems.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| (\d{3}) \| `([a-z-]+)` \|", text, re.MULTILINE)
    assert sorted((int(status), name) for status, name in listed) == sorted(
        (status, name) for name, (status, _) in TITLES.items()
    )
