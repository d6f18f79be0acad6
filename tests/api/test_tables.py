"""Lists cut nothing; a command that reads makes no desk where there is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.main import app
from domain.case.status import COMMANDS
from infrastructure.setting_names import settings_entries
from infrastructure.settings import Settings

NARROW = {"COLUMNS": "80", "CASELEDGER_DATA_DIR": ""}
READING = (
    *(["status"], ["replay", "INC-0000001"], ["report", "volume"], ["attest"], ["rebuild"]),
    *(["bundle", "INC-0000001", "-o", "x"], ["tlog", "vkey"], ["tlog", "export", "log"]),
    ["verify", "--vkey", "desk.example/log+00000000+AAAA"],
)


@pytest.mark.parametrize("columns", [1, 40, 80, 400])
def test_settings_cuts_nothing_at_any_width(columns: int) -> None:
    shown = CliRunner().invoke(app, ["settings"], env={"COLUMNS": str(columns)}).output
    words = " ".join(shown.split())
    for entry in settings_entries():
        said = f"{entry.meaning} (unit: {entry.unit}" + (f"; default: {entry.default})" if entry.default else ")")
        assert f"{entry.variable} = " in words
        assert said in words
    assert columns != 80 or max(map(len, shown.splitlines())) <= 80


def test_settings_shows_type_unit_and_default_as_json() -> None:
    rows = json.loads(CliRunner().invoke(app, ["settings", "--json"]).stdout)
    port = next(row for row in rows if row["variable"] == "CASELEDGER_PORT")
    assert (port["type"], port["unit"], port["default"]) == ("integer", "TCP port", "8000")
    assert all(row["unit"] and row["meaning"].endswith(".") for row in rows)
    assert len(rows) == len(Settings.model_fields)


def test_roles_names_every_command_whole_at_80_columns() -> None:
    shown = CliRunner().invoke(app, ["roles"], env={"COLUMNS": "80"}).output
    assert max(map(len, shown.splitlines())) <= 80
    assert [name for name in COMMANDS if f" {name} " not in shown] == []
    assert "team_member of the case's team" in shown


@pytest.mark.parametrize("command", READING, ids=lambda words: words[0])
def test_a_command_that_reads_makes_no_desk(tmp_path: Path, command: list[str]) -> None:
    empty = tmp_path / "empty"
    result = CliRunner().invoke(app, command, env={"CASELEDGER_DATA_DIR": str(empty)})
    assert result.exit_code == 2, result.output
    assert not list(empty.rglob("cluster"))
    if command[0] != "verify":  # a key that is none is told first
        assert f"there is no desk in {empty}" in " ".join(result.output.split())
