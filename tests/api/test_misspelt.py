"""A `CASELEDGER_*` variable that no setting reads is told, and stops what would run on without it (issue 12, 4)."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from api.cli.main import app
from infrastructure.setting_names import misspelt
from infrastructure.settings import Settings

KNOWN = [f"CASELEDGER_{name.upper()}" for name in Settings.model_fields]


@pytest.mark.parametrize("variable", [name for name in KNOWN if len(name) > len("CASELEDGER_12345678")])
def test_a_setting_that_lacks_a_letter_is_a_slip_of_it(variable: str) -> None:
    (found,) = misspelt([*KNOWN, variable[:-2] + variable[-1]])
    assert (found.nearest, found.slip) == (variable, True)


@pytest.mark.parametrize(
    ("variable", "nearest", "slip"),
    [
        ("CASELEDGER_SMPT_HOST", "CASELEDGER_SMTP_HOST", True),
        ("CASELEDGER_DATABSE_URL", "CASELEDGER_DATABASE_URL", True),
        ("CASELEDGER_DATADIR", "CASELEDGER_DATA_DIR", True),
        ("CASELEDGER_BASE_URL", "CASELEDGER_DATABASE_URL", False),
        ("CASELEDGER_COLOUR", None, False),
        ("caseledger_clock_ahaed", "CASELEDGER_CLOCK_AHEAD", True),
    ],
)
def test_what_is_no_setting_is_told_with_the_one_that_may_be_meant(
    variable: str, nearest: str | None, slip: bool
) -> None:
    (found,) = misspelt([*KNOWN, "caseledger_port", "PATH", variable])
    assert (found.variable, found.nearest, found.slip) == (variable, nearest, slip)


@pytest.mark.parametrize("command", ["serve", "api", "worker"])
def test_what_keeps_running_does_not_start_with_a_misspelt_setting(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASELEDGER_DATABSE_URL", "postgresql://secret@nowhere/x")
    told = CliRunner().invoke(app, [command])
    assert (told.exit_code, told.stdout) == (2, "")
    assert "CASELEDGER_DATABSE_URL is no setting" in told.stderr
    assert "did you mean CASELEDGER_DATABASE_URL?" in told.stderr
    assert "secret" not in told.output


def test_settings_lists_it_and_has_findings_and_others_warn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASELEDGER_SMPT_HOST", "secret")
    told = CliRunner().invoke(app, ["settings", "--json"])
    assert (told.exit_code, "secret" in told.output) == (1, False)
    assert json.loads(told.stdout)[-1]["variable"] == "CASELEDGER_SMPT_HOST"
    assert "warning: CASELEDGER_SMPT_HOST is no setting" in told.stderr
    monkeypatch.delenv("CASELEDGER_SMPT_HOST")
    told = CliRunner().invoke(app, ["settings"])
    assert (told.exit_code, told.stderr) == (0, "")
