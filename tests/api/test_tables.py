"""Tables cut no name at 80 columns; a command that reads makes no desk where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.main import app
from domain.case.status import COMMANDS
from infrastructure.settings import Settings

NARROW = {"COLUMNS": "80", "CASELEDGER_DATA_DIR": ""}
READING = (
    *(["status"], ["replay", "INC-0000001"], ["report", "volume"], ["attest"], ["rebuild"]),
    *(["bundle", "INC-0000001", "-o", "x"], ["tlog", "vkey"], ["tlog", "export", "log"]),
    ["verify", "--vkey", "desk.example/log+00000000+AAAA"],
)


def test_settings_names_every_variable_whole_at_80_columns() -> None:
    shown = CliRunner().invoke(app, ["settings"], env={"COLUMNS": "80"}).output
    assert max(map(len, shown.splitlines())) <= 80
    assert [name for name in Settings.model_fields if f" CASELEDGER_{name.upper()} " not in shown] == []


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
